//! One SP at two origins: what is sent from one comes back to it, and what is for the other is refused.

use std::rc::Rc;

use clock::{Seconds, UnixTime};
use saml::provider::Policy;
use sp::EndpointKind::{Acs, Login, Logout, Metadata, Sls};

use crate::site::{
    Answer, Ask, Assertion, BASE_URL, Browser, ENTITY_ID, NOW, Plan, SUCCESS, Sent, Site, corp,
};

const OTHER: &str = "https://other.example:8443";
const ORIGINS: &[&str] = &[BASE_URL, OTHER];

fn at(base_url: &'static str) -> Site {
    Plan { base_url, origins: ORIGINS, ..Plan::default() }.site()
}

/// The IdP is for the entity, whatever the origin: its entityID is at the main one.
fn form(assertion: &Assertion) -> String {
    let audience = ENTITY_ID.replace(BASE_URL, OTHER);
    let xml = assertion.xml(corp()).replace(BASE_URL, OTHER).replace(&audience, ENTITY_ID);
    let response = corp().response(assertion.in_response_to.as_deref(), SUCCESS, "", NOW);
    response.at(OTHER).with(&xml).by_post()
}

/// A login at the second origin, from its beginning to its end.
fn log_in(site: &Site, browser: &mut Browser) {
    let asked = site.begin_login(browser, "/page");
    let assertion = Assertion::of_jane("_s1", NOW).answering(&asked);
    let answer = site.ask(browser, Ask::send(Acs, form(&assertion)));
    assert_eq!(answer.redirect(), (303, "https://other.example:8443/page"));
}

/// Where the answers of the IdP come that only knows the first SingleLogoutService.
fn at_the_main_one(query: &str) -> Answer {
    at(BASE_URL).ask(&mut Browser::default(), Ask::follow(Sls, query))
}

/// A logout that begins at the second origin; its answer is for the first.
fn leaving() -> (Site, Browser, Sent) {
    let (site, mut browser) = (at(OTHER), Browser::default());
    log_in(&site, &mut browser);
    let asked = Sent::by(&site.ask(&mut browser, Ask::open(Logout, "return=/bye")));
    (site, browser, asked)
}

#[test]
fn a_login_comes_back_to_where_it_began() {
    let (site, mut browser) = (at(OTHER), Browser::default());
    let begun = site.ask(&mut browser, Ask::open(Login, "return=/page"));
    let asked = Sent::by(&begun);
    assert_eq!(
        asked.attribute("AssertionConsumerServiceURL"),
        "https://other.example:8443/saml/acs"
    );
    assert_eq!(asked.texts("Issuer"), [ENTITY_ID]);
    let for_the_other = Assertion::of_jane("_s1", NOW).answering(&asked).form(corp());
    let answer = site.ask(&mut browser, Ask::send(Acs, for_the_other));
    assert_eq!(answer.refused(), (403, "destination_mismatch"));
    log_in(&site, &mut browser);
    assert!(site.session(&browser).is_some());
}

#[test]
fn an_index_is_that_of_the_acs_at_its_origin() {
    let mut policy = Policy::default();
    policy.request.acs_index = Some(0);
    for (base_url, index) in [(BASE_URL, "0"), (OTHER, "10")] {
        let policy = policy.clone();
        let site = Plan { base_url, origins: ORIGINS, policy, ..Plan::default() }.site();
        let asked = site.begin_login(&mut Browser::default(), "/page");
        assert_eq!(asked.attribute("AssertionConsumerServiceIndex"), index);
        let named = format!("Location=\"{base_url}/saml/acs\" index=\"{index}\"");
        assert!(site.call(Ask::read(Metadata)).text().contains(&named));
    }
}

#[test]
fn the_metadata_is_the_same_at_all_of_them() {
    let [one, two] = ORIGINS else { panic!() };
    let text = |origin| at(origin).call(Ask::read(Metadata)).text().to_owned();
    assert_eq!(text(one), text(two));
    for path in ["/saml/acs", "/saml/sls"] {
        let place = |origin: &str| text(one).find(&format!("Location=\"{origin}{path}\""));
        assert!(place(one) < place(two) && place(one).is_some(), "{path}");
    }
}

#[test]
fn the_answer_to_a_logout_finds_where_that_began() {
    let (site, mut browser, asked) = leaving();
    let query = corp().logout_answer(&asked, SUCCESS, NOW).by_redirect();
    let sent_on = at_the_main_one(&query);
    let (status, location) = sent_on.redirect();
    assert_eq!((status, location), (303, format!("{OTHER}/saml/sls?{query}").as_str()));
    assert!(sent_on.all("Set-Cookie").is_empty());
    let came = site.ask(&mut browser, Ask::follow(Sls, &query));
    assert_eq!((came.redirect(), came.code()), ((303, "https://other.example:8443/bye"), None));
}

#[test]
fn so_does_a_posted_one_with_its_form() {
    let (site, mut browser, asked) = leaving();
    let form = corp().logout_answer(&asked, SUCCESS, NOW).by_post();
    let main = at(BASE_URL);
    let sent_on = main.ask(&mut Browser::default(), Ask::send(Sls, form.clone()));
    assert_eq!(sent_on.redirect(), (307, "https://other.example:8443/saml/sls"));
    let came = site.ask(&mut browser, Ask::send(Sls, form));
    assert_eq!((came.redirect(), came.code()), ((303, "https://other.example:8443/bye"), None));
}

#[test]
fn and_one_that_is_for_that_origin() {
    let (site, mut browser, asked) = leaving();
    let query = corp().logout_answer(&asked, SUCCESS, NOW).at(OTHER).by_redirect();
    let came = site.ask(&mut browser, Ask::follow(Sls, &query));
    assert_eq!((came.redirect(), came.code()), ((303, "https://other.example:8443/bye"), None));
}

#[test]
fn one_for_an_address_that_is_none_of_ours_is_refused() {
    let (site, mut browser, asked) = leaving();
    for origin in ["https://evil.example", "https://other.example", "http://app.example.com"] {
        let query = corp().logout_answer(&asked, SUCCESS, NOW).at(origin).by_redirect();
        let came = site.ask(&mut browser, Ask::follow(Sls, &query));
        assert_eq!(came.code(), Some("destination_mismatch"), "{origin}");
    }
}

#[test]
fn nobody_is_sent_on_but_to_another_origin_of_ours() {
    let (site, _, asked) = leaving();
    let id = asked.attribute("ID");
    let (start, tag) = id.rsplit_once('-').unwrap();
    for id in [start, "_x", "_x-", "_x-00000000", tag, &format!("{id}0")] {
        let query = corp().logout_response(Some(id), SUCCESS, NOW).by_redirect();
        let answer = at_the_main_one(&query);
        assert_eq!(answer.refused(), (400, "logout_response_unknown"), "{id}");
    }
    // At its own origin there is nowhere to go.
    let query = corp().logout_answer(&asked, SUCCESS, NOW).by_redirect();
    let stranger = site.ask(&mut Browser::default(), Ask::follow(Sls, &query));
    assert_eq!(stranger.refused(), (400, "logout_response_unknown"));
    // A server is told what its message is worth.
    let soap = corp().logout_answer(&asked, SUCCESS, NOW).by_soap();
    let told = at(BASE_URL).call(Ask::call(Sls, "text/xml", soap));
    assert_eq!(told.page(), (200, "You are signed out everywhere"));
}

/// Jane is signed in by this session of the IdP, which began then.
fn member(site: &Site, index: &str, authn_instant: UnixTime) -> Browser {
    let mut browser = Browser::default();
    let asked = site.begin_login(&mut browser, "/page");
    let jane = Assertion { authn_instant, ..Assertion::of_jane(index, NOW) };
    site.ask(&mut browser, Ask::send(Acs, form(&jane.answering(&asked))));
    assert!(site.session(&browser).is_some());
    browser
}

#[test]
fn a_logout_ends_what_the_same_authentication_has_opened_elsewhere() {
    let (site, later) = (at(OTHER), NOW + Seconds(60));
    let [one, two] = ["_s1", "_s2"].map(|index| member(&site, index, NOW));
    let [mut three, four] = ["_s3", "_s4"].map(|index| member(&site, index, later));
    let request = corp().logout_request("jane", &["_s2"], NOW).at(OTHER).by_soap();
    let answer = site.call(Ask::call(Sls, "text/xml", request));
    assert_eq!(Sent::by_soap(answer.text()).status(), ["Success"]);
    assert!(site.session(&one).is_none() && site.session(&two).is_none());
    assert!(site.session(&three).is_some() && site.session(&four).is_some());
    site.ask(&mut three, Ask::open(Logout, ""));
    assert!(site.session(&three).is_none() && site.session(&four).is_none());
}

#[test]
fn with_one_origin_the_index_says_it_all() {
    let (site, mut here, mut there) = (Site::new(), Browser::default(), Browser::default());
    site.log_in(&mut here, "_s1");
    site.log_in(&mut there, "_s2");
    let request = corp().logout_request("jane", &["_s2"], NOW).by_soap();
    site.call(Ask::call(Sls, "text/xml", request));
    assert!(site.session(&here).is_some() && site.session(&there).is_none());
}

#[test]
fn a_token_is_for_the_application_where_it_is_asked_for() {
    for base_url in ORIGINS {
        let (site, mut browser) = (at(base_url), Browser::default());
        let asked = site.begin_login(&mut browser, "/page");
        let jane = Assertion::of_jane("_s1", NOW).answering(&asked);
        let form = if *base_url == OTHER { form(&jane) } else { jane.form(corp()) };
        site.ask(&mut browser, Ask::send(Acs, form));
        let live = site.session(&browser).unwrap();
        let token = site.sp.jwt(&live, &Rc::default(), NOW, |_| {}).unwrap();
        let claims = token.split('.').nth(1).unwrap();
        let claims = String::from_utf8(
            base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims)
                .unwrap(),
        );
        assert!(claims.unwrap().contains(&format!("\"aud\":\"{base_url}\"")), "{base_url}");
    }
}
