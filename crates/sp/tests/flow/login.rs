//! From `saml_login` to the IdP and back, with a session.

use clock::Seconds;
use saml::provider::Binding;
use session::SpId;
use sp::EndpointKind::{Acs, Login};

use crate::site::{
    Ask, Assertion, BASE_URL, Browser, ENTITY_ID, Idp, NOW, Plan, SESSION_LIFETIME, Sent, Site,
    corp, other,
};

#[test]
fn a_login_ends_at_its_page_with_a_session() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let begun = site.ask(&mut browser, Ask::open(Login, "return=/page%3Fx%3D1"));
    assert_eq!(begun.status(), 302);
    assert!(site.sp.sessions.is_blank(), "nobody has authenticated yet");

    let asked = Sent::by(&begun);
    assert_eq!(asked.to, "https://idp.corp.example/sso");
    assert_eq!(asked.message.name, "AuthnRequest");
    assert_eq!(asked.attribute("ID"), begun.circumstances.request_id());
    assert_eq!(asked.attribute("AssertionConsumerServiceURL"), "https://app.example.com/saml/acs");
    assert_eq!(asked.texts("Issuer"), [ENTITY_ID]);
    assert!(asked.is_signed);

    site.wait(Seconds(30));
    let assertion = Assertion::of_jane("_s1", site.now.get()).answering(&asked);
    let answer = site.ask(&mut browser, Ask::send(Acs, assertion.form(corp())));
    assert_eq!(answer.redirect(), (303, "https://app.example.com/page?x=1"));
    assert_eq!(answer.code(), None);

    let live = site.session(&browser).unwrap();
    assert_eq!(live.session.idp(), corp().entity_id);
    assert_eq!(live.session.name_id(), "jane");
    assert_eq!(live.session.session_index(), Some("_s1"));
    assert_eq!(*live.session.sp(), SpId::new(ENTITY_ID, BASE_URL));
    assert_eq!(live.session.created, NOW + Seconds(30));
    assert_eq!(live.session.expires, NOW + Seconds(30) + SESSION_LIFETIME);
}

#[test]
fn a_session_ends_when_the_idp_says_so_or_when_it_is_too_old() {
    for (idps_end, lasts) in [
        (None, SESSION_LIFETIME),
        (Some(Seconds(600)), Seconds(600)),
        (Some(Seconds(90_000)), SESSION_LIFETIME),
    ] {
        let (site, mut browser) = (Site::new(), Browser::default());
        let asked = site.begin_login(&mut browser, "/");
        let session_not_on_or_after = idps_end.map(|span| NOW + span);
        let assertion = Assertion { session_not_on_or_after, ..Assertion::of_jane("_s1", NOW) };
        site.ask(&mut browser, Ask::send(Acs, assertion.answering(&asked).form(corp())));
        site.wait(lasts + Seconds(-1));
        assert!(site.session(&browser).is_some(), "{idps_end:?}");
        site.wait(Seconds(1));
        assert!(site.session(&browser).is_none(), "{idps_end:?}");
    }
}

#[test]
fn an_authn_request_may_go_by_post() {
    let (site, mut browser) =
        (Plan { sso: Binding::Post, ..Plan::default() }.site(), Browser::default());
    let begun = site.ask(&mut browser, Ask::open(Login, ""));
    assert_eq!(begun.page(), (200, "Signing in"));
    let asked = Sent::by(&begun);
    assert_eq!((asked.to.as_str(), asked.is_signed), ("https://idp.corp.example/sso", true));
    let assertion = Assertion::of_jane("_s1", NOW).answering(&asked);
    let answer = site.ask(&mut browser, Ask::send(Acs, assertion.form(corp())));
    assert_eq!(answer.redirect(), (303, "https://app.example.com/"));
    assert!(site.session(&browser).is_some());
}

#[test]
fn the_answer_may_come_by_redirect() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/page");
    let response = Assertion::of_jane("_s1", NOW).answering(&asked).response(corp());
    let answer = site.ask(&mut browser, Ask::follow(Acs, &response.by_redirect()));
    assert_eq!(answer.redirect(), (303, "https://app.example.com/page"));
    assert!(site.session(&browser).is_some());
}

#[test]
fn a_link_names_its_idp_and_what_it_wants() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let query = "idp=other&force_authn=1&passive=0&authn_context=urn:a&authn_context=urn:b&comparison=minimum";
    let asked = Sent::by(&site.ask(&mut browser, Ask::open(Login, query)));
    assert_eq!(asked.to, "https://idp.other.example/metadata/sso");
    assert_eq!(asked.attribute("ForceAuthn"), "true");
    assert_eq!(asked.attribute("IsPassive"), "");
    assert_eq!(asked.texts("AuthnContextClassRef"), ["urn:a", "urn:b"]);

    let asked = Sent::by(&site.ask(&mut browser, Ask::open(Login, "")));
    assert_eq!(asked.attribute("ForceAuthn"), "");
    assert_eq!(asked.texts("AuthnContextClassRef"), [""; 0]);
}

#[test]
fn a_link_that_means_nothing_begins_nothing() {
    for (query, code) in [
        ("idp=nobody", "argument_invalid"),
        ("authn_context=urn:a&comparison=most", "argument_invalid"),
        ("return=https://evil.example/", "return_url_refused"),
        ("return=//evil.example/", "return_url_refused"),
        ("return=/saml/logout", "return_url_refused"),
        ("return=", "return_url_refused"),
    ] {
        let (site, mut browser) = (Site::new(), Browser::default());
        let answer = site.ask(&mut browser, Ask::open(Login, query));
        assert_eq!(answer.refused(), (400, code), "{query}");
        assert!(browser.names("").is_empty(), "{query}");
    }
}

#[test]
fn a_login_may_end_at_a_host_of_return_hosts() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "https://portal.example.com/x");
    assert_eq!(asked.relay_state.as_deref(), Some(asked.attribute("ID")), "it says no page");
    let assertion = Assertion::of_jane("_s1", NOW).answering(&asked);
    let answer = site.ask(&mut browser, Ask::send(Acs, assertion.form(corp())));
    assert_eq!(answer.redirect(), (303, "https://portal.example.com/x"));
}

#[test]
fn an_idp_without_metadata_is_not_asked() {
    let (site, mut browser) =
        (Plan { is_awaited: true, ..Plan::default() }.site(), Browser::default());
    let answer = site.ask(&mut browser, Ask::open(Login, "idp=corp"));
    assert_eq!(answer.refused(), (500, "idp_metadata_missing"));
    let asked = site.begin_login(&mut browser, "/");
    assert_eq!(asked.to, "https://idp.other.example/metadata/sso", "the first that can be asked");
}

#[test]
fn nobody_gets_in_by_what_another_signed() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/page");
    let assertion = Assertion::of_jane("_s1", NOW).answering(&asked);
    let forgers = [
        (Idp { key: other().key, ..corp() }, "signature_invalid"),
        (other(), "signature_invalid"),
        (Idp { entity_id: other().entity_id, ..corp() }, "issuer_mismatch"),
    ];
    for (forger, code) in forgers {
        let answer = site.ask(&mut browser, Ask::send(Acs, assertion.form(forger)));
        assert_eq!(answer.refused(), (403, code));
        let again = "href=\"https://app.example.com/page\">Start again";
        assert!(answer.text().contains(again), "{}", answer.text());
    }
    assert!(site.sp.sessions.is_blank());
    assert!(browser.token().is_none());
}

#[test]
fn a_login_ends_the_session_that_the_browser_had() {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.log_in(&mut browser, "_s1");
    let before = browser.clone();
    // Its Lax cookie does not come with the IdP's form: the login's own cookie says what to end.
    site.log_in(&mut browser, "_s2");
    assert!(site.session(&before).is_none());
    assert_eq!(site.session(&browser).unwrap().session.session_index(), Some("_s2"));
    assert_eq!(site.sp.sessions.len(), 1);
}

#[test]
fn logins_that_bring_no_session_back_end() {
    let (site, mut browser) = (Site::new(), Browser::default());
    for _ in 0..4 {
        site.log_in(&mut browser, "_s1");
        browser.lose_session();
    }
    let answer = site.ask(&mut browser, Ask::open(Login, ""));
    assert_eq!(answer.refused(), (500, "login_loop"));
    site.wait(Seconds(61));
    assert_eq!(site.ask(&mut browser, Ask::open(Login, "")).status(), 302);
}

#[test]
fn two_tabs_do_not_disturb_one_another() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let one = site.begin_login(&mut browser, "/one");
    let two = site.begin_login(&mut browser, "/two");
    for (asked, page) in [(two, "/two"), (one, "/one")] {
        let assertion = Assertion::of_jane("_s1", NOW).answering(&asked);
        let answer = site.ask(&mut browser, Ask::send(Acs, assertion.form(corp())));
        assert_eq!(answer.redirect(), (303, format!("{BASE_URL}{page}").as_str()));
    }
}

#[test]
fn cookies_of_many_logins_leave_room_in_the_header() {
    let (site, mut browser) = (Site::new(), Browser::default());
    for _ in 0..40 {
        site.begin_login(&mut browser, "/page");
        site.wait(Seconds(1));
    }
    let cookies = browser.cookies_for(&Ask::open(Login, ""), site.now.get()).unwrap();
    assert!(cookies.len() < 3 * 1024, "{} bytes", cookies.len());
    let last = site.begin_login(&mut browser, "/last");
    let assertion = Assertion::of_jane("_s1", site.now.get()).answering(&last);
    let answer = site.ask(&mut browser, Ask::send(Acs, assertion.form(corp())));
    assert_eq!(answer.redirect(), (303, "https://app.example.com/last"));
}
