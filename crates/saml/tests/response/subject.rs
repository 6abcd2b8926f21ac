use crate::answer::*;

const NAME_ID_OPEN: &str = r#"<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" NameQualifier="https://idp.example.org/metadata" SPNameQualifier="https://app.example.com/saml/metadata">"#;
const CM_SENDER_VOUCHES: &str = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches";

fn name_id() -> String {
    format!("{NAME_ID_OPEN}alice</saml:NameID>")
}

fn default_confirmation() -> String {
    confirmation(&format!(
        r#"InResponseTo="{REQUEST}" NotOnOrAfter="{}" Recipient="{ACS}""#,
        at(300)
    ))
}

/// The Answer with these confirmations instead of its own.
fn confirmed(confirmations: &str) -> Answer {
    Answer::new().assertion(&default_confirmation(), confirmations)
}

fn data(request: &str, not_on_or_after: i64, recipient: &str) -> String {
    confirmation(&format!(
        r#"InResponseTo="{request}" NotOnOrAfter="{}" Recipient="{recipient}""#,
        at(not_on_or_after)
    ))
}

#[test]
fn name_id_is_kept_as_the_idp_wrote_it() {
    let name_id = Answer::new().login().name_id;
    assert_eq!(name_id.value, "alice");
    assert_eq!(
        name_id.format.as_deref(),
        Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")
    );
    assert_eq!(name_id.name_qualifier.as_deref(), Some(IDP));
    assert_eq!(name_id.sp_name_qualifier.as_deref(), Some(SP));

    let bare = Answer::new().assertion(NAME_ID_OPEN, "<saml:NameID>").login().name_id;
    assert_eq!((bare.format, bare.name_qualifier, bare.sp_name_qualifier), (None, None, None));
}

#[test]
fn a_comment_never_splits_the_name_id() {
    for text in [
        "alice<!-- x -->@evil.example",
        "alice<!---->@evil.example",
        "<!--x-->alice@evil.example<!--y-->",
    ] {
        for sign in [Sign::Assertion, Sign::Response] {
            let answer = Answer::new().signed(sign).assertion(">alice<", &format!(">{text}<"));
            assert_eq!(answer.login().name_id.value, "alice@evil.example");
        }
    }
}

#[test]
fn a_comment_put_in_after_signing_changes_nothing() {
    let xml = Answer::new().assertion(">alice<", ">alice@example.org.evil.example<").xml();
    let commented = xml.replacen("org.evil", "org<!-- -->.evil", 1);
    assert_ne!(commented, xml);
    assert_eq!(Judge::new().login(&commented).name_id.value, "alice@example.org.evil.example");
}

#[test]
fn character_references_and_blanks_belong_to_the_name_id() {
    let login = Answer::new().assertion(">alice<", ">al&#x69;ce &amp;  b\u{f6}b<").login();
    assert_eq!(login.name_id.value, "alice &  b\u{f6}b");
}

#[test]
fn white_space_around_the_name_id_is_no_part_of_it() {
    for text in [" alice", "alice&#13;", "\n\t  alice\n  ", "&#x20;alice&#9;", " <!-- x --> alice "]
    {
        for sign in [Sign::Assertion, Sign::Response] {
            let answer = Answer::new().signed(sign).assertion(">alice<", &format!(">{text}<"));
            assert_eq!(answer.login().name_id.value, "alice", "{text:?}");
        }
    }
    for other in ["\u{a0}alice", "alice\u{200b}", "\u{3000}alice", "al ice", "\u{430}lice"] {
        let answer = Answer::new().assertion(">alice<", &format!(">{other}<"));
        assert_eq!(answer.login().name_id.value, other);
    }
}

#[test]
fn the_name_that_the_sp_provided_is_part_of_the_name_id() {
    let answer = Answer::new().assertion("<saml:NameID ", "<saml:NameID SPProvidedID=\" a 7\" ");
    assert_eq!(answer.login().name_id.sp_provided_id.as_deref(), Some(" a 7"));
    assert_eq!(Answer::new().login().name_id.sp_provided_id, None);
}

#[test]
fn a_name_id_must_be_there_and_say_something() {
    assert_eq!(Answer::new().assertion(&name_id(), "").code(), "name_id_missing");
    assert_eq!(Answer::new().assertion(">alice<", "><").code(), "name_id_missing");
    assert_eq!(Answer::new().assertion(">alice<", "> \n <").code(), "name_id_missing");
    let base = r#"<saml:BaseID NameQualifier="x"/>"#;
    assert_eq!(Answer::new().assertion(&name_id(), base).code(), "name_id_missing");
}

#[test]
fn a_subject_must_be_there() {
    let answer = Answer::new();
    let start = answer.assertion.find("<saml:Subject>").unwrap();
    let end = answer.assertion.find("</saml:Subject>").unwrap() + "</saml:Subject>".len();
    let subject = answer.assertion[start..end].to_owned();
    assert_eq!(answer.assertion(&subject, "").code(), "subject_missing");
}

#[test]
fn a_bearer_confirmation_with_data_must_be_there() {
    assert_eq!(confirmed("").code(), "confirmation_missing");
    let other =
        default_confirmation().replace("urn:oasis:names:tc:SAML:2.0:cm:bearer", CM_SENDER_VOUCHES);
    let refusal = confirmed(&other).refusal();
    assert_eq!(refusal.code(), "confirmation_missing");
    assert!(refusal.detail().contains(CM_SENDER_VOUCHES), "{refusal}");
    let no_data = r#"<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"/>"#;
    assert_eq!(confirmed(no_data).code(), "confirmation_missing");
    let no_method =
        default_confirmation().replace(r#" Method="urn:oasis:names:tc:SAML:2.0:cm:bearer""#, "");
    assert_eq!(confirmed(&no_method).code(), "structure");
}

#[test]
fn recipient_is_the_acs_url_exactly() {
    for other in [
        "https://app.example.com/saml/acs/",
        "https://app.example.com/saml",
        "",
        "https://evil.example/",
    ] {
        assert_eq!(confirmed(&data(REQUEST, 300, other)).code(), "recipient_mismatch", "{other}");
    }
    let without = confirmation(&format!(r#"InResponseTo="{REQUEST}" NotOnOrAfter="{}""#, at(300)));
    assert_eq!(confirmed(&without).code(), "recipient_missing");
}

#[test]
fn the_confirmation_answers_the_request() {
    assert_eq!(confirmed(&data("_request", 300, ACS)).code(), "in_response_to_mismatch");
    assert_eq!(confirmed(&data("", 300, ACS)).code(), "in_response_to_mismatch");
    // Even when the signed Response answers it.
    let answer = confirmed(&data("_other", 300, ACS)).signed(Sign::Both);
    assert_eq!(answer.code(), "in_response_to_mismatch");
}

#[test]
fn the_confirmation_ends_and_does_not_begin() {
    let data = |attributes: &str| {
        confirmed(&confirmation(&format!(
            r#"InResponseTo="{REQUEST}" Recipient="{ACS}" {attributes}"#
        )))
    };
    assert_eq!(data("").code(), "confirmation_without_expiry");
    assert_eq!(data("NotOnOrAfter=\"never\"").code(), "instant_invalid");
}

#[test]
fn a_confirmation_that_begins_must_have_begun() {
    let data = |start: &str| {
        confirmed(&confirmation(&format!(
            r#"InResponseTo="{REQUEST}" Recipient="{ACS}" NotBefore="{start}" NotOnOrAfter="{}""#,
            at(300)
        )))
    };
    data(&at(-10)).login();
    data(&at(-365 * 24 * 3600)).login();
    data(&at(SKEW)).login();
    let refusal = data(&at(SKEW + 1)).refusal();
    assert_eq!(refusal.code(), "confirmation_not_before");
    assert!(refusal.detail().contains(&at(SKEW + 1)) && refusal.detail().contains(&at(0)));
    for none in ["", "soon", "2026-11-21"] {
        assert_eq!(data(none).code(), "instant_invalid", "{none}");
    }
}

#[test]
fn an_address_may_name_the_default_port() {
    let written = ACS.replacen(".com/", ".com:443/", 1);
    confirmed(&self::data(REQUEST, 300, &written)).login();
    let judge = Judge { acs: "https://app.example.com:443/saml/acs", ..Judge::new() };
    judge.login(&confirmed(&self::data(REQUEST, 300, ACS)).xml());
    for other in [written.replace("443", "444"), written.replace("https", "http")] {
        let answer = confirmed(&self::data(REQUEST, 300, &other));
        assert_eq!(answer.code(), "recipient_mismatch", "{other}");
    }
}

#[test]
fn the_confirmation_lasts_as_long_as_the_skew_says() {
    confirmed(&data(REQUEST, -SKEW + 1, ACS)).login();
    let refusal = confirmed(&data(REQUEST, -SKEW, ACS)).refusal();
    assert_eq!(refusal.code(), "confirmation_expired");
    assert!(refusal.detail().contains(&at(-SKEW)), "{refusal}");
    assert!(refusal.detail().contains(&at(0)), "{refusal}");
}

#[test]
fn one_good_confirmation_of_several_is_enough() {
    let good = data(REQUEST, 300, ACS);
    let elsewhere = data(REQUEST, 300, "https://other.example/acs");
    let expired = data(REQUEST, -600, ACS);
    let vouched = good.replace("cm:bearer", "cm:sender-vouches");
    confirmed(&format!("{elsewhere}{expired}{vouched}{good}")).login();
    confirmed(&format!("{good}{elsewhere}")).login();
}

#[test]
fn of_several_bad_confirmations_the_nearest_tells_why() {
    let elsewhere = data(REQUEST, 300, "https://other.example/acs");
    let expired = data(REQUEST, -600, ACS);
    let another = data("_other", 300, ACS);
    assert_eq!(confirmed(&format!("{elsewhere}{expired}{another}")).code(), "confirmation_expired");
    assert_eq!(confirmed(&format!("{another}{elsewhere}")).code(), "in_response_to_mismatch");
}

#[test]
fn good_parts_of_two_confirmations_do_not_add_up() {
    let elsewhere = data(REQUEST, 300, "https://other.example/acs");
    let another = data("_other", 300, ACS);
    assert_eq!(confirmed(&format!("{elsewhere}{another}")).code(), "in_response_to_mismatch");
}

#[test]
fn a_replay_is_remembered_for_the_longest_confirmation() {
    let long = data(REQUEST, 7200, "https://app.example.com/saml/acs2");
    let xml = confirmed(&format!("{}{long}", data(REQUEST, 300, ACS))).xml();
    assert_eq!(Judge::of_old(86_400).login(&xml).replay_until, after(7200 + SKEW));
}

#[test]
fn what_confirmation_data_holds_is_not_looked_at() {
    let open = default_confirmation().replace(
        "/></saml:SubjectConfirmation>",
        "><x xmlns=\"urn:x\">y</x></saml:SubjectConfirmationData></saml:SubjectConfirmation>",
    );
    confirmed(&open).login();
}
