//! The IdP logs somebody out: by redirect and by POST through their browser, by SOAP without it.

use saml::provider::{LogoutBinding, Policy};
use sp::EndpointKind::{Acs, Sls};
use sp::SessionStore;

use crate::site::{
    Answer, Ask, Browser, DENIED, Idp, Message, NOW, Plan, SESSION, SUCCESS, Sent, Site, corp,
    other, run,
};

const ALL: [LogoutBinding; 3] = LogoutBinding::ALL;

/// Jane at two browsers, under `_s1` and `_s2`.
struct People {
    site: Site,
    one: Browser,
    two: Browser,
}

impl People {
    fn new(policy: Policy) -> Self {
        let site = Plan { slo: ALL.to_vec(), policy, ..Plan::default() }.site();
        let [mut one, mut two] = [Browser::default(), Browser::default()];
        site.log_in(&mut one, "_s1");
        site.log_in(&mut two, "_s2");
        Self { site, one, two }
    }

    /// Which of the two is signed in still.
    fn are_in(&self) -> [bool; 2] {
        [&self.one, &self.two].map(|browser| self.site.session(browser).is_some())
    }

    /// The request comes, by the first browser where one brings it.
    fn ask(&self, message: &Message, by: LogoutBinding) -> Answer {
        let (mut kept, site) = (self.one.clone(), &self.site);
        match by {
            LogoutBinding::REDIRECT => {
                site.ask(&mut kept, Ask::follow(Sls, &message.by_redirect()))
            }
            LogoutBinding::POST => site.ask(&mut kept, Ask::send(Sls, message.by_post())),
            _ => site.call(Ask::call(Sls, "text/xml; charset=utf-8", message.by_soap())),
        }
    }
}

/// The LogoutResponse in an answer to a request that came so.
fn response(answer: &Answer, by: LogoutBinding) -> Sent {
    let sent = match by {
        LogoutBinding::Soap => Sent::by_soap(answer.text()),
        _ => Sent::by(answer),
    };
    assert_eq!((sent.message.name.as_str(), sent.is_signed), ("LogoutResponse", true));
    sent
}

#[test]
fn a_request_ends_the_session_that_it_names_and_is_answered_as_it_came() {
    for by in ALL {
        let people = People::new(Policy::default());
        let request = corp().logout_request("jane", &["_s1"], NOW).with_relay_state("state");
        let answer = people.ask(&request, by);
        assert_eq!(people.are_in(), [false, true], "{by:?}");
        assert_eq!(answer.code(), None);
        let status = if by == LogoutBinding::REDIRECT { 303 } else { 200 };
        assert_eq!(answer.status(), status, "{by:?}");
        let response = response(&answer, by);
        assert_eq!(response.status(), SUCCESS);
        let (to, state) = match by {
            LogoutBinding::REDIRECT => ("https://idp.corp.example/slo/redirect", Some("state")),
            LogoutBinding::POST => ("https://idp.corp.example/slo/post", Some("state")),
            _ => ("", None),
        };
        assert_eq!((response.to.as_str(), response.relay_state.as_deref()), (to, state));
        assert!(people.site.notes.borrow()[0].contains("logged out 1 sessions"));
    }
}

#[test]
fn it_answers_that_very_request() {
    let people = People::new(Policy::default());
    let request = corp().logout_request("jane", &["_s1"], NOW);
    let answer = people.ask(&request, LogoutBinding::Soap);
    let envelope = request.by_soap();
    let (_, id) = envelope.split_once("ID=\"").unwrap();
    let in_response_to =
        response(&answer, LogoutBinding::Soap).attribute("InResponseTo").to_owned();
    assert_eq!(in_response_to, id.split_once('"').unwrap().0);
}

#[test]
fn without_session_index_it_ends_all_of_the_name_id() {
    for by in ALL {
        let people = People::new(Policy::default());
        people.ask(&corp().logout_request("jane", &[], NOW), by);
        assert_eq!(people.are_in(), [false, false], "{by:?}");
    }
}

#[test]
fn several_indexes_end_as_many_and_others_none() {
    let people = People::new(Policy::default());
    people.ask(&corp().logout_request("jane", &["_s2", "_s1"], NOW), LogoutBinding::Soap);
    assert_eq!(people.are_in(), [false, false]);

    let people = People::new(Policy::default());
    for (name_id, indexes) in [("jane", ["_s3"].as_slice()), ("john", &[]), ("john", &["_s1"])] {
        let answer = people.ask(&corp().logout_request(name_id, indexes, NOW), LogoutBinding::Soap);
        assert_eq!(response(&answer, LogoutBinding::Soap).status(), SUCCESS);
    }
    assert_eq!(people.are_in(), [true, true]);
}

#[test]
fn the_browser_that_brings_it_loses_its_cookie_when_it_is_its_own() {
    for (index, clears) in [("_s1", true), ("_s2", false)] {
        let people = People::new(Policy::default());
        let request = corp().logout_request("jane", &[index], NOW);
        let answer = people.ask(&request, LogoutBinding::REDIRECT);
        let cleared = format!("{SESSION}=;");
        let cookies = answer.all("Set-Cookie");
        assert_eq!(cookies.iter().any(|cookie| cookie.starts_with(&cleared)), clears, "{index}");
    }
}

#[test]
fn an_idp_that_knows_one_url_sends_it_to_the_acs() {
    let mut people = People::new(Policy::default());
    let request = corp().logout_request("jane", &["_s1"], NOW).by_post();
    let (site, browser) = (&people.site, &mut people.one);
    let answer = site.ask(&mut browser.clone(), Ask::send(Acs, request));
    // Its Destination is the SLS, where it did not come to.
    assert_eq!(answer.refused(), (403, "destination_mismatch"));
    assert_eq!(people.are_in(), [true, true]);
}

#[test]
fn nobody_else_logs_anybody_out() {
    for (idp, code) in [
        (Idp { key: other().key, ..corp() }, "signature_invalid"),
        (Idp { entity_id: "https://evil.example/", ..corp() }, "idp_unknown"),
    ] {
        for by in ALL {
            let people = People::new(Policy::default());
            let answer = people.ask(&idp.logout_request("jane", &[], NOW), by);
            assert_eq!(answer.code(), Some(code), "{by:?}");
            assert_eq!(people.are_in(), [true, true], "{by:?}");
        }
    }
    let people = People::new(Policy::default());
    let answer = people.ask(&other().logout_request("jane", &[], NOW), LogoutBinding::Soap);
    assert_eq!(response(&answer, LogoutBinding::Soap).status(), SUCCESS, "its own Jane");
    assert_eq!(people.are_in(), [true, true]);
}

#[test]
fn what_nobody_signed_counts_only_where_that_was_allowed() {
    let unsigned = corp().logout_request("jane", &["_s1"], NOW).unsigned_by_post();
    let people = People::new(Policy::default());
    let answer = people.site.call(Ask::send(Sls, unsigned.as_str()));
    assert_eq!(answer.refused(), (403, "logout_request_unsigned"));
    assert_eq!(people.are_in(), [true, true]);

    let people = People::new(Policy { require_signed_logout: false, ..Policy::default() });
    let answer = people.site.call(Ask::send(Sls, unsigned));
    assert_eq!(response(&answer, LogoutBinding::POST).status(), SUCCESS);
    assert_eq!(people.are_in(), [false, true]);
}

#[test]
fn a_request_that_names_too_many_sessions_fails_as_a_whole_and_is_told() {
    let indexes: Vec<String> = (1..=257).map(|n| format!("_s{n}")).collect();
    let indexes: Vec<&str> = indexes.iter().map(String::as_str).collect();
    let people = People::new(Policy::default());
    let request = corp().logout_request("jane", &indexes, NOW);
    let answer = people.ask(&request, LogoutBinding::Soap);
    assert_eq!(answer.refused(), (403, "session_indexes_too_many"));
    assert_eq!(response(&answer, LogoutBinding::Soap).status(), ["Requester"]);
    assert_eq!(people.are_in(), [true, true]);
    let most = corp().logout_request("jane", &indexes[..256], NOW);
    people.ask(&most, LogoutBinding::Soap);
    assert_eq!(people.are_in(), [false, false]);
}

#[test]
fn a_server_that_posts_gets_a_page_that_only_its_status_matters_of() {
    // No browser would follow the redirect to the only endpoint that the IdP has.
    let site = Plan { slo: vec![LogoutBinding::REDIRECT], ..Plan::default() }.site();
    let mut browser = Browser::default();
    site.log_in(&mut browser, "_s1");
    let form = corp().logout_request("jane", &[], NOW).by_post();
    let answer = site.call(Ask::call(Sls, "application/x-www-form-urlencoded", form));
    assert_eq!(answer.page(), (200, "You are signed out of this application"));
    assert!(site.session(&browser).is_none());
}

#[test]
fn a_status_of_the_idps_is_no_answer_to_it() {
    let people = People::new(Policy::default());
    let response = corp().logout_response(None, DENIED, NOW).by_soap();
    let answer = people.site.call(Ask::call(Sls, "text/xml", response));
    assert_eq!(answer.code(), Some("logout_failed"));
    assert_eq!(people.are_in(), [true, true]);
}

#[test]
fn what_has_ended_is_looked_for_no_more() {
    let people = People::new(Policy::default());
    let known = |people: &People| {
        let sessions = &people.site.sp.sessions;
        run(sessions.of_name_id(corp().entity_id, "jane", NOW)).unwrap().len()
    };
    assert_eq!(known(&people), 2);
    people.ask(&corp().logout_request("jane", &["_s1"], NOW), LogoutBinding::Soap);
    assert_eq!(known(&people), 1);
}

#[test]
fn anybodys_word_of_somebody_who_is_not_here_leaves_nothing_behind() {
    let policy = Policy { require_signed_logout: false, ..Policy::default() };
    let site = Plan { slo: ALL.to_vec(), policy, ..Plan::default() }.site();
    let request = corp().logout_request("jane", &["_s1"], NOW);
    let answer = site.call(Ask::send(Sls, request.unsigned_by_post()));
    assert_eq!(response(&answer, LogoutBinding::POST).status(), SUCCESS);
    assert!(site.sp.sessions.is_blank());
    site.call(Ask::send(Sls, request.by_post()));
    assert!(!site.sp.sessions.is_blank(), "the IdP's word is remembered");
}
