//! Content keys by Diffie-Hellman with an EC key of ours: ECDH-ES, ConcatKDF and AES Key Wrap
//! (xmlenc-core1 5.4.1, 5.6.4, 5.7).
use openssl::bn::BigNumContext;
use openssl::derive::Deriver;
use openssl::ec::{EcKey, EcPoint};
use openssl::error::ErrorStack;
use openssl::hash::Hasher;
use openssl::pkey::{PKey, PKeyRef, Private};

use super::DecryptError;
use super::fields::{XENC, XENC11, algorithm, base64_octets, optional, required};
use super::key_wrap::KeyWrap;
use crate::outline::DSIG;
use crate::{DigestAlgorithm, Element};

const ECDH_ES: &str = "http://www.w3.org/2009/xmlenc11#ECDH-ES";
const CONCAT_KDF: &str = "http://www.w3.org/2009/xmlenc11#ConcatKDF";
const DSIG11: &str = "http://www.w3.org/2009/xmldsig11#";

/// Hexadecimal digits of one part of OtherInfo: twice an entityID of the longest (SAML Core 8.3.6).
const LONGEST_PART: usize = 4096;

/// A curve, and what an uncompressed point on it looks like.
#[derive(Debug)]
struct Curve {
    /// Of its field.
    bits: u32,
    /// RFC 5480 2.1.1.1.
    urn: &'static str,
    /// What stands before the point in a SubjectPublicKeyInfo (RFC 5480 2, DER).
    header: &'static [u8],
}

const CURVES: &[Curve] = &[
    Curve {
        bits: 256,
        urn: "urn:oid:1.2.840.10045.3.1.7",
        header: b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\
                  \x03\x01\x07\x03\x42\x00",
    },
    Curve {
        bits: 384,
        urn: "urn:oid:1.3.132.0.34",
        header: b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\
                  \x03\x62\x00",
    },
    Curve {
        bits: 521,
        urn: "urn:oid:1.3.132.0.35",
        header: b"\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\
                  \x23\x03\x81\x86\x00",
    },
];

/// How an EncryptedKey was made for an EC key.
#[derive(Debug)]
pub(super) struct KeyAgreement {
    curve: &'static Curve,
    /// The originator's point, uncompressed: on the curve or not.
    point: Vec<u8>,
    digest: DigestAlgorithm,
    other_info: Vec<u8>,
    wrap: KeyWrap,
}

impl KeyAgreement {
    /// Reads the AgreementMethod in the KeyInfo of an EncryptedKey.
    pub(super) fn read(encrypted_key: &Element, wrap: KeyWrap) -> Result<Self, DecryptError> {
        let key_info = optional(encrypted_key, DSIG, "KeyInfo")?;
        let method = key_info.map(|info| optional(info, XENC, "AgreementMethod")).transpose()?;
        // Without one the wrapping key would be a secret that we share with somebody.
        let method =
            method.flatten().ok_or_else(|| DecryptError::Algorithm(wrap.uri().to_owned()))?;
        known(method, ECDH_ES)?;
        let derivation = required(method, XENC11, "KeyDerivationMethod")?;
        known(derivation, CONCAT_KDF)?;
        let parameters = required(derivation, XENC11, "ConcatKDFParams")?;
        let digest = algorithm(required(parameters, DSIG, "DigestMethod")?);
        let (curve, point) = originator(required(method, XENC, "OriginatorKeyInfo")?)?;
        Ok(Self {
            curve,
            point,
            digest: DigestAlgorithm::from_uri(digest)
                .filter(|digest| *digest != DigestAlgorithm::Sha1)
                .ok_or_else(|| DecryptError::Algorithm(digest.to_owned()))?,
            other_info: other_info(parameters)?,
            wrap,
        })
    }

    /// Is it with a key on the curve of so many bits?
    pub(super) fn is_on(&self, bits: u32) -> bool {
        self.curve.bits == bits
    }

    /// The content key, when it is `length` bytes long.
    pub(super) fn unwrap(
        &self,
        key: &PKeyRef<Private>,
        wrapped: &[u8],
        length: usize,
    ) -> Option<Vec<u8>> {
        let wrapping_key = self.wrapping_key(key).ok()?;
        let wrapping_key = wrapping_key.get(..self.wrap.key_length())?;
        self.wrap.unwrap(wrapping_key, wrapped, length)
    }

    /// ConcatKDF (NIST SP 800-56A 5.8.1). One round of it: no digest of ours is shorter than the
    /// longest key of AES.
    fn wrapping_key(&self, key: &PKeyRef<Private>) -> Result<Vec<u8>, ErrorStack> {
        let mut hasher = Hasher::new(self.digest.message_digest())?;
        hasher.update(&1_u32.to_be_bytes())?;
        hasher.update(&self.shared_secret(key)?)?;
        hasher.update(&self.other_info)?;
        Ok(hasher.finish()?.to_vec())
    }

    /// An error, too, when the point is none of the curve of `key`.
    fn shared_secret(&self, key: &PKeyRef<Private>) -> Result<Vec<u8>, ErrorStack> {
        let ours = key.ec_key()?;
        let mut context = BigNumContext::new()?;
        let point = EcPoint::from_bytes(ours.group(), &self.point, &mut context)?;
        let theirs = EcKey::from_public_key(ours.group(), &point)?;
        theirs.check_key()?;
        let theirs = PKey::from_ec_key(theirs)?;
        let mut deriver = Deriver::new(key)?;
        deriver.set_peer(&theirs)?;
        deriver.derive_to_vec()
    }
}

fn known(element: &Element, uri: &str) -> Result<(), DecryptError> {
    let found = algorithm(element);
    if found == uri { Ok(()) } else { Err(DecryptError::Algorithm(found.to_owned())) }
}

/// The curve and the point of an ECKeyValue or a DEREncodedKeyValue (xmldsig-core1 4.5.2.3, 4.5.9).
fn originator(info: &Element) -> Result<(&'static Curve, Vec<u8>), DecryptError> {
    let refused = || DecryptError::Structure("the originator's key is no EC key that is taken");
    if let Some(der) = optional(info, DSIG11, "DEREncodedKeyValue")? {
        let der = base64_octets(der)?;
        let found = CURVES.iter().find_map(|curve| Some((curve, der.strip_prefix(curve.header)?)));
        let (curve, point) = found.ok_or_else(refused)?;
        return curve.takes(point).then(|| (curve, point.to_vec())).ok_or_else(refused);
    }
    let value = required(required(info, DSIG, "KeyValue")?, DSIG11, "ECKeyValue")?;
    let urn = required(value, DSIG11, "NamedCurve")?.attribute("URI").unwrap_or_default();
    let curve = CURVES.iter().find(|curve| curve.urn == urn).ok_or_else(refused)?;
    let point = base64_octets(required(value, DSIG11, "PublicKey")?)?;
    curve.takes(&point).then_some((curve, point)).ok_or_else(refused)
}

impl Curve {
    /// Has it the form of an uncompressed point (SEC 1 2.3.3)? Each reader must take that one.
    fn takes(&self, point: &[u8]) -> bool {
        let coordinate = usize::try_from(self.bits.div_ceil(8)).unwrap_or_default();
        point.first() == Some(&4) && point.len() == 1 + 2 * coordinate
    }
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
