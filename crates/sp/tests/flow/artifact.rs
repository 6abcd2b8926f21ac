//! HTTP-Artifact: the browser brings a reference, and the SP itself fetches the Response.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clock::Seconds;
use openssl::sha::sha1;
use saml::provider::{Policy, ResponseBinding};
use sp::EndpointKind::{Acs, Sls};

use crate::site::{
    ARTIFACT_INDEX, Answer, Ask, Assertion, Browser, Idp, NOW, Plan, REQUEST_LIFETIME, Sent, Site,
    corp, envelope, other,
};

pub(crate) fn plan() -> Plan {
    let mut policy = Policy::default();
    policy.request.response_binding = ResponseBinding::Artifact;
    Plan { by_artifact: true, policy, ..Plan::default() }
}

pub(crate) fn site() -> Site {
    plan().site()
}

/// An artifact of an IdP's; `handle` tells it from others.
fn artifact(idp: Idp, index: u16, handle: u8) -> String {
    let source = sha1(idp.entity_id.as_bytes());
    let octets = [&[0, 4][..], &index.to_be_bytes(), &source, &[handle; 20]].concat();
    STANDARD.encode(octets)
}

fn query(artifact: &str, relay_state: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("SAMLart", artifact);
    if let Some(relay_state) = relay_state {
        query.append_pair("RelayState", relay_state);
    }
    query.finish()
}

/// The browser comes back from the IdP with an artifact.
pub(crate) fn bring(
    site: &Site,
    browser: &mut Browser,
    asked: Option<&Sent>,
    handle: u8,
) -> Answer {
    let relay_state = asked.and_then(|asked| asked.relay_state.as_deref());
    let query = query(&artifact(corp(), ARTIFACT_INDEX, handle), relay_state);
    site.ask(browser, Ask::follow(Acs, &query))
}

/// Jane's Response, signed.
pub(crate) fn janes(asked: &Sent) -> String {
    Assertion::of_jane("_s1", NOW).answering(asked).response(corp()).signed()
}

/// The IdP has this message for every artifact.
pub(crate) fn holds(site: &Site, message: String) {
    site.artifacts.answer_by(Box::new(move |resolve| {
        let id = resolve.attribute("ID");
        (200, envelope(corp().artifact_response(id, &message, NOW).unsigned()))
    }));
}

pub(crate) fn begun(site: &Site) -> (Browser, Sent) {
    let mut browser = Browser::default();
    let asked = site.begin_login(&mut browser, "/page?x=1");
    (browser, asked)
}

#[test]
fn the_request_asks_for_an_artifact_and_the_artifact_logs_in() {
    let site = site();
    let (mut browser, asked) = begun(&site);
    let binding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact";
    assert_eq!(asked.attribute("ProtocolBinding"), binding);
    holds(&site, janes(&asked));
    let answer = bring(&site, &mut browser, Some(&asked), 1);
    assert_eq!(answer.redirect(), (303, "https://app.example.com/page?x=1"));
    assert_eq!(site.session(&browser).unwrap().session.name_id(), "jane");
    let posts = site.artifacts.posts.borrow();
    let [post] = &posts[..] else { panic!("{} posts", posts.len()) };
    assert_eq!(post.url, "https://idp.corp.example/artifact");
    assert!(post.headers.contains(&("Cache-Control", "no-cache, no-store")));
    assert_eq!(post.max_answer, site.sp.max_message_size);
    let resolve = Sent::by_soap(&post.body);
    assert_eq!((resolve.message.name.as_str(), resolve.is_signed), ("ArtifactResolve", true));
    assert_eq!(resolve.attribute("Destination"), "https://idp.corp.example/artifact");
    assert_eq!(resolve.attribute("Version"), "2.0");
    assert_eq!(resolve.attribute("IssueInstant"), "2026-11-21T11:30:00Z");
    assert_ne!(resolve.attribute("ID"), asked.attribute("ID"));
    assert_eq!(resolve.texts("Issuer"), ["https://app.example.com/saml/metadata"]);
    assert_eq!(resolve.texts("Artifact"), [artifact(corp(), ARTIFACT_INDEX, 1)]);
}

#[test]
fn a_form_brings_it_as_well() {
    let site = site();
    let (mut browser, asked) = begun(&site);
    holds(&site, janes(&asked));
    let form = query(&artifact(corp(), ARTIFACT_INDEX, 1), asked.relay_state.as_deref());
    let answer = site.ask(&mut browser, Ask::send(Acs, form));
    assert_eq!(answer.redirect(), (303, "https://app.example.com/page?x=1"));
}

#[test]
fn a_form_with_a_response_is_still_one() {
    let site = site();
    let (mut browser, asked) = begun(&site);
    let form = Assertion::of_jane("_s1", NOW).answering(&asked).form(corp());
    assert_eq!(site.ask(&mut browser, Ask::send(Acs, form)).status(), 303);
    assert!(site.artifacts.posts.borrow().is_empty());
}

#[test]
fn nobody_is_asked_for_whom_no_login_is_under_way() {
    let site = site();
    let (mut browser, asked) = begun(&site);
    holds(&site, janes(&asked));
    let mut stranger = Browser::default();
    let answer = bring(&site, &mut stranger, Some(&asked), 1);
    assert_eq!(answer.refused(), (400, "request_unknown"));
    site.wait(REQUEST_LIFETIME);
    assert_eq!(bring(&site, &mut browser, None, 1).refused(), (400, "request_unknown"));
    let answer = bring(&site, &mut browser, Some(&asked), 1);
    assert_eq!(answer.refused(), (400, "request_expired"));
    assert!(site.artifacts.posts.borrow().is_empty() && site.sp.sessions.is_blank());
}

#[test]
fn a_login_at_another_idp_is_none_at_this_one() {
    let site = site();
    let mut browser = Browser::default();
    let ask = Ask::open(sp::EndpointKind::Login, "return=/&idp=other");
    let asked = Sent::by(&site.ask(&mut browser, ask));
    let answer = bring(&site, &mut browser, Some(&asked), 1);
    assert_eq!(answer.refused(), (400, "request_unknown"));
    assert!(site.artifacts.posts.borrow().is_empty());
}

#[test]
fn an_idp_that_loses_the_relay_state_is_asked_all_the_same() {
    let site = site();
    let (mut browser, asked) = begun(&site);
    holds(&site, janes(&asked));
    assert_eq!(bring(&site, &mut browser, None, 1).status(), 303);
}

#[test]
fn an_artifact_is_used_once() {
    let site = site();
    let (mut browser, asked) = begun(&site);
    let mut thief = browser.clone();
    holds(&site, janes(&asked));
    assert_eq!(bring(&site, &mut browser, Some(&asked), 1).status(), 303);
    assert_eq!(bring(&site, &mut thief, Some(&asked), 1).refused(), (400, "artifact_used"));
    assert_eq!(site.artifacts.posts.borrow().len(), 1);
    // However it is written.
    let spelled = artifact(corp(), ARTIFACT_INDEX, 1).replace('=', "\n");
    let answer = site.ask(&mut thief, Ask::follow(Acs, &query(&spelled, None)));
    assert_eq!(answer.refused(), (400, "artifact_used"));
    assert_eq!(site.artifacts.posts.borrow().len(), 1);
    assert!(site.session(&thief).is_none());
}

#[test]
fn nor_is_it_when_the_idp_did_not_answer() {
    let site = site();
    let (mut browser, asked) = begun(&site);
    let answer = bring(&site, &mut browser, Some(&asked), 1);
    assert_eq!(answer.refused(), (503, "idp_unreachable"));
    assert!(answer.refusal.as_ref().unwrap().detail().contains("connection refused"));
    assert!(answer.text().contains("href=\"https://app.example.com/page?x=1\""), "to start again");
    holds(&site, janes(&asked));
    assert_eq!(bring(&site, &mut browser, Some(&asked), 1).refused(), (400, "artifact_used"));
    assert_eq!(bring(&site, &mut browser, Some(&asked), 2).status(), 303);
}

#[test]
fn the_back_button_goes_where_the_login_went() {
    let site = site();
    let (mut browser, asked) = begun(&site);
    holds(&site, janes(&asked));
    bring(&site, &mut browser, Some(&asked), 1);
    let answer = bring(&site, &mut browser, Some(&asked), 1);
    assert_eq!(answer.redirect(), (303, "https://app.example.com/page?x=1"));
    assert_eq!(site.artifacts.posts.borrow().len(), 1);
}

#[test]
fn a_store_that_does_not_answer_lets_nobody_ask() {
    let site = site();
    let (mut browser, asked) = begun(&site);
    holds(&site, janes(&asked));
    site.sp.sessions.is_down.set(true);
    let answer = bring(&site, &mut browser, Some(&asked), 1);
    assert_eq!(answer.refused(), (503, "store_unavailable"));
    assert!(site.artifacts.posts.borrow().is_empty());
}

#[test]
fn only_an_idp_of_ours_is_asked_where_its_metadata_says() {
    let site = site();
    let (mut browser, _) = begun(&site);
    let stranger = Idp { entity_id: "https://stranger.example", ..corp() };
    for (idp, index, refused) in [
        (stranger, ARTIFACT_INDEX, (400, "idp_unknown")),
        (corp(), ARTIFACT_INDEX + 1, (403, "artifact_endpoint_unknown")),
        (other(), ARTIFACT_INDEX, (403, "artifact_endpoint_unknown")),
    ] {
        let query = query(&artifact(idp, index, 1), None);
        assert_eq!(site.ask(&mut browser, Ask::follow(Acs, &query)).refused(), refused);
    }
    assert!(site.artifacts.posts.borrow().is_empty());
    let by_post = Site::new();
    let (mut browser, asked) = begun(&by_post);
    let answer = bring(&by_post, &mut browser, Some(&asked), 1);
    assert_eq!(answer.refused(), (403, "artifact_endpoint_unknown"));
}

#[test]
fn a_disabled_idp_is_not_asked() {
    let site = site();
    let (mut browser, asked) = begun(&site);
    let off = Plan { disabled: &["corp"], ..plan() }.site();
    let answer = bring(&off, &mut browser, Some(&asked), 1);
    assert_eq!(answer.refused(), (403, "idp_disabled"));
    assert!(off.artifacts.posts.borrow().is_empty());
}

#[test]
fn the_sls_takes_none_and_neither_are_there_two() {
    let site = site();
    let (mut browser, _) = begun(&site);
    let one = query(&artifact(corp(), ARTIFACT_INDEX, 1), None);
    let two = format!("{one}&{one}");
    let beside = format!("{one}&SAMLResponse=x");
    for (at, query, code) in [
        (Sls, one.as_str(), "message_unexpected"),
        (Acs, &two, "message_duplicate"),
        (Acs, &beside, "message_duplicate"),
        (Acs, "SAMLart=AAQ", "artifact_invalid"),
        (Acs, "SAMLart=", "artifact_invalid"),
    ] {
        assert_eq!(site.ask(&mut browser, Ask::follow(at, query)).refused(), (400, code));
        assert_eq!(site.ask(&mut browser, Ask::send(at, query)).refused(), (400, code));
    }
    assert!(site.artifacts.posts.borrow().is_empty());
}

#[test]
fn unsolicited_artifacts_are_taken_where_unsolicited_responses_are() {
    let mut plan = plan();
    plan.policy.allow_unsolicited = true;
    let site = plan.site();
    holds(&site, Assertion::of_jane("_s1", NOW).response(corp()).signed());
    let mut browser = Browser::default();
    let query = query(&artifact(corp(), ARTIFACT_INDEX, 1), Some("/welcome"));
    let answer = site.ask(&mut browser, Ask::follow(Acs, &query));
    assert_eq!(answer.redirect(), (303, "https://app.example.com/welcome"));
    let mut thief = Browser::default();
    let answer = site.ask(&mut thief, Ask::follow(Acs, &query));
    assert_eq!(answer.refused(), (400, "artifact_used"));
}

/// Who brings artifacts of their own making soon makes nobody connect any more.
#[test]
fn artifacts_in_vain_are_bounded() {
    let site = site();
    let (mut browser, asked) = begun(&site);
    holds(&site, String::new());
    let code = |site: &Site, browser: &mut Browser, handle| {
        bring(site, browser, Some(&asked), handle).code().unwrap()
    };
    let codes: Vec<_> = (0..30).map(|handle| code(&site, &mut browser, handle)).collect();
    assert_eq!(codes.iter().filter(|code| **code == "artifact_unknown").count(), 20);
    assert!(codes[20..].iter().all(|code| *code == "artifact_limit"), "{codes:?}");
    assert_eq!(site.artifacts.posts.borrow().len(), 20);
    site.wait(Seconds(2));
    let codes = [40, 41, 42].map(|handle| code(&site, &mut browser, handle));
    assert_eq!(codes, ["artifact_unknown", "artifact_unknown", "artifact_limit"]);
}

/// Behind one address there may be a whole office.
#[test]
fn artifacts_that_log_in_are_not_bounded() {
    let site = site();
    for handle in 0..60 {
        let (mut browser, asked) = begun(&site);
        holds(&site, janes(&asked));
        assert_eq!(bring(&site, &mut browser, Some(&asked), handle).status(), 303, "{handle}");
    }
}
