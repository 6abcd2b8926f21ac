//! Assertions that only this SP can read, and what strangers may ask its private key to do.

use clock::Seconds;
use sp::EndpointKind::Acs;

use crate::site::{Ask, Assertion, Browser, NOW, Plan, Site, corp, encrypted_assertion, other};

/// Private key operations that one client may ask for in a row in vain.
const MOST_IN_VAIN: usize = 20;

fn site() -> Site {
    use saml::provider::Policy;
    Plan { policy: Policy { allow_unsolicited: true, ..Policy::default() }, ..Plan::default() }
        .site()
}

/// An unsigned Response, in which only what is encrypted can be the IdP's.
fn unsigned(assertion: &Assertion, inside: &str) -> Ask {
    Ask::send(Acs, assertion.response_with(corp(), inside).unsigned_by_post())
}

#[test]
fn an_encrypted_assertion_lets_in() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/page");
    let assertion = Assertion::of_jane("_s1", NOW).answering(&asked);
    let sealed = encrypted_assertion(&corp().sign(&assertion.xml(corp())));
    let answer = site.ask(&mut browser, unsigned(&assertion, &sealed));
    assert_eq!(answer.redirect(), (303, "https://app.example.com/page"));
    assert_eq!(site.session(&browser).unwrap().session.name_id(), "jane");
}

#[test]
fn anybody_can_encrypt_and_only_the_idp_can_sign() {
    let site = site();
    let assertion = Assertion::of_jane("_s1", NOW);
    let xml = assertion.xml(corp());
    for sealed in [encrypted_assertion(&xml), encrypted_assertion(&other().sign(&xml))] {
        let answer = site.ask(&mut Browser::default(), unsigned(&assertion, &sealed));
        assert_eq!(answer.status(), 403);
    }
    assert!(site.sp.sessions.is_blank());
}

#[test]
fn whoever_logs_in_pays_for_nothing() {
    let site = site();
    for n in 0..=MOST_IN_VAIN {
        let assertion = Assertion::of_jane(&format!("_s{n}"), NOW);
        let sealed = encrypted_assertion(&corp().sign(&assertion.xml(corp())));
        let answer = site.ask(&mut Browser::default(), unsigned(&assertion, &sealed));
        assert_eq!(answer.status(), 303, "{n}");
    }
}

#[test]
fn what_is_sent_in_vain_is_counted() {
    let site = site();
    let assertion = Assertion::of_jane("_s1", NOW);
    let sealed = encrypted_assertion(&other().sign(&assertion.xml(corp())));
    let code = || site.ask(&mut Browser::default(), unsigned(&assertion, &sealed)).code();
    for n in 0..MOST_IN_VAIN {
        assert_ne!(code(), Some("decryption_limit"), "{n}");
    }
    assert_eq!(code(), Some("decryption_limit"));
    // What the IdP vouches for costs no stranger's share.
    let signed = Ask::send(
        Acs,
        assertion.response_with(corp(), &encrypted_assertion(&assertion.xml(corp()))).by_post(),
    );
    assert_eq!(site.ask(&mut Browser::default(), signed).status(), 303);
    site.wait(Seconds(1));
    assert_ne!(code(), Some("decryption_limit"), "one more each second");
    assert_eq!(code(), Some("decryption_limit"));
}
