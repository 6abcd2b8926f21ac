//! Who is asked, and who may answer.

use sp::EndpointKind::{Acs, Login};

use crate::site::{Ask, Assertion, Browser, Idp, NOW, Plan, Sent, Site, corp, other};

const CORP: &str = "https://idp.corp.example/sso";

/// Where a link with this query leads.
fn leads_to(site: &Site, query: &str) -> String {
    Sent::by(&site.ask(&mut Browser::default(), Ask::open(Login, query))).to
}

#[test]
fn a_link_names_the_idp_or_its_entity() {
    let (site, sso) = (Site::new(), format!("{}/sso", other().entity_id));
    let entity = form_urlencoded::byte_serialize(other().entity_id.as_bytes()).collect::<String>();
    assert_eq!(leads_to(&site, ""), CORP);
    assert_eq!(leads_to(&site, "idp=other"), sso);
    assert_eq!(leads_to(&site, &format!("idp={entity}")), sso);
}

#[test]
fn nobody_is_asked_in_the_place_of_one_that_is_not_known() {
    let site = Site::new();
    for query in ["idp=", "idp=nobody", "idp=OTHER", "idp=https://evil.example/idp"] {
        let answer = site.ask(&mut Browser::default(), Ask::open(Login, query));
        assert_eq!(answer.refused(), (400, "argument_invalid"), "{query}");
    }
}

#[test]
fn an_address_says_where_somebody_signs_in_unless_the_link_does() {
    let (site, sso) = (Site::new(), format!("{}/sso", other().entity_id));
    assert_eq!(leads_to(&site, "login_hint=jane%40Other.Example"), sso);
    assert_eq!(leads_to(&site, "login_hint=jane%40other.example&idp=corp"), CORP);
    for hint in ["jane", "jane%40elsewhere.example", "", "%40", "other.example"] {
        assert_eq!(leads_to(&site, &format!("login_hint={hint}")), CORP, "{hint}");
    }
}

#[test]
fn a_login_at_one_idp_is_not_answered_by_another() {
    let with_its_key = Idp { entity_id: other().entity_id, ..corp() };
    for (query, idp, code) in [
        ("idp=corp", other(), "signature_invalid"),
        ("idp=other", corp(), "signature_invalid"),
        ("idp=corp", with_its_key, "issuer_mismatch"),
    ] {
        let (site, mut browser) = (Site::new(), Browser::default());
        let asked = Sent::by(&site.ask(&mut browser, Ask::open(Login, query)));
        let form = Assertion::of_jane("_s1", NOW).answering(&asked).form(idp);
        let answer = site.ask(&mut browser, Ask::send(Acs, form));
        assert_eq!(answer.refused(), (403, code), "{query}");
        assert!(site.sp.sessions.is_blank());
    }
}

#[test]
fn an_idp_that_is_named_and_has_no_metadata_is_not_replaced() {
    let site = Plan { is_awaited: true, ..Plan::default() }.site();
    assert_eq!(leads_to(&site, ""), format!("{}/sso", other().entity_id));
    let answer = site.ask(&mut Browser::default(), Ask::open(Login, "idp=corp"));
    assert_eq!(answer.code(), Some("idp_metadata_missing"));
}
