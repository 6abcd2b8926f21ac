//! A LogoutRequest by SOAP: the server asks the IdP while the browser waits.

use saml::provider::LogoutBinding;
use sp::EndpointKind::Logout;

use crate::site::{
    Answer, Answering, Ask, Browser, DENIED, Idp, NOW, PARTIAL, Plan, SUCCESS, Sent, Site, corp,
    envelope, other,
};

const HERE_ONLY: &str = "You are signed out here only";

/// What becomes of Jane's logout when the IdP answers so.
fn signed_out(query: &str, answering: impl Fn(&Sent) -> (u16, String) + 'static) -> (Site, Answer) {
    sign_out(query, Some(Box::new(answering)))
}

/// The same; `None` = nobody reaches the IdP.
fn sign_out(query: &str, answering: Option<Answering>) -> (Site, Answer) {
    let plan = Plan { slo: vec![LogoutBinding::Soap], ..Plan::default() };
    let (site, mut browser) = (plan.site(), Browser::default());
    site.log_in(&mut browser, "_s1");
    if let Some(answering) = answering {
        site.soap_slo.answer_by(answering);
    }
    let before = browser.clone();
    let answer = site.ask(&mut browser, Ask::open(Logout, query));
    assert!(site.session(&before).is_none(), "whatever the IdP says");
    assert!(browser.token().is_none());
    assert_eq!(site.soap_slo.posts.borrow().len(), 1);
    (site, answer)
}

fn by(idp: Idp, status: &'static [&str]) -> impl Fn(&Sent) -> (u16, String) {
    move |asked| (200, idp.logout_response(Some(asked.attribute("ID")), status, NOW).by_soap())
}

#[test]
fn the_request_is_signed_and_nobody_may_keep_it() {
    let (site, answer) = signed_out("", by(corp(), SUCCESS));
    let posts = site.soap_slo.posts.borrow();
    let asked = Sent::by_soap(&posts[0].body);
    assert_eq!((asked.message.name.as_str(), asked.is_signed), ("LogoutRequest", true));
    assert_eq!(asked.attribute("Destination"), "https://idp.corp.example/slo/soap");
    assert_eq!(asked.attribute("ID"), answer.circumstances.request_id());
    assert_eq!((asked.texts("NameID"), asked.texts("SessionIndex")), (vec!["jane"], vec!["_s1"]));
    assert!(posts[0].headers.contains(&("Content-Type", "text/xml; charset=utf-8")));
    assert!(posts[0].headers.contains(&("Cache-Control", "no-cache, no-store")));
    assert_eq!(posts[0].max_answer, site.sp.max_message_size);
}

#[test]
fn an_idp_that_does_as_asked_lets_the_browser_go_on() {
    let (_, answer) = signed_out("", by(corp(), SUCCESS));
    assert_eq!((answer.page(), answer.code()), ((200, "You are signed out everywhere"), None));
    let (_, answer) = signed_out("return=/bye", by(corp(), SUCCESS));
    assert_eq!(answer.redirect(), (303, "https://app.example.com/bye"));
}

#[test]
fn of_a_partial_logout_the_person_hears_before_they_go_on() {
    let (_, answer) = signed_out("return=/bye", by(corp(), PARTIAL));
    assert_eq!(answer.page(), (200, "You are signed out, but not everywhere"));
    assert!(answer.text().contains("href=\"https://app.example.com/bye\""));
}

#[test]
fn an_idp_that_cannot_be_reached_is_told_of() {
    let (_, answer) = sign_out("return=/bye", None);
    assert_eq!(answer.page(), (503, HERE_ONLY));
    assert_eq!(answer.code(), Some("idp_unreachable"));
    assert!(answer.refusal.as_ref().unwrap().detail().contains("connection refused"));
    assert!(answer.text().contains("href=\"https://app.example.com/bye\""));
}

#[test]
fn what_is_no_good_answer_is_none() {
    let answers: [(&str, u16, Answering); 7] = [
        ("logout_failed", 403, Box::new(by(corp(), DENIED))),
        ("logout_failed", 403, Box::new(|_| (404, "<html/>".to_owned()))),
        ("signature_invalid", 403, Box::new(by(Idp { key: other().key, ..corp() }, SUCCESS))),
        (
            "issuer_mismatch",
            403,
            Box::new(by(Idp { entity_id: other().entity_id, ..corp() }, SUCCESS)),
        ),
        (
            "in_response_to_mismatch",
            403,
            Box::new(|_| (200, corp().logout_response(Some("_x"), SUCCESS, NOW).by_soap())),
        ),
        (
            "message_unexpected",
            400,
            Box::new(|_| (200, corp().logout_request("jane", &[], NOW).by_soap())),
        ),
        ("soap_fault", 403, Box::new(|_| (500, fault()))),
    ];
    for (code, status, answering) in answers {
        let (_, answer) = sign_out("return=/bye", Some(answering));
        assert_eq!((answer.page(), answer.code()), ((status, HERE_ONLY), Some(code)));
    }
}

#[test]
fn what_the_fault_says_goes_into_the_log() {
    let (_, answer) = signed_out("", |_| (500, fault()));
    let refusal = answer.refusal.as_ref().unwrap();
    assert!(refusal.detail().contains("no such person"), "{refusal}");
    assert!(!answer.text().contains("no such person"));
}

#[test]
fn an_answer_that_nobody_signed_is_none() {
    let (_, answer) = signed_out("", |asked| {
        let signed = corp().logout_response(Some(asked.attribute("ID")), SUCCESS, NOW).by_soap();
        let (before, rest) = signed.split_once("<ds:Signature").unwrap();
        (200, format!("{before}{}", rest.split_once("</ds:Signature>").unwrap().1))
    });
    assert_eq!((answer.page().1, answer.code()), (HERE_ONLY, Some("logout_response_unsigned")));
}

fn fault() -> String {
    envelope(
        "<soap:Fault><faultcode>soap:Server</faultcode><faultstring>no such person</faultstring>\
         </soap:Fault>",
    )
}
