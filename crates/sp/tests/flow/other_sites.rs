//! Who may have a browser log out: the person, this site, and the hosts of `return_hosts`.

use sp::EndpointKind::Logout;

use crate::site::{Ask, Browser, Site};

/// A logout by these header fields; nothing = the browser does not send it.
fn asked_by(site: Option<&str>, origin: Option<&str>, referer: Option<&str>) -> Ask {
    // A program's request has none of them.
    let ask = Ask::call(Logout, "application/x-www-form-urlencoded", "");
    let fields = [("Sec-Fetch-Site", site), ("Origin", origin), ("Referer", referer)];
    fields.into_iter().fold(ask, |ask, (name, value)| match value {
        Some(value) => ask.with(name, value),
        None => ask,
    })
}

#[test]
fn another_site_does_not_log_anybody_out() {
    for (site, origin, referer) in [
        (Some("cross-site"), None, None),
        (Some("cross-site"), Some("https://app.example.com"), None),
        (Some("cross-site"), Some("https://portal.example.com"), None),
        (Some("same-site"), None, None),
        (Some("same-site"), Some("https://shop.example.com"), None),
        (Some("none"), Some("https://evil.example"), None),
        (Some(""), None, None),
        (None, Some("https://evil.example"), None),
        (None, Some("null"), None),
        (None, Some("http://app.example.com"), None),
        (None, Some("https://app.example.com:8443"), None),
        (None, None, Some("https://evil.example/?https://app.example.com/")),
        (None, Some("null"), Some("https://app.example.com/")),
    ] {
        let (sp, mut browser) = (Site::new(), Browser::default());
        sp.log_in(&mut browser, "_s1");
        let answer = sp.ask(&mut browser, asked_by(site, origin, referer));
        let case = format!("{site:?} {origin:?} {referer:?}");
        assert_eq!(answer.refused(), (403, "logout_cross_site"), "{case}");
        assert!(sp.session(&browser).is_some(), "{case}");
    }
}

#[test]
fn the_site_itself_and_its_friends_do() {
    for (site, origin, referer) in [
        (Some("same-origin"), None, None),
        (Some("same-origin"), Some("null"), None),
        (Some("none"), None, None),
        (Some("none"), None, Some("https://app.example.com/x")),
        (Some("same-site"), Some("https://portal.example.com"), None),
        (Some("same-site"), None, Some("https://portal.example.com/menu")),
        (None, None, None),
        (None, Some("https://app.example.com"), None),
        (None, Some("https://portal.example.com"), Some("https://evil.example/")),
        (None, None, Some("https://app.example.com/x")),
    ] {
        let (sp, mut browser) = (Site::new(), Browser::default());
        sp.log_in(&mut browser, "_s1");
        let before = browser.clone();
        let answer = sp.ask(&mut browser, asked_by(site, origin, referer));
        let case = format!("{site:?} {origin:?} {referer:?}");
        assert_eq!((answer.status(), answer.code()), (303, None), "{case}");
        assert!(sp.session(&before).is_none(), "{case}");
    }
}

#[test]
fn the_person_may_say_so_themselves() {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.log_in(&mut browser, "_s1");
    let led = site.ask(&mut browser, Ask::follow(Logout, "return=/bye"));
    assert_eq!(led.page(), (403, "Do you want to sign out?"));
    assert!(led.text().contains("<form method=\"post\">"));
    let before = browser.clone();
    let pressed =
        Ask::open(Logout, "return=/bye").by("POST").with("Origin", "https://app.example.com");
    assert_eq!(site.ask(&mut browser, pressed).status(), 303);
    assert!(site.session(&before).is_none());
}

#[test]
fn a_link_of_another_site_is_judged_by_its_return_first() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let ask = Ask::follow(Logout, "return=https://evil.example/");
    assert_eq!(site.ask(&mut browser, ask).refused(), (400, "return_url_refused"));
}
