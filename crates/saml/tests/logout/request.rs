use clock::Seconds;
use identity::NameId;
use saml::logout::{LIFETIME_MOST, LIFETIME_WITHOUT_END, LogoutRequest, SESSION_INDEXES_MOST};
use saml::provider::LogoutBinding;
use saml::receive::{Received, receive};
use xmldoc::Limits;

use crate::idp::*;
use crate::seal::{CBC, GCM, Seal};

const NAME_ID: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";

/// The NameID element of [`Message::request`].
fn name_id_element(message: &Message) -> String {
    let start = message.xml.find("<saml:NameID").unwrap();
    let end = message.xml.find("</saml:NameID>").unwrap() + "</saml:NameID>".len();
    message.xml[start..end].to_owned()
}

/// The request with another identifier.
fn identified_by(element: &str) -> Message {
    let request = Message::request();
    let old = name_id_element(&request);
    request.edit(&old, element)
}

#[test]
fn a_request_says_who_is_to_be_logged_out() {
    assert_eq!(
        Message::request().logout(),
        LogoutRequest {
            id: "_logout1".to_owned(),
            issuer: IDP.to_owned(),
            name_id: NameId {
                value: "alice".to_owned(),
                format: Some(NAME_ID.to_owned()),
                name_qualifier: Some(IDP.to_owned()),
                sp_name_qualifier: Some("urn:sp".to_owned()),
                sp_provided_id: None,
            },
            session_indexes: vec!["s::1".to_owned()],
            issue_instant: NOW,
            not_on_or_after: after(300),
            replay_until: after(300 + SKEW),
            tombstone_until: after(900 + SKEW),
            signed: true,
        }
    );
}

#[test]
fn names_are_read_as_a_login_reads_them() {
    let request = identified_by(
        "<saml:NameID Format=\" urn:oasis:names:tc:SAML:2.0:nameid-format:persistent \" \
         SPProvidedID=\"a 7\">\n  alice&#9; </saml:NameID>",
    );
    let request = request.edit(">s::1<", ">\n s::1 &#13;<").logout();
    let name_id = NameId {
        value: "alice".to_owned(),
        format: Some(NAME_ID.to_owned()),
        sp_provided_id: Some("a 7".to_owned()),
        ..NameId::default()
    };
    assert_eq!((request.name_id, request.session_indexes), (name_id, vec!["s::1".to_owned()]));
}

#[test]
fn what_finds_the_idp_is_read_before_anything_is_believed() {
    let xml = Message::request().unsigned().xml;
    let Ok(Received::LogoutRequest(request)) = receive(xml.as_bytes(), &Limits::default()) else {
        panic!("no LogoutRequest");
    };
    assert_eq!(request.issuer().as_deref(), Some(IDP));
    assert_eq!(request.came_by(), LogoutBinding::POST);
}

#[test]
fn an_unsigned_request_is_refused_unless_the_administrator_says_so() {
    let unsigned = Message::request().unsigned();
    assert_eq!(unsigned.code(), "logout_request_unsigned");
    let request = Sp::trusting().logout(&unsigned);
    assert!(!request.signed);
    assert_eq!(request.name_id.value, "alice");
    // Even then a signature that is there must be good.
    let stranger = Message::request().signed_by(&STRANGER);
    assert_eq!(Sp::trusting().refusal(&stranger).code(), "signature_invalid");
    assert!(Sp::trusting().logout(&Message::request()).signed);
}

#[test]
fn the_key_must_be_this_idps() {
    assert_eq!(Message::request().signed_by(&STRANGER).code(), "signature_invalid");
    let both = Sp { keys: vec![&IDP_KEY, &RSA_KEY], ..Sp::new() };
    both.logout(&Message::request().signed_by(&RSA_KEY));
}

#[test]
fn altered_bytes_are_refused() {
    let xml = Message::request().xml();
    for (from, to) in [(">alice<", ">bob<"), (">s::1<", ">s::2<"), ("_logout1\" V", "_logout2\" V")]
    {
        let altered = xml.replace(from, to);
        assert_ne!(altered, xml);
        let code = Sp::new().accept(&altered).unwrap_err().code();
        assert!(matches!(code, "digest_mismatch" | "reference_uri"), "{code}");
    }
    let more = xml.replace(
        "</samlp:LogoutRequest>",
        "<samlp:SessionIndex>x</samlp:SessionIndex></samlp:LogoutRequest>",
    );
    assert_eq!(Sp::new().accept(&more).unwrap_err().code(), "digest_mismatch");
}

#[test]
fn the_issuer_is_the_idp() {
    let issuer = format!("<saml:Issuer>{IDP}</saml:Issuer>");
    for (other, code) in [
        ("<saml:Issuer>https://evil.example/</saml:Issuer>".to_owned(), "issuer_mismatch"),
        (format!("<saml:Issuer Format=\"urn:x\">{IDP}</saml:Issuer>"), "issuer_mismatch"),
        ("<saml:Issuer/>".to_owned(), "issuer_mismatch"),
    ] {
        assert_eq!(Message::request().edit(&issuer, &other).code(), code, "{other}");
    }
    let none = Message::request().edit(&issuer, "").unsigned();
    assert_eq!(Sp::trusting().refusal(&none).code(), "issuer_missing");
    Message::request().edit(&issuer, &format!("<saml:Issuer>\n {IDP}\t</saml:Issuer>")).logout();
}

#[test]
fn the_destination_is_the_url_it_came_to() {
    let destination = format!(" Destination=\"{SLS}\"");
    for other in ["https://app.example.com/saml/acs", "https://app.example.com/saml/sls/", "", "x"]
    {
        let request = Message::request().edit(&destination, &format!(" Destination=\"{other}\""));
        assert_eq!(request.code(), "destination_mismatch", "{other}");
    }
    let none = Message::request().edit(&destination, "");
    assert_eq!(none.code(), "destination_missing");
    // Nobody vouches for the rest either.
    Sp::trusting().logout(&none.unsigned());
    let acs = Sp { url: "https://app.example.com/saml/acs", ..Sp::new() };
    assert_eq!(acs.refusal(&Message::request()).code(), "destination_mismatch");
    acs.logout(&Message::request().edit("/saml/sls\"", "/saml/acs\""));
}

#[test]
fn a_request_ends_when_it_says() {
    Sp::at(300 + SKEW - 1).logout(&Message::request());
    let refusal = Sp::at(300 + SKEW).refusal(&Message::request());
    assert_eq!(refusal.code(), "logout_request_expired");
    assert!(refusal.detail().contains("2026-11-21T11:35:00Z"), "{refusal}");
    assert_eq!(Message::request().edit(&at(300), "tomorrow").code(), "instant_invalid");
}

#[test]
fn a_request_that_names_no_end_is_good_for_ten_minutes() {
    let request = Message::request().edit(&format!(" NotOnOrAfter=\"{}\"", at(300)), "");
    let read = Sp::at(LIFETIME_WITHOUT_END.0 + SKEW - 1).logout(&request);
    assert_eq!(read.not_on_or_after, NOW + LIFETIME_WITHOUT_END);
    assert_eq!(read.replay_until, after(LIFETIME_WITHOUT_END.0 + SKEW));
    let refusal = Sp::at(LIFETIME_WITHOUT_END.0 + SKEW).refusal(&request);
    assert_eq!(refusal.code(), "logout_request_stale");
    assert!(refusal.detail().contains("without NotOnOrAfter is good for 600 s"), "{refusal}");
}

#[test]
fn no_request_is_good_for_ever() {
    let request = Message::request().edit(&at(300), "9999-12-31T23:59:59Z");
    let read = Sp::at(LIFETIME_MOST.0).logout(&request);
    assert_eq!(read.not_on_or_after, NOW + LIFETIME_MOST);
    assert_eq!(Sp::at(LIFETIME_MOST.0 + SKEW).refusal(&request).code(), "logout_request_stale");
    let ancient = request.edit(&at(0), "0001-01-01T00:00:00Z");
    assert_eq!(ancient.code(), "logout_request_stale");
}

#[test]
fn a_request_is_not_from_the_future() {
    Sp::at(-SKEW).logout(&Message::request());
    assert_eq!(Sp::at(-SKEW - 1).refusal(&Message::request()).code(), "issue_instant_future");
    let without = Message::request().edit(&format!(" IssueInstant=\"{}\"", at(0)), "");
    assert_eq!(without.code(), "instant_invalid");
}

#[test]
fn version_and_id_are_needed() {
    let other = Message::request().edit(" Version=\"2.0\"", " Version=\"1.1\"");
    assert_eq!(other.code(), "version_unsupported");
    let none = Message::request().edit(" ID=\"_logout1\"", "").unsigned();
    assert_eq!(Sp::trusting().refusal(&none).code(), "id_missing");
}

#[test]
fn a_request_names_so_many_sessions_at_most() {
    let index = "<samlp:SessionIndex>s::1</samlp:SessionIndex>";
    let naming = |count| Message::request().edit(index, &index.repeat(count)).logout();
    assert_eq!(naming(SESSION_INDEXES_MOST).few_sessions(), Ok(()));
    let request = naming(SESSION_INDEXES_MOST + 1);
    assert_eq!(request.session_indexes.len(), SESSION_INDEXES_MOST + 1, "nothing is cut");
    let refusal = request.few_sessions().unwrap_err();
    assert_eq!(refusal.code(), "session_indexes_too_many");
    assert!(refusal.detail().contains("257") && refusal.detail().contains("256"), "{refusal}");
}

/// Whatever the clocks: when the IdP's is ahead, behind, or the request was long under way.
#[test]
fn a_tombstone_outlives_every_assertion_from_before_the_logout() {
    for (age, skew) in [(1, 0), (900, 60), (86_400, 600)] {
        for late in [-skew, 0, 1, skew, 299] {
            let mut sp = Sp::at(late);
            sp.policy.max_assertion_age = Seconds(age);
            sp.policy.clock_skew = Seconds(skew);
            let request = sp.logout(&Message::request());
            assert_eq!(request.tombstone_until, after(age + skew), "the IdP's instant counts");
        }
    }
}

#[test]
fn session_indexes_are_read_as_a_list() {
    let index = "<samlp:SessionIndex>s::1</samlp:SessionIndex>";
    for (elements, expected) in [
        (String::new(), &[][..]),
        ("<samlp:SessionIndex/>".to_owned(), &[]),
        ("<samlp:SessionIndex>\n  s::1\n</samlp:SessionIndex>".to_owned(), &["s::1"]),
        (index.to_owned() + "<samlp:SessionIndex>2</samlp:SessionIndex>", &["s::1", "2"]),
        ("<samlp:SessionIndex>a<!-- b -->c</samlp:SessionIndex>".to_owned(), &["ac"]),
    ] {
        let request = Message::request().edit(index, &elements).logout();
        assert_eq!(request.session_indexes, expected, "{elements}");
    }
}

#[test]
fn the_name_id_must_be_there_and_say_something() {
    for (element, code) in [
        ("", "logout_name_id_missing"),
        ("<saml:NameID/>", "logout_name_id_missing"),
        ("<saml:NameID> \n </saml:NameID>", "logout_name_id_missing"),
        ("<saml:BaseID/>", "logout_name_id_missing"),
        ("<saml:NameID>a</saml:NameID><saml:NameID>b</saml:NameID>", "structure"),
        ("<saml:NameID>a</saml:NameID><saml:BaseID/>", "structure"),
        ("<saml:NameID>a<saml:NameID>b</saml:NameID></saml:NameID>", "structure"),
        ("<saml:NameID Surprise=\"x\">a</saml:NameID>", "structure"),
    ] {
        assert_eq!(identified_by(element).code(), code, "{element}");
    }
    let plain = identified_by("<saml:NameID>a<!-- x -->b</saml:NameID>").logout();
    assert_eq!(plain.name_id, NameId { value: "ab".to_owned(), ..NameId::default() });
}

#[test]
fn what_the_schema_does_not_know_is_refused() {
    for (from, to) in [
        ("</samlp:LogoutRequest>", "<saml:Surprise/></samlp:LogoutRequest>"),
        ("</samlp:LogoutRequest>", "text</samlp:LogoutRequest>"),
        ("</samlp:LogoutRequest>", "<x xmlns=\"urn:x\"/></samlp:LogoutRequest>"),
        ("</samlp:LogoutRequest>", "<saml:Assertion/></samlp:LogoutRequest>"),
        ("</samlp:LogoutRequest>", "<samlp:Status/></samlp:LogoutRequest>"),
        (" Version=\"2.0\"", " Version=\"2.0\" InResponseTo=\"_x\""),
        ("<samlp:SessionIndex>", "<samlp:SessionIndex x=\"y\">"),
    ] {
        assert_eq!(Message::request().edit(from, to).code(), "structure", "{to}");
    }
}

#[test]
fn what_is_optional_is_allowed() {
    let extensions = "</saml:Issuer><samlp:Extensions><aslo:Asynchronous xmlns:aslo=\"urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo\"/></samlp:Extensions>";
    Message::request().edit("</saml:Issuer>", extensions).logout();
    let user = "urn:oasis:names:tc:SAML:2.0:logout:user";
    let attributes = format!(" Version=\"2.0\" Consent=\"urn:x\" Reason=\"{user}\"");
    Message::request().edit(" Version=\"2.0\"", &attributes).logout();
}

#[test]
fn an_encrypted_name_id_is_the_name_id() {
    let plain = Message::request();
    let element = name_id_element(&plain);
    // Under a signature the older ciphers are good too.
    for cipher in [GCM, CBC] {
        let sealed = plain.clone().edit(&element, &Seal::new(cipher).seal("EncryptedID", &element));
        let sp = Sp { sp_keys: vec![&SP_KEY], ..Sp::new() };
        assert_eq!(sp.logout(&sealed), plain.logout());
        assert_eq!(sealed.code(), "decryption_key_missing");
        let other = Sp { sp_keys: vec![&RSA_KEY], ..Sp::new() };
        assert_eq!(other.refusal(&sealed).code(), "decryption_failed");
    }
}

#[test]
fn nothing_is_decrypted_for_a_stranger() {
    let plain = Message::request();
    let element = name_id_element(&plain);
    let sealed = plain.edit(&element, &Seal::new(GCM).seal("EncryptedID", &element)).unsigned();
    let sp = Sp { sp_keys: vec![&SP_KEY], ..Sp::trusting() };
    let refusal = sp.refusal(&sealed);
    assert_eq!(refusal.code(), "logout_request_unsigned");
    assert!(refusal.detail().contains("encrypted"), "{refusal}");
}

#[test]
fn what_was_encrypted_is_judged_like_the_rest() {
    let sp = Sp { sp_keys: vec![&SP_KEY], ..Sp::new() };
    for (element, code) in [
        ("<saml:NameID/>", "logout_name_id_missing"),
        ("<saml:NameID Surprise=\"x\">a</saml:NameID>", "structure"),
        ("<saml:BaseID/>", "decryption_failed"),
    ] {
        let sealed = identified_by(&Seal::new(GCM).seal("EncryptedID", element));
        assert_eq!(sp.refusal(&sealed).code(), code, "{element}");
    }
}

#[test]
fn the_keys_of_metadata_count_up_to_its_end() {
    let judge = |seconds| {
        let sp = Sp { idp_until: Some(after(seconds)), ..Sp::new() };
        sp.judge(receive(Message::request().xml().as_bytes(), &Limits::default()))
    };
    assert!(judge(1 - SKEW).is_ok());
    assert_eq!(judge(-SKEW).unwrap_err().reason().code(), "idp_metadata_expired");
}
