//! Where a browser may be sent after a login or logout, and whose pages may begin a logout.

use std::rc::Rc;

use http::HttpUrl;
use http::return_url::{check, comes_from_home};

/// This SP's origins and the hosts in `return_hosts`, without the handlers.
pub struct ReturnTargets {
    base_url: String,
    /// The other origins as well.
    hosts: Vec<String>,
    /// The paths of all handlers of this server.
    handler_paths: Rc<[String]>,
}

impl ReturnTargets {
    /// At the origin `base_url`, which has the paths that are given without one. `hosts` as
    /// [`http::return_url::is_host_entry`] wants them, or whole origins.
    pub fn new(base_url: &str, hosts: Vec<String>, handler_paths: Rc<[String]>) -> Self {
        Self { base_url: base_url.to_owned(), hosts, handler_paths }
    }

    /// The origin that the browser is at.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// A URL the browser may be sent to, made absolute. None of our handlers: whoever made the link
    /// must not have the browser log in or out.
    pub fn check(&self, url: &str) -> Option<String> {
        check(url, &self.base_url, &self.hosts, &self.handler_paths)
    }

    /// Would [`ReturnTargets::check`] take it, were it no handler's?
    pub fn is_handler(&self, url: &str) -> bool {
        self.check(url).is_none() && check(url, &self.base_url, &self.hosts, &[]).is_some()
    }

    /// May scripts of this `Origin` read what the SP says of its user? Those of `base_url` and of the hosts in
    /// `return_hosts` may; at plain http none of a site at https, for anybody on the way could have written them.
    pub fn may_read(&self, origin: &str) -> bool {
        let is_origin = HttpUrl::parse(origin).is_some_and(|url| url.origin() == origin);
        let is_safe = origin.starts_with("https:") || self.base_url.starts_with("http:");
        is_origin && is_safe && self.is_home(origin)
    }

    /// Is this `Origin` or `Referer` of `base_url`, or of a host in `return_hosts`?
    pub fn is_home(&self, url: &str) -> bool {
        comes_from_home(url, &self.base_url, &self.hosts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets() -> ReturnTargets {
        let hosts = vec!["portal.example.com".to_owned(), "*.example.org".to_owned()];
        let handlers = ["/saml/acs", "/saml/logout"].map(str::to_owned);
        ReturnTargets::new("https://app.example.com", hosts, Rc::new(handlers))
    }

    #[test]
    fn a_browser_is_sent_home_or_to_a_listed_host() {
        let checked = |url| targets().check(url);
        assert_eq!(checked("/a?b").as_deref(), Some("https://app.example.com/a?b"));
        for url in
            ["https://app.example.com/a", "https://portal.example.com/", "https://b.example.org/c"]
        {
            assert_eq!(checked(url).as_deref(), Some(url));
        }
        for url in ["https://evil.example/", "//evil.example/", "https://example.org/", "a", ""] {
            assert_eq!(checked(url), None, "{url}");
        }
    }

    #[test]
    fn or_to_another_origin_of_the_sp() {
        let others = ["https://b.example:8443", "http://c.example"].map(str::to_owned);
        let handlers = ["/saml/logout"].map(str::to_owned);
        let targets = ReturnTargets::new("https://a.example", others.into(), Rc::new(handlers));
        for url in ["https://a.example/x", "https://b.example:8443/x", "http://c.example/x"] {
            assert_eq!(targets.check(url).as_deref(), Some(url));
            assert!(targets.is_home(url), "{url}");
        }
        assert_eq!(targets.check("/x").as_deref(), Some("https://a.example/x"));
        for url in [
            "https://b.example/x",
            "http://b.example:8443/x",
            "https://c.example/x",
            "http://a.example/x",
            "https://x.b.example:8443/",
            "https://b.example:8443.evil.example/",
            "https://b.example:8443@evil.example/",
        ] {
            assert_eq!(targets.check(url), None, "{url}");
            assert!(!targets.is_home(url), "{url}");
        }
        assert_eq!(targets.check("https://b.example:8443/saml/logout"), None);
    }

    #[test]
    fn never_to_a_handler() {
        for url in ["/saml/logout", "/saml/logout?return=/", "https://portal.example.com/saml/acs"]
        {
            assert_eq!(targets().check(url), None, "{url}");
            assert!(targets().is_handler(url), "{url}");
        }
        assert!(!targets().is_handler("/saml/help"));
        assert!(!targets().is_handler("https://evil.example/saml/logout"), "it is refused anyway");
    }

    #[test]
    fn scripts_of_a_listed_host_read_at_https_alone() {
        let reads = |origin| targets().may_read(origin);
        assert!(reads("https://app.example.com"));
        assert!(reads("https://portal.example.com"));
        assert!(reads("https://b.example.org"));
        for origin in [
            "",
            "null",
            "http://portal.example.com",
            "http://app.example.com",
            "https://portal.example.com:8443",
            "https://portal.example.com/",
            "https://PORTAL.example.com",
            "https://portal.example.com:443",
            "https://evil.example",
            "https://example.org",
        ] {
            assert!(!reads(origin), "{origin}");
        }
        let at_home = ReturnTargets::new("http://intranet", vec!["wiki".to_owned()], Rc::new([]));
        assert!(at_home.may_read("http://wiki") && at_home.may_read("http://intranet"));
    }

    #[test]
    fn who_is_at_home_is_known_by_the_origin_alone() {
        let targets = targets();
        assert_eq!(targets.base_url(), "https://app.example.com");
        for url in [
            "https://app.example.com",
            "https://app.example.com/saml/logout",
            "https://portal.example.com/x",
        ] {
            assert!(targets.is_home(url), "{url}");
        }
        for url in ["", "null", "http://app.example.com", "https://app.example.com.evil.example"] {
            assert!(!targets.is_home(url), "{url}");
        }
    }
}
