use clock::Seconds;
use saml::receive::{Received, receive_soap};
use xmldoc::Limits;

use crate::answer::*;

const ISSUER: &str = r#"<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://idp.example.org/metadata</saml:Issuer>"#;
const SUCCESS: &str = r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>"#;

#[test]
fn the_keys_of_metadata_count_up_to_its_end() {
    let xml = Answer::new().xml();
    let judge = |seconds| Judge { idp_until: Some(after(seconds)), ..Judge::new() };
    judge(1 - SKEW).login(&xml);
    assert_eq!(judge(-SKEW).code(&xml), "idp_metadata_expired");
}

fn destination() -> String {
    format!(r#"Destination="{ACS}""#)
}

#[test]
fn version_is_2_0() {
    assert_eq!(
        Answer::new().response("Version=\"2.0\"", "Version=\"2.1\"").code(),
        "version_unsupported"
    );
    assert_eq!(Answer::new().response("Version=\"2.0\"", "").code(), "version_unsupported");
    assert_eq!(
        Answer::new().assertion("Version=\"2.0\"", "Version=\"2\"").code(),
        "version_unsupported"
    );
}

#[test]
fn ids_are_needed() {
    assert_eq!(Answer::new().response("ID=\"_response1\"", "").code(), "id_missing");
    assert_eq!(Answer::new().response("_response1", "").code(), "id_missing");
    let answer = Answer::new().signed(Sign::Response);
    assert_eq!(answer.assertion("ID=\"_assertion1\"", "").code(), "id_missing");
}

/// Valid for a day, but it need not be taken for so long.
fn long_lived() -> Answer {
    Answer::new()
        .assertion(
            &format!("NotOnOrAfter=\"{}\" Recipient", at(300)),
            &format!("NotOnOrAfter=\"{}\" Recipient", at(86_400)),
        )
        .assertion(
            &format!("NotOnOrAfter=\"{}\">", at(300)),
            &format!("NotOnOrAfter=\"{}\">", at(86_400)),
        )
}

#[test]
fn an_assertion_is_not_older_than_max_assertion_age() {
    let xml = long_lived().xml();
    Judge::at(900 + SKEW).login(&xml);
    let refusal = Judge::at(900 + SKEW + 1).refusal(&xml);
    assert_eq!(refusal.code(), "assertion_too_old");
    assert!(refusal.detail().ends_with("max_assertion_age is 900 s"), "{refusal}");
    let mut judge = Judge { now: after(4000), ..Judge::of_old(4000) };
    judge.policy.clock_skew = Seconds(0);
    judge.login(&xml);
    judge.now = after(4001);
    assert_eq!(judge.code(&xml), "assertion_too_old");
}

#[test]
fn the_age_counts_from_the_issue_instant_of_the_assertion() {
    let (now, old) =
        (format!("IssueInstant=\"{}\"", at(0)), format!("IssueInstant=\"{}\"", at(-961)));
    assert_eq!(long_lived().assertion(&now, &old).code(), "assertion_too_old");
    long_lived().response(&now, &old).login();
}

#[test]
fn what_ends_sooner_says_so_first() {
    assert_eq!(Judge::at(2000).code(&Answer::new().xml()), "confirmation_expired");
}

#[test]
fn a_replay_is_remembered_no_longer_than_an_assertion_is_taken() {
    assert_eq!(long_lived().login().replay_until, after(900 + SKEW));
    assert_eq!(Answer::new().login().replay_until, after(300 + SKEW));
}

#[test]
fn issue_instants_may_be_as_late_as_the_skew() {
    let now = format!("IssueInstant=\"{}\"", at(0));
    let edge = format!("IssueInstant=\"{}\"", at(SKEW));
    let late = format!("IssueInstant=\"{}\"", at(SKEW + 1));
    Answer::new().response(&now, &edge).assertion(&now, &edge).login();
    assert_eq!(Answer::new().response(&now, &late).code(), "issue_instant_future");
    assert_eq!(Answer::new().assertion(&now, &late).code(), "issue_instant_future");
    assert_eq!(Answer::new().response(&now, "").code(), "instant_invalid");
    assert_eq!(
        Answer::new().assertion(&now, "IssueInstant=\"yesterday\"").code(),
        "instant_invalid"
    );
}

#[test]
fn destination_is_the_acs_url_exactly() {
    for other in [
        "https://app.example.com/saml/acs/",
        "https://app.example.com/saml/ac",
        "https://app.example.com/saml/acs?x=1",
        "https://APP.example.com/saml/acs",
        "http://app.example.com/saml/acs",
        "",
    ] {
        let answer = Answer::new().response(&destination(), &format!(r#"Destination="{other}""#));
        assert_eq!(answer.code(), "destination_mismatch", "{other}");
    }
    let refusal =
        Answer::new().response(&destination(), r#"Destination="https://evil.example/""#).refusal();
    assert!(refusal.detail().contains("\"https://evil.example/\""), "{refusal}");
    assert!(refusal.detail().contains(ACS), "{refusal}");
}

#[test]
fn destination_may_name_the_default_port() {
    let written = ACS.replacen(".com/", ".com:443/", 1);
    let to = |url: &str| Answer::new().response(&destination(), &format!(r#"Destination="{url}""#));
    to(&written).login();
    to(&written).signed(Sign::Both).login();
    let judge = Judge { acs: "https://app.example.com:443/saml/acs", ..Judge::new() };
    judge.login(&Answer::new().xml());
    for other in [written.replace("443", "80"), written.replace("443", "8443")] {
        assert_eq!(to(&other).code(), "destination_mismatch", "{other}");
    }
}

#[test]
fn only_an_unsigned_response_may_lack_a_destination() {
    let without = || Answer::new().response(&destination(), "");
    without().login();
    assert_eq!(without().signed(Sign::Response).code(), "destination_missing");
    assert_eq!(without().signed(Sign::Both).code(), "destination_missing");
}

/// What SOAP lets a logout leave out, since its sender connects to whom it means: a login is carried by a
/// browser, in whatever envelope.
#[test]
fn a_response_in_a_soap_envelope_needs_its_destination_too() {
    for destination in ["", "Destination=\"\""] {
        let answer = Answer::new().response(&self::destination(), destination);
        let body = format!(
            r#"<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>{}</S:Body></S:Envelope>"#,
            answer.signed(Sign::Response).xml()
        );
        let received = receive_soap(body.as_bytes(), &Limits::default());
        let Ok(Received::Response(response)) = received else { panic!("no Response: {body}") };
        let code = Judge::new().judge(response).unwrap_err().code();
        let expected =
            if destination.is_empty() { "destination_missing" } else { "destination_mismatch" };
        assert_eq!(code, expected);
    }
}

#[test]
fn the_issuer_of_the_response_is_absent_or_the_idp() {
    Answer::new().response(ISSUER, "").login();
    Answer::new().response(IDP, &format!("\n  {IDP}\n  ")).login();
    for other in ["https://idp.example.org/metadata2", "https://idp.example.org/", ""] {
        assert_eq!(Answer::new().response(IDP, other).code(), "issuer_mismatch", "{other}");
    }
}

#[test]
fn the_issuer_of_the_assertion_is_the_idp() {
    let issuer = format!("<saml:Issuer>{IDP}</saml:Issuer>");
    assert_eq!(Answer::new().assertion(&issuer, "").code(), "issuer_missing");
    let other =
        Answer::new().assertion(&issuer, "<saml:Issuer>https://other.example/</saml:Issuer>");
    assert_eq!(other.code(), "issuer_mismatch");
}

#[test]
fn an_issuer_is_an_entity() {
    let with = |format: &str| {
        let issuer = format!("<saml:Issuer Format=\"{format}\">{IDP}</saml:Issuer>");
        Answer::new().assertion(&format!("<saml:Issuer>{IDP}</saml:Issuer>"), &issuer)
    };
    with("urn:oasis:names:tc:SAML:2.0:nameid-format:entity").login();
    assert_eq!(
        with("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent").code(),
        "issuer_mismatch"
    );
}

#[test]
fn a_failed_status_is_told_whole() {
    let status = r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"/></samlp:StatusCode><samlp:StatusMessage>wrong "password"</samlp:StatusMessage>"#;
    // An IdP's error answer is often unsigned and holds no Assertion: the status is what matters.
    for sign in [Sign::Nothing, Sign::Response] {
        let xml = Answer::new().signed(sign).response(SUCCESS, status).around("");
        let refusal = Judge::new().refusal(&xml);
        assert_eq!(refusal.code(), "status_not_success");
        for part in ["status:Responder\"", "status:AuthnFailed\"", r#""wrong \"password\"""#] {
            assert!(refusal.detail().contains(part), "{refusal}");
        }
    }
}

#[test]
fn the_words_of_a_failure_count_when_they_are_signed() {
    let status = r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"/><samlp:StatusMessage>Ask&#10; the help desk</samlp:StatusMessage>"#;
    for (sign, expected) in [(Sign::Nothing, None), (Sign::Response, Some("Ask the help desk"))] {
        let xml = Answer::new().signed(sign).response(SUCCESS, status).around("");
        assert_eq!(Judge::new().refusal(&xml).words(), expected);
    }
}

#[test]
fn success_with_anything_else_is_no_success() {
    for code in [
        r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Requester"/>"#,
        r#"<samlp:StatusCode Value=""/>"#,
        r#"<samlp:StatusCode/>"#,
        r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Requester"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:StatusCode>"#,
    ] {
        assert_eq!(Answer::new().response(SUCCESS, code).code(), "status_not_success", "{code}");
    }
    assert_eq!(Answer::new().response(SUCCESS, "").code(), "structure");
    let status = format!("<samlp:Status>{SUCCESS}</samlp:Status>");
    assert_eq!(Answer::new().response(&status, "").code(), "structure");
}

#[test]
fn in_response_to_is_the_request() {
    let asked = format!(r#"InResponseTo="{REQUEST}""#);
    for sign in [Sign::Assertion, Sign::Response] {
        let other = Answer::new().signed(sign).response(&asked, r#"InResponseTo="_request""#);
        assert_eq!(other.code(), "in_response_to_mismatch");
    }
    // The confirmation proves it alone.
    Answer::new().response(&asked, "").login();
    Answer::new().signed(Sign::Response).response(&asked, "").login();
}

#[test]
fn a_confirmation_without_in_response_to_needs_a_signed_response() {
    let asked = format!(r#"InResponseTo="{REQUEST}""#);
    let without = || Answer::new().assertion(&asked, "");
    without().signed(Sign::Response).login();
    without().signed(Sign::Both).login();
    assert_eq!(without().code(), "in_response_to_missing");
    let neither = without().response(&asked, "").signed(Sign::Response);
    assert_eq!(neither.code(), "in_response_to_missing");
}

#[test]
fn an_unsolicited_response_must_be_allowed_and_answer_nothing() {
    let asked = format!(r#"InResponseTo="{REQUEST}""#);
    let unsolicited = Answer::new().response(&asked, "").assertion(&asked, "").xml();
    Judge::unsolicited(true).login(&unsolicited);
    assert_eq!(Judge::unsolicited(false).code(&unsolicited), "unsolicited");
    assert_eq!(Judge::new().code(&unsolicited), "in_response_to_missing");

    let answering = Answer::new().xml();
    assert_eq!(Judge::unsolicited(true).code(&answering), "request_unknown");
    assert_eq!(Judge::unsolicited(false).code(&answering), "request_unknown");
    let hidden = Answer::new().response(&asked, "").xml();
    assert_eq!(Judge::unsolicited(true).code(&hidden), "request_unknown");
}

#[test]
fn no_passive_has_its_own_code() {
    let status = r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:NoPassive"/></samlp:StatusCode>"#;
    let xml = Answer::new().signed(Sign::Nothing).response(SUCCESS, status).around("");
    let refusal = Judge::new().refusal(&xml);
    assert_eq!(refusal.code(), "no_passive");
    assert!(refusal.detail().ends_with("the request was passive"), "{refusal}");
}

#[test]
fn a_known_status_is_explained() {
    let with = |code: &str| {
        let status = format!(
            r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Requester">{code}</samlp:StatusCode>"#
        );
        Judge::new().refusal(&Answer::new().response(SUCCESS, &status).around(""))
    };
    let nested =
        r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy"/>"#;
    assert!(with(nested).detail().contains("compare name_id_format"));
    assert!(with("").detail().contains("compare entity_id"));
    assert!(!with(r#"<samlp:StatusCode Value="urn:vendor:x"/>"#).detail().contains("compare"));
}
