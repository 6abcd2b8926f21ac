//! `saml_logout`: the session ends here, then the browser takes a LogoutRequest to the IdP.

use saml::provider::LogoutBinding;
use sp::EndpointKind::{Login, Logout, Sls};

use crate::site::{
    Answer, Ask, Assertion, Browser, ENTITY_ID, NOW, Plan, SUCCESS, Sent, Site, corp, other,
};

/// Jane is logged in, under `_s1` at `corp`.
fn signed_in(plan: Plan) -> (Site, Browser) {
    let (site, mut browser) = (plan.site(), Browser::default());
    site.log_in(&mut browser, "_s1");
    (site, browser)
}

fn assert_is_out(site: &Site, before: &Browser, after: &Browser) {
    assert!(site.session(before).is_none(), "the session");
    assert!(after.token().is_none(), "the cookie");
}

fn sign_out(site: &Site, browser: &mut Browser, query: &str) -> Answer {
    let before = browser.clone();
    let answer = site.ask(browser, Ask::open(Logout, query));
    assert_is_out(site, &before, browser);
    answer
}

#[test]
fn the_idp_is_asked_by_redirect_and_the_browser_comes_back() {
    let (site, mut browser) = signed_in(Plan::default());
    let answer = sign_out(&site, &mut browser, "return=/bye");
    assert_eq!((answer.status(), answer.code()), (303, None));
    let asked = Sent::by(&answer);
    assert_eq!(asked.to, "https://idp.corp.example/slo/redirect");
    assert_eq!(asked.message.name, "LogoutRequest");
    assert_eq!(asked.attribute("ID"), answer.circumstances.request_id());
    assert_eq!(asked.texts("Issuer"), [ENTITY_ID]);
    assert_eq!(asked.texts("NameID"), ["jane"]);
    assert_eq!(asked.texts("SessionIndex"), ["_s1"]);
    assert!(asked.is_signed);

    let query = corp().logout_answer(&asked, SUCCESS, NOW).by_redirect();
    let answer = site.ask(&mut browser, Ask::follow(Sls, &query));
    assert_eq!(answer.redirect(), (303, "https://app.example.com/bye"));
}

#[test]
fn the_idp_is_asked_by_post() {
    let (site, mut browser) = signed_in(Plan { slo: vec![LogoutBinding::POST], ..Plan::default() });
    let answer = sign_out(&site, &mut browser, "");
    assert_eq!(answer.page(), (200, "Signing out"));
    let asked = Sent::by(&answer);
    assert_eq!(asked.to, "https://idp.corp.example/slo/post");
    assert_eq!((asked.message.name.as_str(), asked.is_signed), ("LogoutRequest", true));

    let form = corp().logout_answer(&asked, SUCCESS, NOW).by_post();
    let answer = site.ask(&mut browser, Ask::send(Sls, form));
    assert_eq!(answer.redirect(), (303, "https://app.example.com/saml/sls"));
    let page = site.ask(&mut browser, Ask::open(Sls, ""));
    assert_eq!(page.page(), (200, "You are signed out everywhere"));
}

#[test]
fn a_session_without_session_index_names_none() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/");
    let assertion = Assertion { session_index: None, ..Assertion::of_jane("", NOW) };
    let form = assertion.answering(&asked).form(corp());
    site.ask(&mut browser, Ask::send(sp::EndpointKind::Acs, form));
    let asked = Sent::by(&sign_out(&site, &mut browser, ""));
    assert_eq!((asked.texts("NameID"), asked.texts("SessionIndex")), (vec!["jane"], vec![]));
}

#[test]
fn an_idp_without_single_logout_is_not_asked() {
    let without_slo = || Plan { slo: Vec::new(), ..Plan::default() };
    let (site, mut browser) = signed_in(without_slo());
    let answer = sign_out(&site, &mut browser, "");
    assert_eq!(answer.page(), (200, "You are signed out of this application"));

    let (site, mut browser) = signed_in(without_slo());
    let answer = sign_out(&site, &mut browser, "return=/bye");
    assert_eq!(answer.redirect(), (303, "https://app.example.com/bye"));

    let (site, mut browser) =
        signed_in(Plan { logout_redirect: Some("https://portal.example.com/"), ..without_slo() });
    let answer = sign_out(&site, &mut browser, "");
    assert_eq!(answer.redirect(), (303, "https://portal.example.com/"));
}

#[test]
fn an_sp_that_could_not_hear_the_answer_does_not_ask() {
    let (site, mut browser) = signed_in(Plan { without: Some(Sls), ..Plan::default() });
    let answer = sign_out(&site, &mut browser, "");
    assert_eq!(answer.page(), (200, "You are signed out of this application"));
}

#[test]
fn the_idp_of_the_session_is_asked_and_no_other() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = Sent::by(&site.ask(&mut browser, Ask::open(Login, "idp=other")));
    let form = Assertion::of_jane("_s1", NOW).answering(&asked).form(other());
    site.ask(&mut browser, Ask::send(sp::EndpointKind::Acs, form));
    assert_eq!(site.session(&browser).unwrap().session.idp(), other().entity_id);
    let answer = sign_out(&site, &mut browser, "return=/bye");
    assert_eq!(answer.redirect(), (303, "https://app.example.com/bye"), "it has no single logout");
}

#[test]
fn who_is_not_signed_in_is_out() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let answer = site.ask(&mut browser, Ask::open(Logout, "return=/bye"));
    assert_eq!(answer.redirect(), (303, "https://app.example.com/bye"));
    let answer = site.ask(&mut browser, Ask::open(Logout, ""));
    assert_eq!(answer.page(), (200, "You are signed out of this application"));
    assert!(site.sp.sessions.is_blank());
}

#[test]
fn where_it_may_not_end_it_does_not_begin() {
    let (site, mut browser) = signed_in(Plan::default());
    for url in ["https://evil.example/", "/saml/login"] {
        let answer = site.ask(&mut browser, Ask::open(Logout, &format!("return={url}")));
        assert_eq!(answer.refused(), (400, "return_url_refused"), "{url}");
    }
    assert!(site.session(&browser).is_some());
}

#[test]
fn the_sessions_of_others_go_on() {
    let (site, mut browser) = signed_in(Plan::default());
    let mut at_work = Browser::default();
    site.log_in(&mut at_work, "_s2");
    sign_out(&site, &mut browser, "");
    assert!(site.session(&at_work).is_some());
}
