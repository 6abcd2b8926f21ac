//! `SameSite=Strict`: the cookie does not belong to the IdP's request and to what it redirects to.

use session::SameSite;
use sp::EndpointKind::Acs;

use crate::site::{Ask, Assertion, Browser, NOW, Plan, Site, corp};

fn logged_in(same_site: SameSite) -> (Site, Browser, crate::site::Answer) {
    let (site, mut browser) = (Plan { same_site, ..Plan::default() }.site(), Browser::default());
    let asked = site.begin_login(&mut browser, "/page");
    let form = Assertion::of_jane("_s1", NOW).answering(&asked).form(corp());
    let answer = site.ask(&mut browser, Ask::send(Acs, form));
    assert!(site.session(&browser).is_some());
    (site, browser, answer)
}

#[test]
fn a_page_of_this_site_goes_on_where_a_redirect_would_lose_the_cookie() {
    let (_, browser, answer) = logged_in(SameSite::Strict);
    assert_eq!(answer.page(), (200, "Signed in"));
    assert!(answer.text().contains("content=\"0;url=https://app.example.com/page\""));
    let page = |ask| browser.cookies_for(&ask, NOW).unwrap().contains("__Host-saml=");
    assert!(!page(Ask::follow(Acs, "")), "by a redirect");
    assert!(page(Ask::open(Acs, "")), "by the page");
}

#[test]
fn the_others_survive_a_redirect() {
    for same_site in [SameSite::Lax, SameSite::None] {
        let (_, browser, answer) = logged_in(same_site);
        assert_eq!(answer.redirect(), (303, "https://app.example.com/page"));
        let cookies = browser.cookies_for(&Ask::follow(Acs, ""), NOW).unwrap();
        assert!(cookies.contains("__Host-saml="));
    }
}
