//! URLs that would lead a browser away: by WHATWG's reading none of those that pass does.

use http::return_url;
use url::Url;

const LIST: &str = include_str!("../../../tests/harness/hostile_urls.txt");

const HANDLERS: [&str; 4] = ["/saml/acs", "/saml/sls", "/saml/login", "/saml/logout"];

/// The URLs of the list for a site at `host`.
fn hostile(scheme: &str, host: &str) -> Vec<String> {
    let other = if scheme == "https" { "http" } else { "https" };
    let lines = LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| serde_json::from_str::<String>(line).unwrap())
        .map(|url| {
            url.replace("{scheme}", scheme).replace("{host}", host).replace("{other}", other)
        })
        .collect()
}

fn handlers() -> Vec<String> {
    HANDLERS.map(str::to_owned).into()
}

#[test]
fn they_are_refused_or_lead_home() {
    for (scheme, host) in
        [("https", "app.example.com"), ("http", "127.0.0.1:8080"), ("https", "[2001:db8::1]:8443")]
    {
        let base = format!("{scheme}://{host}");
        let home = Url::parse(&base).unwrap();
        let all = hostile(scheme, host);
        assert!(all.len() >= 200);
        let mut refused = 0;
        for given in &all {
            let Some(passed) = return_url::check(given, &base, &[], &handlers()) else {
                refused += 1;
                continue;
            };
            // As it stands, and wherever a browser should be that reads it.
            for at in [&base, "https://evil.example/a/b", "http://127.0.0.1/"] {
                let there = Url::parse(at).unwrap().join(&passed).unwrap();
                assert_eq!(there.origin(), home.origin(), "{given:?} became {passed:?}");
                assert_eq!((there.username(), there.password()), ("", None), "{passed:?}");
            }
            assert!(
                passed.bytes().all(|byte| byte.is_ascii_graphic()),
                "{given:?} became {passed:?}"
            );
            assert!(!passed.contains(['"', '\'', '<', '>', '`', '\\']), "{passed:?}");
        }
        assert!(refused >= 200, "{refused} of {} at {base}", all.len());
    }
}

/// WHATWG's reading is what tells: where that leads away, ours refuses.
#[test]
fn what_leads_away_in_a_browser_is_refused() {
    let base = "https://app.example.com";
    let home = Url::parse(base).unwrap();
    for given in hostile("https", "app.example.com") {
        let leaves = home.join(&given).is_ok_and(|there| there.origin() != home.origin());
        if leaves {
            assert_eq!(return_url::check(&given, base, &[], &[]), None, "{given:?}");
        }
    }
}

/// However it is spelled: what a browser makes of a path is what nginx is asked for.
#[test]
fn none_that_passes_is_a_handler() {
    let base = "https://app.example.com";
    for given in hostile("https", "app.example.com") {
        if let Some(passed) = return_url::check(&given, base, &[], &handlers()) {
            let asked = Url::parse(&passed).unwrap();
            assert!(!HANDLERS.contains(&asked.path()), "{given:?} became {passed:?}");
        }
    }
}
