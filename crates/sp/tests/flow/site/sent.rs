//! What the SP sends, as the IdP reads it.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::DeflateDecoder;
use xmldoc::{Document, Element, Limits};

use super::answer::Answer;

/// A message that came to the IdP.
pub struct Sent {
    /// The address without its query.
    pub to: String,
    pub message: Element,
    pub relay_state: Option<String>,
    /// Somebody has signed it, one way or another.
    pub is_signed: bool,
}

impl Sent {
    /// What the browser brings to the IdP after this answer.
    pub fn by(answer: &Answer) -> Self {
        match answer.header("Location") {
            Some(url) => Self::by_redirect(url),
            None => Self::by_post(answer.text()),
        }
    }

    fn by_redirect(url: &str) -> Self {
        let (to, query) = url.split_once('?').unwrap();
        let field = |wanted: &str| {
            let mut fields = form_urlencoded::parse(query.as_bytes());
            fields.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
        };
        let message = field("SAMLRequest").or_else(|| field("SAMLResponse")).unwrap();
        let mut xml = Vec::new();
        let deflated = STANDARD.decode(message).unwrap();
        DeflateDecoder::new(deflated.as_slice()).read_to_end(&mut xml).unwrap();
        let is_signed = field("SigAlg").is_some() && field("Signature").is_some();
        Self::new(to, &xml, field("RelayState"), is_signed)
    }

    fn by_post(page: &str) -> Self {
        let attribute = |before: &str| {
            let (_, rest) = page.split_once(before)?;
            Some(rest.split_once('"')?.0.to_owned())
        };
        let field = |name: &str| attribute(&format!("name=\"{name}\" value=\""));
        let to = attribute("action=\"").unwrap();
        let message = field("SAMLRequest").or_else(|| field("SAMLResponse")).unwrap();
        let xml = STANDARD.decode(message).unwrap();
        Self::new(&to, &xml, field("RelayState"), has_signature(&xml))
    }

    /// The message of an envelope.
    pub fn by_soap(envelope: &str) -> Self {
        let (_, rest) = envelope.split_once("<soap:Body>").unwrap();
        let xml = rest.split_once("</soap:Body>").unwrap().0.as_bytes();
        Self::new("", xml, None, has_signature(xml))
    }

    /// What a program gets for PAOS.
    pub fn by_paos(envelope: &str) -> Self {
        let (_, rest) = envelope.split_once("<ecp:RelayState ").unwrap();
        let (_, rest) = rest.split_once('>').unwrap();
        let relay_state = rest.split_once("</ecp:RelayState>").unwrap().0;
        Self { relay_state: Some(relay_state.to_owned()), ..Self::by_soap(envelope) }
    }

    fn new(to: &str, xml: &[u8], relay_state: Option<String>, is_signed: bool) -> Self {
        let message = Document::parse(xml, &Limits::default()).unwrap().trusted_root();
        Self { to: to.to_owned(), message, relay_state, is_signed }
    }

    /// An attribute of the message.
    pub fn attribute(&self, name: &str) -> &str {
        self.message.attribute(name).unwrap_or_default()
    }

    /// The text of the elements of this name, wherever they stand.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        let mut texts = Vec::new();
        collect(&self.message, name, &mut texts);
        texts
    }

    /// The last parts of its status codes, the outer one first.
    pub fn status(&self) -> Vec<&str> {
        let mut codes = Vec::new();
        let mut at = self.message.children.iter().find(|child| child.name == "Status");
        while let Some(code) =
            at.and_then(|at| at.children.iter().find(|child| child.name == "StatusCode"))
        {
            let value = code.attribute("Value").unwrap_or_default();
            codes.push(value.rsplit(':').next().unwrap_or_default());
            at = Some(code);
        }
        codes
    }
}

fn has_signature(xml: &[u8]) -> bool {
    Document::parse(xml, &Limits::default()).unwrap().root_is_signed()
}

fn collect<'a>(element: &'a Element, name: &str, texts: &mut Vec<&'a str>) {
    if element.name == name {
        texts.push(&element.text);
    }
    for child in &element.children {
        collect(child, name, texts);
    }
}
