//! Making enveloped signatures.
use std::fmt;

use openssl::hash::hash;

use crate::canonical::Canonical;
use crate::outline::{DSIG, Node};
use crate::reader::Outside;
use crate::verify::{ENVELOPED, EXC_C14N, is_plain};
use crate::{
    Certificate, DigestAlgorithm, Document, Limits, SignatureAlgorithm, SigningKey, base64_binary,
};

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
    let document = Document::parse_within(xml.into(), &Limits::NONE, &Outside::default())
        .map_err(|error| SignError(format!("not well-formed: {error}")))?;
    let id = document.envelope().attribute("ID").filter(|id| is_plain(id));
    let id = id.ok_or_else(|| SignError::new("the root element has no usable ID"))?;
    let root = document.root().ok_or_else(|| SignError::new("there is no root element"))?;
    let at = gap(root, place)?;
    let digest_value = digest_value(root, digest)?;
    let signed_info =
        |declaration: &str| signed_info(declaration, id, signature, digest, &digest_value);
    // On its own it declares its prefix itself (xml-exc-c14n 3).
    let canonical = signed_info(&format!(" xmlns:ds=\"{DSIG}\""));
    let value = key
        .sign_octets_r_s(signature, canonical.as_bytes())
        .map_err(|error| SignError(error.to_string()))?;
    let element = format!(
        "<ds:Signature xmlns:ds=\"{DSIG}\">{}<ds:SignatureValue>{}</ds:SignatureValue>{}\
         </ds:Signature>",
        signed_info(""),
        base64_binary::encode(&value),
        certificate.map(key_info).unwrap_or_default(),
    );
    let mut signed = document.into_text();
    signed.insert_str(at, &element);
    Ok(signed)
}

/// Where the signature goes, in bytes from the start.
fn gap(root: Node<'_>, place: SignaturePlace) -> Result<usize, SignError> {
    let first = root.children().next().map(|child| child.place.span.end);
    let content = root.place.content;
    let has_content = content < root.place.span.end;
    match place {
        SignaturePlace::First => has_content.then_some(content),
        SignaturePlace::AfterIssuer => first,
    }
    .ok_or_else(|| SignError::new("the root element has no child to sign after"))
}

/// Of the whole document, which holds no signature yet.
fn digest_value(root: Node<'_>, digest: DigestAlgorithm) -> Result<String, SignError> {
    let canonical = Canonical { element: root, without: None, prefixes: "", with_comments: false };
    let octets = canonical
        .octets(usize::MAX)
        .ok_or_else(|| SignError::new("the document cannot be canonicalised"))?;
    let digest = hash(digest.message_digest(), octets.text().as_bytes())
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
