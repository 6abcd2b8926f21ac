//! Tokens and keys from anywhere: only what was signed is taken, octet for octet, and what we sign is what
//! libcrypto alone finds signed.
//!
//! The first two octets of the input say which octet of a token is changed, and how; the rest is claims, a set of keys
//! or a token, whichever it can be read as.
#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fuzz::sentence::is_sentence;
use jwt::{KeySet, NotSigned, NotTaken, ReceivedToken, TrustedKeys, object};
use libfuzzer_sys::fuzz_target;
use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::pkey::{Id, PKey, Public};
use openssl::sign::Verifier;
use serde_json::{Map, Value};
use xmldoc::SigningKey;

const MAX: usize = 4096;
const TYP: &str = "secevent+jwt";

/// A key, as an issuer has it, as who trusts it has it, and as libcrypto has it.
struct Party {
    set: KeySet,
    trusted: TrustedKeys,
    public: PKey<Public>,
}

static PARTIES: LazyLock<[Party; 2]> = LazyLock::new(|| {
    [include_bytes!("../keys/idp-ec.key").as_slice(), include_bytes!("../keys/idp-rsa.key")]
        .map(Party::of)
});

/// What the keys of the seeds have signed.
static SIGNED: LazyLock<Vec<Map<String, Value>>> = LazyLock::new(|| {
    let seeds = [include_str!("../seeds/jwt/es256"), include_str!("../seeds/jwt/rs256")];
    let taken = seeds.map(|seed| take(&seed[2..], TYP).expect("a signed seed"));
    taken.into()
});

fuzz_target!(|input: &[u8]| {
    let [at, mask, rest @ ..] = input else { return };
    read_keys(rest);
    if let Ok(token) = std::str::from_utf8(rest) {
        read_token(token);
    }
    if let Ok(claims) = object(rest) {
        // The one of RSA is slow.
        let party = &PARTIES[usize::from(at % 32 == 0)];
        sign(party, claims, usize::from(*at) << 4 | usize::from(mask & 15), *mask);
    }
});

/// Keys that are taken can be written by an other reader of JSON, and verify nothing that they have not signed.
fn read_keys(json: &[u8]) {
    match TrustedKeys::parse(json) {
        Err(said) => assert!(is_sentence(&said), "{said}"),
        Ok(keys) => {
            let other: Value = serde_json::from_slice(json).expect("it is JSON");
            let all = other["keys"].as_array().expect("a list of keys");
            assert!(
                all.iter().any(|key| ["RSA", "EC", "OKP"].iter().any(|kty| key["kty"] == *kty))
            );
            let is_ours = |party: &Party| {
                let ours: Value = serde_json::from_str(&party.set.to_json()).expect("our JSON");
                let ours = &ours["keys"][0];
                let is_same = |key: &Value| ["n", "x"].iter().all(|n| key.get(n) == ours.get(n));
                all.iter().any(is_same)
            };
            for party in &*PARTIES {
                let token = party.set.sign(Map::new(), MAX).expect("a token");
                let read = ReceivedToken::parse(&token).expect("a token");
                assert!(read.verify("jwt", &keys).is_err() || is_ours(party));
            }
        }
    }
}

fn read_token(text: &str) {
    for typ in [TYP, "jwt"] {
        match take(text, typ) {
            Ok(claims) => assert!(SIGNED.contains(&claims), "nobody has signed {claims:?}"),
            Err(NotTaken::Malformed(said) | NotTaken::Untrusted(said)) => {
                assert!(is_sentence(&said), "{said}");
            }
        }
    }
}

/// By either key.
fn take(text: &str, typ: &str) -> Result<Map<String, Value>, NotTaken> {
    let parse = || ReceivedToken::parse(text).map_err(NotTaken::Malformed);
    let [first, second] = &*PARTIES;
    parse()?.verify(typ, &first.trusted).or_else(|_| parse()?.verify(typ, &second.trusted))
}

/// What is signed says what it was to say, to us and to libcrypto; changed, it says nothing.
fn sign(party: &Party, claims: Map<String, Value>, at: usize, mask: u8) {
    let token = match party.set.sign(claims.clone(), MAX) {
        Ok(token) => token,
        Err(NotSigned::TooLarge(size)) => return assert!(size > MAX),
        Err(NotSigned::Failed(error)) => panic!("{error}"),
    };
    assert!(
        token.len() <= MAX
            && token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    );
    let read = ReceivedToken::parse(&token).expect("a token");
    assert_eq!(read.issuer(), claims.get("iss").and_then(Value::as_str));
    assert_eq!(read.verify("jwt", &party.trusted).as_ref(), Ok(&claims));
    assert!(party.holds(&token), "{token}");
    let mut changed = token.clone().into_bytes();
    let at = at % changed.len();
    changed[at] ^= mask;
    if let Ok(text) = std::str::from_utf8(&changed)
        && text != token
    {
        let taken = ReceivedToken::parse(text).map(|read| read.verify("jwt", &party.trusted));
        assert!(!matches!(taken, Ok(Ok(_))), "{token} as {text}");
    }
    assert!(ReceivedToken::parse(&token[..at]).is_err() || token[at..].find('.').is_none());
}

impl Party {
    fn of(pem: &[u8]) -> Self {
        let key = SigningKey::from_pem(pem, None).expect("a private key");
        let set = KeySet::new(&[key]).expect("libcrypto works").expect("there is a key");
        let trusted = TrustedKeys::parse(set.to_json().as_bytes()).expect("what we publish");
        let private = PKey::private_key_from_pem(pem).expect("a private key");
        let public = PKey::public_key_from_pem(&private.public_key_to_pem().expect("PEM"));
        Self { set, trusted, public: public.expect("a public key") }
    }

    /// RFC 7515 5.2, by libcrypto and nothing of ours.
    fn holds(&self, token: &str) -> bool {
        let (signed, signature) = token.rsplit_once('.').expect("three parts");
        let mut signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        if self.public.id() == Id::EC {
            let number = |octets: &[u8]| BigNum::from_slice(octets).expect("a number");
            let (r, s) = signature.split_at(signature.len() / 2);
            let pair = EcdsaSig::from_private_components(number(r), number(s)).expect("a pair");
            signature = pair.to_der().expect("DER");
        }
        let mut verifier =
            Verifier::new(MessageDigest::sha256(), &self.public).expect("a verifier");
        verifier.verify_oneshot(&signature, signed.as_bytes()).expect("libcrypto works")
    }
}
