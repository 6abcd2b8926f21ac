//! How many private key operations a ciphertext costs, and which key they are done with.
use super::*;
use crate::Certificate;

/// An unsigned Response with these EncryptedKeys, for the last of which the message is.
fn sealed(sealing: &Sealing, encrypted_keys: &str) -> String {
    let ciphertext = encrypt(sealing.cipher, &sealing.key, signed(&assertion()).as_bytes());
    let data = sealing.encrypted_data(&ciphertext, encrypted_keys);
    response(&format!("<a:EncryptedAssertion>{data}</a:EncryptedAssertion>"))
}

fn with_key_info(encrypted_key: &str, key_info: &str) -> String {
    let info = format!("<k:KeyInfo xmlns:k=\"{DSIG}\">{key_info}</k:KeyInfo><x:CipherData>");
    encrypted_key.replacen("<x:CipherData>", &info, 1)
}

fn certificate_of(pair: &Pair) -> String {
    let certificate = Certificate::from_pem(&pair.certificate_pem()).unwrap();
    format!(
        "<k:X509Data><k:X509Certificate>\n{}</k:X509Certificate></k:X509Data>",
        base64(certificate.der())
    )
}

#[test]
fn strangers_get_two_attempts() {
    let ours = Sealing::new(GCM, testing::other_rsa());
    let theirs = Sealing::new(GCM, testing::rsa()).encrypted_key("");
    let key = ours.encrypted_key("");
    for (before, expected) in [(0, "good"), (1, "good"), (2, "decryption_failed")] {
        let xml = sealed(&ours, &(theirs.repeat(before) + &key));
        assert_eq!(code(open_unsigned(&xml, NONE)), expected, "{before}");
        // The IdP's own word is worth more.
        assert_eq!(code(open_signed(&signed(&xml), NONE)), "good", "{before}");
    }
    let sixteen = sealed(&ours, &(theirs.repeat(15) + &key));
    assert_eq!(code(open_signed(&signed(&sixteen), NONE)), "good");
    let seventeen = sealed(&ours, &(theirs.repeat(16) + &key));
    for result in
        [code(open_signed(&signed(&seventeen), NONE)), code(open_unsigned(&seventeen, NONE))]
    {
        assert_eq!(result, "encryption_structure");
    }
}

#[test]
fn a_rollover_needs_no_more() {
    let (old, new) = (testing::other_rsa(), testing::rsa());
    let keys = [key_of(old), key_of(new)];
    let (to_old, to_new) = (Sealing::new(GCM, old), Sealing::new(GCM, new));
    let (old, new) = (to_old.encrypted_key(""), to_new.encrypted_key(""));
    let stranger = Sealing::new(GCM, &Pair::rsa(2048)).encrypted_key("");
    for (sealing, encrypted_keys) in [
        (&to_old, old.clone()),
        (&to_new, new),
        (&to_old, old.clone() + &stranger),
        (&to_old, stranger + &old),
    ] {
        let xml = sealed(sealing, &encrypted_keys);
        assert_eq!(code(open_unsigned_with(&xml, NONE, &keys)), "good");
    }
}

#[test]
fn hints_choose_the_key() {
    let pair = testing::other_rsa();
    let ours = Sealing::new(GCM, pair);
    let theirs = Sealing::new(GCM, testing::rsa()).encrypted_key("");
    let to_them = |attributes| Sealing::new(GCM, testing::rsa()).encrypted_key(attributes);
    let key = ours.encrypted_key("");
    let certificate = Certificate::from_pem(&pair.certificate_pem()).unwrap();
    let keys = [key_of(pair).with_certificate(certificate)];
    let three = theirs.repeat(3);
    let marked = with_key_info(&theirs, &certificate_of(testing::rsa())).repeat(3);
    for (encrypted_keys, expected) in [
        (three.clone() + &key, "decryption_failed"),
        (three.clone() + &ours.encrypted_key(" Recipient=\"urn:sp\""), "good"),
        (three.clone() + &with_key_info(&key, &certificate_of(pair)), "good"),
        (three.clone() + &with_key_info(&key, "<k:KeyName> test </k:KeyName>"), "good"),
        (three + &with_key_info(&key, "<k:KeyName>x</k:KeyName>"), "decryption_failed"),
        (to_them(" Recipient=\"urn:other\"").repeat(3) + &key, "good"),
        (marked + &key, "good"),
        // A hint that is wrong or cannot be read keeps nothing from being tried.
        (with_key_info(&key, &certificate_of(testing::rsa())), "good"),
        (
            with_key_info(
                &key,
                "<k:X509Data><k:X509Certificate>*</k:X509Certificate></k:X509Data>",
            ),
            "good",
        ),
        (ours.encrypted_key(" Recipient=\"urn:other\""), "good"),
    ] {
        let xml = sealed(&ours, &encrypted_keys);
        assert_eq!(code(open_unsigned_with(&xml, NONE, &keys)), expected, "{encrypted_keys}");
    }
}

#[test]
fn of_many_keys_the_hinted_one_is_tried() {
    let pairs: Vec<_> = (0..4).map(|_| Pair::rsa(2048)).collect();
    let keys: Vec<_> = pairs.iter().map(key_of).collect();
    for (place, pair) in pairs.iter().enumerate() {
        let sealing = Sealing::new(GCM, pair);
        let plain = sealed(&sealing, &sealing.encrypted_key(""));
        let expected = if place < 2 { "good" } else { "decryption_failed" };
        assert_eq!(code(open_unsigned_with(&plain, NONE, &keys)), expected, "{place}");
        let hinted = with_key_info(&sealing.encrypted_key(""), &certificate_of(pair));
        assert_eq!(code(open_unsigned_with(&sealed(&sealing, &hinted), NONE, &keys)), "good");
    }
}
