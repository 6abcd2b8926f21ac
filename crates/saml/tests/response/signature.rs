use xmldoc::SignaturePlace;

use crate::answer::*;

#[test]
fn the_login_is_what_was_signed() {
    for sign in [Sign::Assertion, Sign::Response, Sign::Both] {
        let login = Answer::new().signed(sign).login();
        assert_eq!(login.idp_entity_id, IDP);
        assert_eq!(login.assertion_id, "_assertion1");
        assert_eq!(login.name_id.value, "alice");
        assert_eq!(login.session_index.as_deref(), Some("s::1"));
        assert_eq!(login.authn_instant, after(-10));
        assert_eq!(login.session_not_on_or_after, None);
        assert_eq!(
            login.authn_context.as_deref(),
            Some("urn:oasis:names:tc:SAML:2.0:ac:classes:Password")
        );
        assert_eq!(login.replay_until, after(300 + SKEW));
        assert_eq!(login.attributes.len(), 1);
        assert_eq!(login.attributes[0].name, "mail");
        assert_eq!(login.attributes[0].friendly_name.as_deref(), Some("email"));
        assert_eq!(login.attributes[0].values, ["alice@example.org"]);
    }
}

#[test]
fn rsa_keys_and_several_keys_work() {
    let xml = Answer::new().assertion_key(&RSA_KEY).xml();
    Judge { keys: vec![&IDP_KEY, &RSA_KEY], ..Judge::new() }.login(&xml);
    assert_eq!(Judge::new().code(&xml), "key_type");
}

#[test]
fn nothing_signed_is_refused_whatever_the_settings() {
    let xml = Answer::new().signed(Sign::Nothing).xml();
    assert_eq!(Judge::new().code(&xml), "signature_missing");
    let mut judge = Judge::new();
    judge.policy.want_assertion_signed = true;
    judge.policy.want_response_signed = true;
    assert_eq!(judge.code(&xml), "signature_missing");
}

#[test]
fn the_wanted_signatures_must_be_there() {
    let mut judge = Judge::new();
    judge.policy.want_assertion_signed = true;
    judge.login(&Answer::new().signed(Sign::Assertion).xml());
    judge.login(&Answer::new().signed(Sign::Both).xml());
    assert_eq!(judge.code(&Answer::new().signed(Sign::Response).xml()), "assertion_unsigned");

    let mut judge = Judge::new();
    judge.policy.want_response_signed = true;
    judge.login(&Answer::new().signed(Sign::Response).xml());
    judge.login(&Answer::new().signed(Sign::Both).xml());
    assert_eq!(judge.code(&Answer::new().signed(Sign::Assertion).xml()), "response_unsigned");
}

#[test]
fn every_signature_must_verify() {
    let stranger = |sign| Answer::new().signed(sign).response_key(&STRANGER).xml();
    assert_eq!(Judge::new().code(&stranger(Sign::Response)), "signature_invalid");
    assert_eq!(Judge::new().code(&stranger(Sign::Both)), "signature_invalid");
    let stranger = |sign| Answer::new().signed(sign).assertion_key(&STRANGER).xml();
    assert_eq!(Judge::new().code(&stranger(Sign::Assertion)), "signature_invalid");
    assert_eq!(Judge::new().code(&stranger(Sign::Both)), "signature_invalid");
}

#[test]
fn a_certificate_in_key_info_is_no_proof() {
    // `Key::sign` puts the stranger's own certificate into KeyInfo.
    let xml = Answer::new().assertion_key(&STRANGER).xml();
    assert!(xml.contains("X509Certificate"));
    let refusal = Judge::new().refusal(&xml);
    assert_eq!(refusal.code(), "signature_invalid", "{refusal}");
    assert!(refusal.detail().contains(IDP), "{refusal}");
}

#[test]
fn altered_bytes_are_refused() {
    for sign in [Sign::Assertion, Sign::Response, Sign::Both] {
        let xml = Answer::new().signed(sign).xml();
        for (from, to) in [(">alice<", ">admin<"), (">alice@", ">admin@"), ("s::1", "s::2")] {
            let altered = xml.replacen(from, to, 1);
            assert_ne!(altered, xml);
            assert_eq!(Judge::new().code(&altered), "digest_mismatch", "{from}");
        }
    }
    let xml = Answer::new().signed(Sign::Response).xml();
    let altered = xml.replacen("<samlp:Status>", "<samlp:Status >", 1);
    // Blanks inside a tag are no part of canonical XML.
    Judge::new().login(&altered);
    let altered = xml.replacen("<samlp:Status>", "<samlp:Status> ", 1);
    assert_eq!(Judge::new().code(&altered), "digest_mismatch");
}

#[test]
fn a_response_has_one_assertion() {
    let answer = Answer::new();
    let one = answer.assertion_xml();
    let two = Answer::new().assertion("_assertion1", "_assertion2").assertion_xml();
    assert_eq!(Judge::new().code(&answer.around("")), "assertion_missing");
    assert_eq!(Judge::new().code(&answer.around(&format!("{one}{two}"))), "assertion_multiple");
    let signed = Answer::new().signed(Sign::Response);
    assert_eq!(Judge::new().code(&signed.around("")), "assertion_missing");
    assert_eq!(Judge::new().code(&signed.around(&format!("{one}{two}"))), "assertion_multiple");
}

#[test]
fn a_signature_after_the_status_is_fine() {
    let xml = Answer::new().signed(Sign::Response).xml();
    let start = xml.find("<ds:Signature").or_else(|| xml.find("<Signature")).unwrap();
    let end_tag = if xml.contains("</ds:Signature>") { "</ds:Signature>" } else { "</Signature>" };
    let end = xml.find(end_tag).unwrap() + end_tag.len();
    let signature = &xml[start..end];
    // The enveloped transform takes the Signature out, so its place is not digested.
    let moved = xml
        .replace(signature, "")
        .replace("</samlp:Status>", &format!("</samlp:Status>{signature}"));
    Judge::new().login(&moved);
}

#[test]
fn a_signed_assertion_inside_advice_is_not_read() {
    let inner = Answer::new().assertion("_assertion1", "_inner").assertion(">alice<", ">mallory<");
    let inner = inner.assertion_xml();
    let advice = format!("</saml:Conditions><saml:Advice>{inner}</saml:Advice>");
    for sign in [Sign::Assertion, Sign::Response, Sign::Both] {
        let answer = Answer::new().signed(sign).assertion("</saml:Conditions>", &advice);
        assert_eq!(answer.login().name_id.value, "alice");
    }
}

#[test]
fn a_signature_first_in_the_element_is_fine() {
    let answer = Answer::new();
    let first = IDP_KEY.sign(&answer.assertion, SignaturePlace::First);
    Judge::new().login(&answer.around(&first));
}

#[test]
fn a_signature_without_prefix_is_fine() {
    // As .NET writes it.
    let template = "</saml:Issuer><Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo>\
        <CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>\
        <SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/>\
        <Reference URI=\"#_assertion1\"><Transforms>\
        <Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>\
        <Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/></Transforms>\
        <DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><DigestValue/>\
        </Reference></SignedInfo><SignatureValue/></Signature>";
    let answer = Answer::new().assertion("</saml:Issuer>", template);
    let xml = answer.around(&RSA_KEY.fill(&answer.assertion));
    let judge = Judge { keys: vec![&RSA_KEY], ..Judge::new() };
    assert_eq!(judge.login(&xml).name_id.value, "alice");
    assert_eq!(judge.code(&xml.replace(">alice<", ">admin<")), "digest_mismatch");
}
