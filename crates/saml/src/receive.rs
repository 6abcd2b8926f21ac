//! A protocol message as received: decoded, gated, parsed, told apart by its root.

use xmldoc::{Document, GateError, Limits, SoapError, XmlError};

use crate::binding::{DetachedSignature, RedirectMessage};
use crate::logout::{ReceivedLogoutRequest, ReceivedLogoutResponse};
use crate::namespace::PROTOCOL;
use crate::provider::LogoutBinding;
use crate::reason::{self, Reason};
use crate::refusal::{Refusal, quote};
use crate::response::ReceivedResponse;

/// What the root element says the message is.
pub enum Received {
    Response(ReceivedResponse),
    LogoutRequest(ReceivedLogoutRequest),
    LogoutResponse(ReceivedLogoutResponse),
}

impl Received {
    /// Issuer, unverified: finds the IdP.
    pub fn issuer(&self) -> Option<String> {
        match self {
            Self::Response(response) => response.issuer(),
            Self::LogoutRequest(request) => request.issuer(),
            Self::LogoutResponse(response) => response.issuer(),
        }
    }
}

/// What came by HTTP-POST: gate, parse, and tell by the root element.
///
/// A SOAP envelope inside the form's field (WSO2) is taken off.
///
/// # Errors
///
/// `xml_…` when the bytes are no acceptable XML, `soap_…` when an envelope holds no one message,
/// `message_unexpected` when the root is no message that this SP takes.
pub fn receive(xml: &[u8], limits: &Limits) -> Result<Received, Refusal> {
    let document = Document::parse(xml, limits)?;
    let document = if document.is_soap() { Document::parse_soap(xml, limits)? } else { document };
    tell(document, None, LogoutBinding::POST, limits)
}

/// What came by SOAP (Bindings 3.2): the body of the HTTP request, or of the answer to one of ours.
///
/// # Errors
///
/// As [`receive`]; `soap_fault` when the other side says that it failed.
pub fn receive_soap(body: &[u8], limits: &Limits) -> Result<Received, Refusal> {
    tell(Document::parse_soap(body, limits)?, None, LogoutBinding::Soap, limits)
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
    tell(document, message.signature, LogoutBinding::REDIRECT, limits)
}

fn tell(
    document: Document,
    signature: Option<DetachedSignature>,
    came_by: LogoutBinding,
    limits: &Limits,
) -> Result<Received, Refusal> {
    if document.root_is(PROTOCOL, "Response") {
        let response = ReceivedResponse::new(document, signature, *limits);
        return Ok(Received::Response(response));
    }
    if document.root_is(PROTOCOL, "LogoutRequest") {
        let request = ReceivedLogoutRequest::new(document, signature, came_by, *limits);
        return Ok(Received::LogoutRequest(request));
    }
    if document.root_is(PROTOCOL, "LogoutResponse") {
        let response = ReceivedLogoutResponse::new(document, signature, came_by, *limits);
        return Ok(Received::LogoutResponse(response));
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

impl From<SoapError> for Refusal {
    fn from(error: SoapError) -> Self {
        match error {
            SoapError::Xml(error) => error.into(),
            SoapError::Structure(what) => Self::new(&reason::SOAP_INVALID, what),
            SoapError::Fault(text) => {
                Self::new(&reason::SOAP_FAULT, format!("the fault says {}", quote(&text)))
            }
        }
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
