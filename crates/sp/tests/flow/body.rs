//! Bodies that are too large, or cannot be read.

use sp::EndpointKind::{Acs, Sls};

use crate::site::{Ask, Assertion, Body, Browser, MAX_MESSAGE_SIZE, NOW, Site, corp};

/// What a body may have: base64 and percent-encoding make more of the XML, and fields have room.
const MOST: usize = 2 * MAX_MESSAGE_SIZE + 16 * 1024;

#[test]
fn what_says_that_it_is_too_large_is_not_even_read() {
    for endpoint in [Acs, Sls] {
        let (site, mut browser) = (Site::new(), Browser::default());
        let ask =
            |length: usize| Ask::send(endpoint, "").with("Content-Length", &length.to_string());
        // Who asked for this body would wait for ever.
        let answer = site.ask(&mut browser, ask(MOST + 1).whose_body_is(Body::Awaited));
        assert_eq!(answer.refused(), (413, "message_too_large"));
        let answer = site.ask(&mut browser, ask(MOST));
        assert_eq!(answer.refused(), (400, "message_missing"), "the limit itself is read");
    }
}

#[test]
fn what_does_not_say_it_is_found_out() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let ask = |length: usize| Ask::send(Acs, format!("x={}", "a".repeat(length - 2)));
    assert_eq!(site.ask(&mut browser, ask(MOST + 1)).refused(), (413, "message_too_large"));
    assert_eq!(site.ask(&mut browser, ask(MOST)).refused(), (400, "message_missing"));
}

#[test]
fn a_message_is_measured_as_xml() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/");
    let long = |length| {
        let name_id = "j".repeat(length);
        let assertion = Assertion { name_id, ..Assertion::of_jane("_s1", NOW) }.answering(&asked);
        Ask::send(Acs, assertion.form(corp()))
    };
    let answer = site.ask(&mut browser, long(MAX_MESSAGE_SIZE));
    assert_eq!(answer.refused(), (413, "message_too_large"));
    assert_eq!(site.ask(&mut browser, long(MAX_MESSAGE_SIZE / 2)).status(), 303);
}

#[test]
fn a_body_that_is_lost_or_never_comes_is_refused() {
    for body in [Body::Lost, Body::Gone] {
        let (site, mut browser) = (Site::new(), Browser::default());
        let answer = site.ask(&mut browser, Ask::send(Acs, "").whose_body_is(body));
        assert_eq!(answer.refused(), (400, "body_unreadable"));
    }
}

#[test]
fn what_is_no_form_is_refused() {
    let site = Site::new();
    for (content_type, body, expected) in [
        ("text/plain", "SAMLResponse=PHgvPg", (415, "form_content_type")),
        ("application/x-www-form-urlencoded", "RelayState=a&RelayState=b", (400, "form_invalid")),
        ("application/x-www-form-urlencoded", "SAMLResponse=*", (400, "base64_invalid")),
        ("application/x-www-form-urlencoded", "SAMLResponse=PHgvPg", (400, "message_unexpected")),
    ] {
        assert_eq!(site.call(Ask::call(Acs, content_type, body)).refused(), expected, "{body}");
    }
}

#[test]
fn a_fault_answers_nobody_who_asked() {
    let fault = crate::site::envelope(
        "<soap:Fault><faultcode>soap:Server</faultcode><faultstring>no</faultstring></soap:Fault>",
    );
    let answer = Site::new().call(Ask::call(Sls, "text/xml", fault));
    assert_eq!(answer.code(), Some("message_unexpected"));
    assert_eq!(answer.status(), 500, "a SOAP Fault is an error of the server");
}
