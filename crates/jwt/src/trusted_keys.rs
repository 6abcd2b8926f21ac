//! The public keys of somebody else who signs tokens (RFC 7517 5).

use serde_json::{Map, Value};
use xmldoc::{PublicNumbers, SignatureAlgorithm, SignaturePolicy, VerifyingKey};

use crate::strict_json::object;
use crate::unbase64url;

/// Keys of one set: each may be tried for one token.
const MOST: usize = 32;
/// Octets of the longest number: an RSA key of 8192 bits.
const NUMBER_MOST: usize = 1024;
/// Octets of the longest exponent.
const EXPONENT_MOST: usize = 8;

/// Keys that are trusted to sign.
#[derive(Clone, Debug)]
pub struct TrustedKeys(Vec<TrustedKey>);

#[derive(Clone, Debug)]
struct TrustedKey {
    id: Option<String>,
    /// The one that it may be used with, where it says so.
    algorithm: Option<String>,
    /// Of the curve of an EC key.
    bits: Option<u32>,
    key: VerifyingKey,
}

impl TrustedKeys {
    /// Reads a JWK Set. Keys that cannot verify a signature are left out (RFC 7517 5): of other kinds, for
    /// encryption, symmetric ones, private ones, too short ones.
    ///
    /// # Errors
    /// It is none, has too many keys, or none that can be used: the end of a sentence.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        let set = object(json)?;
        let Some(Value::Array(all)) = set.get("keys") else {
            return Err("it has no member \"keys\", and is no JWK Set (RFC 7517 5)".to_owned());
        };
        if all.len() > MOST {
            return Err(format!("it has {} keys, {MOST} at most are taken", all.len()));
        }
        let keys: Vec<_> = all.iter().filter_map(|jwk| TrustedKey::of(jwk.as_object()?)).collect();
        match keys.is_empty() {
            true => Err("it has no key that verifies a signature: an RSA key of 2048 bits or more, an EC key \
                         on P-256, P-384 or P-521, or Ed25519 or Ed448"
                .to_owned()),
            false => Ok(Self(keys)),
        }
    }

    /// Does one of the keys say that `signature` is of `octets`, by JWS's `algorithm` (RFC 7518 3.1)? With an
    /// `id`, one that is called so, or has no name.
    ///
    /// # Errors
    /// Why not: the end of a sentence.
    pub(crate) fn verify(
        &self,
        id: Option<&str>,
        algorithm: &str,
        octets: &[u8],
        signature: &[u8],
    ) -> Result<(), String> {
        let mut known = false;
        for key in &self.0 {
            if id.is_some() && key.id.is_some() && key.id.as_deref() != id {
                continue;
            }
            let Some(signed_by) = key.algorithm(algorithm) else { continue };
            known = true;
            let policy = SignaturePolicy::default();
            if key.key.verify_octets_r_s(signed_by, &policy, octets, signature) {
                return Ok(());
            }
        }
        Err(match known {
            true => "its signature does not hold".to_owned(),
            false => "it is signed by a key or an algorithm that is not known here".to_owned(),
        })
    }
}

impl TrustedKey {
    fn of(jwk: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let signs = text("use").is_none_or(|used| used == "sig");
        let verifies = jwk.get("key_ops").is_none_or(|ops| {
            ops.as_array().is_some_and(|ops| ops.iter().any(|op| op == "verify"))
        });
        // Whoever publishes a private key has given it away.
        if !signs || !verifies || jwk.contains_key("d") {
            return None;
        }
        let number = |name: &str| {
            let octets = unbase64url(text(name)?)?;
            (octets.len() <= NUMBER_MOST).then_some(octets)
        };
        let mut curve_bits = None;
        let numbers = match (text("kty")?, text("crv")) {
            ("RSA", None) => {
                let exponent = number("e").filter(|e| e.len() <= EXPONENT_MOST)?;
                PublicNumbers::Rsa { modulus: number("n")?, exponent }
            }
            ("EC", Some(curve)) => {
                let bits = match curve {
                    "P-256" => 256,
                    "P-384" => 384,
                    "P-521" => 521,
                    _ => return None,
                };
                curve_bits = Some(bits);
                PublicNumbers::Ec { bits, x: number("x")?, y: number("y")? }
            }
            ("OKP", Some("Ed25519")) => PublicNumbers::Ed25519(number("x")?),
            ("OKP", Some("Ed448")) => PublicNumbers::Ed448(number("x")?),
            _ => return None,
        };
        let key = VerifyingKey::from_public_numbers(&numbers).ok()?;
        if key.rsa_bits().is_some_and(|bits| bits < 2048) {
            return None;
        }
        let (id, algorithm) = (text("kid").map(str::to_owned), text("alg").map(str::to_owned));
        Some(Self { id, algorithm, bits: curve_bits, key })
    }

    /// What JWS's `name` means with this key: each kind has its own, and none is symmetric (RFC 8725 3.1).
    fn algorithm(&self, name: &str) -> Option<SignatureAlgorithm> {
        use SignatureAlgorithm as S;
        if self.algorithm.as_ref().is_some_and(|only| only != name) {
            return None;
        }
        let is_rsa = self.key.rsa_bits().is_some();
        let algorithm = match (name, self.bits) {
            ("RS256", None) if is_rsa => S::RsaSha256,
            ("RS384", None) if is_rsa => S::RsaSha384,
            ("RS512", None) if is_rsa => S::RsaSha512,
            ("PS256", None) if is_rsa => S::RsaPssSha256,
            ("PS384", None) if is_rsa => S::RsaPssSha384,
            ("PS512", None) if is_rsa => S::RsaPssSha512,
            ("ES256", Some(256)) => S::EcdsaSha256,
            ("ES384", Some(384)) => S::EcdsaSha384,
            ("ES512", Some(521)) => S::EcdsaSha512,
            ("EdDSA" | "Ed25519" | "Ed448", None) if !is_rsa => {
                let own = self.key.eddsa_algorithm()?;
                let fits = name == "EdDSA" || (name == "Ed448") == (own == S::Ed448);
                return fits.then_some(own);
            }
            _ => return None,
        };
        Some(algorithm)
    }
}
