//! Keys on the curves of RFC 7748: X25519 and X448 (RFC 9231 2.7.1).
use super::agreement::{Agreeing, ECDH_ES, MORE, agreeing, der_encoded, key_value, opened, point};
use super::*;

fn der_agreeing() -> Agreeing {
    Agreeing { originator: der_encoded, ..agreeing() }
}

/// `<e:DEREncodedKeyValue>` of a public key of these octets.
fn encoded(header: &[u8], octets: &[u8]) -> String {
    let der = base64(&[header, octets].concat());
    format!(
        "<e:DEREncodedKeyValue xmlns:e=\"http://www.w3.org/2009/xmldsig11#\">{der}\
         </e:DEREncodedKeyValue>"
    )
}

const X25519: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x6e\x03\x21\x00";
const X448: &[u8] = b"\x30\x42\x30\x05\x06\x03\x2b\x65\x6f\x03\x39\x00";

#[test]
fn both_open() {
    for pair in [testing::x25519(), testing::x448()] {
        for cipher in [GCM, ContentCipher::AesGcm { bits: 256 }] {
            let xml = der_agreeing().seal(cipher, pair).response("");
            assert_eq!(opened(&xml, &[key_of(pair)]), "good", "{:?}", pair.pkey.id());
        }
    }
}

#[test]
fn each_opens_only_what_was_made_for_its_curve() {
    let keys = [testing::x25519(), testing::x448(), testing::ec(256), testing::other_rsa()];
    for pair in &keys[..3] {
        let xml = der_agreeing().seal(GCM, pair).response("");
        for other in keys {
            let expected = if std::ptr::eq(*pair, other) { "good" } else { "decryption_failed" };
            assert_eq!(opened(&xml, &[key_of(other)]), expected);
        }
        // Keys that cannot have been meant cost no attempt.
        assert_eq!(opened(&xml, &keys.map(key_of)), "good");
    }
    let another = Pair { pkey: openssl::pkey::PKey::generate_x25519().unwrap() };
    let xml = der_agreeing().seal(GCM, &another).response("");
    assert_eq!(opened(&xml, &[key_of(testing::x25519())]), "decryption_failed");
}

/// They agree on zeros with everybody (RFC 7748 6), so that anybody would know the key.
#[test]
fn points_of_small_order_open_nothing() {
    for (pair, method, header, length) in
        [(testing::x25519(), "x25519", X25519, 32), (testing::x448(), "x448", X448, 56)]
    {
        let mut one = vec![0; length];
        one[0] = 1;
        for octets in [vec![0; length], one] {
            let mut sealing = der_agreeing().seal(GCM, pair);
            sealing.info =
                agreeing().key_info(&format!("{MORE}{method}"), &encoded(header, &octets));
            assert_eq!(opened(&sealing.response(""), &[key_of(pair)]), "decryption_failed");
        }
    }
}

#[test]
fn refuses_other_forms_of_the_key() {
    let pair = testing::x25519();
    let x25519 = format!("{MORE}x25519");
    let octets = pair.pkey.raw_public_key().unwrap();
    for (originator, case) in [
        (encoded(X25519, &octets[1..]), "short"),
        (encoded(X25519, &[&octets[..], &[0]].concat()), "long"),
        (encoded(X448, &octets), "of another curve by name"),
        (encoded(&[], &octets), "bare"),
        (key_value("1.3.101.110", &octets), "ECKeyValue"),
    ] {
        let mut sealing = der_agreeing().seal(GCM, pair);
        sealing.info = agreeing().key_info(&x25519, &originator);
        assert_eq!(
            opened(&sealing.response(""), &[key_of(pair)]),
            "encryption_structure",
            "{case}"
        );
    }
    // The AgreementMethod is another than that of the originator's key.
    let good = der_agreeing().seal(GCM, pair).response("");
    for method in [ECDH_ES, &format!("{MORE}x448")] {
        let xml = good.replace(&x25519, method);
        assert_eq!(opened(&xml, &[key_of(pair)]), "encryption_algorithm", "{method}");
    }
    let p256 = key_value("1.2.840.10045.3.1.7", &point(&testing::ec(256).pkey));
    let mut sealing = der_agreeing().seal(GCM, pair);
    sealing.info = agreeing().key_info(&x25519, &p256);
    assert_eq!(opened(&sealing.response(""), &[key_of(pair)]), "encryption_algorithm");
    let hkdf =
        good.replace("http://www.w3.org/2009/xmlenc11#ConcatKDF\"", &format!("{MORE}hkdf\""));
    assert_eq!(opened(&hkdf, &[key_of(pair)]), "encryption_algorithm");
}
