//! What the IdP answers when the SP fetches the Response of an artifact.

use std::rc::Rc;

use clock::Seconds;

use crate::artifact::{begun, bring, holds, janes, plan, site};
use crate::site::{Ask, Assertion, Browser, DENIED, Idp, NOW, Sent, corp, envelope, other};

#[test]
fn what_is_no_good_answer_lets_nobody_in() {
    type Answering = fn(&Sent, &Sent) -> (u16, String);
    let answers: &[(&str, u16, Answering)] = &[
        ("artifact_unknown", 403, |_, resolve| {
            (200, envelope(corp().artifact_response(resolve.attribute("ID"), "", NOW).unsigned()))
        }),
        ("artifact_not_resolved", 403, |_, _| (404, "<html/>".to_owned())),
        ("soap_fault", 403, |_, _| {
            let fault = "<soap:Fault><faultstring>no</faultstring></soap:Fault>";
            (500, envelope(fault))
        }),
        ("in_response_to_mismatch", 403, |asked, _| {
            let id = asked.attribute("ID");
            (200, envelope(corp().artifact_response(id, &janes(asked), NOW).unsigned()))
        }),
        ("message_unexpected", 400, |asked, _| (200, envelope(&janes(asked)))),
        ("signature_missing", 403, |asked, resolve| {
            let response = Assertion::of_jane("_s1", NOW).answering(asked).response(corp());
            let id = resolve.attribute("ID");
            (200, envelope(corp().artifact_response(id, response.unsigned(), NOW).unsigned()))
        }),
        ("signature_invalid", 403, |asked, resolve| {
            let id = resolve.attribute("ID");
            let forger = Idp { key: other().key, ..corp() };
            (200, forger.artifact_response(id, &janes(asked), NOW).by_soap())
        }),
        ("issuer_mismatch", 403, |asked, resolve| {
            let id = resolve.attribute("ID");
            let forger = Idp { entity_id: other().entity_id, ..corp() };
            (200, forger.artifact_response(id, &janes(asked), NOW).by_soap())
        }),
        ("issuer_mismatch", 403, |asked, resolve| {
            let id = resolve.attribute("ID");
            let others = Assertion::of_jane("_s1", NOW).answering(asked).response(other());
            (200, corp().artifact_response(id, others.unsigned(), NOW).by_soap())
        }),
    ];
    for (code, status, answering) in answers {
        let site = site();
        let (mut browser, asked) = begun(&site);
        let answering = *answering;
        let (to, relay_state) = (asked.to.clone(), asked.relay_state.clone());
        let kept = Sent { to, relay_state, message: asked.message.clone(), is_signed: true };
        site.artifacts.answer_by(Box::new(move |resolve| answering(&kept, resolve)));
        let answer = bring(&site, &mut browser, Some(&asked), 1);
        assert_eq!(answer.refused(), (*status, *code));
        assert!(site.session(&browser).is_none());
        assert!(site.sp.sessions.len() == 0);
    }
}

/// What an IdP says of logins that began at another one counts for nothing, however it is signed.
#[test]
fn an_idp_does_not_answer_for_another() {
    let site = site();
    let mut browser = Browser::default();
    let at_other =
        Sent::by(&site.ask(&mut browser, Ask::open(sp::EndpointKind::Login, "return=/&idp=other")));
    site.begin_login(&mut browser, "/");
    let response = Assertion::of_jane("_s1", NOW).answering(&at_other).response(other());
    let bare = response.unsigned().replace(
        "<saml:Issuer>https://idp.other.example/metadata</saml:Issuer><samlp:Status>",
        "<samlp:Status>",
    );
    for message in [response.unsigned().to_owned(), bare] {
        site.artifacts.answer_by(Box::new(move |resolve| {
            (200, corp().artifact_response(resolve.attribute("ID"), &message, NOW).by_soap())
        }));
        let handle = site.artifacts.posts.borrow().len().try_into().unwrap();
        let answer = bring(&site, &mut browser, None, handle);
        assert_eq!(answer.refused(), (403, "issuer_mismatch"));
    }
    assert!(site.session(&browser).is_none());
}

#[test]
fn the_signature_around_an_unsigned_response_is_enough() {
    let site = site();
    let (mut browser, asked) = begun(&site);
    let response = Assertion::of_jane("_s1", NOW).answering(&asked).response(corp());
    let response = response.unsigned().to_owned();
    site.artifacts.answer_by(Box::new(move |resolve| {
        (200, corp().artifact_response(resolve.attribute("ID"), &response, NOW).by_soap())
    }));
    assert_eq!(bring(&site, &mut browser, Some(&asked), 1).status(), 303);
}

#[test]
fn a_failed_login_is_told_as_with_a_form() {
    let site = site();
    let (mut browser, asked) = begun(&site);
    let denied = corp().response(Some(asked.attribute("ID")), DENIED, "", NOW);
    holds(&site, denied.signed());
    let answer = bring(&site, &mut browser, Some(&asked), 1);
    assert_eq!(answer.refused(), (403, "status_not_success"));
}

#[test]
fn the_answer_may_be_a_little_younger_than_the_visit() {
    let mut plan = plan();
    plan.policy.clock_skew = Seconds(0);
    let site = plan.site();
    let (mut browser, asked) = begun(&site);
    let (clock, later) = (Rc::clone(&site.now), NOW + Seconds(9));
    let response = Assertion::of_jane("_s1", later).answering(&asked).response(corp()).signed();
    site.artifacts.answer_by(Box::new(move |resolve| {
        clock.set(later);
        let answer = corp().artifact_response(resolve.attribute("ID"), &response, later);
        (200, answer.by_soap())
    }));
    assert_eq!(bring(&site, &mut browser, Some(&asked), 1).status(), 303);
}
