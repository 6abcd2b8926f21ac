//! `passive=1`: the IdP may say that nobody is signed in there, and nobody minds.

use clock::Seconds;
use session::SameSite;
use sp::EndpointKind::{Acs, Login, Logout};

use crate::site::{Answer, Ask, Assertion, Browser, NOW, Plan, SUCCESS, Sent, Site, corp};

const NO_PASSIVE: &[&str] = &["Responder", "NoPassive"];

fn answered(site: &Site, browser: &mut Browser, query: &str, status: &[&str]) -> (Sent, Answer) {
    let asked = Sent::by(&site.ask(browser, Ask::open(Login, query)));
    let response = corp().response(Some(asked.attribute("ID")), status, "", NOW);
    let answer = site.ask(browser, Ask::send(Acs, response.by_post()));
    (asked, answer)
}

#[test]
fn who_is_not_signed_in_goes_on_without_a_session() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let (asked, answer) = answered(&site, &mut browser, "passive=1&return=/page", NO_PASSIVE);
    assert_eq!(asked.attribute("IsPassive"), "true");
    assert_eq!(answer.redirect(), (303, "https://app.example.com/page"));
    assert!(site.sp.sessions.is_blank());
    assert!(browser.names("").is_empty(), "the login's cookie has gone");
}

#[test]
fn who_is_gets_one() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = Sent::by(&site.ask(&mut browser, Ask::open(Login, "passive=1&return=/page")));
    let assertion = Assertion::of_jane("_s1", NOW).answering(&asked);
    site.ask(&mut browser, Ask::send(Acs, assertion.form(corp())));
    assert!(site.session(&browser).is_some());
}

#[test]
fn whatever_the_idp_says_instead_of_a_login_is_a_line_in_the_log_and_no_page() {
    for (status, code) in [
        (["Responder", "AuthnFailed"].as_slice(), "status_not_success"),
        (&["Requester"], "status_not_success"),
        (&["Responder", "NoAuthnContext"], "no_authn_context"),
    ] {
        let (site, mut browser) = (Site::new(), Browser::default());
        let (_, answer) = answered(&site, &mut browser, "passive=1&return=/page?x=1", status);
        assert_eq!(answer.redirect(), (303, "https://app.example.com/page?x=1"));
        assert_eq!(answer.code(), Some(code));
        assert!(site.sp.sessions.is_blank() && browser.names("").is_empty(), "{status:?}");
    }
}

/// As Keycloak does.
#[test]
fn an_error_that_does_not_say_what_it_answers_is_found_by_its_relay_state() {
    let page = (303, "https://app.example.com/page");
    for (query, relay_state, status, redirect, code) in [
        ("passive=1&return=/page", None, NO_PASSIVE, page, None),
        ("passive=1&return=/page", Some("_1f"), NO_PASSIVE, (403, ""), Some("unsolicited")),
        ("return=/page", None, NO_PASSIVE, (403, ""), Some("no_passive")),
        (
            "return=/page",
            None,
            &["Responder", "AuthnFailed"],
            (403, ""),
            Some("status_not_success"),
        ),
        ("passive=1&return=/page", None, SUCCESS, (403, ""), Some("unsolicited")),
    ] {
        let (site, mut browser) = (Site::new(), Browser::default());
        let asked = Sent::by(&site.ask(&mut browser, Ask::open(Login, query)));
        let relay_state = relay_state.map(str::to_owned).or(asked.relay_state).unwrap();
        let response = corp().response(None, status, "", NOW).with_relay_state(&relay_state);
        // Nobody else's browser has that login.
        let stranger = Ask::send(Acs, response.by_post());
        assert_eq!(site.ask(&mut Browser::default(), stranger).code(), Some("unsolicited"));
        let answer = site.ask(&mut browser, Ask::send(Acs, response.by_post()));
        assert_eq!((answer.redirect(), answer.code()), (redirect, code), "{query} {status:?}");
        assert!(site.sp.sessions.is_blank());
    }
}

#[test]
fn what_breaks_a_rule_is_refused_and_so_is_who_asked_for_a_page() {
    for (query, status, code) in [
        ("passive=1", SUCCESS, "assertion_missing"),
        ("passive=0", NO_PASSIVE, "no_passive"),
        ("", NO_PASSIVE, "no_passive"),
        ("", &["Responder", "AuthnFailed"], "status_not_success"),
    ] {
        let (site, mut browser) = (Site::new(), Browser::default());
        let (_, answer) = answered(&site, &mut browser, query, status);
        assert_eq!(answer.refused(), (403, code), "{query} {status:?}");
        assert!(site.sp.sessions.is_blank());
    }
}

/// Jane's answer to a passive login comes to the ACS like this.
fn answered_in(site: &Site, browser: &mut Browser, destination: &str, from: &str) -> Answer {
    let asked = Sent::by(&site.ask(browser, Ask::open(Login, "passive=1&return=/page")));
    let assertion = Assertion::of_jane("_s2", NOW).answering(&asked);
    let ask = Ask::send(Acs, assertion.form(corp()));
    site.ask(browser, ask.with("Sec-Fetch-Dest", destination).with("Sec-Fetch-Site", from))
}

#[test]
fn in_a_frame_that_keeps_no_cookie_the_session_of_before_goes_on() {
    for (same_site, destination, from, is_renewed) in [
        (SameSite::Lax, "iframe", "cross-site", false),
        (SameSite::None, "iframe", "cross-site", true),
        (SameSite::Lax, "iframe", "same-site", true),
        (SameSite::Lax, "document", "cross-site", true),
    ] {
        let (site, mut browser) =
            (Plan { same_site, ..Plan::default() }.site(), Browser::default());
        site.log_in(&mut browser, "_s1");
        let answer = answered_in(&site, &mut browser, destination, from);
        assert!([200, 303].contains(&answer.status()), "{:?}", answer.code());
        let index = site.session(&browser).unwrap().session.session_index().map(str::to_owned);
        let expected = if is_renewed { "_s2" } else { "_s1" };
        assert_eq!(index.as_deref(), Some(expected), "{same_site:?} {destination} {from}");
        assert_eq!(site.sp.sessions.len(), 1);
        let told = site.notes.borrow().iter().any(|note| note.contains("cookie_same_site none"));
        assert_eq!(told, !is_renewed);
    }
}

#[test]
fn who_signs_out_is_not_signed_in_silently_until_they_sign_in() {
    let site = Plan { tries_passively: true, ..Plan::default() }.site();
    let mut browser = Browser::default();
    let memory = |browser: &Browser| browser.names("__Host-saml_passive_").len();
    site.log_in(&mut browser, "_s1");
    assert_eq!(memory(&browser), 0);
    site.ask(&mut browser, Ask::open(Logout, ""));
    assert_eq!(memory(&browser), 1);
    site.wait(Seconds(200 * 24 * 3600));
    assert!(browser.cookies_for(&Ask::open(Logout, ""), site.now.get()).is_some());
    // A passive login is no sign of theirs.
    let asked = Sent::by(&site.ask(&mut browser, Ask::open(Login, "passive=1")));
    let assertion = Assertion::of_jane("_s2", site.now.get()).answering(&asked);
    site.ask(&mut browser, Ask::send(Acs, assertion.form(corp())));
    assert!(site.session(&browser).is_some());
    assert_eq!(memory(&browser), 1);
    site.log_in(&mut browser, "_s3");
    assert_eq!(memory(&browser), 0);
    // Without a session, too.
    let mut stranger = Browser::default();
    site.ask(&mut stranger, Ask::open(Logout, ""));
    assert_eq!(memory(&stranger), 1);
}

#[test]
fn an_sp_that_never_asks_silently_has_no_cookie_for_it() {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.log_in(&mut browser, "_s1");
    let answer = site.ask(&mut browser, Ask::open(Logout, ""));
    assert!(!answer.all("Set-Cookie").iter().any(|cookie| cookie.contains("passive")));
}

#[test]
fn from_the_answer_on_the_idp_is_not_asked_for_passive_retry() {
    for (status, before, after) in [
        (Some(NO_PASSIVE), "made", Some("made; Path=/; Max-Age=600; ")),
        (None, "made", Some("made; Path=/; Max-Age=600; ")),
        (None, "unwanted", None),
        (Some(NO_PASSIVE), "unwanted", None),
    ] {
        let (site, mut browser) =
            (Plan { tries_passively: true, ..Plan::default() }.site(), Browser::default());
        site.ask(&mut browser, Ask::open(Logout, ""));
        let name = browser.names("__Host-saml_passive_")[0].to_owned();
        browser.keep(
            &format!("{name}={before}; Path=/; Max-Age=700; Secure; HttpOnly; SameSite=None"),
            NOW,
        );
        let asked = Sent::by(&site.ask(&mut browser, Ask::open(Login, "passive=1")));
        let form = match status {
            Some(status) => corp().response(Some(asked.attribute("ID")), status, "", NOW).by_post(),
            None => Assertion::of_jane("_s1", NOW).answering(&asked).form(corp()),
        };
        let answer = site.ask(&mut browser, Ask::send(Acs, form));
        assert_eq!(answer.status(), 303, "{:?}", answer.code());
        let cookies = answer.all("Set-Cookie");
        let set = cookies.iter().find_map(|c| c.strip_prefix(&format!("{name}=")));
        match after {
            Some(after) => assert!(set.is_some_and(|set| set.starts_with(after)), "{set:?}"),
            None => assert_eq!(set, None),
        }
    }
}
