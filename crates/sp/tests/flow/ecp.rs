//! A program that does the Enhanced Client or Proxy profile logs in (Profiles 4.2).

use std::rc::Rc;

use pages::Circumstances;
use saml::provider::{Policy, PreferredContext};
use saml::reason;
use session::SameSite;
use sp::EndpointKind::{Acs, Sls};
use sp::{Challenge, Method, Protection, Unauthenticated, WantedIdp};
use xmldoc::{Document, Limits};

use crate::site::{
    Answer, Ask, Assertion, Browser, Memory, NOW, Plan, Sent, Site, corp, envelope, other,
};

const PAOS: &str = "application/vnd.paos+xml";
const HEADER: &str =
    "ver=\"urn:liberty:paos:2003-08\";\"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp\"";
const ECP: &str = "urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp";
const PAGE: &str = "https://app.example.com/api/things?x=1";

fn plan() -> Plan {
    Plan { takes_paos: true, ..Plan::default() }
}

fn protection(site: &Site) -> Protection<Memory> {
    Protection { ecp: true, ..Protection::new(Rc::clone(&site.sp), WantedIdp::Any) }
}

fn program() -> Ask {
    Ask::call(Acs, "text/plain", "").by("GET").with("Accept", PAOS).with("PAOS", HEADER)
}

/// What the location says to who has no session; its cookies are kept.
fn challenge(
    site: &Site,
    protection: &Protection<Memory>,
    client: &mut Browser,
    ask: &Ask,
    method: Method,
) -> Answer {
    let circumstances = Rc::new(Circumstances::new(sp::random::id));
    let outcome = Challenge {
        protection,
        idp: protection.wanted_idp(|_| None).unwrap(),
        reason: &reason::AUTHENTICATION_REQUIRED,
        head: &ask.head(client.cookies_for(ask, site.now.get())),
        method,
        target: "/api/things?x=1",
        post: None,
        circumstances: &circumstances,
        variables: &[],
        warn: &|what| panic!("{what}"),
    }
    .answer(site.now.get());
    let reply = site.signed(outcome.unwrap(), &circumstances);
    let answer = Answer::new(reply, None, circumstances);
    for cookie in answer.all("Set-Cookie") {
        client.keep(cookie, site.now.get());
    }
    answer
}

fn asked(site: &Site, client: &mut Browser) -> Sent {
    let answer = challenge(site, &protection(site), client, &program(), Method::Get);
    Sent::by_paos(answer.text())
}

fn assertion(site: &Site, asked: &Sent) -> Assertion {
    Assertion::of_jane("_s1", site.now.get()).answering(asked)
}

fn post(site: &Site, client: &mut Browser, body: &str) -> Answer {
    site.ask(client, Ask::call(Acs, PAOS, body))
}

#[test]
fn it_is_asked_by_paos_and_comes_to_the_page() {
    let (site, mut client) = (plan().site(), Browser::default());
    let answer = challenge(&site, &protection(&site), &mut client, &program(), Method::Get);
    let body = answer.body().unwrap();
    assert_eq!((answer.status(), body.content_type), (200, PAOS));
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    let envelope = Document::parse(answer.text(), &Limits::default()).unwrap().trusted_root();
    let soap = "http://schemas.xmlsoap.org/soap/envelope/";
    let header = envelope.child(soap, "Header").unwrap();
    for block in &header.children {
        assert_eq!(block.attribute_ns(soap, "mustUnderstand"), Some("1"));
        let next = "http://schemas.xmlsoap.org/soap/actor/next";
        assert_eq!(block.attribute_ns(soap, "actor"), Some(next));
    }
    let paos = header.child("urn:liberty:paos:2003-08", "Request").unwrap();
    let acs = "https://app.example.com/saml/acs";
    assert_eq!(paos.attribute("responseConsumerURL"), Some(acs));
    assert_eq!(paos.attribute("service"), Some(ECP));
    let ecp = header.child(ECP, "Request").unwrap();
    assert_eq!(ecp.attribute("IsPassive"), Some("false"));
    let asked = Sent::by_paos(answer.text());
    assert!(asked.is_signed);
    assert_eq!(paos.attribute("messageID"), Some(asked.attribute("ID")));
    assert_eq!(asked.attribute("AssertionConsumerServiceURL"), acs);
    assert!(asked.attribute("ProtocolBinding").ends_with(":PAOS"));
    assert_eq!(asked.message.attribute("Destination"), None);

    let answer = post(&site, &mut client, &assertion(&site, &asked).response(corp()).by_paos(""));
    assert_eq!(answer.redirect(), (302, PAGE));
    assert_eq!(site.session(&client).unwrap().session.name_id(), "jane");
    // The same once more is the way to the page, and no second session.
    let sessions = client.token();
    let again = assertion(&site, &asked).response(corp()).by_paos("");
    assert_eq!(post(&site, &mut client, &again).redirect(), (302, PAGE));
    assert_eq!(
        client.token().map(|t| t.store_key(&site.sp.id)),
        sessions.map(|t| t.store_key(&site.sp.id))
    );
}

#[test]
fn only_where_it_is_allowed_and_only_who_says_so() {
    let site = plan().site();
    let with = |accept: &str, paos: &str| program().with("Accept", accept).with("PAOS", paos);
    let status = |protection: &Protection<Memory>, ask: &Ask| {
        challenge(&site, protection, &mut Browser::default(), ask, Method::Get).status()
    };
    for (ask, expected) in [
        (with("text/html", HEADER), 302),
        (with(PAOS, "garbage"), 401),
        (with(PAOS, ""), 401),
        (with("*/*", HEADER), 401),
        (program(), 200),
    ] {
        assert_eq!(status(&protection(&site), &ask), expected);
    }
    let closed = Protection::new(Rc::clone(&site.sp), WantedIdp::Any);
    assert_eq!(status(&closed, &program()), 401);
    for unauthenticated in
        [Unauthenticated::Auto, Unauthenticated::Redirect, Unauthenticated::Status401]
    {
        let open = Protection { unauthenticated, ..protection(&site) };
        assert_eq!(status(&open, &program()), 200, "{unauthenticated:?}");
    }
    // Whatever method it came with, which it can ask with again.
    for method in [Method::Post, Method::Other] {
        let mut client = Browser::default();
        let answer = challenge(&site, &protection(&site), &mut client, &program(), method);
        assert_eq!(answer.status(), 200, "{method:?}");
    }
}

#[test]
fn an_sp_without_it_takes_no_paos() {
    let (site, mut client) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut client, "/");
    let body = assertion(&site, &asked).response(corp()).by_paos("");
    assert_eq!(post(&site, &mut client, &body).refused(), (415, "form_content_type"));
    let plan = plan().site();
    let answer = plan.call(Ask::call(Sls, PAOS, body));
    assert_eq!(answer.refused(), (415, "form_content_type"), "logouts never come so");
}

#[test]
fn an_answer_is_checked_as_any_other() {
    let (site, mut client) = (plan().site(), Browser::default());
    let (first, second) = (asked(&site, &mut client), asked(&site, &mut client));
    let good = assertion(&site, &first);
    let stranger = post(&site, &mut Browser::default(), &good.response(corp()).by_paos(""));
    assert_eq!(stranger.refused(), (400, "request_unknown"), "no cookie");
    let of_other_idp = post(&site, &mut client, &good.response(other()).by_paos(""));
    assert_eq!(of_other_idp.refused().0, 403);
    assert!(site.sp.sessions.is_blank());
    // The Response says that it answers the second request, the Assertion in it the first.
    let mut mixed = good.clone();
    mixed.in_response_to = Some(second.attribute("ID").to_owned());
    let mixed = mixed.response_with(corp(), &good.xml(corp()));
    let mixed = post(&site, &mut client, &mixed.by_paos(""));
    assert_eq!(mixed.refused(), (403, "in_response_to_mismatch"));
    let unsigned = envelope(&good.xml(corp()));
    assert_eq!(post(&site, &mut client, &unsigned).refused(), (400, "message_unexpected"));
    let unsolicited = Assertion { in_response_to: None, ..good.clone() }.response(corp());
    assert_eq!(post(&site, &mut client, &unsolicited.by_paos("")).refused(), (403, "unsolicited"));
    assert!(site.sp.sessions.is_blank() && site.session(&client).is_none());
    // What RelayState and refToMessageID say is nobody's word.
    let foreign = Assertion { relay_state: Some("https://evil.example/".to_owned()), ..good };
    let answer = post(&site, &mut client, &foreign.response(corp()).by_paos(
        "<p:Response xmlns:p=\"urn:liberty:paos:2003-08\" soap:mustUnderstand=\"1\" refToMessageID=\"_x\"/>",
    ));
    assert_eq!(answer.redirect(), (302, PAGE));
    let second = assertion(&site, &second).response(corp());
    assert_eq!(post(&site, &mut client, &second.by_paos("")).redirect(), (302, PAGE));
}

#[test]
fn an_envelope_holds_a_response_and_nothing_that_is_not_understood() {
    let (site, mut client) = (plan().site(), Browser::default());
    let asked = asked(&site, &mut client);
    let good = assertion(&site, &asked).response(corp());
    let block = |must: &str| {
        format!(
            "<cb:ChannelBindings xmlns:cb=\"urn:oasis:names:tc:SAML:protocol:ext:channel-binding\" {must}/>"
        )
    };
    let must = good.by_paos(&block("soap:mustUnderstand=\"1\""));
    assert_eq!(post(&site, &mut client, &must).refused(), (400, "soap_invalid"));
    // What is for the client, and not passed on by one that does the profile.
    let for_client = format!("<ecp:Response xmlns:ecp=\"{ECP}\" soap:mustUnderstand=\"1\"/>");
    let for_client = good.by_paos(&for_client);
    assert_eq!(post(&site, &mut client, &for_client).refused(), (400, "soap_invalid"));
    let fault = envelope(
        "<soap:Fault><faultcode>soap:Server</faultcode><faultstring>no</faultstring></soap:Fault>",
    );
    assert_eq!(post(&site, &mut client, &fault).refused(), (403, "soap_fault"));
    let logout = corp().logout_request("jane", &[], NOW).by_soap();
    assert_eq!(post(&site, &mut client, &logout).refused(), (400, "message_unexpected"));
    let answer = corp().logout_response(None, crate::site::SUCCESS, NOW).by_soap();
    assert_eq!(post(&site, &mut client, &answer).refused(), (400, "message_unexpected"));
    assert_eq!(post(&site, &mut client, "no XML").refused(), (400, "xml_malformed"));
    assert_eq!(post(&site, &mut client, &must.replace("soap:Header", "soap:Other")).status(), 400);
    let refused = post(&site, &mut client, &must);
    assert_eq!(refused.body().unwrap().content_type, "application/json", "programs read it");
    assert!(site.sp.sessions.is_blank());
    let answer = post(&site, &mut client, &good.by_paos(&block("")));
    assert_eq!(answer.redirect(), (302, PAGE), "a block that may be ignored is");
}

#[test]
fn the_location_says_which_idp_is_asked_and_alone_answers() {
    let site = plan().site();
    for (name, asked_idp, another) in [("corp", corp(), other()), ("other", other(), corp())] {
        let mut client = Browser::default();
        let idp = WantedIdp::One(Rc::clone(site.sp.idps.named(name).unwrap()));
        let protection = Protection { idp, ..protection(&site) };
        let answer = challenge(&site, &protection, &mut client, &program(), Method::Get);
        let entry = format!("<samlp:IDPEntry ProviderID=\"{}\"/>", asked_idp.entity_id);
        assert_eq!(answer.text().matches("IDPEntry").count(), 1);
        assert!(answer.text().contains(&entry), "{}", answer.text());
        let asked = Sent::by_paos(answer.text());
        let by_another = assertion(&site, &asked).response(another).by_paos("");
        assert_eq!(post(&site, &mut client, &by_another).status(), 403);
        let good = assertion(&site, &asked).response(asked_idp).by_paos("");
        assert_eq!(post(&site, &mut client, &good).redirect(), (302, PAGE));
    }
}

/// Nobody is there to choose on a page, or to be sent to the IdP a second time.
#[test]
fn no_page_comes_in_between() {
    let site =
        Plan { same_site: SameSite::Strict, discovery: sp::Discovery::Builtin, ..plan() }.site();
    let mut client = Browser::default();
    let asked = asked(&site, &mut client);
    let answer = post(&site, &mut client, &assertion(&site, &asked).response(corp()).by_paos(""));
    assert_eq!(answer.redirect(), (302, PAGE));
}

#[test]
fn no_authn_context_is_the_end() {
    let mut policy = Policy::default();
    policy.request.authn_context = Some(PreferredContext {
        asked: identity::RequestedAuthnContext {
            classes: vec!["urn:a".to_owned(), "urn:b".to_owned()],
            comparison: identity::Comparison::Exact,
        },
        in_turn: true,
    });
    let (site, mut client) = (Plan { policy, ..plan() }.site(), Browser::default());
    let asked = asked(&site, &mut client);
    assert_eq!(asked.texts("AuthnContextClassRef"), ["urn:a"]);
    let id = Some(asked.attribute("ID"));
    let none = corp().response(id, &["Responder", "NoAuthnContext"], "", NOW).by_paos("");
    assert_eq!(post(&site, &mut client, &none).refused(), (403, "no_authn_context"));
}
