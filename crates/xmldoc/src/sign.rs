//! Making enveloped signatures.
use std::fmt;

use openssl::hash::hash;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::verify::{DSIG, ENVELOPED, EXC_C14N, is_plain};
use crate::{Certificate, DigestAlgorithm, SignatureAlgorithm, SigningKey, base64_binary};
use libxml2::{Canonical, ParseError, Tree};

/// Why a document could not be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignError(pub String);

impl SignError {
    fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SignError {}

/// Where the schema wants the `Signature`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignaturePlace {
    /// Before the root's first child (metadata).
    First,
    /// After the root's first child, the Issuer (protocol messages).
    AfterIssuer,
}

/// Signs the root element (which carries `ID`) with an enveloped signature, exclusive c14n; `certificate` goes into KeyInfo.
///
/// The result is `xml` byte for byte, XML declaration or none, with the `ds:Signature` put in.
///
/// # Errors
/// The key cannot sign so, the root has no place for a signature, or libcrypto failed.
pub fn sign_enveloped(
    xml: &str,
    place: SignaturePlace,
    key: &SigningKey,
    certificate: Option<&Certificate>,
    signature: SignatureAlgorithm,
    digest: DigestAlgorithm,
) -> Result<String, SignError> {
    if !key.supports(signature) {
        return Err(SignError(format!("the key cannot sign with {}", signature.uri())));
    }
    let gap = Gap::find(xml, place)?;
    let digest_value = digest_value(xml, digest)?;
    let signed_info =
        |declaration: &str| signed_info(declaration, &gap.id, signature, digest, &digest_value);
    // On its own it declares its prefix itself (xml-exc-c14n 3).
    let canonical = signed_info(&format!(" xmlns:ds=\"{DSIG}\""));
    let value = key
        .sign_signed_info(signature, canonical.as_bytes())
        .map_err(|error| SignError(error.to_string()))?;
    Ok(gap.fill(&format!(
        "<ds:Signature xmlns:ds=\"{DSIG}\">{}<ds:SignatureValue>{}</ds:SignatureValue>{}\
         </ds:Signature>",
        signed_info(""),
        base64_binary::encode(&value),
        certificate.map(key_info).unwrap_or_default(),
    )))
}

/// The place for the signature: between `before` and `after`.
struct Gap<'a> {
    before: &'a str,
    after: &'a str,
    /// The root's `ID`.
    id: String,
}

impl<'a> Gap<'a> {
    fn find(xml: &'a str, place: SignaturePlace) -> Result<Self, SignError> {
        let mut reader = Reader::from_str(xml);
        let mut id = None;
        let mut depth = 0_usize;
        loop {
            let event = reader.read_event().map_err(|e| SignError(e.to_string()))?;
            let found = match event {
                Event::Start(start) => {
                    depth += 1;
                    if depth == 1 {
                        id = Some(root_id(&start)?);
                    }
                    depth == 1 && place == SignaturePlace::First
                }
                Event::End(_) => {
                    depth = depth.saturating_sub(1);
                    depth == 1
                }
                Event::Empty(_) => depth == 1,
                Event::Eof => return Err(SignError::new("the root element is never closed")),
                _ => continue,
            };
            if let (true, Some(id)) = (found, id.take_if(|_| found)) {
                let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
                let parts = xml.split_at_checked(at);
                let (before, after) = parts.ok_or_else(|| SignError::new("no such place"))?;
                return Ok(Self { before, after, id });
            }
            if depth == 0 {
                return Err(SignError::new("the root element has no child to sign after"));
            }
        }
    }

    fn fill(&self, signature: &str) -> String {
        [self.before, signature, self.after].concat()
    }
}

fn root_id(root: &BytesStart<'_>) -> Result<String, SignError> {
    let id = root.try_get_attribute("ID").ok().flatten().map(|id| id.value.into_owned());
    id.filter(|id| is_plain(id)).ok_or_else(|| SignError::new("the root element has no usable ID"))
}

/// Of the whole document, which holds no signature yet.
fn digest_value(xml: &str, digest: DigestAlgorithm) -> Result<String, SignError> {
    let tree = Tree::parse(xml.as_bytes()).map_err(|error| match error {
        ParseError::OutOfMemory => SignError::new("no memory to parse the document"),
        ParseError::Refused(reason) => SignError(format!("not well-formed: {reason}")),
    })?;
    let element = tree.root().ok_or_else(|| SignError::new("no root element"))?;
    let canonical = Canonical { element, without: None, prefixes: "", with_comments: false }
        .octets(usize::MAX)
        .ok_or_else(|| SignError::new("libxml2 could not canonicalise the document"))?;
    let digest = hash(digest.message_digest(), &canonical)
        .map_err(|_| SignError::new("libcrypto could not digest the document"))?;
    Ok(base64_binary::encode(&digest))
}

/// In canonical form; `declaration` is what its start tag says of namespaces.
fn signed_info(
    declaration: &str,
    id: &str,
    signature: SignatureAlgorithm,
    digest: DigestAlgorithm,
    digest_value: &str,
) -> String {
    format!(
        "<ds:SignedInfo{declaration}>\
         <ds:CanonicalizationMethod Algorithm=\"{EXC_C14N}\"></ds:CanonicalizationMethod>\
         <ds:SignatureMethod Algorithm=\"{signature}\"></ds:SignatureMethod>\
         <ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"{ENVELOPED}\"></ds:Transform>\
         <ds:Transform Algorithm=\"{EXC_C14N}\"></ds:Transform>\
         </ds:Transforms><ds:DigestMethod Algorithm=\"{digest}\"></ds:DigestMethod>\
         <ds:DigestValue>{digest_value}</ds:DigestValue></ds:Reference></ds:SignedInfo>",
        signature = signature.uri(),
        digest = digest.uri(),
    )
}

fn key_info(certificate: &Certificate) -> String {
    let der = base64_binary::encode(certificate.der());
    format!(
        "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    )
}

#[cfg(test)]
mod tests;
