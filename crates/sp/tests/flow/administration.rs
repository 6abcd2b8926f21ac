//! `saml_sessions`: an operator lists sessions, ends them, and switches IdPs off.

use std::rc::Rc;

use clock::Seconds;
use http::Head;
use pages::Reply;
use saml::refusal::Refusal;
use serde_json::Value;
use sp::EndpointKind::{Acs, Login};
use sp::administer;

use crate::site::{
    Application, Ask, Assertion, Body, Browser, Manner, Plan, Sent, Site, corp, other, run,
};

const FORM: &str = "application/x-www-form-urlencoded";
const OPERATOR: &str = "root";

/// The operator asks by a program.
fn ask(site: &Site, head: Head, body: Body) -> Result<Reply, Refusal> {
    let (mut visit, _) = site.visit(&Ask::read(Login).whose_body_is(body), None);
    visit.head = head;
    run(administer(visit, vec![Rc::clone(&site.sp)], OPERATOR.to_owned()))
}

fn list(site: &Site, query: &str) -> Value {
    let reply = ask(site, Head::new("GET", query), Body::default()).unwrap();
    serde_json::from_str(&reply.body(&pages::Reader::default()).unwrap().text).unwrap()
}

fn names(listed: &Value) -> Vec<&str> {
    let sessions = listed["sessions"].as_array().unwrap();
    sessions.iter().map(|one| one["name_id"].as_str().unwrap()).collect()
}

/// Posts an order as the program that was just told the token.
fn order(site: &Site, fields: &[(&str, &str)]) -> Result<Value, Refusal> {
    let token = list(site, "")["token"].as_str().unwrap().to_owned();
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs([("sp", "app"), ("token", &token)]).extend_pairs(fields);
    let head = Head::new("POST", "").with("Content-Type", FORM);
    let reply = ask(site, head, Body::Whole(form.finish().into_bytes()))?;
    Ok(serde_json::from_str(&reply.body(&pages::Reader::default()).unwrap().text).unwrap())
}

fn end_name_id(name_id: &str) -> [(&str, &str); 3] {
    [("action", "end_name_id"), ("idp", "corp"), ("name_id", name_id)]
}

/// Jane, at `corp`, in as many browsers.
fn janes(site: &Site, count: usize) -> Vec<Browser> {
    let log_in = |n: usize| {
        let mut browser = Browser::default();
        site.log_in(&mut browser, &format!("_s{n}"));
        browser
    };
    (0..count).map(log_in).collect()
}

fn log_in_at_other(site: &Site) -> Browser {
    let mut browser = Browser::default();
    let asked = Sent::by(&site.ask(&mut browser, Ask::open(Login, "idp=other")));
    let assertion = Assertion::of_jane("_o", site.now.get()).answering(&asked);
    site.ask(&mut browser, Ask::send(Acs, assertion.form(other())));
    assert!(site.session(&browser).is_some());
    browser
}

fn is_in(site: &Site, browser: &Browser) -> bool {
    site.session(browser).is_some()
}

#[test]
fn they_are_listed_by_what_is_looked_for() {
    let site = Site::new();
    janes(&site, 3);
    log_in_at_other(&site);
    let jane = list(&site, "")["sessions"][0]["name_id"].as_str().unwrap().to_owned();
    assert_eq!(names(&list(&site, "")), [jane.as_str(); 4]);
    assert_eq!(names(&list(&site, "idp=corp")).len(), 3);
    assert_eq!(names(&list(&site, &format!("idp={}", other().entity_id))).len(), 1);
    assert_eq!(names(&list(&site, &format!("idp=corp&name_id={jane}"))).len(), 3);
    assert!(names(&list(&site, "older_than=1h")).is_empty());
    site.wait(Seconds(3600));
    assert_eq!(names(&list(&site, "older_than=1h")).len(), 4);
}

#[test]
fn pages_meet_each_session_once() {
    let site = Site::new();
    janes(&site, 7);
    let (mut ids, mut cursor, mut pages) = (Vec::new(), Some("0".to_owned()), 0);
    while let Some(from) = cursor {
        let page = list(&site, &format!("limit=3&cursor={from}"));
        let sessions = page["sessions"].as_array().unwrap();
        assert!(sessions.len() <= 3);
        ids.extend(sessions.iter().map(|one| one["session"].as_str().unwrap().to_owned()));
        (cursor, pages) = (page["next"].as_str().map(str::to_owned), pages + 1);
    }
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), pages), (7, 3));
}

#[test]
fn one_ends_and_the_others_go_on() {
    let site = Site::new();
    let browsers = janes(&site, 2);
    let listed = list(&site, "");
    let one = &listed["sessions"][0];
    let [name_id, session] = ["name_id", "session"].map(|field| one[field].as_str().unwrap());
    let fields =
        [("action", "end_session"), ("idp", "corp"), ("name_id", name_id), ("session", session)];
    assert_eq!(order(&site, &fields).unwrap()["sessions"], 1);
    assert_eq!(browsers.iter().filter(|browser| is_in(&site, browser)).count(), 1);
    assert_eq!(order(&site, &fields).unwrap()["sessions"], 0, "it is gone already");
    assert_eq!(site.sp.sessions.len(), 1);
    let counted = site.counted.borrow();
    assert_eq!(counted.iter().filter(|one| *one == "logout_by_operator app corp").count(), 2);
}

#[test]
fn all_of_a_name_id_end_and_so_does_a_login_under_way() {
    let site = Site::new();
    let browsers = janes(&site, 2);
    let elsewhere = log_in_at_other(&site);
    let jane = list(&site, "")["sessions"][0]["name_id"].as_str().unwrap().to_owned();
    let mut late = Browser::default();
    let asked = site.begin_login(&mut late, "/");
    let form = Assertion::of_jane("_late", site.now.get()).answering(&asked).form(corp());
    assert_eq!(order(&site, &end_name_id(&jane)).unwrap()["sessions"], 2);
    assert!(browsers.iter().all(|browser| !is_in(&site, browser)) && is_in(&site, &elsewhere));
    assert_eq!(site.ask(&mut late, Ask::send(Acs, form)).refused(), (400, "assertion_logged_out"));
    site.wait(Seconds(1));
    assert!(is_in(&site, &janes(&site, 1)[0]), "who signs in later is in");
}

#[test]
fn all_of_an_idp_end_whoever_they_are() {
    let site = Site::new();
    let (browsers, elsewhere) = (janes(&site, 2), log_in_at_other(&site));
    let done = order(&site, &[("action", "end_idp"), ("idp", "corp")]).unwrap();
    assert!(done["sessions"].is_null());
    assert!(browsers.iter().all(|browser| !is_in(&site, browser)) && is_in(&site, &elsewhere));
    assert_eq!(list(&site, "")["sessions"].as_array().unwrap().len(), 1);
    site.wait(Seconds(1));
    assert!(is_in(&site, &janes(&site, 1)[0]));
    order(&site, &[("action", "end_all")]).unwrap();
    assert!(!is_in(&site, &elsewhere));
}

#[test]
fn a_switched_off_idp_is_as_a_disabled_one() {
    let site = Site::new();
    let browser = &janes(&site, 1)[0];
    let mut late = Browser::default();
    let asked = site.begin_login(&mut late, "/");
    order(&site, &[("action", "disable_idp"), ("idp", "corp")]).unwrap();
    assert!(!is_in(&site, browser));
    let answer = site.ask(&mut Browser::default(), Ask::open(Login, "idp=corp"));
    assert_eq!(answer.refused(), (403, "idp_disabled"));
    let form = Assertion::of_jane("_late", site.now.get()).answering(&asked).form(corp());
    assert_eq!(site.ask(&mut late, Ask::send(Acs, form)).refused(), (403, "idp_disabled"));
    let listed = list(&site, "");
    assert_eq!(
        (&listed["idps"][0]["state"], &listed["sessions"][0]["counts"]),
        (&"disabled".into(), &false.into())
    );
    order(&site, &[("action", "enable_idp"), ("idp", "corp")]).unwrap();
    assert!(is_in(&site, browser));
    let counted = site.counted.borrow();
    for event in ["idp_disabled app corp", "idp_enabled app corp"] {
        assert_eq!(counted.iter().filter(|one| *one == event).count(), 1, "{event}");
    }
}

#[test]
fn nothing_is_told_as_done_that_the_store_has_not_done() {
    let site = Site::new();
    let browser = &janes(&site, 1)[0];
    let token = list(&site, "")["token"].as_str().unwrap().to_owned();
    site.sp.sessions.is_down.set(true);
    for action in ["end_name_id", "end_idp", "end_all", "disable_idp"] {
        let body = format!("sp=app&token={token}&action={action}&idp=corp&name_id=jane");
        let head = Head::new("POST", "").with("Content-Type", FORM);
        let refusal = ask(&site, head, Body::Whole(body.into_bytes())).unwrap_err();
        assert_eq!((refusal.status(), refusal.code()), (503, "store_unavailable"), "{action}");
    }
    site.sp.sessions.is_down.set(false);
    assert!(is_in(&site, browser));
    assert!(!site.counted.borrow().iter().any(|one| one.starts_with("logout_by_operator")));
}

#[test]
fn a_store_that_cannot_tell_says_so_and_finds_those_of_a_name_id() {
    let site = Site::new();
    let browsers = janes(&site, 2);
    let jane = list(&site, "")["sessions"][0]["name_id"].as_str().unwrap().to_owned();
    site.sp.sessions.can_list.set(false);
    let listed = list(&site, "");
    assert_eq!((&listed["can_list"], names(&listed).len()), (&"by_name_id".into(), 0));
    assert_eq!(names(&list(&site, &format!("name_id={jane}"))), [jane.as_str(); 2]);
    assert_eq!(order(&site, &end_name_id(&jane)).unwrap()["sessions"], 2);
    assert!(browsers.iter().all(|browser| !is_in(&site, browser)));
}

#[test]
fn the_application_hears_of_whose_sessions_ended() {
    let plan = Plan { logout_notify: &["/notify"], ..Plan::default() };
    let site = plan.site();
    janes(&site, 1);
    let jane = list(&site, "")["sessions"][0]["name_id"].as_str().unwrap().to_owned();
    site.application.manner.set(Manner::Refuses);
    let done = order(&site, &end_name_id(&jane)).unwrap();
    assert_eq!((&done["sessions"], &done["application_heard"]), (&1.into(), &false.into()));
    let Application { told, .. } = &*site.application;
    assert_eq!(told.borrow()[0].1.name_id.value, jane);
    order(&site, &end_name_id(&jane)).unwrap();
    assert_eq!(told.borrow().len(), 1, "nothing ended");
}
