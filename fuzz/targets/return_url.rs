//! Where a browser may be sent: an accepted URL, read as browsers read it, leads to an allowed origin
//! and to no handler.
#![no_main]

use http::return_url::check;
use libfuzzer_sys::fuzz_target;
use url::{ParseError, Url};

const BASE: &str = "https://app.example.com/base/";
const HANDLER: &str = "/a/b";
const HTTP_BASE: &str = "http://localhost:8080";

fuzz_target!(|url: &str| {
    let hosts = ["www.example.org", "*.example.net", "other.example:8080", "[::1]:8443"];
    let hosts = hosts.map(str::to_owned);
    let handlers = [HANDLER.to_owned()];
    for base in [BASE, HTTP_BASE] {
        for hosts in [[].as_slice(), &hosts] {
            if let Some(accepted) = check(url, base, hosts, &handlers) {
                judge(&accepted, base, !hosts.is_empty());
                assert_eq!(check(&accepted, base, hosts, &handlers).as_ref(), Some(&accepted));
            }
        }
    }
});

fn judge(accepted: &str, base: &str, listed: bool) {
    // It goes into a header and into HTML.
    assert!(accepted.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>\\`".contains(&b)));
    let url = match Url::parse(accepted) {
        Ok(url) => url,
        // A browser goes nowhere with a name below a listed one that is not DNS.
        Err(ParseError::IdnaError) if listed => return,
        Err(error) => panic!("{accepted}: {error}"),
    };
    let own = Url::parse(base).expect("a URL").origin();
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default();
    let default = Some(if url.scheme() == "https" { 443 } else { 80 });
    let allowed = match host {
        "www.example.org" => port == default,
        "other.example" => port == Some(8080),
        "[::1]" => port == Some(8443),
        _ => host.ends_with(".example.net") && port == default,
    };
    assert!(matches!(url.scheme(), "http" | "https"), "{accepted}");
    assert!(url.username().is_empty() && url.password().is_none(), "{accepted}");
    assert_ne!(url.path(), HANDLER, "{accepted}");
    assert!(url.origin() == own || listed && allowed, "{accepted}");
}
