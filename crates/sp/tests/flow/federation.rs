//! A federation: one block, thousands of IdPs.

use std::rc::Rc;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use saml::artifact::SourceId;
use saml::metadata::{Federation, MetadataFilter};
use sp::EndpointKind::{Acs, Discovery as Page, Login, Logout};
use sp::{Current, Discovery};

use crate::site::{
    Answer, Ask, Assertion, Browser, Idp, KEYS, NOW, Plan, Sent, Site, corp, credential,
    provider_of,
};

const UNI: &str = "https://uni.example/idp";
const COLLEGE: &str = "https://college.example/idp";
const KEYLESS: &str = "https://keyless.example/idp";

fn uni() -> Idp {
    Idp { entity_id: UNI, key: &KEYS.other }
}

fn college() -> Idp {
    Idp { entity_id: COLLEGE, key: &KEYS.corp }
}

fn descriptor(entity_id: &str, name: &str, key: Option<&Idp>) -> String {
    let key = key.map(|idp| STANDARD.encode(credential(idp.key).certificate.der()));
    let key = key.map(|der| {
        format!(
            "<KeyDescriptor><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data>\
             <ds:X509Certificate>{der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>"
        )
    });
    format!(
        "<EntityDescriptor entityID=\"{entity_id}\"><IDPSSODescriptor \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><Extensions>\
         <ui:UIInfo xmlns:ui=\"urn:oasis:names:tc:SAML:metadata:ui\"><ui:DisplayName \
         xml:lang=\"en\">{name}</ui:DisplayName></ui:UIInfo><ui:DiscoHints \
         xmlns:ui=\"urn:oasis:names:tc:SAML:metadata:ui\"><ui:DomainHint>{name}.example</ui:DomainHint>\
         </ui:DiscoHints><s:Scope xmlns:s=\"urn:mace:shibboleth:metadata:1.0\">{name}.example</s:Scope>\
         </Extensions>{}<SingleSignOnService \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
         Location=\"{entity_id}/sso\"/></IDPSSODescriptor></EntityDescriptor>",
        key.unwrap_or_default()
    )
}

/// Whose entityID is no URL that one could be sent to.
fn at(descriptor: String) -> String {
    let (before, rest) = descriptor.split_once("Location=\"").unwrap();
    let (_, after) = rest.split_once("\"").unwrap();
    format!("{before}Location=\"https://elsewhere.example/sso\"{after}")
}

fn federation_of(descriptors: &[String]) -> Federation {
    let document = format!(
        "<EntitiesDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\">{}</EntitiesDescriptor>",
        descriptors.concat()
    );
    Federation::read([document.as_bytes()], &MetadataFilter::default(), None).unwrap()
}

fn federation() -> Federation {
    federation_of(&[
        descriptor(UNI, "uni", Some(&uni())),
        descriptor(COLLEGE, "college", Some(&college())),
        descriptor(KEYLESS, "keyless", None),
    ])
}

fn plan() -> Plan {
    Plan { discovery: Discovery::Builtin, federation: Some(federation()), ..Plan::default() }
}

fn link(site: &Site, browser: &mut Browser, query: &str) -> Answer {
    site.ask(browser, Ask::open(Login, query))
}

fn log_in(site: &Site, browser: &mut Browser, idp: Idp) -> Answer {
    let asked = Sent::by(&link(site, browser, &format!("return=/page&idp={}", idp.entity_id)));
    assert_eq!(asked.to, format!("{}/sso", idp.entity_id));
    let form = Assertion::of_jane("_s1", NOW).answering(&asked).form(idp);
    site.ask(browser, Ask::send(Acs, form))
}

fn swap(site: &Site, new: Federation) {
    let idps = &site.sp.idps;
    idps.swap_federation(idps.federation("federation").unwrap(), Arc::new(new));
}

#[test]
fn each_of_its_idps_signs_people_in_by_its_own_key() {
    let site = plan().site();
    for idp in [uni(), college()] {
        let mut browser = Browser::default();
        let answer = log_in(&site, &mut browser, idp);
        assert_eq!(answer.redirect(), (303, "https://app.example.com/page"));
        assert_eq!(site.session(&browser).unwrap().session.idp(), idp.entity_id);
    }
    let mut browser = Browser::default();
    let asked = Sent::by(&link(&site, &mut browser, &format!("idp={UNI}")));
    for (idp, code) in [
        (Idp { key: college().key, ..uni() }, "signature_invalid"),
        (college(), "signature_invalid"),
        (Idp { entity_id: COLLEGE, ..uni() }, "issuer_mismatch"),
    ] {
        let form = Assertion::of_jane("_s1", NOW).answering(&asked).form(idp);
        let answer = site.ask(&mut browser, Ask::send(Acs, form));
        assert_eq!(answer.refused(), (403, code));
    }
}

#[test]
fn people_choose_among_all_and_their_choice_is_remembered() {
    let (site, mut browser) = (plan().site(), Browser::default());
    let page = site.ask(&mut browser, Ask::open(Page, "return=/page"));
    for name in [UNI, COLLEGE, "corp", "other"] {
        assert!(page.text().contains(&format!("value=\"{name}\"")), "{name}: {}", page.text());
    }
    let found = site.ask(&mut browser, Ask::open(Page, "q=college"));
    assert!(found.text().contains(COLLEGE) && !found.text().contains(UNI));
    let chosen = site.ask(&mut browser, Ask::open(Page, &format!("idp={UNI}&remember=1")));
    assert_eq!(Sent::by(&chosen).to, format!("{UNI}/sso"));
    let again = Sent::by(&link(&site, &mut browser, "return=/page"));
    assert_eq!(again.to, format!("{UNI}/sso"));
    let hinted = link(&site, &mut Browser::default(), "login_hint=jane@college.example");
    assert_eq!(Sent::by(&hinted).to, format!("{COLLEGE}/sso"));
}

#[test]
fn an_idp_without_a_usable_key_says_so_and_asks_nobody() {
    let answer = link(&plan().site(), &mut Browser::default(), &format!("idp={KEYLESS}"));
    assert_eq!(answer.refused(), (500, "idp_metadata_unusable"));
}

#[test]
fn who_leaves_the_federation_takes_its_users_along() {
    let (site, mut at_uni, mut at_college) =
        (plan().site(), Browser::default(), Browser::default());
    log_in(&site, &mut at_uni, uni());
    log_in(&site, &mut at_college, college());
    let asked = Sent::by(&link(&site, &mut at_college, &format!("idp={COLLEGE}")));
    swap(&site, federation_of(&[descriptor(UNI, "uni", Some(&uni()))]));
    assert!(site.session(&at_uni).is_some());
    assert!(site.session(&at_college).is_none());
    let gone = link(&site, &mut Browser::default(), &format!("idp={COLLEGE}"));
    assert_eq!(gone.refused(), (400, "argument_invalid"));
    let form = Assertion::of_jane("_s2", NOW).answering(&asked).form(college());
    let answer = site.ask(&mut at_college, Ask::send(Acs, form));
    assert_eq!(answer.refused(), (400, "idp_unknown"));
    // Its key counts no more, the new one does.
    swap(&site, federation_of(&[descriptor(UNI, "uni", Some(&college()))]));
    let mut browser = Browser::default();
    let asked = Sent::by(&link(&site, &mut browser, &format!("idp={UNI}")));
    for (key, is_in) in [(uni().key, false), (college().key, true)] {
        let form = Assertion::of_jane("_s3", NOW).answering(&asked).form(Idp { key, ..uni() });
        let answer = site.ask(&mut browser, Ask::send(Acs, form));
        assert_eq!(answer.status() == 303, is_in);
    }
}

#[test]
fn a_block_of_its_own_takes_an_idp_out() {
    let site = Plan { barred: Some(UNI), ..plan() }.site();
    let answer = link(&site, &mut Browser::default(), &format!("idp={UNI}"));
    assert_eq!(answer.refused(), (403, "idp_disabled"));
    let page = site.ask(&mut Browser::default(), Ask::open(Page, ""));
    assert!(page.text().contains(COLLEGE) && !page.text().contains(UNI));
    let hinted = link(&site, &mut Browser::default(), "login_hint=jane@uni.example");
    assert!(!hinted.redirect().1.contains(UNI));
    let mut browser = Browser::default();
    let answer = log_in(&site, &mut browser, college());
    assert_eq!(answer.redirect().0, 303);
    let renamed = descriptor(corp().entity_id, "corp", Some(&uni()));
    swap(&site, federation_of(&[descriptor(UNI, "uni", Some(&uni())), renamed]));
    let with_its_key = Idp { key: uni().key, ..corp() };
    let asked = Sent::by(&link(&site, &mut browser, "idp=corp"));
    let form = Assertion::of_jane("_s2", NOW).answering(&asked).form(with_its_key);
    let answer = site.ask(&mut browser, Ask::send(Acs, form));
    assert_eq!(answer.refused(), (403, "signature_invalid"), "what a block says outweighs it");
}

#[test]
fn a_block_whose_metadata_is_awaited_outweighs_the_federation_already() {
    let site = Plan { late: Some(UNI), ..plan() }.site();
    for name in [UNI, "late"] {
        let answer = link(&site, &mut Browser::default(), &format!("idp={name}"));
        assert_eq!(answer.refused(), (500, "idp_metadata_missing"), "{name}");
    }
    let page = site.ask(&mut Browser::default(), Ask::open(Page, ""));
    assert!(page.text().contains(COLLEGE) && !page.text().contains(UNI));
    let mut browser = Browser::default();
    let form = Assertion::of_jane("_s1", NOW).form(uni());
    let answer = site.ask(&mut browser, Ask::send(Acs, form));
    assert_eq!(answer.refused().1, "idp_unknown");
    assert!(!site.sp.idps.trust(UNI, NOW, &std::cell::Cell::default()));
    let late = site.sp.idps.named("late").unwrap();
    let current = Current {
        provider: std::sync::Arc::new(provider_of(Idp { key: college().key, ..uni() })),
        ui: Rc::default(),
    };
    site.sp.idps.swap(late, current).unwrap();
    let asked = Sent::by(&link(&site, &mut browser, &format!("idp={UNI}")));
    for (key, is_in) in [(uni().key, false), (college().key, true)] {
        let form = Assertion::of_jane("_s2", NOW).answering(&asked).form(Idp { key, ..uni() });
        let answer = site.ask(&mut browser, Ask::send(Acs, form));
        assert_eq!(answer.status() == 303, is_in);
    }
    assert!(site.session(&browser).is_some());
}

#[test]
fn the_log_quotes_what_an_idp_is_called() {
    const ODD: &str = "https://a&#10;saml: all is well";
    let federation = federation_of(&[at(descriptor(ODD, "odd", Some(&uni())))]);
    let site = Plan { federation: Some(federation), ..plan() }.site();
    let entity_id = "https://a\nsaml: all is well";
    let form = Assertion::of_jane("_s1", NOW).form(Idp { entity_id, ..uni() });
    let refusal = site.ask(&mut Browser::default(), Ask::send(Acs, form)).refusal.unwrap();
    assert_eq!(refusal.code(), "unsolicited");
    assert!(refusal.detail().contains("\"https://a\\nsaml: all is well\""), "{refusal}");
}

#[test]
fn an_entity_id_that_is_the_name_of_a_block_means_the_block() {
    let federation = federation_of(&[
        at(descriptor("corp", "impostor", Some(&uni()))),
        descriptor(COLLEGE, "college", Some(&college())),
    ]);
    let (site, mut browser) =
        (Plan { federation: Some(federation), ..plan() }.site(), Browser::default());
    let asked = Sent::by(&link(&site, &mut browser, "idp=corp"));
    assert_eq!(asked.to, "https://idp.corp.example/sso");
    let impostor = Idp { entity_id: "corp", ..uni() };
    let form = Assertion::of_jane("_s1", NOW).form(impostor);
    let answer = site.ask(&mut browser, Ask::send(Acs, form));
    assert_eq!(answer.refused().1, "idp_unknown");
    let page = site.ask(&mut browser, Ask::open(Page, ""));
    assert!(page.text().contains(COLLEGE) && !page.text().contains("impostor"));
    assert_eq!(page.text().matches("value=\"corp\"").count(), 1);
    assert!(!site.sp.idps.trust("corp", NOW, &std::cell::Cell::default()));
}

#[test]
fn a_session_ends_where_its_idp_is_of_a_federation() {
    let (site, mut browser) = (plan().site(), Browser::default());
    log_in(&site, &mut browser, uni());
    let answer = site.ask(&mut browser, Ask::open(Logout, ""));
    assert!(answer.status() < 400 && site.session(&browser).is_none());
}

#[test]
fn artifacts_name_its_idps_too_and_those_that_are_taken_out() {
    let of = |site: &Site, idp: Idp| site.sp.idps.of_source(SourceId::of(idp.entity_id));
    let site = plan().site();
    assert_eq!(of(&site, uni()).unwrap().name(), UNI);
    assert!(!of(&site, uni()).unwrap().is_disabled());
    let site = Plan { barred: Some(UNI), ..plan() }.site();
    assert!(of(&site, uni()).unwrap().is_disabled());
    assert!(!of(&site, college()).unwrap().is_disabled());
    swap(&site, federation_of(&[descriptor(UNI, "uni", Some(&uni()))]));
    assert!(of(&site, college()).is_none());
}
