use saml::logout::{AGE_MOST, LogoutOutcome};
use saml::receive::{Received, receive};
use xmldoc::Limits;

use crate::idp::*;

const SUCCESS: &str = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>";

/// A LogoutResponse with this content of its Status; `S:` stands for the URIs of the specification.
fn status(content: &str) -> Message {
    let content = content.replace("S:", "urn:oasis:names:tc:SAML:2.0:status:");
    Message::response().edit(SUCCESS, &content)
}

#[test]
fn success_is_success() {
    assert_eq!(Message::response().outcome(), LogoutOutcome::Complete);
}

#[test]
fn what_finds_the_logout_is_read_before_anything_is_believed() {
    let xml = Message::response().unsigned().xml;
    let Ok(Received::LogoutResponse(response)) = receive(xml.as_bytes(), &Limits::default()) else {
        panic!("no LogoutResponse");
    };
    assert_eq!(response.issuer().as_deref(), Some(IDP));
    assert_eq!(response.in_response_to().as_deref(), Some(REQUEST));
}

#[test]
fn a_partial_logout_is_told_under_whatever_code_it_stands() {
    for code in ["Success", "Responder", "Requester"] {
        let partial = format!(
            "<samlp:StatusCode Value=\"S:{code}\"><samlp:StatusCode Value=\"S:PartialLogout\"/></samlp:StatusCode>"
        );
        assert_eq!(status(&partial).outcome(), LogoutOutcome::Partial, "{code}");
    }
}

#[test]
fn a_failed_logout_is_told_whole() {
    let failed = "<samlp:StatusCode Value=\"S:Responder\"><samlp:StatusCode Value=\"S:UnknownPrincipal\"/></samlp:StatusCode><samlp:StatusMessage>who?</samlp:StatusMessage>";
    let refusal = Sp::new().refusal(&status(failed));
    assert_eq!(refusal.code(), "logout_failed");
    for told in ["status:Responder", "status:UnknownPrincipal", "who?", "does not know this user"] {
        assert!(refusal.detail().contains(told), "{told}: {refusal}");
    }
    assert_eq!(status("<samlp:StatusCode Value=\"urn:x\"/>").code(), "logout_failed");
    assert_eq!(status("").code(), "structure");
}

#[test]
fn an_unsigned_answer_is_refused_unless_the_administrator_says_so() {
    let refusal = Sp::new().refusal(&Message::response().unsigned());
    assert_eq!(refusal.code(), "logout_response_unsigned");
    let failed = status("<samlp:StatusCode Value=\"S:Responder\"/>").unsigned();
    assert!(Sp::new().refusal(&failed).detail().contains("status:Responder"));
    let bare = Message::response().edit(SUCCESS, "").unsigned();
    assert!(Sp::new().refusal(&bare).detail().contains("no StatusCode"));
    assert!(Sp::trusting().accept(&Message::response().unsigned().xml).is_ok());
    let stranger = Message::response().signed_by(&STRANGER);
    assert_eq!(stranger.code(), "signature_invalid");
    assert_eq!(Sp::trusting().refusal(&stranger).code(), "signature_invalid");
}

#[test]
fn it_answers_our_request() {
    let answered = format!(" InResponseTo=\"{REQUEST}\"");
    let other = Message::response().edit(&answered, " InResponseTo=\"_request2\"");
    assert_eq!(other.code(), "in_response_to_mismatch");
    assert_eq!(Message::response().edit(&answered, "").code(), "in_response_to_missing");
    // Server to server, nobody waits for it.
    let nobody = Sp { asked: None, ..Sp::new() };
    assert!(nobody.accept(&other.xml()).is_ok());
    assert_eq!(nobody.refusal(&other.signed_by(&STRANGER)).code(), "signature_invalid");
}

#[test]
fn it_is_the_idps_for_this_address_and_recent() {
    let issuer = format!("<saml:Issuer>{IDP}</saml:Issuer>");
    let other = Message::response().edit(&issuer, "<saml:Issuer>urn:x</saml:Issuer>");
    assert_eq!(other.code(), "issuer_mismatch");
    let destination = format!(" Destination=\"{SLS}\"");
    let other = Message::response().edit(&destination, " Destination=\"https://app.example.com/\"");
    assert_eq!(other.code(), "destination_mismatch");
    assert_eq!(Message::response().edit(&destination, "").code(), "destination_missing");
    let late = |seconds| Sp::at(seconds).accept(&Message::response().xml()).map_err(|r| r.code());
    assert!(late(AGE_MOST.0 + SKEW - 1).is_ok());
    assert_eq!(late(AGE_MOST.0 + SKEW), Err("logout_response_stale"));
    assert!(late(-SKEW).is_ok());
    assert_eq!(late(-SKEW - 1), Err("issue_instant_future"));
    let version = Message::response().edit(" Version=\"2.0\"", "");
    assert_eq!(version.code(), "version_unsupported");
}

#[test]
fn what_the_schema_does_not_know_is_refused() {
    for (from, to) in [
        ("</samlp:LogoutResponse>", "<saml:NameID>x</saml:NameID></samlp:LogoutResponse>"),
        ("</samlp:LogoutResponse>", "<saml:Assertion/></samlp:LogoutResponse>"),
        ("</samlp:LogoutResponse>", "<samlp:Status/></samlp:LogoutResponse>"),
        (" Version=\"2.0\"", " Version=\"2.0\" NotOnOrAfter=\"2026-11-21T11:35:00Z\""),
    ] {
        assert_eq!(Message::response().edit(from, to).code(), "structure", "{to}");
    }
}
