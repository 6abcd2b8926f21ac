use clock::Seconds;

use crate::answer::*;

const RESTRICTION: &str = "<saml:AudienceRestriction><saml:Audience>https://app.example.com/saml/metadata</saml:Audience></saml:AudienceRestriction>";

fn restricted(restrictions: &str) -> Answer {
    Answer::new().assertion(RESTRICTION, restrictions)
}

fn audience(audiences: &[&str]) -> String {
    let audiences: String = audiences
        .iter()
        .map(|audience| format!("<saml:Audience>{audience}</saml:Audience>"))
        .collect();
    format!("<saml:AudienceRestriction>{audiences}</saml:AudienceRestriction>")
}

/// The Answer with these attributes on its Conditions.
fn conditions(attributes: &str) -> Answer {
    let own = format!("<saml:Conditions NotBefore=\"{}\" NotOnOrAfter=\"{}\">", at(-300), at(300));
    Answer::new().assertion(&own, &format!("<saml:Conditions {attributes}>"))
}

#[test]
fn the_audience_is_this_sp_exactly() {
    for other in [
        "https://app.example.com/saml/metadata/",
        "https://app.example.com/saml/meta",
        "https://APP.example.com/saml/metadata",
        "",
    ] {
        let refusal = restricted(&audience(&[other])).refusal();
        assert_eq!(refusal.code(), "audience_mismatch", "{other}");
        assert!(refusal.detail().contains(&format!("this SP is \"{SP}\"")), "{refusal}");
    }
    restricted(&audience(&[&format!("\n   {SP}\n")])).login();
}

#[test]
fn one_of_several_audiences_is_enough() {
    restricted(&audience(&["https://other.example/", SP])).login();
    assert_eq!(
        restricted(&audience(&["https://a.example/", "https://b.example/"])).code(),
        "audience_mismatch"
    );
}

#[test]
fn every_restriction_must_name_this_sp() {
    restricted(&format!("{RESTRICTION}{}", audience(&[SP, "https://other.example/"]))).login();
    let one_bad = format!("{RESTRICTION}{}", audience(&["https://other.example/"]));
    assert_eq!(restricted(&one_bad).code(), "audience_mismatch");
    assert_eq!(restricted(&format!("{RESTRICTION}{}", audience(&[]))).code(), "audience_mismatch");
}

#[test]
fn an_assertion_for_everybody_is_refused() {
    assert_eq!(restricted("").code(), "audience_missing");
    let answer = Answer::new();
    let start = answer.assertion.find("<saml:Conditions").unwrap();
    let end = answer.assertion.find("</saml:Conditions>").unwrap() + "</saml:Conditions>".len();
    let whole = answer.assertion[start..end].to_owned();
    assert_eq!(answer.assertion(&whole, "").code(), "audience_missing");
}

#[test]
fn not_before_and_not_on_or_after_are_judged_with_the_skew() {
    let window = |begin: i64, end: i64| {
        conditions(&format!("NotBefore=\"{}\" NotOnOrAfter=\"{}\"", at(begin), at(end)))
    };
    window(SKEW, SKEW + 300).login();
    assert_eq!(window(SKEW + 1, SKEW + 300).code(), "assertion_not_yet_valid");
    window(-300, -SKEW + 1).login();
    assert_eq!(window(-300, -SKEW).code(), "assertion_expired");
}

#[test]
fn no_skew_is_a_skew_of_zero() {
    let xml = conditions(&format!("NotBefore=\"{}\" NotOnOrAfter=\"{}\"", at(0), at(1))).xml();
    let mut judge = Judge::new();
    judge.policy.clock_skew = Seconds(0);
    judge.login(&xml);
    judge.now = after(1);
    assert_eq!(judge.code(&xml), "assertion_expired");
    judge.now = after(-1);
    // The IssueInstant is in the future first.
    assert_eq!(judge.code(&xml), "issue_instant_future");
}

#[test]
fn conditions_need_no_times() {
    let login = conditions("").login();
    assert_eq!(login.replay_until, after(300 + SKEW));
    let login =
        Judge::of_old(86_400).login(&conditions(&format!("NotOnOrAfter=\"{}\"", at(3600))).xml());
    assert_eq!(login.replay_until, after(3600 + SKEW));
}

#[test]
fn times_must_be_times_and_in_order() {
    assert_eq!(conditions("NotBefore=\"\"").code(), "instant_invalid");
    assert_eq!(conditions("NotOnOrAfter=\"2026-02-30T00:00:00Z\"").code(), "instant_invalid");
    let empty = format!("NotBefore=\"{}\" NotOnOrAfter=\"{}\"", at(10), at(10));
    assert_eq!(conditions(&empty).code(), "assertion_never_valid");
    conditions("NotBefore=\"2026-11-21T12:30:00.123+01:00\"").login();
}

#[test]
fn time_passes() {
    let xml = Answer::new().xml();
    Judge::at(300 + SKEW - 1).login(&xml);
    assert_eq!(Judge::at(300 + SKEW).code(&xml), "confirmation_expired");
    Judge::at(-SKEW).login(&xml);
    assert_eq!(Judge::at(-SKEW - 1).code(&xml), "issue_instant_future");
}

#[test]
fn known_conditions_are_understood() {
    for known in [
        "<saml:OneTimeUse/>",
        "<saml:ProxyRestriction Count=\"0\"/>",
        "<saml:ProxyRestriction><saml:Audience>https://other.example/</saml:Audience></saml:ProxyRestriction>",
    ] {
        restricted(&format!("{RESTRICTION}{known}")).login();
    }
    let twice = format!("{RESTRICTION}<saml:OneTimeUse/><saml:OneTimeUse/>");
    assert_eq!(restricted(&twice).code(), "structure");
}

#[test]
fn unknown_conditions_are_refused() {
    let typed = r#"<saml:Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:x="urn:x" xsi:type="x:Weather"/>"#;
    let refusal = restricted(&format!("{RESTRICTION}{typed}")).refusal();
    assert_eq!(refusal.code(), "condition_unknown");
    assert!(refusal.detail().contains("x:Weather"), "{refusal}");
    for foreign in ["<x:Weather xmlns:x=\"urn:x\"/>", "<x:OneTimeUse xmlns:x=\"urn:x\"/>"] {
        assert_eq!(restricted(&format!("{RESTRICTION}{foreign}")).code(), "condition_unknown");
    }
    assert_eq!(restricted(&format!("{RESTRICTION}<saml:Weather/>")).code(), "structure");
}
