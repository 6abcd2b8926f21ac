//! Where a browser may be sent after a login or logout, and whose pages may begin a logout.

use std::rc::Rc;

use http::return_url::{check, comes_from_home, is_host_entry};

use super::directive::{ConfigError, Given};
use super::raw::RawSp;

/// This SP's origin and the hosts in `return_hosts`, without the handlers.
pub struct ReturnTargets {
    base_url: String,
    hosts: Vec<String>,
    /// The paths of all handlers of this nginx.
    handler_paths: Rc<[String]>,
}

impl ReturnTargets {
    /// Validates `return_hosts`.
    pub fn new(
        raw: &RawSp,
        base_url: &str,
        handler_paths: Rc<[String]>,
    ) -> Result<Self, ConfigError> {
        Ok(Self { base_url: base_url.to_owned(), hosts: hosts(raw)?, handler_paths })
    }

    /// A URL the browser may be sent to, made absolute. None of our handlers: whoever made the link
    /// must not have the browser log in or out.
    pub fn check(&self, url: &str) -> Option<String> {
        check(url, &self.base_url, &self.hosts, &self.handler_paths)
    }

    /// Is this `Origin` or `Referer` of `base_url`, or of a host in `return_hosts`?
    pub fn is_home(&self, url: &str) -> bool {
        comes_from_home(url, &self.base_url, &self.hosts)
    }

    /// The URL of the setting `name`, made absolute.
    pub fn setting(&self, name: &str, given: &Given<String>) -> Result<String, ConfigError> {
        self.check(&given.value).ok_or_else(|| {
            let (url, base_url) = (&given.value, &self.base_url);
            let why = match check(url, base_url, &self.hosts, &[]) {
                Some(_) => "leads to a SAML handler, not to a page; name another path".to_owned(),
                None => format!(
                    "is neither a path of {base_url} nor a URL of a host in \"return_hosts\"; add its \
                     host there"
                ),
            };
            ConfigError::new(&given.place, format!("\"{name}\" \"{url}\" {why}"))
        })
    }
}

fn hosts(raw: &RawSp) -> Result<Vec<String>, ConfigError> {
    let mut hosts = Vec::new();
    for given in &raw.return_hosts {
        for host in &given.value {
            if !is_host_entry(host) {
                return Err(ConfigError::new(
                    &given.place,
                    format!(
                        "\"return_hosts\" \"{host}\" can match nothing; write a host, host:port or \
                         *.example.com, without scheme and path"
                    ),
                ));
            }
            hosts.push(host.clone());
        }
    }
    Ok(hosts)
}
