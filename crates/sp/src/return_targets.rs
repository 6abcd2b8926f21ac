//! Where a browser may be sent after a login or logout, and whose pages may begin a logout.

use std::rc::Rc;

use http::return_url::{check, comes_from_home};

/// This SP's origin and the hosts in `return_hosts`, without the handlers.
pub struct ReturnTargets {
    base_url: String,
    hosts: Vec<String>,
    /// The paths of all handlers of this server.
    handler_paths: Rc<[String]>,
}

impl ReturnTargets {
    /// `hosts` as [`http::return_url::is_host_entry`] wants them.
    pub fn new(base_url: &str, hosts: Vec<String>, handler_paths: Rc<[String]>) -> Self {
        Self { base_url: base_url.to_owned(), hosts, handler_paths }
    }

    /// The SP's origin.
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

    /// Is this `Origin` or `Referer` of `base_url`, or of a host in `return_hosts`?
    pub fn is_home(&self, url: &str) -> bool {
        comes_from_home(url, &self.base_url, &self.hosts)
    }
}
