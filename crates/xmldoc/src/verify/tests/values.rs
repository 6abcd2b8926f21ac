//! Values of signatures that no key makes: one refusal each, and nothing is left of libcrypto's
//! errors, which nginx would take for those of its next TLS connection.
use openssl::bn::{BigNum, BigNumContext};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::pkey::Id;

use super::*;

/// What stands for the good `value` of this key: a wrong one each, with what is wrong.
fn wrong_values(pair: &Pair, value: &[u8]) -> Vec<(Vec<u8>, &'static str)> {
    let length = value.len();
    let mut wrong = vec![
        (vec![], "nothing"),
        (vec![0], "one octet"),
        (value[..length - 1].to_vec(), "cut off"),
        (value[..length / 2].to_vec(), "half of it"),
        ([value, &[0]].concat(), "an octet behind it"),
        ([&[0], value].concat(), "an octet before it"),
        ([value, value].concat(), "twice"),
        (vec![0; length], "zeros"),
        (vec![0xFF; length], "ones"),
        (vec![0x30; 4096], "a long one"),
    ];
    wrong.extend(match pair.pkey.id() {
        Id::RSA => beyond_the_modulus(pair),
        Id::EC => beyond_the_order(pair, value),
        _ => vec![(with_s_beyond_the_order(pair, value), "S plus the order")],
    });
    wrong
}

fn beyond_the_modulus(pair: &Pair) -> Vec<(Vec<u8>, &'static str)> {
    let rsa = pair.pkey.rsa().unwrap();
    let mut more = rsa.n().to_owned().unwrap();
    more.add_word(1).unwrap();
    let size = pair.pkey.size() as i32;
    vec![
        (rsa.n().to_vec_padded(size).unwrap(), "the modulus"),
        (more.to_vec_padded(size).unwrap(), "the modulus plus one"),
    ]
}

/// r or s of 0, and of the order of the curve; as r‖s and in DER.
fn beyond_the_order(pair: &Pair, value: &[u8]) -> Vec<(Vec<u8>, &'static str)> {
    let half = value.len() / 2;
    let (ec, mut context) = (pair.pkey.ec_key().unwrap(), BigNumContext::new().unwrap());
    let mut order = BigNum::new().unwrap();
    ec.group().order(&mut order, &mut context).unwrap();
    let order = order.to_vec_padded(half as i32).unwrap();
    let (r, s) = value.split_at(half);
    let zero = vec![0; half];
    let mut wrong = Vec::new();
    for (r, s, what) in [
        (zero.as_slice(), s, "r is 0"),
        (r, zero.as_slice(), "s is 0"),
        (order.as_slice(), s, "r is n"),
        (r, order.as_slice(), "s is n"),
        (&zero, &zero, "both are 0"),
        (&order, &order, "both are n"),
    ] {
        let number = |half| BigNum::from_slice(half).unwrap();
        let der = EcdsaSig::from_private_components(number(r), number(s)).unwrap();
        wrong.extend([([r, s].concat(), what), (der.to_der().unwrap(), what)]);
    }
    wrong
}

/// RFC 8032 5.1.7 and 5.2.7: S is below the order, or a signature would have a second form.
fn with_s_beyond_the_order(pair: &Pair, value: &[u8]) -> Vec<u8> {
    let order = match pair.pkey.id() {
        Id::ED25519 => "1000000000000000000000000000000014DEF9DEA2F79CD65812631A5CF5D3ED",
        _ => {
            "3FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7CCA23E9C44EDB49AED63690216CC2728\
             DC58F552378C292AB5844F3"
        }
    };
    let (r, s) = value.split_at(value.len() / 2);
    let big_endian: Vec<_> = s.iter().rev().copied().collect();
    let mut sum = BigNum::new().unwrap();
    let order = BigNum::from_hex_str(order).unwrap();
    sum.checked_add(&BigNum::from_slice(&big_endian).unwrap(), &order).unwrap();
    let sum = sum.to_vec_padded(s.len() as i32).unwrap();
    [r, &sum.into_iter().rev().collect::<Vec<_>>()].concat()
}

fn assert_nothing_is_left(after: &str) {
    let left = ErrorStack::get();
    assert!(left.errors().is_empty(), "{after}: {left}");
}

#[test]
fn a_wrong_value_is_one_refusal_and_leaves_nothing() {
    let policy = SignaturePolicy { allow_sha1: true, ..STRICT };
    for (pair, algorithm) in testing::every_algorithm() {
        let keys = [pair.verifying()];
        let good = signed_by(&response(""), pair, algorithm);
        let (before, rest) = good.split_once("<ds:SignatureValue>").unwrap();
        let (value, after) = rest.split_once("</ds:SignatureValue>").unwrap();
        let value = base64_binary::decode(value).unwrap();
        for (wrong, what) in wrong_values(pair, &value) {
            let case = format!("{algorithm:?}: {what}");
            let encoded = base64_binary::encode(&wrong);
            let xml = format!("{before}<ds:SignatureValue>{encoded}</ds:SignatureValue>{after}");
            let refused = parse(&xml).verify_root(&keys, &policy).unwrap_err();
            assert_eq!(refused.code(), "signature_invalid", "{case}");
            assert_nothing_is_left(&case);
            assert!(!keys[0].verify_octets(algorithm, &policy, b"octets", &wrong), "{case}");
            assert_nothing_is_left(&case);
        }
        assert!(parse(&good).verify_root(&keys, &policy).is_ok());
    }
}

#[test]
fn a_key_of_another_kind_is_never_asked() {
    let policy = SignaturePolicy { allow_sha1: true, ..STRICT };
    let pairs =
        [testing::rsa(), testing::ec(256), testing::ec(521), testing::ed25519(), testing::ed448()];
    for (signer, algorithm) in testing::every_algorithm() {
        let xml = signed_by(&response(""), signer, algorithm);
        for other in pairs {
            let is_same = other.pkey.id() == signer.pkey.id();
            let expected = if is_same { "signature_invalid" } else { "key_type" };
            let keys = [other.verifying()];
            let found =
                parse(&xml).verify_root(&keys, &policy).map_or_else(|e| e.code(), |_| "good");
            if other.verifying().fingerprint() != signer.verifying().fingerprint() {
                assert_eq!(found, expected, "{algorithm:?} {other:?}", other = keys[0]);
            }
            assert_eq!(other.signing().supports(algorithm), is_same, "{algorithm:?}");
            assert_nothing_is_left(expected);
        }
    }
}
