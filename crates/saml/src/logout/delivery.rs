//! A logout message on its way to the IdP.

use crate::binding::{Draft, Message, Outgoing, Signing, sealed_in_soap};
use crate::provider::{Endpoint, LogoutBinding, LogoutEndpoint};

/// What to do with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Through the browser; the answer comes to the SLS.
    Browser(Outgoing),
    /// POST `envelope` to `url`, with `SOAP_CONTENT_TYPE` and `SOAP_ACTION`; the answer is in the body
    /// of the HTTP answer.
    Soap {
        /// Absolute URL of the IdP's SOAP endpoint.
        url: String,
        /// A SOAP 1.1 Envelope with the message in its Body (Bindings 3.2.2).
        envelope: String,
    },
}

/// `xml` on its way, as the binding says; `parameter` and `relay_state` are the browser's.
pub(super) fn deliver(
    endpoint: &LogoutEndpoint,
    parameter: &'static str,
    xml: String,
    relay_state: &str,
    signing: Option<Signing>,
) -> Draft<Delivery> {
    let (url, relay_state) = (endpoint.location.clone(), relay_state.to_owned());
    match endpoint.binding {
        LogoutBinding::Browser(binding) => {
            let endpoint = Endpoint { binding, location: url };
            Message { parameter, xml, relay_state, endpoint }.draft(signing).map(Delivery::Browser)
        }
        LogoutBinding::Soap => {
            sealed_in_soap(xml, signing).map(|envelope| Delivery::Soap { url, envelope })
        }
    }
}
