//! A LogoutRequest or LogoutResponse that may be read (Core 3.2.1, 3.2.2).

use std::ops::Deref;

use clock::UnixTime;
use xmldoc::{Element, Verified};

use crate::message::clock::Clock;
use crate::message::destination::destination;
use crate::message::envelope::Envelope;
use crate::message::{Expected, Message, header, structure};
use crate::provider::LogoutBinding;
use crate::refusal::Refusal;

/// Verifies the signatures, and checks what every message begins with.
///
/// `unsigned` refuses a message without signature.
pub(super) fn open(
    message: Message,
    name: &str,
    expected: &Expected<'_>,
    clock: &Clock,
    unsigned: impl FnOnce(&Element) -> Refusal,
) -> Result<Opened, Refusal> {
    let (idp, examiner) = (expected.idp, expected.examiner());
    expected.see(&message.document);
    examiner.check("the IdP's metadata is not past its end", idp.check_validity(expected.now))?;
    let envelope = Envelope::read(name, &message.document, message.voucher, idp, examiner);
    let envelope = examiner.check("signature, if it has one", envelope)?;
    let is_missing = idp.policy.require_signed_logout && !envelope.is_signed();
    let signed = if is_missing { Err(unsigned(&envelope)) } else { Ok(()) };
    examiner.check("it has one, or need not", signed)?;
    examiner.check("structure", structure::check(&envelope))?;
    examiner.check("Version", header::version(&envelope))?;
    let id = examiner.check("ID", header::id(&envelope))?;
    let issue_instant = header::issue_instant(&envelope, clock);
    let issue_instant = examiner.check("IssueInstant", issue_instant)?;
    examiner.check("Issuer", header::issuer(&envelope, idp))?;
    let by_soap = message.came_by == LogoutBinding::Soap;
    let at = destination(&envelope, by_soap, expected.url, "it came to");
    examiner.check("Destination", at)?;
    Ok(Opened { id, issue_instant, envelope })
}

/// A message that may be read: from its signed bytes when it is signed.
pub(super) struct Opened {
    pub id: String,
    pub issue_instant: UnixTime,
    envelope: Envelope,
}

impl Opened {
    /// `None` when nobody has signed it.
    pub(super) fn into_verified(self) -> Option<Verified<Element>> {
        match self.envelope {
            Envelope::Signed(element) => Some(element),
            Envelope::Unsigned(_) => None,
        }
    }

    pub(super) fn is_signed(&self) -> bool {
        self.envelope.is_signed()
    }
}

impl Deref for Opened {
    type Target = Element;
    fn deref(&self) -> &Element {
        &self.envelope
    }
}
