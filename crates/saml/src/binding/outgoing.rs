//! A message on its way to the IdP, by whichever binding its endpoint speaks.

use xmldoc::Limits;

use crate::base64_binary;
use crate::binding::deflate::inflate;
use crate::binding::draft::Draft;
use crate::binding::send_error::SendError;
use crate::binding::signing::Signing;
use crate::binding::{RELAY_STATE, SAML_REQUEST, SAML_RESPONSE, redirect};
use crate::examination::{Shown, shown};
use crate::provider::{Binding, Endpoint};

/// What to send to the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// 302 to this URL.
    Redirect(String),
    /// 200 with a form that posts itself: `action` and fields in order.
    Post {
        /// URL of the IdP's endpoint.
        action: String,
        /// Name and value, neither of them escaped for HTML; RelayState only when there is one.
        fields: Vec<(&'static str, String)>,
    },
}

impl Outgoing {
    /// The message in it as it looks, for who looks for a mistake.
    pub fn shown(&self) -> Vec<Shown> {
        let max = Limits::default().bytes;
        let xml = match self {
            Self::Post { fields, .. } => {
                let field = fields.iter().find(|(name, _)| *name != RELAY_STATE);
                field.and_then(|(_, value)| base64_binary::decode(value, max).ok())
            }
            Self::Redirect(url) => url.split_once('?').and_then(|(_, query)| {
                let mut pairs = form_urlencoded::parse(query.as_bytes());
                let is_message = |name: &str| [SAML_REQUEST, SAML_RESPONSE].contains(&name);
                let (_, value) = pairs.find(|(name, _)| is_message(name))?;
                let octets = base64_binary::decode(&value, max).ok()?;
                inflate(&octets, max).ok()
            }),
        };
        shown(&xml.unwrap_or_default())
    }
}

/// XML with the way it is to go.
pub(crate) struct Message {
    /// `SAMLRequest` or `SAMLResponse`.
    pub parameter: &'static str,
    pub xml: String,
    /// Left out when empty.
    pub relay_state: String,
    pub endpoint: Endpoint,
}

impl Message {
    /// It is signed as the binding says: detached for Redirect, enveloped for POST.
    pub(crate) fn draft(self, signing: Option<Signing>) -> Draft<Outgoing> {
        Draft::new(signing, move |signing| match self.endpoint.binding {
            Binding::Redirect => self.redirect(signing),
            Binding::Post => self.post(signing),
        })
    }

    fn redirect(self, signing: Option<&Signing>) -> Result<Outgoing, SendError> {
        let location = &self.endpoint.location;
        let signing = signing.map(|signing| (&signing.signer.key, signing.algorithm()));
        redirect::url(location, self.parameter, &self.xml, &self.relay_state, signing)
            .map(Outgoing::Redirect)
    }

    /// Base64, not deflated (Bindings 3.5.4).
    fn post(self, signing: Option<&Signing>) -> Result<Outgoing, SendError> {
        let message = match signing {
            Some(signing) => base64_binary::encode(signing.enveloped(&self.xml)?.as_bytes()),
            None => base64_binary::encode(self.xml.as_bytes()),
        };
        let mut fields = vec![(self.parameter, message)];
        if !self.relay_state.is_empty() {
            fields.push((RELAY_STATE, self.relay_state));
        }
        Ok(Outgoing::Post { action: self.endpoint.location, fields })
    }
}
