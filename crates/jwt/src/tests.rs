//! Tokens that are read: by keys of their own kind alone, and never in two ways.

use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;
use serde_json::{Value, json};
use xmldoc::SigningKey;

use crate::{KeySet, NotTaken, ReceivedToken, TrustedKeys, base64url};

const TYP: &str = "secevent+jwt";

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

/// The set of the public half, and its one key.
fn published(key: &PKey<Private>) -> (TrustedKeys, Value) {
    let set = KeySet::new(&[signing(key)]).unwrap().unwrap().to_json();
    let parsed: Value = serde_json::from_str(&set).unwrap();
    (TrustedKeys::parse(set.as_bytes()).unwrap(), parsed["keys"][0].clone())
}

fn set_of(jwk: &Value) -> Result<TrustedKeys, String> {
    TrustedKeys::parse(json!({ "keys": [jwk] }).to_string().as_bytes())
}

/// A token of these parts, signed by what is the key's own.
fn token(header: &Value, claims: &str, key: &PKey<Private>) -> String {
    let signed = format!("{}.{}", base64url(header.to_string()), base64url(claims));
    let key = signing(key);
    let signature = key.sign_octets_r_s(key.default_algorithm(), signed.as_bytes()).unwrap();
    format!("{signed}.{}", base64url(signature))
}

fn read(token: &str, keys: &TrustedKeys) -> Result<String, NotTaken> {
    let token = ReceivedToken::parse(token).map_err(NotTaken::Malformed)?;
    token.verify(TYP, keys).map(|claims| Value::Object(claims).to_string())
}

fn is_untrusted(token: &str, keys: &TrustedKeys) -> bool {
    matches!(read(token, keys), Err(NotTaken::Untrusted(_)))
}

fn is_malformed(token: &str, keys: &TrustedKeys) -> bool {
    matches!(read(token, keys), Err(NotTaken::Malformed(_)))
}

#[test]
fn each_kind_of_key_verifies_its_own_algorithm() {
    for (key, algorithm) in [
        (rsa(), "RS256"),
        (ec(Nid::X9_62_PRIME256V1), "ES256"),
        (ec(Nid::SECP384R1), "ES384"),
        (ec(Nid::SECP521R1), "ES512"),
        (PKey::generate_ed25519().unwrap(), "EdDSA"),
        (PKey::generate_ed448().unwrap(), "EdDSA"),
    ] {
        let (keys, jwk) = published(&key);
        let header = json!({ "alg": algorithm, "typ": TYP, "kid": jwk["kid"] });
        let good = token(&header, "{\"a\":1}", &key);
        assert_eq!(read(&good, &keys).unwrap(), "{\"a\":1}", "{algorithm}");
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let other = signed.replace('.', ".e");
        assert!(read(&format!("{other}.{signature}"), &keys).is_err());
        assert!(is_untrusted(&format!("{signed}."), &keys));
        for alg in ["none", "HS256", "RS384", "RS1", "PS256", "ES256K", "ES256", "EdDSA", ""] {
            if alg != algorithm {
                let header = json!({ "alg": alg, "typ": TYP });
                assert!(is_untrusted(&token(&header, "{}", &key), &keys), "{algorithm} as {alg}");
            }
        }
        let (others, _) = published(&rsa());
        assert!(is_untrusted(&good, &others), "of somebody else");
    }
}

#[test]
fn a_public_key_is_no_secret_for_hmac() {
    let key = rsa();
    let (keys, jwk) = published(&key);
    let header = json!({ "alg": "HS256", "typ": TYP, "kid": jwk["kid"] });
    let signed = format!("{}.{}", base64url(header.to_string()), base64url("{}"));
    for secret in [key.public_key_to_pem().unwrap(), jwk.to_string().into_bytes()] {
        let secret = PKey::hmac(&secret).unwrap();
        let mut signer = Signer::new(MessageDigest::sha256(), &secret).unwrap();
        let mac = signer.sign_oneshot_to_vec(signed.as_bytes()).unwrap();
        assert!(is_untrusted(&format!("{signed}.{}", base64url(mac)), &keys));
    }
    let symmetric = json!({ "kty": "oct", "k": base64url([7; 32]), "alg": "HS256" });
    assert!(set_of(&symmetric).is_err());
}

#[test]
fn the_header_of_a_token_brings_no_key_and_nothing_that_is_not_understood() {
    let (key, stranger) = (rsa(), rsa());
    let (keys, jwk) = published(&key);
    let (_, strange) = published(&stranger);
    let header =
        json!({ "alg": "RS256", "typ": TYP, "jwk": strange, "jku": "https://a", "x5u": "x" });
    assert!(is_untrusted(&token(&header, "{}", &stranger), &keys));
    assert!(read(&token(&header, "{}", &key), &keys).is_ok());
    let with = |name: &str, value: Value| {
        let mut header = json!({ "alg": "RS256", "typ": TYP, "kid": jwk["kid"] });
        header[name] = value;
        token(&header, "{}", &key)
    };
    for crit in [json!(["exp"]), json!([]), json!(["b64"]), json!(null)] {
        assert!(is_malformed(&with("crit", crit), &keys));
    }
    for typ in [json!("JWT"), json!("at+jwt"), json!(""), json!(1), json!("secevent+jwt2")] {
        assert!(is_malformed(&with("typ", typ), &keys));
    }
    assert!(read(&with("typ", json!("application/SecEvent+jwt")), &keys).is_ok());
    assert!(is_malformed(&with("alg", json!(null)), &keys));
    assert!(is_malformed(&with("kid", json!(["x"])), &keys));
    assert!(is_untrusted(&with("kid", json!("another")), &keys));
}

#[test]
fn what_can_be_read_in_two_ways_is_no_token() {
    let key = rsa();
    let (keys, _) = published(&key);
    let header = json!({ "alg": "RS256", "typ": TYP });
    for claims in ["{\"iss\":\"a\",\"iss\":\"b\"}", "[]", "", "{} {}"] {
        assert!(is_malformed(&token(&header, claims, &key), &keys), "{claims}");
    }
    let good = token(&header, "{}", &key);
    let [first, second, third] = good.split('.').collect::<Vec<_>>()[..] else { panic!() };
    for bad in [
        format!("{first}.{second}"),
        format!("{good}.{third}"),
        format!("{first}.{second}=.{third}"),
        format!("{first}.{second}.{third}="),
        format!("{first}.{second}.{third}\n"),
        format!(" {good}"),
        String::new(),
        "..".to_owned(),
        "\u{e9}.\u{e9}.\u{e9}".to_owned(),
    ] {
        assert!(is_malformed(&bad, &keys), "{bad}");
    }
}

#[test]
fn keys_that_cannot_verify_are_left_out() {
    let (_, good) = published(&rsa());
    assert!(set_of(&good).is_ok());
    let (_, ec) = published(&ec(Nid::X9_62_PRIME256V1));
    let changed = |jwk: &Value, name: &str, value: Value| {
        let mut jwk = jwk.clone();
        jwk[name] = value;
        set_of(&jwk).is_err()
    };
    for (name, value) in [
        ("use", json!("enc")),
        ("key_ops", json!(["sign"])),
        ("d", json!("AQ")),
        ("kty", json!("oct")),
        ("n", json!("AQ")),
        ("n", json!("!")),
        ("n", json!(base64url([0xff; 2048]))),
        ("e", json!("AQ")),
        ("e", json!(base64url([0xff; 9]))),
        ("crv", json!("P-256")),
    ] {
        assert!(changed(&good, name, value.clone()), "{name}: {value}");
    }
    for (name, value) in
        [("crv", json!("P-384")), ("crv", json!("secp256k1")), ("x", ec["y"].clone())]
    {
        assert!(changed(&ec, name, value.clone()), "{name}: {value}");
    }
    assert!(!changed(&good, "key_ops", json!(["verify"])));
    for bad in ["", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[]}", "{\"keys\":[1]}"] {
        assert!(TrustedKeys::parse(bad.as_bytes()).is_err(), "{bad}");
    }
    let many = json!({ "keys": vec![good; 33] }).to_string();
    assert!(TrustedKeys::parse(many.as_bytes()).unwrap_err().contains("33 keys"));
    let short = PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap();
    let rsa = short.rsa().unwrap();
    let (n, e) = (base64url(rsa.n().to_vec()), base64url(rsa.e().to_vec()));
    assert!(set_of(&json!({ "kty": "RSA", "n": n, "e": e })).is_err());
}

#[test]
fn a_key_that_names_its_algorithm_verifies_no_other() {
    let key = rsa();
    let (_, mut jwk) = published(&key);
    jwk["alg"] = json!("PS256");
    let keys = set_of(&jwk).unwrap();
    assert!(is_untrusted(&token(&json!({ "alg": "RS256", "typ": TYP }), "{}", &key), &keys));
}
