//! Where a browser may be sent after a login or logout, and whose pages may begin a logout.

use std::rc::Rc;

use http::return_url::is_host_entry;
use sp::ReturnTargets;

use crate::place::{ConfigError, Given};
use crate::raw::RawSp;

/// Validates `return_hosts`, at the origin `base_url` of an SP that has `other_origins` as well.
///
/// # Errors
/// An entry that can match nothing.
pub(super) fn return_targets(
    raw: &RawSp,
    base_url: &str,
    other_origins: Vec<String>,
    handler_paths: Rc<[String]>,
) -> Result<ReturnTargets, ConfigError> {
    let hosts = [other_origins, hosts(raw)?].concat();
    Ok(ReturnTargets::new(base_url, hosts, handler_paths))
}

/// The URL of the setting `name`, made absolute.
///
/// # Errors
/// No browser may be sent there.
pub(super) fn target(
    targets: &ReturnTargets,
    name: &str,
    given: &Given<String>,
) -> Result<String, ConfigError> {
    targets.check(&given.value).ok_or_else(|| {
        let (url, base_url) = (&given.value, targets.base_url());
        let why = if targets.is_handler(url) {
            "leads to a SAML handler, not to a page; name another path".to_owned()
        } else {
            format!(
                "is neither a path of {base_url} nor a URL of a host in \"return_hosts\"; add its \
                 host there"
            )
        };
        ConfigError::new(&given.place, format!("\"{name}\" \"{url}\" {why}"))
    })
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
