//! Whose message was refused: of what people stumble over the administrator hears, of strangers' noise not.

use clock::Seconds;
use saml::refusal::Sender;
use sp::EndpointKind::{Acs, Logout, Sls};

use crate::site::{Ask, Assertion, Browser, Idp, NOW, REQUEST_LIFETIME, Site, corp};

/// Who is thought to have sent what cannot be read.
fn of_noise(site: &Site, browser: &mut Browser) -> Sender {
    let answer = site.ask(browser, Ask::send(Acs, "SAMLResponse=*"));
    assert_eq!(answer.refused(), (400, "base64_invalid"));
    answer.circumstances.sender.get()
}

#[test]
fn noise_is_a_strangers() {
    assert_eq!(of_noise(&Site::new(), &mut Browser::default()), Sender::Stranger);
}

#[test]
fn who_has_a_login_under_way_is_none() {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.begin_login(&mut browser, "/");
    assert_eq!(of_noise(&site, &mut browser), Sender::Known);
    site.wait(REQUEST_LIFETIME);
    assert_eq!(of_noise(&site, &mut browser), Sender::Stranger, "it took too long");
}

#[test]
fn nor_is_who_has_just_logged_in_or_out() {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.log_in(&mut browser, "_s1");
    assert_eq!(of_noise(&site, &mut browser), Sender::Known);
    site.wait(REQUEST_LIFETIME);
    assert_eq!(of_noise(&site, &mut browser), Sender::Stranger);
    site.ask(&mut browser, Ask::open(Logout, ""));
    assert_eq!(of_noise(&site, &mut browser), Sender::Known);
    site.wait(Seconds(600));
    assert_eq!(of_noise(&site, &mut browser), Sender::Stranger);
}

#[test]
fn an_idp_of_this_sp_is_known_by_its_issuer() {
    let stranger = Idp { entity_id: "https://evil.example/", ..corp() };
    for (idp, sender) in [(corp(), Sender::Known), (stranger, Sender::Stranger)] {
        let (site, mut browser) = (Site::new(), Browser::default());
        let form = Assertion::of_jane("_s1", NOW).form(idp);
        let answer = site.ask(&mut browser, Ask::send(Acs, form));
        assert_eq!(answer.circumstances.sender.get(), sender);
        let request = idp.logout_request("jane", &[], NOW).unsigned_by_post();
        let answer = site.call(Ask::call(Sls, "application/x-www-form-urlencoded", request));
        assert_eq!(answer.circumstances.sender.get(), sender);
    }
}
