//! An IdP's metadata changes while logins are under way and people are signed in.

use std::rc::Rc;

use clock::Seconds;
use saml::provider;
use sp::EndpointKind::{Acs, Login};
use sp::{Current, SameEntity};

use crate::site::{Ask, Assertion, Browser, Idp, NOW, Site, corp, other, provider_of};

/// What `corp` is called by its new metadata, and its new key.
fn renamed() -> Idp {
    Idp { entity_id: "https://idp.corp.example/new", key: other().key }
}

fn change(site: &Site, idp: Idp) -> Result<(), SameEntity> {
    change_to(site, provider_of(idp))
}

fn change_to(site: &Site, provider: provider::Idp) -> Result<(), SameEntity> {
    let old = site.sp.idps.named("corp").unwrap();
    let provider = provider::Idp { sso: old.current().unwrap().sso.clone(), ..provider };
    site.sp.idps.swap(old, Current { provider: std::sync::Arc::new(provider), ui: Rc::default() })
}

#[test]
fn an_idp_that_left_takes_its_users_along() {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.log_in(&mut browser, "_s1");
    change(&site, corp()).unwrap();
    assert!(site.session(&browser).is_some(), "it is still called so");
    change(&site, renamed()).unwrap();
    assert!(site.session(&browser).is_none());
}

#[test]
fn a_login_under_way_is_answered_by_the_idp_as_it_is_by_now() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/page");
    change(&site, renamed()).unwrap();
    let assertion = Assertion::of_jane("_s1", NOW).answering(&asked);
    let answer = site.ask(&mut browser, Ask::send(Acs, assertion.form(corp())));
    assert_eq!(answer.refused(), (403, "signature_invalid"));
    let answer = site.ask(&mut browser, Ask::send(Acs, assertion.form(renamed())));
    assert_eq!(answer.redirect(), (303, "https://app.example.com/page"));
    assert_eq!(site.session(&browser).unwrap().session.idp(), renamed().entity_id);
}

#[test]
fn no_idp_takes_the_name_of_another() {
    let (site, mut browser) = (Site::new(), Browser::default());
    assert!(change(&site, other()).is_err());
    site.log_in(&mut browser, "_s1");
    assert_eq!(site.session(&browser).unwrap().session.idp(), corp().entity_id);
}

#[test]
fn nobody_logs_in_by_metadata_that_has_ended_and_who_is_in_stays() {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.log_in(&mut browser, "_s1");
    let asked = site.begin_login(&mut browser, "/page");
    change_to(&site, provider::Idp { valid_until: Some(NOW), ..provider_of(corp()) }).unwrap();
    site.wait(Seconds(60));
    let answer = site.ask(&mut browser, Ask::open(Login, "idp=corp"));
    assert_eq!(answer.refused(), (500, "idp_metadata_expired"));
    let assertion = Assertion::of_jane("_s2", NOW).answering(&asked);
    let answer = site.ask(&mut browser, Ask::send(Acs, assertion.form(corp())));
    assert_eq!(answer.refused(), (500, "idp_metadata_expired"));
    assert!(site.session(&browser).is_some());
}
