//! A protocol message as received: decoded, gated, parsed, told apart by its root.

use xmldoc::{Document, Limits};

use crate::binding::{
    DetachedSignature, PostMessage, RedirectMessage, UNDERSTOOD_OF_PAOS, paos_relay_state,
};
use crate::examination::Examination;
use crate::logout::{ReceivedLogoutRequest, ReceivedLogoutResponse};
use crate::message::Message;
use crate::message::envelope::Voucher;
use crate::namespace::PROTOCOL;
use crate::provider::LogoutBinding;
use crate::reason;
use crate::refusal::{Refusal, quote};
use crate::response::ReceivedResponse;

/// What the root element says the message is.
pub enum Received {
    /// The answer to a login (Core 3.3.3).
    Response(ReceivedResponse),
    /// An IdP ends its sessions (Core 3.7.1).
    LogoutRequest(ReceivedLogoutRequest),
    /// The answer to a logout that began here (Core 3.7.2).
    LogoutResponse(ReceivedLogoutResponse),
}

impl Received {
    /// Notes what it looks like: it may be refused before anybody can judge it.
    pub fn show(&self, examination: &Examination) {
        examination.see(match self {
            Self::Response(response) => response.document(),
            Self::LogoutRequest(request) => request.document(),
            Self::LogoutResponse(response) => response.document(),
        });
    }

    /// InResponseTo, unverified: finds what it answers.
    pub fn in_response_to(&self) -> Option<String> {
        match self {
            Self::Response(response) => response.in_response_to(),
            Self::LogoutRequest(_) => None,
            Self::LogoutResponse(response) => response.in_response_to(),
        }
    }

    /// Issuer, unverified: finds the IdP.
    pub fn issuer(&self) -> Option<String> {
        match self {
            Self::Response(response) => response.issuer(),
            Self::LogoutRequest(request) => request.issuer(),
            Self::LogoutResponse(response) => response.issuer(),
        }
    }
}

/// What came by HTTP-POST, or by HTTP-POST-SimpleSign: then the signature beside the message is checked
/// when it is known whose it must be.
///
/// # Errors
///
/// As [`receive`].
pub fn receive_post(message: PostMessage, limits: &Limits) -> Result<Received, Refusal> {
    if message.signature.is_none() {
        return receive(message.octets, limits);
    }
    let decode = message.decoder();
    let document = Document::from_octets(message.octets, decode, limits)?;
    tell(document, message.signature, LogoutBinding::POST, limits)
}

/// The XML of a form without a signature beside it: gate, parse, and tell by the root element.
///
/// A SOAP envelope inside the form's field (WSO2) is taken off.
///
/// # Errors
///
/// `xml_…` when the bytes are no acceptable XML, `soap_…` when an envelope holds no one message,
/// `message_unexpected` when the root is no message that this SP takes.
pub fn receive(xml: impl Into<Vec<u8>>, limits: &Limits) -> Result<Received, Refusal> {
    let document = Document::parse(xml, limits)?;
    let document = if document.is_soap() { document.into_soap_message(&[])? } else { document };
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

/// What came by PAOS (Bindings 3.3): the Response that answers an AuthnRequest, and the RelayState that a
/// client is to bring back in the Header, from a stranger (Profiles 4.2.4.5).
///
/// That and `paos:Response` are the blocks that may have to be understood. The latter's refToMessageID says
/// nothing: nobody has signed it, and InResponseTo names the request.
///
/// # Errors
///
/// As [`receive_soap`]; `message_unexpected` for any other message.
pub fn receive_paos(
    body: &[u8],
    limits: &Limits,
) -> Result<(ReceivedResponse, Option<String>), Refusal> {
    let envelope = Document::parse(body, limits)?;
    let relay_state = paos_relay_state(envelope.envelope());
    let document = envelope.into_soap_message(&UNDERSTOOD_OF_PAOS)?;
    match tell(document, None, LogoutBinding::Soap, limits)? {
        Received::Response(response) => Ok((response, relay_state)),
        Received::LogoutRequest(_) | Received::LogoutResponse(_) => {
            let detail = "a logout message came by PAOS, which carries Responses alone";
            Err(Refusal::new(&reason::MESSAGE_UNEXPECTED, detail))
        }
    }
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
    let voucher = signature.map(Voucher::Detached);
    let message = Message { document, voucher, came_by, limits: *limits };
    let is_a = |name| message.document.root_is(PROTOCOL, name);
    if is_a("Response") {
        Ok(Received::Response(ReceivedResponse::new(message)))
    } else if is_a("LogoutRequest") {
        Ok(Received::LogoutRequest(ReceivedLogoutRequest::new(message)))
    } else if is_a("LogoutResponse") {
        Ok(Received::LogoutResponse(ReceivedLogoutResponse::new(message)))
    } else {
        Err(unexpected(&message.document))
    }
}

fn unexpected(document: &Document) -> Refusal {
    let root = document.envelope();
    let found = format!("{{{}}}{}", root.namespace, root.name);
    Refusal::new(&reason::MESSAGE_UNEXPECTED, format!("the root element is {}", quote(&found)))
}
