//! The memcached nodes of a session store.

use ::memcached::KeyPrefix;
use clock::{Msec, Seconds};

use crate::addresses::looks_joined;
use crate::files::Files;
use crate::place::{ConfigError, Given};
use crate::raw::RawStore;
use crate::store_settings::{MemcachedSettings, TlsFiles};

const DEFAULT_TIMEOUT: Msec = Msec(500);
const DEFAULT_CACHE_VALID: Msec = Msec(1000);
const DEFAULT_STALE: Seconds = Seconds(60);

/// The last word of a `memcached` line.
const TLS: &str = "tls";

/// The settings that say something only with it.
pub(super) const OF_TLS: [&str; 4] = [
    "memcached_ssl_trusted_certificate",
    "memcached_ssl_name",
    "memcached_ssl_certificate",
    "memcached_ssl_certificate_key",
];

/// Validates the `memcached` line `given` and what belongs to it.
pub(super) fn settings(
    given: &Given<Vec<String>>,
    raw: &RawStore,
    files: &Files,
) -> Result<MemcachedSettings, ConfigError> {
    let words = given.value.as_slice();
    let (addresses, tls) = match words.split_last() {
        Some((last, addresses)) if last == TLS => (addresses, true),
        _ => (words, false),
    };
    let nodes = nodes(given, addresses)?;
    let replicas = replicas(raw, nodes.len())?;
    let only_tls = OF_TLS.into_iter().find_map(|name| Some((name, raw.place_of(name)?)));
    let tls = match (tls, only_tls) {
        (true, _) => Some(tls_files(given, raw, files)?),
        (false, Some((name, place))) => {
            return Err(ConfigError::new(
                place,
                format!("\"{name}\" needs TLS; add the word \"tls\" at the end of \"memcached\""),
            ));
        }
        (false, None) => None,
    };
    if tls.as_ref().is_some_and(|tls| tls.name.is_none())
        && let Some(node) = nodes.iter().find(|node| node.starts_with("unix:"))
    {
        return Err(ConfigError::new(
            &given.place,
            format!(
                "\"memcached\" address \"{node}\" has no name to verify; set \"memcached_ssl_name\""
            ),
        ));
    }
    Ok(MemcachedSettings {
        nodes,
        replicas,
        timeout: raw.memcached_timeout.as_ref().map_or(DEFAULT_TIMEOUT, |g| g.value),
        tls,
        key_prefix: key_prefix(raw)?,
        cache_valid: raw.cache_valid.as_ref().map_or(DEFAULT_CACHE_VALID, |g| g.value),
        stale: raw.stale.as_ref().map_or(DEFAULT_STALE, |g| g.value),
    })
}

fn nodes(given: &Given<Vec<String>>, addresses: &[String]) -> Result<Vec<String>, ConfigError> {
    let refuse = |text: &str, why: &str| {
        ConfigError::new(&given.place, format!("\"memcached\" address \"{text}\" {why}"))
    };
    if addresses.is_empty() {
        return Err(ConfigError::new(
            &given.place,
            "\"memcached\" names no node; give addresses like 10.0.0.1:11211 or unix:/path",
        ));
    }
    let mut nodes: Vec<String> = Vec::with_capacity(addresses.len());
    for text in addresses {
        if looks_joined(text) {
            return Err(refuse(text, "looks like several; put a blank between addresses"));
        }
        if nodes.contains(text) {
            return Err(refuse(text, "is duplicate; name each node once"));
        }
        nodes.push(text.clone());
    }
    Ok(nodes)
}

fn replicas(raw: &RawStore, nodes: usize) -> Result<usize, ConfigError> {
    let Some(given) = &raw.replicas else { return Ok(1) };
    match usize::try_from(given.value) {
        Ok(replicas) if replicas <= nodes => Ok(replicas),
        _ => Err(ConfigError::new(
            &given.place,
            format!(
                "\"replicas\" {} is more than the {nodes} nodes of \"memcached\"; add nodes or lower it",
                given.value
            ),
        )),
    }
}

fn key_prefix(raw: &RawStore) -> Result<KeyPrefix, ConfigError> {
    let given = raw.key_prefix.as_ref();
    let text = given.map_or("saml", |g| g.value.as_str());
    KeyPrefix::new(text).map_err(|e| {
        let place = given.map_or(&raw.place, |g| &g.place);
        ConfigError::new(place, format!("\"key_prefix\" \"{text}\" {e}"))
    })
}

fn tls_files(
    given: &Given<Vec<String>>,
    raw: &RawStore,
    files: &Files,
) -> Result<TlsFiles, ConfigError> {
    let path = |file: &Option<Given<String>>| file.as_ref().map(|g| files.full_path(&g.value));
    let certificate = path(&raw.memcached_ssl_certificate);
    let key = path(&raw.memcached_ssl_certificate_key);
    if certificate.is_some() != key.is_some() {
        return Err(ConfigError::new(
            &given.place,
            "\"memcached_ssl_certificate\" and \"memcached_ssl_certificate_key\" go together; give both",
        ));
    }
    Ok(TlsFiles {
        trusted_certificate: path(&raw.memcached_ssl_trusted_certificate),
        certificate: certificate.zip(key),
        name: raw.memcached_ssl_name.as_ref().map(|g| g.value.clone()),
    })
}
