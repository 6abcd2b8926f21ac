//! What is refused for how it is asked, before anything else: the method, what browsers do ahead of
//! people, and parts of pages.

use sp::EndpointKind::{self, Acs, Events, Jwks, Login, Logout, Metadata, Session, Sls};

use crate::site::{Ask, Browser, Site};

#[test]
fn another_method_is_told_those_that_are_taken() {
    let site = Site::new();
    for (endpoint, methods, allow) in [
        (Acs, ["HEAD", "PUT", "get"], "GET, POST"),
        (Sls, ["HEAD", "DELETE", "post"], "GET, POST"),
        (Login, ["POST", "OPTIONS", "PUT"], "GET, HEAD"),
        (Logout, ["HEAD", "PUT", "OPTIONS"], "GET, POST"),
        (Metadata, ["POST", "PUT", "DELETE"], "GET, HEAD"),
        (Jwks, ["POST", "PUT", "DELETE"], "GET, HEAD"),
        (Events, ["GET", "HEAD", "PUT"], "POST"),
    ] {
        for method in methods {
            let answer = site.call(Ask::open(endpoint, "").by(method));
            assert_eq!(answer.refused(), (405, "method_not_allowed"), "{method} {endpoint:?}");
            assert_eq!(answer.header("Allow"), Some(allow));
        }
    }
    assert_eq!(site.call(Ask::open(Metadata, "").by("HEAD")).status(), 200);
    assert_eq!(site.call(Ask::open(Login, "").by("HEAD")).status(), 302);
}

#[test]
fn a_browser_that_only_prepares_begins_and_ends_nothing() {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.log_in(&mut browser, "_s1");
    let before = browser.names("").len();
    for (name, value) in [("Sec-Purpose", "prefetch;prerender"), ("Purpose", "prefetch")] {
        let reads = [Metadata, Jwks, Session];
        for endpoint in EndpointKind::ALL.iter().filter(|kind| !reads.contains(kind)) {
            // What takes nothing but POST is asked by that.
            let is_read = endpoint.methods().contains(&"GET");
            let ask = Ask::open(*endpoint, "").by(if is_read { "GET" } else { "POST" });
            let answer = site.ask(&mut browser, ask.with(name, value));
            assert_eq!(answer.refused(), (503, "request_speculative"), "{endpoint:?}");
        }
        for endpoint in reads {
            let answer = site.ask(&mut browser, Ask::open(endpoint, "").with(name, value));
            assert_eq!(answer.status(), 200);
        }
    }
    assert!(site.session(&browser).is_some());
    assert_eq!(browser.names("").len(), before);
}

#[test]
fn a_part_of_a_page_begins_and_ends_nothing() {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.log_in(&mut browser, "_s1");
    let before = browser.names("").len();
    for destination in ["image", "script", "style", "video", ""] {
        for endpoint in [Login, Logout] {
            let ask = Ask::open(endpoint, "").with("Sec-Fetch-Dest", destination);
            let answer = site.ask(&mut browser, ask);
            assert_eq!(answer.refused(), (400, "request_embedded"), "{destination} {endpoint:?}");
        }
    }
    assert!(site.session(&browser).is_some());
    assert_eq!(browser.names("").len(), before);
}

#[test]
fn a_frame_logs_in_by_itself_and_out_by_a_click() {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.log_in(&mut browser, "_s1");
    let framed = |endpoint, user| {
        Ask::open(endpoint, "").with("Sec-Fetch-Dest", "iframe").with("Sec-Fetch-User", user)
    };
    assert_eq!(site.ask(&mut browser, framed(Login, "?0")).status(), 302);
    let answer = site.ask(&mut browser, framed(Logout, "?0"));
    assert_eq!(answer.refused(), (400, "request_embedded"));
    assert!(browser.token().is_some());
    assert_eq!(site.ask(&mut browser, framed(Logout, "?1")).status(), 303);
    assert!(browser.token().is_none());
}
