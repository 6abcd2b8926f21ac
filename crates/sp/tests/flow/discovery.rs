//! The person chooses their IdP on the SP's own page.

use sp::EndpointKind::{Acs, Discovery as Page, Login};
use sp::{Discovery, EndpointKind};

use crate::site::{
    Answer, Ask, Assertion, BASE_URL, Browser, DENIED, NOW, Plan, Sent, Site, corp, other,
};

const CORP: &str = "https://idp.corp.example/sso";
const CHOICES: &str = "__Host-saml_idps_";

fn site() -> Site {
    Plan { discovery: Discovery::Builtin, ..Plan::default() }.site()
}

fn ask(site: &Site, browser: &mut Browser, kind: EndpointKind, query: &str) -> Answer {
    site.ask(browser, Ask::open(kind, query))
}

/// The query with which the answer leads to the page.
fn leads_to_page(answer: &Answer) -> String {
    let (status, location) = answer.redirect();
    assert_eq!(status, 302, "{location}");
    let page = format!("{BASE_URL}/saml/discovery?");
    location.strip_prefix(&page).unwrap_or_else(|| panic!("{location}")).to_owned()
}

#[test]
fn who_does_not_say_their_idp_chooses_one_and_comes_to_their_page() {
    let (site, mut browser) = (site(), Browser::default());
    let query = leads_to_page(&ask(&site, &mut browser, Login, "return=/page%3Fx%3D1"));
    assert_eq!(query, "return=%2Fpage%3Fx%3D1");
    assert!(browser.names("").is_empty(), "nothing has begun");
    let page = ask(&site, &mut browser, Page, &query);
    assert_eq!(page.page(), (200, "Where do you sign in?"));
    for part in ["value=\"corp\"", "value=\"other\"", "name=\"return\" value=\"/page?x=1\""] {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
    let begun = ask(&site, &mut browser, Page, &format!("{query}&q=&idp=other"));
    let asked = Sent::by(&begun);
    assert_eq!(asked.to, format!("{}/sso", other().entity_id));
    let form = Assertion::of_jane("_s1", NOW).answering(&asked).form(other());
    let answer = site.ask(&mut browser, Ask::send(Acs, form));
    assert_eq!(answer.redirect(), (303, "https://app.example.com/page?x=1"));
}

#[test]
fn what_the_login_is_to_be_like_goes_along() {
    let (site, mut browser) = (site(), Browser::default());
    let wishes =
        "return=%2F&force_authn=1&authn_context=urn%3Ax&authn_context=urn%3Ay&comparison=minimum";
    let query = leads_to_page(&ask(&site, &mut browser, Login, wishes));
    assert_eq!(query, wishes);
    let page = ask(&site, &mut browser, Page, &query);
    for (name, value) in
        [("force_authn", "1"), ("authn_context", "urn:y"), ("comparison", "minimum")]
    {
        let field = format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
        assert!(page.text().contains(&field), "{field}");
    }
    let asked = Sent::by(&ask(&site, &mut browser, Page, &format!("{query}&idp=corp")));
    assert_eq!(asked.attribute("ForceAuthn"), "true");
    assert_eq!(asked.texts("AuthnContextClassRef"), ["urn:x", "urn:y"]);
}

#[test]
fn who_says_their_idp_is_not_asked() {
    let site = site();
    for (query, to) in [
        ("idp=corp", CORP.to_owned()),
        ("idp=other", format!("{}/sso", other().entity_id)),
        ("login_hint=jane%40other.example", format!("{}/sso", other().entity_id)),
    ] {
        let answer = ask(&site, &mut Browser::default(), Login, query);
        assert_eq!(Sent::by(&answer).to, to, "{query}");
    }
}

#[test]
fn choices_are_remembered_and_made_by_themselves_when_asked_to() {
    let (site, mut browser) = (site(), Browser::default());
    let choose =
        |browser: &mut Browser, query: &str| Sent::by(&ask(&site, browser, Page, query)).to;
    choose(&mut browser, "return=%2F&idp=other");
    assert_eq!(browser.names(CHOICES).len(), 1);
    let page = ask(&site, &mut browser, Page, "");
    let (before, after) = page.text().split_once("Other organisations").unwrap();
    assert!(before.contains("value=\"other\"") && after.contains("value=\"corp\""));
    leads_to_page(&ask(&site, &mut browser, Login, ""));

    choose(&mut browser, "idp=corp&remember=1");
    assert_eq!(Sent::by(&ask(&site, &mut browser, Login, "")).to, CORP);
    let page = ask(&site, &mut browser, Page, "");
    assert!(page.text().contains("value=\"1\" checked"), "there they choose anew");
    choose(&mut browser, "idp=corp");
    leads_to_page(&ask(&site, &mut browser, Login, ""));
}

#[test]
fn who_chose_wrongly_for_always_can_choose_once_more() {
    let (site, mut browser) = (site(), Browser::default());
    ask(&site, &mut browser, Page, "idp=other&remember=1");
    let asked = Sent::by(&ask(&site, &mut browser, Login, "return=/page%3Fx%3D1"));
    let response = other().response(Some(asked.attribute("ID")), DENIED, "", NOW);
    let refused = site.ask(&mut browser, Ask::send(Acs, response.by_post()));
    assert_eq!(refused.code(), Some("status_not_success"));
    let again = format!("{BASE_URL}/saml/discovery?return=%2Fpage%3Fx%3D1");
    assert!(refused.text().contains(&format!("href=\"{again}\">Start again")));
}

#[test]
fn another_site_chooses_nothing_for_the_next_time() {
    for site_of_link in ["cross-site", "same-site"] {
        let (site, mut browser) = (site(), Browser::default());
        let link = Ask::follow(Page, "idp=other&remember=1").with("Sec-Fetch-Site", site_of_link);
        Sent::by(&site.ask(&mut browser, link));
        assert!(browser.names(CHOICES).is_empty(), "{site_of_link}");
        leads_to_page(&ask(&site, &mut browser, Login, ""));
    }
}

#[test]
fn a_remembered_idp_that_is_gone_is_not_gone_to() {
    let (site, mut browser) = (site(), Browser::default());
    let tag = site.sp.id.tag();
    for value in ["i=nobody&a=1", "i=https%3A%2F%2Fevil.example&a=1", "a=1", "i=&a=1", "%%%"] {
        browser.keep(&format!("{CHOICES}{tag}={value}; Path=/; Secure; HttpOnly"), NOW);
        leads_to_page(&ask(&site, &mut browser, Login, ""));
        let page = ask(&site, &mut browser, Page, "");
        assert!(!page.text().contains("evil") && !page.text().contains("nobody"), "{value}");
    }
}

#[test]
fn nobody_is_sent_anywhere_else() {
    let site = site();
    for (query, code) in [
        ("return=https://evil.example/", "return_url_refused"),
        ("return=//evil.example/&idp=corp", "return_url_refused"),
        ("return=/saml/logout&idp=corp", "return_url_refused"),
        ("idp=nobody", "argument_invalid"),
        ("idp=https://evil.example/", "argument_invalid"),
        ("saml_choice=x&entityID=https://evil.example/", "argument_invalid"),
    ] {
        let answer = ask(&site, &mut Browser::default(), Page, query);
        assert_eq!(answer.refused(), (400, code), "{query}");
    }
}

#[test]
fn where_nobody_can_choose_there_is_no_page() {
    let one = Plan { discovery: Discovery::Builtin, is_awaited: true, ..Plan::default() }.site();
    let answer = ask(&one, &mut Browser::default(), Login, "");
    assert_eq!(Sent::by(&answer).to, format!("{}/sso", other().entity_id), "one is no choice");
    let answer = ask(&site(), &mut Browser::default(), Login, "passive=1&return=/page");
    assert_eq!(answer.redirect(), (303, "https://app.example.com/page"), "nobody may be bothered");
}

#[test]
fn the_page_is_there_for_links_where_nobody_is_led_to_it() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let page = ask(&site, &mut browser, Page, "");
    assert_eq!(page.page(), (200, "Where do you sign in?"));
    assert!(!page.text().contains("checkbox"), "nothing would come of it");
    ask(&site, &mut browser, Page, "idp=other&remember=1");
    assert_eq!(Sent::by(&ask(&site, &mut browser, Login, "")).to, CORP, "the first, as ever");
    assert_eq!(corp().entity_id, site.sp.default_idp().unwrap().current().unwrap().entity_id);
}

#[test]
fn pages_of_others_choose_nothing() {
    for destination in ["image", "script", "style"] {
        let ask = Ask::follow(Page, "idp=corp").with("Sec-Fetch-Dest", destination);
        let answer = site().ask(&mut Browser::default(), ask);
        assert_eq!(answer.refused(), (400, "request_embedded"), "{destination}");
    }
}

#[test]
fn a_disabled_idp_is_not_on_the_page_and_not_gone_to() {
    let disabled: &'static [&'static str] = &["other"];
    let plan = || Plan { discovery: Discovery::Builtin, disabled, ..Plan::default() };
    let (before, mut browser) = (site(), Browser::default());
    ask(&before, &mut browser, Page, "idp=other&remember=1");

    let after = plan().site();
    let page = ask(&after, &mut browser, Page, "");
    assert!(page.text().contains("value=\"corp\"") && !page.text().contains("other.example"));
    assert!(!page.text().contains("value=\"other\"") && !page.text().contains("Chosen before"));
    assert!(!ask(&after, &mut browser, Page, "q=OTHER").text().contains("value=\"other\""));
    for query in ["", "login_hint=jane%40other.example"] {
        let answer = ask(&after, &mut browser, Login, query);
        assert_eq!(Sent::by(&answer).to, CORP, "one is no choice, whatever was chosen before");
    }
    let entity = format!("idp={}&remember=1", other().entity_id);
    for query in ["idp=other&remember=1", entity.as_str()] {
        let answer = ask(&after, &mut browser, Page, query);
        assert_eq!(answer.refused(), (403, "idp_disabled"), "{query}");
        assert!(answer.all("Set-Cookie").is_empty(), "{query}");
    }
}
