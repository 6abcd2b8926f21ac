//! The keys of one who issues tokens: the first signs, all are published.

use std::fmt;

use serde_json::{Map, Value};
use xmldoc::{KeyError, SigningKey};

use crate::base64url;
use crate::jwk::Jwk;

/// The first key signs; who verifies may still know an older one, or know the next one already.
pub struct KeySet {
    signer: SigningKey,
    /// Its public half, and those of the others, each once.
    public: Vec<Jwk>,
    /// The encoded JOSE header of all tokens, and its dot.
    header: String,
    /// Octets.
    signature_len: usize,
}

/// Why there is no token.
#[derive(Debug, PartialEq, Eq)]
pub enum NotSigned {
    /// It would have been so many bytes.
    TooLarge(usize),
    /// libcrypto failed.
    Failed(KeyError),
}

impl fmt::Display for NotSigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(size) => write!(f, "it would be {size} bytes long"),
            Self::Failed(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for NotSigned {}

impl KeySet {
    /// `None` = there is no key.
    ///
    /// # Errors
    /// libcrypto failed.
    pub fn new(keys: &[SigningKey]) -> Result<Option<Self>, KeyError> {
        let mut public: Vec<Jwk> = Vec::new();
        for key in keys {
            let jwk = Jwk::new(&key.public_numbers()?);
            if !public.contains(&jwk) {
                public.push(jwk);
            }
        }
        let Some((signer, jwk)) = keys.first().zip(public.first()) else { return Ok(None) };
        let header = format!("{}.", jwk.header());
        let signature_len = jwk.signature_len;
        Ok(Some(Self { signer: signer.clone(), header, signature_len, public }))
    }

    /// A token in the compact form (RFC 7515 7.1), at most `max_size` bytes; a larger one is not signed.
    ///
    /// # Errors
    /// It would be larger, or libcrypto failed.
    pub fn sign(&self, claims: Map<String, Value>, max_size: usize) -> Result<String, NotSigned> {
        let mut token = self.header.clone();
        token.push_str(&base64url(Value::Object(claims).to_string()));
        let size = token.len() + 1 + encoded_len(self.signature_len);
        if size > max_size {
            return Err(NotSigned::TooLarge(size));
        }
        let algorithm = self.signer.default_algorithm();
        let signature = self.signer.sign_octets_r_s(algorithm, token.as_bytes());
        let signature = signature.map_err(NotSigned::Failed)?;
        token.push('.');
        token.push_str(&base64url(signature));
        Ok(token)
    }

    /// The JWK Set (RFC 7517 5): the key that signs first.
    pub fn to_json(&self) -> String {
        let keys: Vec<_> = self.public.iter().map(Jwk::to_json).collect();
        format!("{{\"keys\":[{}]}}\n", keys.join(","))
    }
}

/// Characters of base64url for so many octets.
fn encoded_len(octets: usize) -> usize {
    (octets * 4).div_ceil(3)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use openssl::bn::BigNum;
    use openssl::ec::{EcGroup, EcKey};
    use openssl::ecdsa::EcdsaSig;
    use openssl::hash::MessageDigest;
    use openssl::nid::Nid;
    use openssl::pkey::{Id, PKey, Private};
    use openssl::rsa::Rsa;
    use openssl::sign::Verifier;
    use serde_json::json;

    use super::*;

    fn rsa() -> PKey<Private> {
        PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()
    }

    fn ec(curve: Nid) -> PKey<Private> {
        let group = EcGroup::from_curve_name(curve).unwrap();
        PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
    }

    fn signing(key: &PKey<Private>) -> SigningKey {
        SigningKey::from_pem(&key.private_key_to_pem_pkcs8().unwrap(), None).unwrap()
    }

    fn set(keys: &[&PKey<Private>]) -> KeySet {
        let keys: Vec<_> = keys.iter().map(|key| signing(key)).collect();
        KeySet::new(&keys).unwrap().unwrap()
    }

    fn claims() -> Map<String, Value> {
        let Value::Object(claims) = json!({ "sub": "jane\"},{\"sub\":\"root\n", "exp": 1 }) else {
            panic!()
        };
        claims
    }

    fn octets(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    fn ids(set: &KeySet) -> Vec<String> {
        let json: Value = serde_json::from_str(&set.to_json()).unwrap();
        let keys = json["keys"].as_array().unwrap();
        keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }

    /// Does the signature hold, as libcrypto alone sees it?
    fn holds(token: &str, key: &PKey<Private>) -> bool {
        let (input, signature) = token.rsplit_once('.').unwrap();
        let (digest, signature) = match key.id() {
            Id::EC => {
                let raw = octets(signature);
                let (r, s) = raw.split_at(raw.len() / 2);
                let (r, s) = (BigNum::from_slice(r).unwrap(), BigNum::from_slice(s).unwrap());
                let der = EcdsaSig::from_private_components(r, s).unwrap().to_der().unwrap();
                let digest = match key.bits() {
                    384 => MessageDigest::sha384(),
                    521 => MessageDigest::sha512(),
                    _ => MessageDigest::sha256(),
                };
                (Some(digest), der)
            }
            Id::RSA => (Some(MessageDigest::sha256()), octets(signature)),
            _ => (None, octets(signature)),
        };
        let mut verifier = match digest {
            Some(digest) => Verifier::new(digest, key).unwrap(),
            None => Verifier::new_without_digest(key).unwrap(),
        };
        verifier.verify_oneshot(&signature, input.as_bytes()).unwrap()
    }

    #[test]
    fn every_kind_of_key_signs_by_its_algorithm() {
        let ed25519 = PKey::generate_ed25519().unwrap();
        for (key, algorithm) in [
            (rsa(), "RS256"),
            (ec(Nid::X9_62_PRIME256V1), "ES256"),
            (ec(Nid::SECP384R1), "ES384"),
            (ec(Nid::SECP521R1), "ES512"),
            (ed25519, "EdDSA"),
            (PKey::generate_ed448().unwrap(), "EdDSA"),
        ] {
            let set = set(&[&key]);
            let token = set.sign(claims(), 4096).unwrap();
            assert!(holds(&token, &key), "{algorithm}");
            let parts: Vec<_> = token.split('.').collect();
            let [header, payload, _] = parts[..] else { panic!("{token}") };
            let header: Value = serde_json::from_slice(&octets(header)).unwrap();
            assert_eq!((&header["alg"], &header["kid"]), (&json!(algorithm), &json!(ids(&set)[0])));
            let read: Value = serde_json::from_slice(&octets(payload)).unwrap();
            assert_eq!(read, Value::Object(claims()));
        }
    }

    /// The key of RFC 8037 A.1 and the signature of A.4: EdDSA gives the same each time.
    #[test]
    fn the_signature_of_rfc_8037_a_4() {
        let private = octets("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
        let key = PKey::private_key_from_raw_bytes(&private, Id::ED25519).unwrap();
        let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signer = signing(&key);
        let signature = signer.sign_octets_r_s(signer.default_algorithm(), input.as_bytes());
        assert_eq!(
            base64url(signature.unwrap()),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        );
        assert_eq!(ids(&set(&[&key])), ["kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"]);
    }

    /// The key of RFC 7515 A.3.1.
    #[test]
    fn the_point_of_rfc_7515_a_3() {
        let (x, y) = (
            "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        );
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let number = |text| BigNum::from_slice(&octets(text)).unwrap();
        let public =
            EcKey::from_public_key_affine_coordinates(&group, &number(x), &number(y)).unwrap();
        let private = number("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI");
        let key = EcKey::from_private_components(&group, &private, public.public_key()).unwrap();
        key.check_key().unwrap();
        let json: Value =
            serde_json::from_str(&set(&[&PKey::from_ec_key(key).unwrap()]).to_json()).unwrap();
        let jwk = &json["keys"][0];
        assert_eq!((&jwk["x"], &jwk["y"], &jwk["crv"]), (&json!(x), &json!(y), &json!("P-256")));
        assert_eq!(
            (&jwk["kty"], &jwk["alg"], &jwk["use"]),
            (&json!("EC"), &json!("ES256"), &json!("sig"))
        );
    }

    #[test]
    fn the_first_key_signs_and_all_are_published_once() {
        let (old, new) = (rsa(), ec(Nid::X9_62_PRIME256V1));
        let (before, after) = (set(&[&old, &new, &old]), set(&[&new, &old]));
        assert_eq!(ids(&before).len(), 2);
        assert_eq!(ids(&after), [ids(&before)[1].clone(), ids(&before)[0].clone()]);
        for (set, key, other) in [(&before, &old, &new), (&after, &new, &old)] {
            let token = set.sign(claims(), 4096).unwrap();
            assert!(holds(&token, key));
            assert_ne!(key.id(), other.id());
        }
        assert!(KeySet::new(&[]).unwrap().is_none());
    }

    #[test]
    fn the_size_is_known_before_it_is_signed() {
        for key in [rsa(), ec(Nid::SECP521R1), PKey::generate_ed448().unwrap()] {
            let set = set(&[&key]);
            let size = set.sign(claims(), usize::MAX).unwrap().len();
            assert_eq!(set.sign(claims(), size).unwrap().len(), size);
            assert_eq!(set.sign(claims(), size - 1), Err(NotSigned::TooLarge(size)));
        }
    }
}
