//! What may be decrypted, and who vouches for what comes out.
use super::*;

#[test]
fn the_outer_signature_vouches_for_the_plaintext() {
    let opened = open_signed(&signed(&response(&seal(CBC, &assertion()))), NONE).unwrap();
    assert!(!opened.is_signed());
    let trusted = [testing::rsa().verifying()];
    assert_eq!(opened.verify(&trusted, &STRICT).unwrap_err().code(), "signature_missing");
    assert_eq!(name_id(&opened.into_element()), "jo");
}

#[test]
fn an_inner_signature_under_an_outer_one_is_verified() {
    let opened = open_signed(&signed(&response(&seal(GCM, &signed(&assertion())))), NONE).unwrap();
    assert!(opened.is_signed());
    let trusted = [testing::rsa().verifying()];
    assert_eq!(name_id(&opened.verify(&trusted, &STRICT).unwrap().0), "jo");
    let strangers = [testing::other_rsa().verifying()];
    assert_eq!(opened.verify(&strangers, &STRICT).unwrap_err().code(), "signature_invalid");
}

#[test]
fn without_an_outer_signature_only_an_inner_one_counts() {
    let (element, _) = open_unsigned(&response(&seal(GCM, &signed(&assertion()))), NONE).unwrap();
    assert_eq!(name_id(&element), "jo");
    let plain = response(&seal(GCM, &assertion()));
    assert_eq!(code(open_unsigned(&plain, NONE)), "signature_missing");
    let forged = signed(&assertion()).replace(">jo<", ">admin<");
    assert_eq!(code(open_unsigned(&response(&seal(GCM, &forged)), NONE)), "digest_mismatch");
}

#[test]
fn cbc_outside_a_signature_needs_leave_and_tells_nothing() {
    let xml = response(&seal(CBC, &signed(&assertion())));
    assert_eq!(code(open_unsigned(&xml, NONE)), "encryption_cbc_unsigned");
    assert_eq!(code(open_unsigned(&xml, ALL)), "good");
    let plain = response(&seal(CBC, &assertion()));
    assert_eq!(code(open_unsigned(&plain, ALL)), "decryption_failed");
    let forged = signed(&assertion()).replace(">jo<", ">admin<");
    assert_eq!(code(open_unsigned(&response(&seal(CBC, &forged)), ALL)), "decryption_failed");
}

/// It is asked of what the IdP has signed, so that its answer tells nothing of the plaintext.
#[test]
fn a_second_verifier_that_disagrees_is_heard() {
    struct Never;
    impl crate::SecondVerifier for Never {
        fn verify(&self, _: &str, _: &str) -> Result<(), String> {
            Err("no".into())
        }
    }
    let keys = [testing::rsa().verifying().with_second(std::sync::Arc::new(Never))];
    for cipher in [GCM, CBC] {
        let xml = response(&seal(cipher, &signed(&assertion())));
        let document = Document::parse(xml.as_bytes(), &Limits::default()).unwrap();
        let sp_keys = [key_of(testing::other_rsa())];
        let limits = Limits::default();
        let with = Decryption {
            keys: &sp_keys,
            sp: "urn:sp",
            policy: ALL,
            limits: &limits,
            plaintexts: None,
        };
        let opened =
            document.decrypt_and_verify_child(A, "EncryptedAssertion", &with, &keys, &STRICT);
        assert_eq!(code(opened), "second_verifier_disagrees");
    }
}

/// Which changed ciphertexts decrypt to XML must be seen nowhere, not even by who looks for a mistake.
#[test]
fn a_plaintext_is_kept_when_somebody_vouches_for_it() {
    let (good, forged) = (signed(&assertion()), signed(&assertion()).replace(">jo<", ">admin<"));
    for (cipher, plaintext, kept) in
        [(GCM, &good, true), (CBC, &good, true), (GCM, &forged, true), (CBC, &forged, false)]
    {
        let document =
            Document::parse(response(&seal(cipher, plaintext)), &Limits::default()).unwrap();
        let (keys, limits) = ([key_of(testing::other_rsa())], Limits::default());
        let plaintexts = Plaintexts::default();
        let (sp, plaintexts_of) = ("urn:sp", Some(&plaintexts));
        let with =
            Decryption { keys: &keys, sp, policy: ALL, limits: &limits, plaintexts: plaintexts_of };
        let trusted = [testing::rsa().verifying()];
        let opened =
            document.decrypt_and_verify_child(A, "EncryptedAssertion", &with, &trusted, &STRICT);
        assert_eq!(opened.is_ok(), plaintext == &good);
        let found = plaintexts.take();
        assert_eq!(found.len(), usize::from(kept), "{cipher:?}");
        for plaintext in found {
            assert_eq!(plaintext.holder, "EncryptedAssertion");
            assert_eq!((plaintext.cipher, plaintext.key_method), (cipher.uri(), "RSA-OAEP"));
            let text: String = plaintext.lines.iter().map(|line| line.text.as_str()).collect();
            assert!(text.contains("NameID") && text.contains("SignatureValue>[masked"), "{text}");
        }
    }
}

#[test]
fn weak_algorithms_need_leave() {
    let triple_des = signed(&response(&seal(ContentCipher::TripleDesCbc, &assertion())));
    assert_eq!(code(open_signed(&triple_des, NONE)), "encryption_algorithm");
    let leave = DecryptionPolicy { allow_3des: true, ..NONE };
    assert_eq!(code(open_signed(&triple_des, leave)), "good");
    let triple_des = response(&seal(ContentCipher::TripleDesCbc, &signed(&assertion())));
    assert_eq!(code(open_unsigned(&triple_des, leave)), "encryption_cbc_unsigned");

    let mut sealing = Sealing::new(GCM, testing::other_rsa());
    sealing.method = OAEP.replace("rsa-oaep-mgf1p", "rsa-1_5");
    sealing.wrapped =
        wrap(testing::other_rsa(), &sealing.key, |e| e.set_rsa_padding(Padding::PKCS1));
    let rsa1_5 = signed(&response(&sealing.seal("EncryptedAssertion", &assertion())));
    assert_eq!(code(open_signed(&rsa1_5, NONE)), "encryption_algorithm");
    let leave = DecryptionPolicy { allow_rsa1_5: true, ..NONE };
    assert_eq!(code(open_signed(&rsa1_5, leave)), "good");
}

#[test]
fn the_key_may_be_any_of_several() {
    let xml = signed(&response(&seal(GCM, &assertion())));
    let keys = [key_of(testing::rsa()), key_of(testing::other_rsa())];
    assert_eq!(code(open_signed_with(&xml, NONE, &keys)), "good");
    assert_eq!(code(open_signed_with(&xml, NONE, &keys[..1])), "decryption_failed");
    assert_eq!(code(open_signed_with(&xml, NONE, &[])), "decryption_key_missing");
    // A key of another size cannot have been meant.
    let larger = Pair::rsa(3072);
    assert_eq!(code(open_signed_with(&xml, NONE, &[key_of(&larger)])), "decryption_failed");
    let both = [key_of(&larger), key_of(testing::other_rsa())];
    assert_eq!(code(open_signed_with(&xml, NONE, &both)), "good");
}

#[test]
fn attempts_are_bounded() {
    let sealing = Sealing::new(GCM, testing::other_rsa());
    let ciphertext = encrypt(GCM, &sealing.key, assertion().as_bytes());
    let keys = [key_of(testing::rsa()), key_of(testing::other_rsa())];
    for (count, expected) in [(8, "good"), (9, "encryption_structure")] {
        let info = sealing.encrypted_key("").repeat(count);
        let data = sealing.encrypted_data(&ciphertext, &info);
        let xml =
            signed(&response(&format!("<a:EncryptedAssertion>{data}</a:EncryptedAssertion>")));
        assert_eq!(code(open_signed_with(&xml, NONE, &keys)), expected);
    }
}

#[test]
fn ids_and_attributes_are_replaced_where_they_stand() {
    let sealing = Sealing::new(CBC, testing::other_rsa());
    let name_id = sealing.seal("EncryptedID", &format!("<NameID xmlns=\"{A}\">jo</NameID>"));
    // `a` is bound in the signed bytes outside.
    let mail = sealing.seal("EncryptedAttribute", "<a:Attribute Name=\"mail\"/>");
    let assertion = format!(
        "<a:Assertion xmlns:a=\"{A}\" ID=\"_a\"><a:Issuer>idp</a:Issuer><a:Subject>{name_id}\
         </a:Subject><a:Advice><a:EncryptedAssertion>kept</a:EncryptedAssertion></a:Advice>\
         <a:AttributeStatement><a:Attribute Name=\"cn\"/>{mail}<a:Attribute Name=\"sn\"/>\
         </a:AttributeStatement></a:Assertion>"
    );
    let limits = Limits::default();
    let keys = [key_of(testing::other_rsa())];
    let with =
        Decryption { keys: &keys, sp: "urn:sp", policy: NONE, limits: &limits, plaintexts: None };
    let whole = verified(&signed(&assertion)).decrypt_within(&with).unwrap();
    assert_eq!(super::name_id(&whole), "jo");
    let names = |e: &Element| {
        e.children.iter().map(|a| a.attribute("Name").unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(whole.child(A, "AttributeStatement").unwrap()), ["cn", "mail", "sn"]);
    assert_eq!(whole.child(A, "Advice").unwrap().children[0].text, "kept");

    let wrong = sealing.seal("EncryptedID", "<a:Attribute/>");
    let xml = assertion.replace(&name_id, &wrong);
    let refused = verified(&signed(&xml)).decrypt_within(&with);
    assert_eq!(code(refused), "decryption_failed");
    let many = sealing.seal("EncryptedAttribute", "<a:Attribute/>").repeat(65);
    let xml = assertion.replace(&mail, &many);
    assert_eq!(code(verified(&signed(&xml)).decrypt_within(&with)), "encryption_structure");
}
