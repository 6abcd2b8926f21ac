//! The one shape of `ds:Signature` that is read (xmldsig-core1 4, SAML Core 5.4).
//!
//! Whatever could be read in two ways is refused here.
use super::{SignaturePolicy, VerifyError};
use crate::element::Builder;
use crate::outline::{DSIG, Outline};
use crate::reader::{self, Part, StartTag};
use crate::{DigestAlgorithm, Element, SignatureAlgorithm};

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
    pub(super) signed_info: Part<'d>,
    /// The PrefixList of SignedInfo's own canonicalisation.
    pub(super) prefixes: String,
    pub(super) algorithm: SignatureAlgorithm,
    /// SignatureValue, base64.
    pub(super) value: String,
    pub(super) reference: Reference,
}

/// The one Reference, which names the signature's parent.
#[derive(Debug)]
pub(super) struct Reference {
    /// The PrefixList of the exclusive canonicalisation.
    pub(super) prefixes: String,
    pub(super) digest: DigestAlgorithm,
    /// DigestValue, base64.
    pub(super) value: String,
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
        part: &Part<'d>,
        id: &str,
        policy: &SignaturePolicy,
    ) -> Result<Self, VerifyError> {
        let mut sinks = (Builder::with_shells(is_key_info), Outline::default());
        reader::read_part(part, None, &mut sinks).map_err(|_| VerifyError::Void)?;
        let (builder, outline) = sinks;
        // In a value it would let two readers read two values (CVE-2025-29775).
        if builder.has_comments() {
            return Err(VerifyError::Structure("the signature holds a comment"));
        }
        let element = builder.root().ok_or(VerifyError::Void)?;
        let first = outline.children.first().ok_or(OTHER_PARTS)?;
        Self::check(&element, part.within(first.span), id, policy)
    }

    /// `signed_info` is where its first child stands.
    fn check(
        element: &Element,
        signed_info_part: Part<'d>,
        id: &str,
        policy: &SignaturePolicy,
    ) -> Result<Self, VerifyError> {
        let (signed_info, value) = match children(element)? {
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
        let [canonicalization, method, references @ ..] = children(signed_info)? else {
            return Err(VerifyError::Structure(
                "SignedInfo is not CanonicalizationMethod, SignatureMethod and References",
            ));
        };
        let prefixes = read_canonicalization(canonicalization)?;
        let algorithm = read_signature_method(method, policy)?;
        let [reference] = references else { return Err(VerifyError::ReferenceCount) };
        let reference = Reference::read(reference, id, policy)?;
        Ok(Self { signed_info: signed_info_part, prefixes, algorithm, value, reference })
    }
}

/// What a key says of itself is not looked at.
fn is_key_info(tag: &StartTag<'_, '_>) -> bool {
    tag.is(DSIG, "KeyInfo")
}

/// Gives the PrefixList.
fn read_canonicalization(element: &Element) -> Result<String, VerifyError> {
    expect(element, "CanonicalizationMethod", &["Algorithm"])?;
    let algorithm = algorithm(element);
    if algorithm != EXC_C14N {
        return Err(VerifyError::Canonicalization(algorithm.to_owned()));
    }
    inclusive_namespaces(element)
}

fn read_signature_method(
    element: &Element,
    policy: &SignaturePolicy,
) -> Result<SignatureAlgorithm, VerifyError> {
    expect(element, "SignatureMethod", &["Algorithm"])?;
    no_children(element)?;
    let uri = algorithm(element);
    SignatureAlgorithm::from_uri(uri)
        .filter(|algorithm| policy.allows_signature(*algorithm))
        .ok_or_else(|| VerifyError::SignatureAlgorithm(uri.to_owned()))
}

impl Reference {
    fn read(element: &Element, id: &str, policy: &SignaturePolicy) -> Result<Self, VerifyError> {
        expect(element, "Reference", &["URI", "Id", "Type"])?;
        let uri = element.attribute("URI").unwrap_or_default();
        if uri.strip_prefix('#') != Some(id) {
            return Err(VerifyError::ReferenceUri(uri.to_owned()));
        }
        let [transforms, method, value] = children(element)? else {
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
        let digest = DigestAlgorithm::from_uri(uri)
            .filter(|algorithm| policy.allows_digest(*algorithm))
            .ok_or_else(|| VerifyError::DigestAlgorithm(uri.to_owned()))?;
        Ok(Self { prefixes, digest, value })
    }
}

/// Exactly enveloped-signature, then exclusive c14n. Without the latter inclusive c14n would be
/// implied, whose cost the gate does not bound; SAML Core 5.4.3 recommends the exclusive one.
///
/// Gives the PrefixList.
fn read_transforms(element: &Element) -> Result<String, VerifyError> {
    expect(element, "Transforms", &[])?;
    let transforms = children(element)?;
    for transform in transforms {
        expect(transform, "Transform", &["Algorithm"])?;
    }
    match transforms {
        [enveloped, exclusive]
            if algorithm(enveloped) == ENVELOPED && algorithm(exclusive) == EXC_C14N =>
        {
            no_children(enveloped)?;
            inclusive_namespaces(exclusive)
        }
        _ => {
            let uris: Vec<_> = transforms.iter().map(algorithm).collect();
            Err(VerifyError::Transform(uris.join(" ")))
        }
    }
}

/// Nothing, or the PrefixList of one `ec:InclusiveNamespaces` (xml-exc-c14n 4).
fn inclusive_namespaces(element: &Element) -> Result<String, VerifyError> {
    let refused = Err(VerifyError::Structure("InclusiveNamespaces is not what it must be"));
    let list = match children(element)? {
        [] => return Ok(String::new()),
        [list] => list,
        _ => return refused,
    };
    let [attribute] = list.attributes.as_slice() else { return refused };
    let prefixes = attribute.value.as_str();
    let good = list.is(EXC_C14N, "InclusiveNamespaces")
        && attribute.namespace.is_empty()
        && attribute.name == "PrefixList"
        && prefixes.len() <= LONGEST_PREFIX_LIST
        && prefixes.split_ascii_whitespace().count() <= MOST_PREFIXES;
    if !good {
        return refused;
    }
    no_children(list)?;
    Ok(prefixes.to_owned())
}

/// Is it `ds:name`, with no attribute but these?
fn expect(element: &Element, name: &str, attributes: &[&str]) -> Result<(), VerifyError> {
    if !element.is(DSIG, name) {
        return Err(VerifyError::Structure(
            "an element of the signature is missing or out of place",
        ));
    }
    let known = |name: &str| attributes.contains(&name) || name == "Id";
    if element.attributes.iter().all(|a| a.namespace.is_empty() && known(&a.name)) {
        return Ok(());
    }
    Err(VerifyError::Structure("an element of the signature has an unexpected attribute"))
}

fn algorithm(element: &Element) -> &str {
    element.attribute("Algorithm").unwrap_or_default()
}

/// Child elements of an element that holds only elements: no text but white space.
fn children(element: &Element) -> Result<&[Element], VerifyError> {
    if element.text.trim_ascii().is_empty() {
        return Ok(&element.children);
    }
    Err(VerifyError::Structure("the signature holds text between its elements"))
}

fn no_children(element: &Element) -> Result<(), VerifyError> {
    if children(element)?.is_empty() {
        return Ok(());
    }
    Err(VerifyError::Structure("an algorithm has parameters"))
}

/// An element inside a value would let two readers read two values, too.
fn plain_text(element: &Element) -> Result<String, VerifyError> {
    if element.children.is_empty() {
        return Ok(element.text.clone());
    }
    Err(VerifyError::Structure("a DigestValue or SignatureValue is not plain text"))
}
