//! The client leaves before its answer comes.

use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use sp::EndpointKind::{Acs, Sls};

use crate::site::{Ask, Assertion, Body, Browser, NOW, Site, corp, turn};

#[test]
fn while_its_body_is_awaited_nothing_happens() {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.begin_login(&mut browser, "/");
    for endpoint in [Acs, Sls] {
        let ask = Ask::send(endpoint, "").whose_body_is(Body::Awaited);
        let (visit, host) = site.visit(&ask, browser.cookies_for(&ask, NOW));
        {
            let mut answer = pin!(sp::answer(endpoint, visit, Rc::clone(&site.sp)));
            assert!(turn(answer.as_mut()).is_pending());
            assert!(turn(answer.as_mut()).is_pending(), "however often it is looked at");
            assert_eq!(host.awaited.borrow().len(), 1, "it asks once");
        }
        assert!(site.sp.sessions.is_blank());
        // The body comes all the same, and finds nobody.
        let wish = host.awaited.borrow_mut().pop().unwrap();
        let sp::Wish::Body { tell, .. } = wish else { panic!("another wish") };
        assert_eq!(tell.send(Ok(Vec::new())), Err(Ok(Vec::new())));
    }
}

#[test]
fn a_login_that_breaks_off_anywhere_makes_one_session_at_most() {
    let mut browser = Browser::default();
    let asked = Site::new().begin_login(&mut browser, "/");
    let form = Assertion::of_jane("_s1", NOW).answering(&asked).form(corp());
    let ask = Ask::send(Acs, form);
    let breaks_off_after = |turns: usize| {
        let site = Site::new();
        let (visit, _) = site.visit(&ask, browser.cookies_for(&ask, NOW));
        let mut answer = Box::pin(sp::answer(Acs, visit, Rc::clone(&site.sp)));
        if (0..turns).any(|_| turn(answer.as_mut()).is_ready()) {
            return None;
        }
        drop(answer);
        // The person tries once more by the Back button.
        let again = site.ask(&mut browser.clone(), ask.clone());
        assert!(site.sp.sessions.len() <= 1);
        Some(again.code())
    };
    assert_eq!(breaks_off_after(0), Some(None));
    assert_eq!(breaks_off_after(1), Some(None), "it has only asked for the claim");
    let later: Vec<_> = (2..).map_while(breaks_off_after).collect();
    assert!(later.len() > 2, "it waits for the store several times");
    assert!(later.iter().all(|code| *code == Some("assertion_replayed")), "{later:?}");
}

#[test]
fn a_body_that_comes_late_is_taken() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/page");
    let form = Assertion::of_jane("_s1", NOW).answering(&asked).form(corp());
    let ask = Ask::send(Acs, "").whose_body_is(Body::Awaited);
    let (visit, host) = site.visit(&ask, browser.cookies_for(&ask, NOW));
    let mut answer = pin!(sp::answer(Acs, visit, Rc::clone(&site.sp)));
    assert!(turn(answer.as_mut()).is_pending());
    let wish = host.awaited.borrow_mut().pop().unwrap();
    let sp::Wish::Body { tell, limit } = wish else { panic!("another wish") };
    assert!(form.len() <= limit);
    tell.send(Ok(form.into_bytes())).unwrap();
    let reply = loop {
        if let Poll::Ready(reply) = turn(answer.as_mut()) {
            break reply.unwrap();
        }
    };
    assert_eq!(reply.status(), 303);
    assert_eq!(site.sp.sessions.len(), 1);
}
