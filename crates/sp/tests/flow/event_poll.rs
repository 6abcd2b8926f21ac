//! Security events that are polled: what is said of each token, and when.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use clock::Seconds;
use http::{Answer, HttpUrl};
use serde_json::{Value, json};
use sp::EndpointKind::Events;
use sp::{BackChannel, EventPoll, Polled, Post, Posting, Transmitter};

use crate::events::{ISSUER, SECRET, claims, jane, signed, signed_in, trusted_keys};
use crate::site::{Ask, Browser, Plan, Site, run};

/// Answers by its list, and by an empty answer then.
#[derive(Default)]
struct Endpoint {
    answers: RefCell<VecDeque<(u16, String)>>,
    asked: RefCell<Vec<Value>>,
    authorizations: RefCell<Vec<Option<String>>>,
}

impl BackChannel for Endpoint {
    fn reaches(&self, _: &HttpUrl<'_>) -> bool {
        true
    }

    fn post(&self, post: Post) -> Posting<'_> {
        assert_eq!(post.url, "https://transmitter.example.com/poll");
        self.asked.borrow_mut().push(serde_json::from_str(&post.body).unwrap());
        self.authorizations.borrow_mut().push(post.authorization);
        let answer = self.answers.borrow_mut().pop_front();
        let (status, body) = answer.unwrap_or_else(|| (200, r#"{"sets":{}}"#.to_owned()));
        let answer = Answer { status, fields: Vec::new(), body: body.into_bytes() };
        Box::pin(async move { Ok(answer) })
    }
}

struct Stream {
    site: Site,
    endpoint: Rc<Endpoint>,
    /// How many times more it is said.
    goes_on: Cell<usize>,
}

impl Stream {
    fn new() -> Self {
        let endpoint = Rc::new(Endpoint::default());
        let poll = EventPoll {
            url: "https://transmitter.example.com/poll".to_owned(),
            interval: Seconds(30),
            authorization: Some("Bearer x".to_owned()),
            way: Rc::clone(&endpoint) as Rc<dyn BackChannel>,
        };
        // A push would have to know the secret.
        let bearer = Some(SECRET.as_bytes());
        let keys = Some(trusted_keys());
        let transmitter = Transmitter::new(ISSUER.to_owned(), Vec::new(), false, bearer, keys);
        let transmitter = Some(transmitter.with_poll(Some(poll)));
        let site = Plan { transmitter, ..Plan::default() }.site();
        Self { site, endpoint, goes_on: Cell::new(usize::MAX) }
    }

    fn will_answer(&self, sets: &Value, more: bool) {
        let body = json!({ "sets": sets, "moreAvailable": more }).to_string();
        self.endpoint.answers.borrow_mut().push_back((200, body));
    }

    fn turn(&self) -> Result<bool, String> {
        let idp = self.site.sp.idps.named("corp").unwrap();
        let poll = idp.transmitter().unwrap().poll.as_ref().unwrap();
        let sps = [Rc::clone(&self.site.sp)];
        let visit = || self.site.visit(&Ask::read(Events), None).0;
        run(Polled { idp: "corp", poll, sps: &sps }.turn(visit, || {
            let left = self.goes_on.get();
            self.goes_on.set(left.saturating_sub(1));
            left > 0
        }))
    }

    fn signed_in(&self) -> Browser {
        signed_in(&self.site, "_s1")
    }

    fn asked(&self) -> Vec<Value> {
        self.endpoint.asked.take()
    }
}

fn first() -> Value {
    json!({ "maxEvents": 16, "returnImmediately": true })
}

#[test]
fn a_token_is_acknowledged_at_once() {
    let stream = Stream::new();
    let browser = stream.signed_in();
    stream.will_answer(&json!({ "j1": signed(&claims("j1", jane())) }), false);
    assert_eq!(stream.turn(), Ok(false));
    assert!(stream.site.session(&browser).is_none());
    let acknowledged = json!({ "maxEvents": 16, "returnImmediately": true, "ack": ["j1"] });
    assert_eq!(stream.asked(), [first(), acknowledged]);
    assert_eq!(stream.endpoint.authorizations.take(), vec![Some("Bearer x".to_owned()); 2]);
    assert_eq!(stream.site.counted.take(), ["security_event app corp sessions_ended"]);
    assert_eq!(stream.turn(), Ok(false));
    assert_eq!(stream.asked(), [first()], "it is said once");
}

#[test]
fn what_is_not_stored_is_not_acknowledged() {
    let stream = Stream::new();
    let browser = stream.signed_in();
    let bad = signed(&claims("other", jane()));
    stream.will_answer(&json!({ "bad": bad, "j1": signed(&claims("j1", jane())) }), true);
    stream.site.sp.sessions.is_down.set(true);
    let why = stream.turn().unwrap_err();
    assert!(why.contains("store_unavailable"), "{why}");
    let asked = stream.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1]["maxEvents"], 0, "no others meanwhile");
    assert_eq!(asked[1]["setErrs"]["bad"]["err"], "invalid_request");
    assert_eq!(asked[1].get("ack"), None);
    stream.site.sp.sessions.is_down.set(false);
    stream.will_answer(&json!({ "j1": signed(&claims("j1", jane())) }), false);
    assert_eq!(stream.turn(), Ok(false));
    assert_eq!(stream.asked()[1]["ack"], json!(["j1"]));
    assert!(stream.site.session(&browser).is_none());
}

#[test]
fn a_token_by_another_name_than_its_own_is_refused() {
    let stream = Stream::new();
    let browser = stream.signed_in();
    stream.will_answer(&json!({ "j2": signed(&claims("j1", jane())) }), false);
    assert_eq!(stream.turn(), Ok(false));
    assert_eq!(stream.asked()[1]["setErrs"]["j2"]["err"], "invalid_request");
    assert!(stream.site.session(&browser).is_some());
    assert_eq!(stream.site.counted.take(), ["refusal app corp"]);
}

#[test]
fn a_turn_has_an_end() {
    let stream = Stream::new();
    for number in 0..40 {
        let id = format!("j{number}");
        let nobody = json!({ "format": "something_new" });
        stream.will_answer(&json!({ (id.as_str()): signed(&claims(&id, nobody)) }), true);
    }
    assert_eq!(stream.turn(), Ok(true));
    let asked = stream.asked();
    assert_eq!(asked.len(), 16);
    assert_eq!(asked[15]["maxEvents"], 0, "the last one says what has become of the others");
    assert_eq!(asked[15]["ack"], json!(["j14"]));
}

#[test]
fn who_says_that_there_is_more_and_gives_nothing_is_asked_another_time() {
    let stream = Stream::new();
    stream.will_answer(&json!({}), true);
    assert_eq!(stream.turn(), Ok(false));
    assert_eq!(stream.asked(), [first()]);
}

#[test]
fn a_worker_that_ends_says_what_it_has_heard() {
    let stream = Stream::new();
    stream.goes_on.set(0);
    assert_eq!(stream.turn(), Ok(true));
    assert!(stream.asked().is_empty(), "nothing is begun");
    let token = |id: &str| signed(&claims(id, jane()));
    stream.will_answer(&json!({ "j1": token("j1"), "j2": token("j2") }), true);
    // For the first request and the first token.
    stream.goes_on.set(2);
    assert_eq!(stream.turn(), Ok(false));
    let asked = stream.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!((&asked[1]["maxEvents"], &asked[1]["ack"]), (&json!(0), &json!(["j1"])));
}

#[test]
fn what_is_no_answer_is_said_to_be_none() {
    for (status, body, why) in [
        (200, "", "none of RFC 8936"),
        (200, "[]", "none of RFC 8936"),
        (200, "{}", "it has no \"sets\""),
        (200, r#"{"sets":{"a":"x","a":"x"}}"#, "twice"),
        (202, r#"{"sets":{}}"#, "HTTP status 202"),
        (401, "", "HTTP status 401"),
    ] {
        let stream = Stream::new();
        stream.endpoint.answers.borrow_mut().push_back((status, body.to_owned()));
        let said = stream.turn().unwrap_err();
        assert!(said.contains(why), "{said}");
        assert_eq!(stream.asked().len(), 1);
    }
}
