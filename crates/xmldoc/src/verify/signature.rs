//! The one shape of `ds:Signature` that is read (xmldsig-core1 4, SAML Core 5.4).
//!
//! Whatever could be read in two ways is refused here.
use std::borrow::Cow;

use super::{SignaturePolicy, VerifyError};
use crate::outline::{DSIG, Node, Piece};
use crate::{DigestAlgorithm, SignatureAlgorithm};

pub(crate) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
pub(crate) const EXC_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

const OTHER_PARTS: VerifyError =
    VerifyError::Structure("Signature is not SignedInfo, SignatureValue and perhaps KeyInfo");

/// Each prefix is looked up in every element that declares one.
const MOST_PREFIXES: usize = 16;

/// Longest PrefixList, bytes.
const LONGEST_PREFIX_LIST: usize = 512;

/// What a signature says, checked against the lists and the policy.
#[derive(Debug)]
pub(super) struct Signature<'d> {
    pub(super) signed_info: Node<'d>,
    /// The PrefixList of SignedInfo's own canonicalisation.
    pub(super) prefixes: Cow<'d, str>,
    pub(super) algorithm: SignatureAlgorithm,
    /// SignatureValue, base64.
    pub(super) value: Cow<'d, str>,
    pub(super) reference: Reference<'d>,
}

/// The one Reference, which names the signature's parent.
#[derive(Debug)]
pub(super) struct Reference<'d> {
    /// The PrefixList of the exclusive canonicalisation.
    pub(super) prefixes: Cow<'d, str>,
    pub(super) digest: DigestAlgorithm,
    /// DigestValue, base64.
    pub(super) value: Cow<'d, str>,
}

/// Can the attribute `ID` of the signed element be named?
pub(super) fn check_id(id: &str) -> Result<(), VerifyError> {
    if is_plain(id) { Ok(()) } else { Err(VerifyError::ReferenceUri(format!("#{id}"))) }
}

/// Is it an ID that `#ID` names, for every reader of URIs? Only characters that mean nothing to
/// XPointer.
pub(crate) fn is_plain(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c) || !c.is_ascii();
    !id.is_empty() && id.chars().all(plain)
}

impl<'d> Signature<'d> {
    /// `id` is the attribute `ID` of the signed element.
    pub(super) fn read(
        signature: Node<'d>,
        id: &str,
        policy: &SignaturePolicy,
    ) -> Result<Self, VerifyError> {
        // In a value it would let two readers read two values (CVE-2025-29775).
        if has_comments(signature) {
            return Err(VerifyError::Structure("the signature holds a comment"));
        }
        let (signed_info, value) = match *children(signature)? {
            [signed_info, value] if value.is(DSIG, "SignatureValue") => (signed_info, value),
            [signed_info, value, key_info]
                if value.is(DSIG, "SignatureValue") && key_info.is(DSIG, "KeyInfo") =>
            {
                (signed_info, value)
            }
            _ => return Err(OTHER_PARTS),
        };
        let value = plain_text(value)?;
        expect(signed_info, "SignedInfo", &[])?;
        let parts = children(signed_info)?;
        let [canonicalization, method, references @ ..] = parts.as_slice() else {
            return Err(VerifyError::Structure(
                "SignedInfo is not CanonicalizationMethod, SignatureMethod and References",
            ));
        };
        let prefixes = read_canonicalization(*canonicalization)?;
        let algorithm = read_signature_method(*method, policy)?;
        let [reference] = references else { return Err(VerifyError::ReferenceCount) };
        let reference = Reference::read(*reference, id, policy)?;
        Ok(Self { signed_info, prefixes, algorithm, value, reference })
    }
}

/// What a key says of itself is not looked at.
fn has_comments(element: Node<'_>) -> bool {
    !element.is(DSIG, "KeyInfo")
        && (element.content().any(|piece| matches!(piece, Piece::Comment(_)))
            || element.children().any(has_comments))
}

/// Gives the PrefixList.
fn read_canonicalization(element: Node<'_>) -> Result<Cow<'_, str>, VerifyError> {
    expect(element, "CanonicalizationMethod", &["Algorithm"])?;
    let algorithm = algorithm(element);
    if algorithm != EXC_C14N {
        return Err(VerifyError::Canonicalization(algorithm.into_owned()));
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
        .ok_or_else(|| VerifyError::SignatureAlgorithm(uri.into_owned()))
}

impl<'d> Reference<'d> {
    fn read(element: Node<'d>, id: &str, policy: &SignaturePolicy) -> Result<Self, VerifyError> {
        expect(element, "Reference", &["URI", "Id", "Type"])?;
        let uri = element.attribute("URI").unwrap_or_default();
        if uri.strip_prefix('#') != Some(id) {
            return Err(VerifyError::ReferenceUri(uri.into_owned()));
        }
        let parts = children(element)?;
        let [transforms, method, value] = *parts else {
            return Err(VerifyError::Structure(
                "Reference is not Transforms, DigestMethod and DigestValue",
            ));
        };
        let prefixes = read_transforms(transforms)?;
        expect(value, "DigestValue", &[])?;
        let value = plain_text(value)?;
        expect(method, "DigestMethod", &["Algorithm"])?;
        no_children(method)?;
        let uri = algorithm(method);
        let digest = DigestAlgorithm::from_uri(&uri)
            .filter(|algorithm| policy.allows_digest(*algorithm))
            .ok_or_else(|| VerifyError::DigestAlgorithm(uri.into_owned()))?;
        Ok(Self { prefixes, digest, value })
    }
}

/// Exactly enveloped-signature, then exclusive c14n. Without the latter inclusive c14n would be
/// implied, whose cost the gate does not bound; SAML Core 5.4.3 recommends the exclusive one.
///
/// Gives the PrefixList.
fn read_transforms(element: Node<'_>) -> Result<Cow<'_, str>, VerifyError> {
    expect(element, "Transforms", &[])?;
    let transforms = children(element)?;
    for transform in &transforms {
        expect(*transform, "Transform", &["Algorithm"])?;
    }
    match *transforms {
        [enveloped, exclusive]
            if algorithm(enveloped) == ENVELOPED && algorithm(exclusive) == EXC_C14N =>
        {
            no_children(enveloped)?;
            inclusive_namespaces(exclusive)
        }
        _ => {
            let uris: Vec<_> = transforms.into_iter().map(algorithm).collect();
            Err(VerifyError::Transform(uris.join(" ")))
        }
    }
}

/// Nothing, or the PrefixList of one `ec:InclusiveNamespaces` (xml-exc-c14n 4).
fn inclusive_namespaces(element: Node<'_>) -> Result<Cow<'_, str>, VerifyError> {
    let refused = Err(VerifyError::Structure("InclusiveNamespaces is not what it must be"));
    let list = match *children(element)? {
        [] => return Ok(Cow::Borrowed("")),
        [list] => list,
        _ => return refused,
    };
    let [attribute] = list.attributes() else { return refused };
    let prefixes = attribute.value.read(list.text);
    let good = list.is(EXC_C14N, "InclusiveNamespaces")
        && attribute.name.raw(list.text) == "PrefixList"
        && prefixes.len() <= LONGEST_PREFIX_LIST
        && prefixes.split_ascii_whitespace().count() <= MOST_PREFIXES;
    if !good {
        return refused;
    }
    no_children(list)?;
    Ok(prefixes)
}

/// Is it `ds:name`, with no attribute but these?
fn expect(element: Node<'_>, name: &str, attributes: &[&str]) -> Result<(), VerifyError> {
    if !element.is(DSIG, name) {
        return Err(VerifyError::Structure(
            "an element of the signature is missing or out of place",
        ));
    }
    // Those that are known have no prefix.
    let known = |name: &str| attributes.contains(&name) || name == "Id";
    if element.attributes().iter().all(|a| known(a.name.raw(element.text))) {
        return Ok(());
    }
    Err(VerifyError::Structure("an element of the signature has an unexpected attribute"))
}

fn algorithm(element: Node<'_>) -> Cow<'_, str> {
    element.attribute("Algorithm").unwrap_or_default()
}

/// Child elements of an element that holds only elements: no text but white space.
fn children(element: Node<'_>) -> Result<Vec<Node<'_>>, VerifyError> {
    let is_blank = |piece| match piece {
        Piece::Text(span) | Piece::CharacterData(span) => {
            span.of(element.text).trim_ascii().is_empty()
        }
        Piece::Character(character) => character.is_ascii_whitespace(),
        Piece::LineEnd | Piece::Start(_) | Piece::End(_) | Piece::Comment(_) => true,
    };
    if element.content().all(is_blank) {
        return Ok(element.children().collect());
    }
    Err(VerifyError::Structure("the signature holds text between its elements"))
}

fn no_children(element: Node<'_>) -> Result<(), VerifyError> {
    if children(element)?.is_empty() {
        return Ok(());
    }
    Err(VerifyError::Structure("an algorithm has parameters"))
}

/// An element inside a value would let two readers read two values, too.
fn plain_text(element: Node<'_>) -> Result<Cow<'_, str>, VerifyError> {
    if element.place.children == 0 {
        return Ok(element.own_text());
    }
    Err(VerifyError::Structure("a DigestValue or SignatureValue is not plain text"))
}
