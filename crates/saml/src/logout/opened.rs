//! What a LogoutRequest and a LogoutResponse have in common (Core 3.2.1, 3.2.2).

use std::ops::Deref;

use xmldoc::{Document, Element, Limits, Verified};

use super::Expected;
use crate::binding::DetachedSignature;
use crate::http_url::is_address;
use crate::message::clock::Clock;
use crate::message::{header, structure};
use crate::namespace::ASSERTION;
use crate::provider::LogoutBinding;
use crate::reason;
use crate::refusal::{Refusal, quote};
use crate::response::assertion::Envelope;

/// A parsed message of which nothing has been believed yet.
pub struct Message {
    pub document: Document,
    /// Of a message that came by HTTP-Redirect.
    pub signature: Option<DetachedSignature>,
    pub came_by: LogoutBinding,
    /// For what is encrypted in it.
    pub limits: Limits,
}

impl Message {
    /// The text of the Issuer, unverified.
    pub fn issuer(&self) -> Option<String> {
        let root = self.document.envelope();
        root.child(ASSERTION, "Issuer").map(|issuer| header::uri(issuer).to_owned())
    }

    /// An attribute of the root, unverified.
    pub fn attribute(&self, name: &str) -> Option<String> {
        self.document.root_attribute(name).map(|value| value.to_string())
    }

    /// Verifies the signatures, and checks what every message begins with.
    ///
    /// `unsigned` refuses a message without signature.
    pub fn open(
        self,
        name: &str,
        expected: &Expected<'_>,
        clock: &Clock,
        unsigned: impl FnOnce(&Element) -> Refusal,
    ) -> Result<Opened, Refusal> {
        let idp = expected.idp;
        let envelope = Envelope::read(name, &self.document, self.signature, idp)?;
        if idp.policy.require_signed_logout && !envelope.is_signed() {
            return Err(unsigned(&envelope));
        }
        structure::check(&envelope)?;
        header::version(&envelope)?;
        let id = header::id(&envelope)?;
        let issue_instant = header::issue_instant(&envelope, clock)?;
        header::issuer(&envelope, idp)?;
        destination(&envelope, self.came_by, expected.url)?;
        Ok(Opened { id, issue_instant, envelope })
    }
}

/// A message that may be read: from its signed bytes when it is signed.
pub struct Opened {
    pub id: String,
    /// Seconds since the epoch.
    pub issue_instant: i64,
    envelope: Envelope,
}

impl Opened {
    /// `None` when nobody has signed it.
    pub fn into_verified(self) -> Option<Verified<Element>> {
        match self.envelope {
            Envelope::Signed(element) => Some(element),
            Envelope::Unsigned(_) => None,
        }
    }

    pub fn is_signed(&self) -> bool {
        self.envelope.is_signed()
    }
}

impl Deref for Opened {
    type Target = Element;
    fn deref(&self) -> &Element {
        &self.envelope
    }
}

/// Destination is exactly the URL that the message came to, but for a default port.
///
/// A signed one that came through the browser must have it (Bindings 3.4.5.2, 3.5.5.2); by SOAP the
/// sender has itself connected to the one it means (Bindings 3.2.2); pysaml2 then leaves it empty.
fn destination(envelope: &Envelope, came_by: LogoutBinding, url: &str) -> Result<(), Refusal> {
    let name = &envelope.name;
    match envelope.attribute("Destination") {
        Some(destination) if is_address(destination, url) => Ok(()),
        Some("") if came_by == LogoutBinding::Soap => Ok(()),
        Some(destination) => {
            let detail = format!(
                "the Destination of the {name} is {}, it came to {}",
                quote(destination),
                quote(url)
            );
            Err(Refusal::new(&reason::DESTINATION_MISMATCH, detail))
        }
        None if envelope.is_signed() && came_by != LogoutBinding::Soap => {
            let detail = format!("the signed {name} has no Destination, it came to {}", quote(url));
            Err(Refusal::new(&reason::DESTINATION_MISSING, detail))
        }
        None => Ok(()),
    }
}
