//! A protocol message as received: decoded, gated, parsed, told apart by its root.

use xmldoc::{Document, GateError, Limits, XmlError};

use crate::binding::{DetachedSignature, RedirectMessage};
use crate::namespace;
use crate::reason::{self, Reason};
use crate::refusal::{Refusal, quote};
use crate::response::ReceivedResponse;

/// What the root element says the message is.
pub enum Received {
    Response(ReceivedResponse),
}

/// Gate, parse, and tell by the root element.
///
/// # Errors
///
/// `xml_…` when the bytes are no acceptable XML, `message_unexpected` when the root is no message
/// that this SP takes.
pub fn receive(xml: &[u8], limits: &Limits) -> Result<Received, Refusal> {
    tell(Document::parse(xml, limits)?, None, limits)
}

/// Decode, gate, parse, and tell by the root element; the signature is checked when it is known
/// whose it must be.
///
/// # Errors
///
/// As [`receive`], and `base64_invalid`, `deflate_invalid`, `message_too_large`.
pub fn receive_redirect(message: RedirectMessage, limits: &Limits) -> Result<Received, Refusal> {
    let decode = message.decoder();
    let document = Document::from_octets(message.octets, decode, limits)?;
    tell(document, message.signature, limits)
}

fn tell(
    document: Document,
    signature: Option<DetachedSignature>,
    limits: &Limits,
) -> Result<Received, Refusal> {
    if document.root_is(namespace::PROTOCOL, "Response") {
        let response = ReceivedResponse::new(document, signature, *limits);
        return Ok(Received::Response(response));
    }
    let root = document.envelope();
    let found = format!("{{{}}}{}", root.namespace, root.name);
    Err(Refusal::new(&reason::MESSAGE_UNEXPECTED, format!("the root element is {}", quote(&found))))
}

impl From<XmlError> for Refusal {
    fn from(error: XmlError) -> Self {
        let reason = match &error {
            XmlError::Gate(gate) => gate_reason(gate),
            XmlError::Malformed(_) => &reason::XML_MALFORMED,
            XmlError::OutOfMemory => &reason::OUT_OF_MEMORY,
        };
        Self::new(reason, quote(&error.to_string()))
    }
}

fn gate_reason(error: &GateError) -> &'static Reason {
    match error {
        GateError::TooLarge { .. } => &reason::XML_TOO_LARGE,
        GateError::NotUtf8 => &reason::XML_NOT_UTF8,
        GateError::Doctype => &reason::XML_DOCTYPE,
        GateError::Entity => &reason::XML_ENTITY,
        GateError::ProcessingInstruction => &reason::XML_PROCESSING_INSTRUCTION,
        GateError::TooDeep { .. } => &reason::XML_TOO_DEEP,
        GateError::TooManyElements { .. } => &reason::XML_TOO_MANY_ELEMENTS,
        GateError::TooManyAttributes { .. } => &reason::XML_TOO_MANY_ATTRIBUTES,
        GateError::Namespace(_) => &reason::XML_NAMESPACE,
        GateError::DuplicateId => &reason::XML_DUPLICATE_ID,
        GateError::Malformed(_) => &reason::XML_MALFORMED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_of_the_gate_are_public_ones() {
        for error in [
            GateError::TooLarge { bytes: 2, limit: 1 },
            GateError::NotUtf8,
            GateError::Doctype,
            GateError::Entity,
            GateError::ProcessingInstruction,
            GateError::TooDeep { limit: 1 },
            GateError::TooManyElements { limit: 1 },
            GateError::TooManyAttributes { limit: 1 },
            GateError::Namespace("is relative"),
            GateError::DuplicateId,
            GateError::Malformed("no end tag"),
        ] {
            assert_eq!(gate_reason(&error).code(), error.code());
        }
    }

    #[test]
    fn what_libxml2_says_is_quoted() {
        let refusal = Refusal::from(XmlError::Malformed("line 1\n\"x\"".to_owned()));
        assert_eq!(refusal.code(), "xml_malformed");
        assert!(refusal.detail().contains(r#"line 1\n\"x\""#), "{refusal}");
        assert_eq!(Refusal::from(XmlError::OutOfMemory).code(), "out_of_memory");
    }
}
