//! Encrypted Assertions, identifiers and attributes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use identity::{Attribute, NameId};
use saml::provider::Encryption;

use crate::answer::*;
use crate::seal::{CBC, GCM, RSA_1_5, Seal};

/// The SP with its key.
fn judge() -> Judge {
    Judge { sp_keys: vec![&SP_KEY], ..Judge::new() }
}

/// The Answer with its Assertion encrypted.
fn sealed(answer: &Answer, seal: Seal) -> String {
    answer.around(&seal.seal("EncryptedAssertion", &answer.assertion_xml()))
}

#[test]
fn an_encrypted_assertion_is_read_under_every_signature() {
    let clear = Answer::new().login();
    for sign in [Sign::Assertion, Sign::Response, Sign::Both] {
        let login = judge().login(&sealed(&Answer::new().signed(sign), Seal::new(GCM)));
        assert_eq!(login, clear);
    }
    for sign in [Sign::Response, Sign::Both] {
        judge().login(&sealed(&Answer::new().signed(sign), Seal::new(CBC)));
    }
}

#[test]
fn what_was_decrypted_must_be_signed() {
    let xml = sealed(&Answer::new().signed(Sign::Nothing), Seal::new(GCM));
    assert_eq!(judge().code(&xml), "signature_missing");
    let mut weak = judge();
    weak.policy.decryption.allow_cbc = true;
    let xml = sealed(&Answer::new().signed(Sign::Nothing), Seal::new(CBC));
    assert_eq!(weak.code(&xml), "decryption_failed");
}

#[test]
fn every_signature_must_verify() {
    for sign in [Sign::Assertion, Sign::Both] {
        let answer = Answer::new().signed(sign).assertion_key(&STRANGER);
        assert_eq!(judge().code(&sealed(&answer, Seal::new(GCM))), "signature_invalid");
    }
    for sign in [Sign::Response, Sign::Both] {
        let answer = Answer::new().signed(sign).response_key(&STRANGER);
        assert_eq!(judge().code(&sealed(&answer, Seal::new(GCM))), "signature_invalid");
    }
}

#[test]
fn cbc_needs_a_signature_around_it_or_a_setting() {
    let xml = sealed(&Answer::new(), Seal::new(CBC));
    assert_eq!(judge().code(&xml), "encryption_cbc_unsigned");
    let mut weak = judge();
    weak.policy.decryption.allow_cbc = true;
    weak.login(&xml);
}

#[test]
fn weak_key_transport_needs_a_setting() {
    let seal = Seal { transport: RSA_1_5, ..Seal::new(GCM) };
    let xml = sealed(&Answer::new(), seal);
    let refusal = judge().refusal(&xml);
    assert_eq!(refusal.code(), "encryption_algorithm");
    assert!(refusal.detail().contains(RSA_1_5), "{refusal}");
    let mut weak = judge();
    weak.policy.decryption.allow_rsa1_5 = true;
    weak.login(&xml);
}

#[test]
fn the_wanted_signatures_must_be_there() {
    let mut wanting = judge();
    wanting.policy.want_assertion_signed = true;
    let seal = Seal::new(GCM);
    wanting.login(&sealed(&Answer::new(), seal));
    wanting.login(&sealed(&Answer::new().signed(Sign::Both), seal));
    let response = sealed(&Answer::new().signed(Sign::Response), seal);
    assert_eq!(wanting.code(&response), "assertion_unsigned");

    let mut wanting = judge();
    wanting.policy.want_response_signed = true;
    wanting.login(&response);
    assert_eq!(wanting.code(&sealed(&Answer::new(), seal)), "response_unsigned");
}

#[test]
fn required_encryption_refuses_what_came_in_the_clear() {
    let mut wanting = judge();
    wanting.policy.encryption = Encryption::Require;
    for sign in [Sign::Assertion, Sign::Response, Sign::Both] {
        wanting.login(&sealed(&Answer::new().signed(sign), Seal::new(GCM)));
        assert_eq!(wanting.code(&Answer::new().signed(sign).xml()), "assertion_not_encrypted");
    }
}

#[test]
fn any_key_of_the_sp_decrypts() {
    let xml = sealed(&Answer::new(), Seal::new(GCM));
    Judge { sp_keys: vec![&RSA_KEY, &SP_KEY], ..Judge::new() }.login(&xml);
    let refusal = Judge { sp_keys: vec![&RSA_KEY], ..Judge::new() }.refusal(&xml);
    assert_eq!(refusal.code(), "decryption_failed");
    let refusal = Judge::new().refusal(&xml);
    assert_eq!(refusal.code(), "decryption_key_missing");
    assert!(refusal.advice().contains("certificate_key"), "{refusal}");
    assert!(refusal.advice().contains("turn encryption off"), "{refusal}");
}

#[test]
fn the_same_rules_hold_after_decryption() {
    let sign = [Sign::Assertion, Sign::Response];
    for (from, to, code) in [
        (format!("Audience>{SP}<"), "Audience>urn:x<".to_owned(), "audience_mismatch"),
        (format!("Recipient=\"{ACS}\""), "Recipient=\"x\"".to_owned(), "recipient_mismatch"),
        ("</saml:Subject>".to_owned(), "<saml:X/></saml:Subject>".to_owned(), "structure"),
        ("Version=\"2.0\"".to_owned(), "Version=\"1.1\"".to_owned(), "version_unsupported"),
        (format!("<saml:Issuer>{IDP}"), "<saml:Issuer>urn:x".to_owned(), "issuer_mismatch"),
    ] {
        for sign in sign {
            let answer = Answer::new().signed(sign).assertion(&from, &to);
            assert_eq!(judge().code(&sealed(&answer, Seal::new(GCM))), code);
        }
    }
}

#[test]
fn there_is_one_assertion_in_all() {
    let answer = Answer::new();
    let (clear, seal) = (answer.assertion_xml(), Seal::new(GCM));
    let encrypted = seal.seal("EncryptedAssertion", &clear);
    for both in [format!("{clear}{encrypted}"), format!("{encrypted}{clear}"), encrypted.repeat(2)]
    {
        for sign in [Sign::Nothing, Sign::Response] {
            let xml = Answer::new().signed(sign).around(&both);
            assert_eq!(judge().code(&xml), "assertion_multiple");
        }
    }
    let extensions = format!("<samlp:Extensions>{encrypted}</samlp:Extensions>{clear}");
    assert_eq!(judge().code(&answer.around(&extensions)), "assertion_misplaced");
}

#[test]
fn an_altered_ciphertext_tells_nothing() {
    let mut weak = judge();
    weak.policy.decryption.allow_cbc = true;
    for cipher in [GCM, CBC] {
        let xml = sealed(&Answer::new(), Seal::new(cipher));
        let start = xml.rfind("<xenc:CipherValue>").unwrap() + "<xenc:CipherValue>".len();
        let end = xml.rfind("</xenc:CipherValue>").unwrap();
        let octets = STANDARD.decode(&xml[start..end]).unwrap();
        for place in [0, octets.len() / 2, octets.len() - 17, octets.len() - 1] {
            let mut altered = octets.clone();
            altered[place] ^= 1;
            let xml = format!("{}{}{}", &xml[..start], STANDARD.encode(altered), &xml[end..]);
            let refusal = weak.refusal(&xml);
            assert_eq!(refusal.code(), "decryption_failed");
            assert!(!refusal.detail().contains("padding"), "{refusal}");
        }
    }
}

#[test]
fn an_encrypted_name_id_is_the_name_id() {
    let own = Answer::new().assertion;
    let start = own.find("<saml:NameID").unwrap();
    let end = own.find("</saml:NameID>").unwrap() + "</saml:NameID>".len();
    let name_id = own[start..end].to_owned();
    let alone = name_id.replacen(
        "<saml:NameID",
        "<saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
        1,
    );
    for cipher in [GCM, CBC] {
        let encrypted = Seal::new(cipher).seal("EncryptedID", &alone);
        for sign in [Sign::Assertion, Sign::Response] {
            let answer = Answer::new().signed(sign).assertion(&name_id, &encrypted);
            assert_eq!(judge().login(&answer.xml()).name_id, Answer::new().login().name_id);
            assert_eq!(answer.code(), "decryption_key_missing");
            // Twice encrypted.
            judge().login(&sealed(&answer, Seal::new(GCM)));
        }
        let both = Answer::new().assertion(&name_id, &format!("{name_id}{encrypted}"));
        assert_eq!(judge().code(&both.xml()), "structure");
        let assertion = Seal::new(cipher).seal("EncryptedID", &Answer::new().assertion_xml());
        let other = Answer::new().assertion(&name_id, &assertion);
        assert_eq!(judge().code(&other.xml()), "decryption_failed");
    }
    let garbage = "<saml:EncryptedID><x xmlns=\"urn:x\"/></saml:EncryptedID>";
    let answer = Answer::new().assertion(&name_id, garbage);
    assert_eq!(judge().code(&answer.xml()), "encryption_structure");
    let bare = Seal::new(GCM).seal("EncryptedID", "<saml:NameID>bob</saml:NameID>");
    let login = judge().login(&Answer::new().assertion(&name_id, &bare).xml());
    assert_eq!(login.name_id, NameId { value: "bob".to_owned(), ..NameId::default() });
}

#[test]
fn an_encrypted_attribute_is_an_attribute() {
    let attribute = "<saml:Attribute xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" Name=\"role\"><saml:AttributeValue>admin</saml:AttributeValue></saml:Attribute>";
    let encrypted = Seal::new(GCM).seal("EncryptedAttribute", attribute);
    let end = "</saml:AttributeStatement>";
    let answer = Answer::new().assertion(end, &format!("{encrypted}{end}"));
    let attributes = judge().login(&answer.xml()).attributes;
    let values = vec!["admin".to_owned()];
    let role = Attribute { name: "role".to_owned(), values, ..Attribute::default() };
    assert_eq!(attributes[1..], [role]);
    assert_eq!(answer.code(), "decryption_key_missing");
}
