//! The person chooses their IdP at another site (IdpDisco 2.4).

use std::collections::BTreeMap;
use std::rc::Rc;

use sp::EndpointKind::{Acs, Discovery as Page, Login, Metadata};
use sp::{Discovery, EndpointKind, Sp};

use crate::site::{
    Answer, Ask, Assertion, BASE_URL, Browser, ENTITY_ID, Memory, NOW, Plan, Sent, Site, other,
};

const SERVICE: &str = "https://wayf.example.org/ds?federation=1";

fn site() -> Site {
    Plan { discovery: Discovery::Service(SERVICE.to_owned()), ..Plan::default() }.site()
}

fn ask(site: &Site, browser: &mut Browser, kind: EndpointKind, query: &str) -> Answer {
    site.ask(browser, Ask::follow(kind, query))
}

/// What the service is told.
fn told(answer: &Answer) -> BTreeMap<String, String> {
    let (status, location) = answer.redirect();
    assert_eq!(status, 302);
    let query = location.strip_prefix(SERVICE).unwrap_or_else(|| panic!("{location}"));
    form_urlencoded::parse(query.strip_prefix('&').unwrap().as_bytes()).into_owned().collect()
}

/// The query with which the service sends the browser back.
fn back(told: &BTreeMap<String, String>, chosen: &str) -> String {
    let home = told["return"].strip_prefix(&format!("{BASE_URL}/saml/discovery?")).unwrap();
    let chosen: String = form_urlencoded::byte_serialize(chosen.as_bytes()).collect();
    format!("{home}&{}={chosen}", told["returnIDParam"])
}

#[test]
fn who_was_chosen_there_is_asked() {
    let (site, mut browser) = (site(), Browser::default());
    let told = told(&ask(&site, &mut browser, Login, "return=/page%3Fx%3D1&force_authn=1"));
    assert_eq!(told["entityID"], ENTITY_ID);
    assert_eq!(told["returnIDParam"], "entityID");
    let policy = "urn:oasis:names:tc:SAML:profiles:SSO:idp-discovery-protocol:single";
    assert_eq!((told["policy"].as_str(), told.get("isPassive")), (policy, None));
    assert!(!told["return"].contains("page"), "where somebody goes is nobody's business");

    let begun = ask(&site, &mut browser, Page, &back(&told, other().entity_id));
    let asked = Sent::by(&begun);
    assert_eq!(asked.to, format!("{}/sso", other().entity_id));
    assert_eq!(asked.attribute("ForceAuthn"), "true");
    let form = Assertion::of_jane("_s1", NOW).answering(&asked).form(other());
    let answer = site.ask(&mut browser, Ask::send(Acs, form));
    assert_eq!(answer.redirect(), (303, "https://app.example.com/page?x=1"));
}

#[test]
fn its_answer_is_believed_for_nothing_but_an_idp_of_ours() {
    let (site, mut browser) = (site(), Browser::default());
    let told = told(&ask(&site, &mut browser, Login, "return=/page"));
    for (chosen, code) in [
        ("https://evil.example/idp", "idp_not_offered"),
        ("corp", "idp_not_offered"),
        ("<script>", "idp_not_offered"),
        ("", "idp_not_chosen"),
    ] {
        let answer = ask(&site, &mut browser, Page, &back(&told, chosen));
        assert_eq!(answer.refused(), (400, code), "{chosen}");
        assert!(answer.text().contains("https://app.example.com/page\">Start again"));
        assert!(!answer.text().contains("evil"));
        assert_eq!(answer.text().matches("<script>").count(), 1, "ours alone");
    }
    let whole = back(&told, other().entity_id);
    let more = ask(&site, &mut browser, Page, &format!("{whole}&return=https://evil.example/"));
    assert_eq!(Sent::by(&more).to, format!("{}/sso", other().entity_id), "the rest is not read");
    let altered = whole.replacen("saml_choice=", "saml_choice=A", 1);
    for query in [altered.as_str(), "saml_choice=&entityID=x", "saml_choice=x"] {
        let answer = ask(&site, &mut browser, Page, query);
        assert_eq!(answer.refused(), (400, "argument_invalid"), "{query}");
    }
    assert!(site.sp.sessions.is_blank());
}

#[test]
fn a_service_that_may_show_nothing_may_choose_nobody() {
    let (site, mut browser) = (site(), Browser::default());
    let told = told(&ask(&site, &mut browser, Login, "return=/page&passive=1"));
    assert_eq!(told["isPassive"], "true");
    for chosen in ["", "https://evil.example/idp"] {
        let answer = ask(&site, &mut browser, Page, &back(&told, chosen));
        assert_eq!(answer.redirect(), (303, "https://app.example.com/page"), "{chosen}");
    }
    let asked = Sent::by(&ask(&site, &mut browser, Page, &back(&told, other().entity_id)));
    assert_eq!(asked.attribute("IsPassive"), "true");
}

#[test]
fn a_visit_to_the_page_leads_to_the_service() {
    let (site, mut browser) = (site(), Browser::default());
    let told = told(&ask(&site, &mut browser, Page, "return=/page"));
    let asked = Sent::by(&ask(&site, &mut browser, Page, &back(&told, other().entity_id)));
    assert_eq!(asked.to, format!("{}/sso", other().entity_id));
    assert!(browser.names("__Host-saml_idps").is_empty(), "the service remembers");
}

#[test]
fn metadata_says_where_the_service_may_send_people_back_to() {
    let metadata = |site: &Site| site.call(Ask::read(Metadata));
    let text = metadata(&site()).text().to_owned();
    let place = "Location=\"https://app.example.com/saml/discovery\"";
    assert!(text.contains("idpdisco:DiscoveryResponse") && text.contains(place), "{text}");
    assert!(!metadata(&Site::new()).text().contains("idpdisco"));
}

#[test]
fn nobody_is_sent_from_there_to_a_disabled_idp() {
    let discovery = || Discovery::Service(SERVICE.to_owned());
    let (before, mut browser) = (site(), Browser::default());
    let told = told(&ask(&before, &mut browser, Login, "return=/page"));
    let plan = Plan { discovery: discovery(), disabled: &["other"], ..Plan::default() };
    let sp = Rc::into_inner(plan.site().sp).unwrap();
    let sp = Sp::<Memory> { sessions: Rc::clone(&before.sp.sessions), ..sp };
    let after = Site { sp: Rc::new(sp), ..site() };
    let answer = ask(&after, &mut browser, Page, &back(&told, other().entity_id));
    assert_eq!(answer.refused(), (403, "idp_disabled"));
    assert!(answer.text().contains("https://app.example.com/page\">Start again"));
    let at_corp = ask(&after, &mut browser, Login, "return=/page");
    assert_eq!(Sent::by(&at_corp).to, "https://idp.corp.example/sso", "one is no choice");
}
