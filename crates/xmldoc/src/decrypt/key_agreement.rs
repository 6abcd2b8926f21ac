//! An AgreementMethod: Diffie-Hellman with a key of ours on a curve, and ConcatKDF (xmlenc-core1 5.4.1,
//! 5.6; RFC 9231 2.7.1).
use openssl::pkey::{PKeyRef, Private};

use super::DecryptError;
use super::fields::{XENC, XENC11, algorithm, base64_octets, optional, required};
use crate::agreement::{CONCAT_KDF, ConcatKdf, Curve};
use crate::outline::DSIG;
use crate::{DigestAlgorithm, Element};

const DSIG11: &str = "http://www.w3.org/2009/xmldsig11#";

/// Hexadecimal digits of one part of OtherInfo: twice an entityID of the longest (SAML Core 8.3.6).
const LONGEST_PART: usize = 4096;

/// An AgreementMethod: whose public key it was made with, and how a key comes of the secret.
#[derive(Debug)]
pub(super) struct KeyAgreement {
    curve: &'static Curve,
    /// The originator's public key: on the curve or not.
    originator: Vec<u8>,
    kdf: ConcatKdf,
}

impl KeyAgreement {
    pub(super) fn read(method: &Element) -> Result<Self, DecryptError> {
        if !Curve::is_method(algorithm(method)) {
            return Err(DecryptError::Algorithm(algorithm(method).to_owned()));
        }
        let (curve, originator) = originator(required(method, XENC, "OriginatorKeyInfo")?)?;
        known(method, curve.method)?;
        let derivation = required(method, XENC11, "KeyDerivationMethod")?;
        known(derivation, CONCAT_KDF)?;
        let parameters = required(derivation, XENC11, "ConcatKDFParams")?;
        let digest = algorithm(required(parameters, DSIG, "DigestMethod")?);
        let kdf = ConcatKdf {
            digest: DigestAlgorithm::from_uri(digest)
                .filter(|digest| *digest != DigestAlgorithm::Sha1)
                .ok_or_else(|| DecryptError::Algorithm(digest.to_owned()))?,
            other_info: other_info(parameters)?,
        };
        Ok(Self { curve, originator, kdf })
    }

    /// Is it with a key on this curve?
    pub(super) fn is_on(&self, curve: &Curve) -> bool {
        std::ptr::eq(self.curve, curve)
    }

    /// The key of `length` bytes that was agreed on; `None` when there is none.
    pub(super) fn key(&self, ours: &PKeyRef<Private>, length: usize) -> Option<Vec<u8>> {
        let theirs = self.curve.public_key(&self.originator).ok()?;
        self.kdf.key(ours, &theirs, length)
    }
}

fn known(element: &Element, uri: &str) -> Result<(), DecryptError> {
    let found = algorithm(element);
    if found == uri { Ok(()) } else { Err(DecryptError::Algorithm(found.to_owned())) }
}

/// The curve and the public key of an ECKeyValue or a DEREncodedKeyValue (xmldsig-core1 4.5.2.3,
/// 4.5.9); RFC 9231 2.7.1 has no other form than the latter for X25519 and X448.
fn originator(info: &Element) -> Result<(&'static Curve, Vec<u8>), DecryptError> {
    let refused = || DecryptError::Structure("the originator's key is no EC key that is taken");
    if let Some(der) = optional(info, DSIG11, "DEREncodedKeyValue")? {
        let der = base64_octets(der)?;
        let (curve, key) = Curve::split(&der).ok_or_else(refused)?;
        return Ok((curve, key.to_vec()));
    }
    let value = required(required(info, DSIG, "KeyValue")?, DSIG11, "ECKeyValue")?;
    let urn = required(value, DSIG11, "NamedCurve")?.attribute("URI").unwrap_or_default();
    let curve = Curve::from_urn(urn).ok_or_else(refused)?;
    let key = base64_octets(required(value, DSIG11, "PublicKey")?)?;
    curve.takes(&key).then_some((curve, key)).ok_or_else(refused)
}

/// The bit strings of ConcatKDFParams, one behind the other (xmlenc-core1 5.4.1).
fn other_info(parameters: &Element) -> Result<Vec<u8>, DecryptError> {
    let names = ["AlgorithmID", "PartyUInfo", "PartyVInfo", "SuppPubInfo", "SuppPrivInfo"];
    let given = names.iter().filter_map(|name| parameters.attribute(name));
    given
        .map(bit_string)
        .collect::<Option<Vec<_>>>()
        .map(|parts| parts.concat())
        .ok_or(DecryptError::Structure("ConcatKDFParams is not whole octets in hexadecimal digits"))
}

/// The first octet says how many bits of the last one do not count: here none. What the examples of
/// the specification leave empty is empty.
fn bit_string(hexadecimal: &str) -> Option<Vec<u8>> {
    let digits = hexadecimal.trim_ascii().as_bytes();
    if digits.len() > LONGEST_PART {
        return None;
    }
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    let octets = pairs.iter().map(octet).collect::<Option<Vec<_>>>()?;
    match octets.split_first() {
        None => Some(octets),
        Some((0, bits)) => Some(bits.to_vec()),
        Some(_) => None,
    }
}

fn octet(digits: &[u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high? * 16 + low?).ok()
}
