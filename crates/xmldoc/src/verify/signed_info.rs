//! The one shape of `ds:Signature` that is let through to xmlsec1 (xmldsig-core1 4, SAML Core 5.4).
//!
//! xmlsec1 looks attributes up by local name and takes the first of several elements, so whatever
//! could be read in two ways is refused here.
use super::{SignaturePolicy, VerifyError};
use crate::ffi::{Child, ENVELOPED, EXC_C14N, Node};
use crate::{DigestAlgorithm, SignatureAlgorithm};

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// Each prefix is looked up in every element that is canonicalised.
const MOST_PREFIXES: usize = 16;

/// Longest PrefixList, bytes.
const LONGEST_PREFIX_LIST: usize = 512;

/// What SignedInfo says, checked against the lists and the policy.
#[derive(Debug)]
pub(super) struct SignedInfo {
    pub(super) signature: SignatureAlgorithm,
    pub(super) digest: DigestAlgorithm,
}

/// The only `ds:Signature` child of `target`.
pub(super) fn signature_of(target: Node<'_>) -> Result<Node<'_>, VerifyError> {
    let mut signatures = target.elements().filter(|child| child.is(DSIG, "Signature"));
    let signature = signatures.next().ok_or(VerifyError::Missing)?;
    match signatures.next() {
        None => Ok(signature),
        Some(_) => Err(VerifyError::Multiple),
    }
}

/// The attribute `ID` of the signed element; only characters that mean nothing to XPointer.
pub(super) fn target_id(target: Node<'_>) -> Result<String, VerifyError> {
    let id = target.attribute("ID").unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c) || !c.is_ascii();
    if id.is_empty() || !id.chars().all(plain) {
        return Err(VerifyError::ReferenceUri(format!("#{id}")));
    }
    Ok(id)
}

impl SignedInfo {
    pub(super) fn read(
        signature: Node<'_>,
        id: &str,
        policy: &SignaturePolicy,
    ) -> Result<Self, VerifyError> {
        let signed_info = match children(signature)?.as_slice() {
            [signed_info, value] if value.is(DSIG, "SignatureValue") => {
                plain_text(*value)?;
                *signed_info
            }
            [signed_info, value, key_info]
                if value.is(DSIG, "SignatureValue") && key_info.is(DSIG, "KeyInfo") =>
            {
                plain_text(*value)?;
                *signed_info
            }
            _ => {
                return Err(VerifyError::Structure(
                    "Signature is not SignedInfo, SignatureValue and perhaps KeyInfo",
                ));
            }
        };
        let shape = VerifyError::Structure(
            "SignedInfo is not CanonicalizationMethod, SignatureMethod and References",
        );
        expect(signed_info, "SignedInfo", &[])?;
        let parts = children(signed_info)?;
        let [canonicalization, method, references @ ..] = parts.as_slice() else {
            return Err(shape);
        };
        read_canonicalization(*canonicalization)?;
        let signature = read_signature_method(*method, policy)?;
        let [reference] = references else { return Err(VerifyError::ReferenceCount) };
        Ok(Self { signature, digest: read_reference(*reference, id, policy)? })
    }
}

fn read_canonicalization(element: Node<'_>) -> Result<(), VerifyError> {
    expect(element, "CanonicalizationMethod", &["Algorithm"])?;
    let algorithm = algorithm(element);
    if algorithm != EXC_C14N {
        return Err(VerifyError::Canonicalization(algorithm));
    }
    inclusive_namespaces(element)
}

fn read_signature_method(
    element: Node<'_>,
    policy: &SignaturePolicy,
) -> Result<SignatureAlgorithm, VerifyError> {
    expect(element, "SignatureMethod", &["Algorithm"])?;
    no_children(element)?;
    let uri = algorithm(element);
    SignatureAlgorithm::from_uri(&uri)
        .filter(|algorithm| policy.allows_signature(*algorithm))
        .ok_or(VerifyError::SignatureAlgorithm(uri))
}

fn read_reference(
    element: Node<'_>,
    id: &str,
    policy: &SignaturePolicy,
) -> Result<DigestAlgorithm, VerifyError> {
    expect(element, "Reference", &["URI", "Id", "Type"])?;
    let uri = element.attribute("URI").unwrap_or_default();
    if uri.strip_prefix('#') != Some(id) {
        return Err(VerifyError::ReferenceUri(uri));
    }
    let parts = children(element)?;
    let [transforms, method, value] = parts.as_slice() else {
        return Err(VerifyError::Structure(
            "Reference is not Transforms, DigestMethod and DigestValue",
        ));
    };
    read_transforms(*transforms)?;
    expect(*value, "DigestValue", &[])?;
    plain_text(*value)?;
    expect(*method, "DigestMethod", &["Algorithm"])?;
    no_children(*method)?;
    let uri = algorithm(*method);
    DigestAlgorithm::from_uri(&uri)
        .filter(|algorithm| policy.allows_digest(*algorithm))
        .ok_or(VerifyError::DigestAlgorithm(uri))
}

/// Exactly enveloped-signature, then exclusive c14n. Without the latter inclusive c14n would be
/// implied, whose cost the gate does not bound; SAML Core 5.4.3 recommends the exclusive one.
fn read_transforms(element: Node<'_>) -> Result<(), VerifyError> {
    expect(element, "Transforms", &[])?;
    let transforms = children(element)?;
    for transform in &transforms {
        expect(*transform, "Transform", &["Algorithm"])?;
    }
    let uris: Vec<_> = transforms.iter().map(|transform| algorithm(*transform)).collect();
    let ([enveloped, exclusive], true) = (transforms.as_slice(), uris == [ENVELOPED, EXC_C14N])
    else {
        return Err(VerifyError::Transform(uris.join(" ")));
    };
    no_children(*enveloped)?;
    inclusive_namespaces(*exclusive)
}

/// Nothing, or one `ec:InclusiveNamespaces` with a PrefixList (xml-exc-c14n 4).
fn inclusive_namespaces(element: Node<'_>) -> Result<(), VerifyError> {
    let refused = Err(VerifyError::Structure("InclusiveNamespaces is not what it must be"));
    match children(element)?.as_slice() {
        [] => Ok(()),
        [list] => {
            let mut attributes = list.attributes();
            let Some(("", "PrefixList", prefixes)) = attributes.next() else { return refused };
            let good = list.is(EXC_C14N, "InclusiveNamespaces")
                && attributes.next().is_none()
                && prefixes.len() <= LONGEST_PREFIX_LIST
                // As xmlsec1 splits it: two spaces in a row make an empty prefix, which costs too.
                && prefixes.split(' ').count() <= MOST_PREFIXES;
            if good { no_children(*list) } else { refused }
        }
        _ => refused,
    }
}

/// Is it `ds:name`, with no attribute but these?
fn expect(element: Node<'_>, name: &str, attributes: &[&str]) -> Result<(), VerifyError> {
    if !element.is(DSIG, name) {
        return Err(VerifyError::Structure(
            "an element of the signature is missing or out of place",
        ));
    }
    let known = |namespace: &str, name: &str| {
        namespace.is_empty() && (attributes.contains(&name) || name == "Id")
    };
    if element.attribute_names().all(|(namespace, name)| known(namespace, name)) {
        return Ok(());
    }
    Err(VerifyError::Structure("an element of the signature has an unexpected attribute"))
}

fn algorithm(element: Node<'_>) -> String {
    element.attribute("Algorithm").unwrap_or_default()
}

/// Child elements of an element that holds only elements: no text but white space, no comments.
fn children(element: Node<'_>) -> Result<Vec<Node<'_>>, VerifyError> {
    let mut children = Vec::new();
    for child in element.content() {
        match child {
            Child::Element(child) => children.push(child),
            Child::Text(text) if text.trim_ascii().is_empty() => {}
            _ => {
                return Err(VerifyError::Structure(
                    "the signature holds text or a comment between its elements",
                ));
            }
        }
    }
    Ok(children)
}

fn no_children(element: Node<'_>) -> Result<(), VerifyError> {
    if children(element)?.is_empty() {
        return Ok(());
    }
    Err(VerifyError::Structure("an algorithm has parameters"))
}

/// A comment or an element inside a value would let two readers read two values (CVE-2025-29775).
fn plain_text(element: Node<'_>) -> Result<(), VerifyError> {
    if element.content().all(|child| matches!(child, Child::Text(_))) {
        return Ok(());
    }
    Err(VerifyError::Structure("a DigestValue or SignatureValue is not plain text"))
}
