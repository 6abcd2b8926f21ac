//! Making enveloped signatures.
use std::fmt;

use openssl::base64::encode_block;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::ffi::{Child, Dsig, ENVELOPED, EXC_C14N, Node, ParseError, Tree};
use crate::{Certificate, DigestAlgorithm, SignatureAlgorithm, SigningKey};

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

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
    let template = gap.fill(&signature_element(&gap.id, signature, digest, &Values::default(), ""));
    let values = values(&template, &gap.id, key, signature, digest)?;
    let key_info = certificate.map(key_info).unwrap_or_default();
    Ok(gap.fill(&signature_element(&gap.id, signature, digest, &values, &key_info)))
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
    id.filter(|id| !id.is_empty() && !id.contains(['\'', '"', '(', ')', '&', ' ', '#']))
        .ok_or_else(|| SignError::new("the root element has no usable ID"))
}

/// What xmlsec1 works out.
#[derive(Default)]
struct Values {
    digest: String,
    signature: String,
}

fn values(
    template: &str,
    id: &str,
    key: &SigningKey,
    signature: SignatureAlgorithm,
    digest: DigestAlgorithm,
) -> Result<Values, SignError> {
    let tree = Tree::parse(template.as_bytes()).map_err(|error| match error {
        ParseError::OutOfMemory => SignError::new("no memory to parse the document"),
        ParseError::Refused(reason) => SignError(format!("not well-formed: {reason}")),
    })?;
    let root = tree.root().ok_or_else(|| SignError::new("no root element"))?;
    let element = child(root, "Signature")?;
    if !tree.register_id(root, id) {
        return Err(SignError::new("the root's ID is not its own"));
    }
    let reference = format!("#{id}");
    let dsig = Dsig {
        signature_method: signature.uri(),
        digest_method: digest.uri(),
        reference: &reference,
    };
    dsig.sign(element, key.sec()).map_err(|_| SignError::new("xmlsec1 could not sign"))?;
    let reference = child(child(element, "SignedInfo")?, "Reference")?;
    Ok(Values {
        digest: text(child(reference, "DigestValue")?),
        signature: text(child(element, "SignatureValue")?),
    })
}

fn child<'tree>(parent: Node<'tree>, name: &str) -> Result<Node<'tree>, SignError> {
    parent
        .elements()
        .find(|child| child.is(DSIG, name))
        .ok_or_else(|| SignError(format!("no {name} in the signature")))
}

fn text(element: Node<'_>) -> String {
    let texts = element.content().filter_map(|child| match child {
        Child::Text(text) => Some(text),
        Child::Element(_) | Child::Other => None,
    });
    texts.collect()
}

fn signature_element(
    id: &str,
    signature: SignatureAlgorithm,
    digest: DigestAlgorithm,
    values: &Values,
    key_info: &str,
) -> String {
    format!(
        "<ds:Signature xmlns:ds=\"{DSIG}\"><ds:SignedInfo>\
         <ds:CanonicalizationMethod Algorithm=\"{EXC_C14N}\"/>\
         <ds:SignatureMethod Algorithm=\"{signature}\"/>\
         <ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"{ENVELOPED}\"/><ds:Transform Algorithm=\"{EXC_C14N}\"/>\
         </ds:Transforms><ds:DigestMethod Algorithm=\"{digest}\"/>\
         <ds:DigestValue>{digest_value}</ds:DigestValue></ds:Reference></ds:SignedInfo>\
         <ds:SignatureValue>{signature_value}</ds:SignatureValue>{key_info}</ds:Signature>",
        signature = signature.uri(),
        digest = digest.uri(),
        digest_value = values.digest,
        signature_value = values.signature,
    )
}

fn key_info(certificate: &Certificate) -> String {
    let der = encode_block(certificate.der());
    format!(
        "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    )
}

#[cfg(test)]
mod tests;
