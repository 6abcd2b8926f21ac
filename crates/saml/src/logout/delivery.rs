//! A logout message on its way to the IdP.

use crate::binding::{Message, Outgoing, SendError, Signing, sealed_in_soap};
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

/// Signs `xml` as the binding says, and puts it on its way; `parameter` and `relay_state` are the
/// browser's.
pub(super) fn deliver(
    endpoint: &LogoutEndpoint,
    parameter: &'static str,
    xml: &str,
    relay_state: &str,
    signing: Option<&Signing<'_>>,
) -> Result<Delivery, SendError> {
    let location = endpoint.location.clone();
    match endpoint.binding {
        LogoutBinding::Browser(binding) => {
            let endpoint = Endpoint { binding, location };
            let message = Message { parameter, xml, relay_state, endpoint: &endpoint };
            message.send(signing).map(Delivery::Browser)
        }
        LogoutBinding::Soap => {
            Ok(Delivery::Soap { url: location, envelope: sealed_in_soap(xml, signing)? })
        }
    }
}
