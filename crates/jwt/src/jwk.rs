//! A public key as JSON (RFC 7517, RFC 7518 6, RFC 8037 2).

use openssl::sha::sha256;
use serde_json::{Value, json};
use xmldoc::PublicNumbers;

use crate::base64url;

/// A public key that verifies tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Jwk {
    /// The members that the thumbprint is of, in the order of their names (RFC 7638 3.2): JSON.
    required: String,
    /// JWS's name of the algorithm (RFC 7518 3.1, RFC 8037 3.1): one for each kind of key.
    pub(crate) algorithm: &'static str,
    /// Octets of its signatures.
    pub(crate) signature_len: usize,
    /// The thumbprint (RFC 7638): the same wherever the key is.
    pub(crate) id: String,
}

impl Jwk {
    pub(crate) fn new(numbers: &PublicNumbers) -> Self {
        let (algorithm, signature_len, required) = match numbers {
            PublicNumbers::Rsa { modulus, exponent } => {
                let (n, e) = (base64url(modulus), base64url(exponent));
                ("RS256", modulus.len(), format!(r#""e":"{e}","kty":"RSA","n":"{n}""#))
            }
            PublicNumbers::Ec { bits, x, y } => {
                let algorithm = match bits {
                    384 => "ES384",
                    521 => "ES512",
                    _ => "ES256",
                };
                let (len, x, y) = (x.len() + y.len(), base64url(x), base64url(y));
                let point = format!(r#""crv":"P-{bits}","kty":"EC","x":"{x}","y":"{y}""#);
                (algorithm, len, point)
            }
            PublicNumbers::Ed25519(x) => ("EdDSA", 2 * x.len(), octet_key_pair("Ed25519", x)),
            PublicNumbers::Ed448(x) => ("EdDSA", 2 * x.len(), octet_key_pair("Ed448", x)),
        };
        let id = base64url(sha256(format!("{{{required}}}").as_bytes()));
        Self { required, algorithm, signature_len, id }
    }

    /// The JOSE header of a token that it verifies (RFC 7515 4.1), encoded.
    pub(crate) fn header(&self) -> String {
        let header: Value = json!({ "alg": self.algorithm, "kid": self.id, "typ": "JWT" });
        base64url(header.to_string())
    }

    /// The key for who verifies (RFC 7517 4).
    pub(crate) fn to_json(&self) -> String {
        // Base64url and names of algorithms need no escape.
        let Self { required, algorithm, id, .. } = self;
        format!(r#"{{"alg":"{algorithm}",{required},"kid":"{id}","use":"sig"}}"#)
    }
}

fn octet_key_pair(curve: &str, x: &[u8]) -> String {
    format!(r#""crv":"{curve}","kty":"OKP","x":"{}""#, base64url(x))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn octets(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text.replace(char::is_whitespace, "")).unwrap()
    }

    #[test]
    fn the_thumbprint_of_rfc_7638_3_1() {
        let modulus = octets(
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB
            ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8
            KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_
            xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        );
        let key = Jwk::new(&PublicNumbers::Rsa { modulus, exponent: vec![1, 0, 1] });
        assert_eq!(key.id, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert_eq!((key.algorithm, key.signature_len), ("RS256", 256));
    }

    #[test]
    fn the_thumbprint_of_rfc_8037_a_3() {
        let x = octets("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        let key = Jwk::new(&PublicNumbers::Ed25519(x));
        assert_eq!(key.id, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(
            key.to_json(),
            r#"{"alg":"EdDSA","crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","use":"sig"}"#
        );
    }

    #[test]
    fn the_header_says_by_which_key_and_algorithm() {
        for (numbers, algorithm) in [
            (PublicNumbers::Ec { bits: 256, x: vec![1; 32], y: vec![2; 32] }, "ES256"),
            (PublicNumbers::Ec { bits: 384, x: vec![1; 48], y: vec![2; 48] }, "ES384"),
            (PublicNumbers::Ec { bits: 521, x: vec![1; 66], y: vec![2; 66] }, "ES512"),
            (PublicNumbers::Ed448(vec![3; 57]), "EdDSA"),
        ] {
            let key = Jwk::new(&numbers);
            let header: Value = serde_json::from_slice(&octets(&key.header())).unwrap();
            assert_eq!(header, json!({ "alg": algorithm, "kid": key.id, "typ": "JWT" }));
            let published: Value = serde_json::from_str(&key.to_json()).unwrap();
            assert_eq!((&published["alg"], &published["kid"]), (&header["alg"], &header["kid"]));
            assert_eq!(published["use"], "sig");
        }
    }
}
