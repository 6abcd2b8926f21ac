use clock::Seconds;
use identity::{Comparison, RequestedAuthnContext};
use saml::response::Asked;

use crate::answer::*;

const CONTEXT: &str = "<saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext>";

/// The attributes of the Answer's own AuthnStatement.
fn own() -> String {
    format!("AuthnInstant=\"{}\" SessionIndex=\"s::1\"", at(-10))
}

fn stated(attributes: &str) -> Answer {
    Answer::new().assertion(&own(), attributes)
}

fn instant(seconds: i64) -> String {
    format!("AuthnInstant=\"{}\"", at(seconds))
}

fn whole() -> String {
    format!("<saml:AuthnStatement {}>\n    {CONTEXT}\n  </saml:AuthnStatement>", own())
}

#[test]
fn a_statement_must_be_there() {
    assert_eq!(Answer::new().assertion(&whole(), "").code(), "authn_statement_missing");
}

#[test]
fn what_it_does_not_say_is_none() {
    let login = stated(&instant(-10)).login();
    assert_eq!(login.session_index, None);
    assert_eq!(login.session_not_on_or_after, None);
    let declared = "<saml:AuthnContext><saml:AuthnContextDeclRef>urn:x</saml:AuthnContextDeclRef></saml:AuthnContext>";
    assert_eq!(Answer::new().assertion(CONTEXT, declared).login().authn_context, None);
}

#[test]
fn the_instant_is_a_time_and_not_in_the_future() {
    assert_eq!(stated("").code(), "instant_invalid");
    assert_eq!(stated("AuthnInstant=\"1795260600\"").code(), "instant_invalid");
    assert_eq!(stated(&instant(SKEW)).login().authn_instant, after(SKEW));
    assert_eq!(stated(&instant(SKEW + 1)).code(), "authn_instant_future");
    stated(&instant(-365 * 86_400)).login();
}

#[test]
fn the_session_at_the_idp_has_not_ended() {
    let until = |seconds| format!("{} SessionNotOnOrAfter=\"{}\"", instant(-10), at(seconds));
    assert_eq!(stated(&until(1)).login().session_not_on_or_after, Some(after(1)));
    assert_eq!(stated(&until(0)).code(), "authn_session_expired");
    assert_eq!(stated(&until(-3600)).code(), "authn_session_expired");
    let broken = format!("{} SessionNotOnOrAfter=\"\"", instant(-10));
    assert_eq!(stated(&broken).code(), "instant_invalid");
}

#[test]
fn force_authn_wants_a_login_after_the_request() {
    let asked =
        Asked { id: REQUEST, issue_instant: after(-30), force_authn: true, authn_context: None };
    let judge = Judge { request: Some(asked), ..Judge::new() };
    judge.login(&stated(&instant(-10)).xml());
    judge.login(&stated(&instant(-30 - SKEW)).xml());
    let refusal = judge.refusal(&stated(&instant(-30 - SKEW - 1)).xml());
    assert_eq!(refusal.code(), "authn_not_fresh");
    assert!(refusal.detail().contains(&at(-30)), "{refusal}");
    Judge::new().login(&stated(&instant(-30 - SKEW - 1)).xml());
}

#[test]
fn max_authn_age_bounds_the_login() {
    let mut judge = Judge::new();
    judge.policy.max_authn_age = Some(Seconds(600));
    judge.login(&stated(&instant(-600 - SKEW)).xml());
    assert_eq!(judge.code(&stated(&instant(-600 - SKEW - 1)).xml()), "authn_too_old");
}

#[test]
fn the_first_statement_that_passes_is_used() {
    let old = format!(
        "<saml:AuthnStatement AuthnInstant=\"{}\" SessionIndex=\"old\" SessionNotOnOrAfter=\"{}\">{CONTEXT}</saml:AuthnStatement>",
        at(-7200),
        at(-3600)
    );
    let later = format!(
        "<saml:AuthnStatement AuthnInstant=\"{}\" SessionIndex=\"later\">{CONTEXT}</saml:AuthnStatement>",
        at(-1)
    );
    let both = Answer::new().assertion(&whole(), &format!("{old}{}{later}", whole()));
    assert_eq!(both.login().session_index.as_deref(), Some("s::1"));
    let none = Answer::new()
        .assertion(&whole(), &format!("{old}{}", later.replace(&at(-1), &at(SKEW + 1))));
    assert_eq!(none.code(), "authn_session_expired");
}

const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";

/// The request asked for one of these classes.
fn asking(comparison: Comparison, classes: &[&str]) -> Judge {
    let classes = classes.iter().map(|&class| class.to_owned()).collect();
    let asked = Box::leak(Box::new(RequestedAuthnContext { classes, comparison }));
    let mut judge = Judge::new();
    judge.request = judge.request.map(|request| Asked { authn_context: Some(asked), ..request });
    judge
}

#[test]
fn the_authn_context_is_what_was_asked_for() {
    let xml = Answer::new().xml();
    for comparison in [Comparison::Exact, Comparison::Minimum, Comparison::Maximum] {
        let login = asking(comparison, &["urn:x:mfa", PASSWORD]).login(&xml);
        assert_eq!(login.authn_context.as_deref(), Some(PASSWORD));
        let refusal = asking(comparison, &["urn:x:mfa"]).refusal(&xml);
        assert_eq!(refusal.code(), "authn_context_mismatch");
        assert!(refusal.detail().contains(PASSWORD), "{refusal}");
        assert!(
            refusal.detail().contains(&format!("{} of \"urn:x:mfa\"", comparison.as_str())),
            "{refusal}"
        );
    }
    asking(Comparison::Better, &["urn:x:pin"]).login(&xml);
    assert_eq!(asking(Comparison::Better, &[PASSWORD]).code(&xml), "authn_context_mismatch");
}

#[test]
fn an_absent_authn_context_is_none_that_was_asked_for() {
    let declared = "<saml:AuthnContext><saml:AuthnContextDeclRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextDeclRef></saml:AuthnContext>";
    let xml = Answer::new().assertion(CONTEXT, declared).xml();
    for comparison in [Comparison::Exact, Comparison::Minimum, Comparison::Better] {
        assert_eq!(asking(comparison, &[PASSWORD]).code(&xml), "authn_context_mismatch");
    }
}

#[test]
fn of_several_statements_one_with_the_asked_context_is_used() {
    let strong = whole().replace("s::1", "s::2").replace(PASSWORD, "urn:x:mfa");
    let xml = Answer::new().assertion(&whole(), &format!("{}{strong}", whole())).xml();
    let login = asking(Comparison::Exact, &["urn:x:mfa"]).login(&xml);
    assert_eq!(login.session_index.as_deref(), Some("s::2"));
}

#[test]
fn the_session_index_is_read_as_a_logout_reads_it() {
    for (written, read) in [(" s::2&#10;", Some("s::2")), ("", None), (" ", None)] {
        let answer = Answer::new().assertion("\"s::1\"", &format!("\"{written}\""));
        assert_eq!(answer.login().session_index.as_deref(), read);
    }
}
