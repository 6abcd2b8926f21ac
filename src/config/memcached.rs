//! The memcached nodes of a session store.

use std::rc::Rc;

use ::memcached::KeyPrefix;
use clock::Msec;
use nginx_sys::ngx_conf_t;
use settings::looks_joined;

use settings::files::Files;
use settings::place::{ConfigError, Given, Place};
use settings::raw::RawStore;

use crate::event::{Address, Tls, TlsOptions};
use crate::store::memcached::Settings;

/// The port that memcached is known by (IANA).
const DEFAULT_PORT: u16 = 11211;
const DEFAULT_TIMEOUT: Msec = Msec(500);

/// The last word of a `memcached` line.
const TLS: &str = "tls";

/// Validates the `memcached` line `given` and what belongs to it.
pub fn settings(
    cf: &mut ngx_conf_t,
    given: &Given<Vec<String>>,
    raw: &RawStore,
    files: &Files,
) -> Result<Settings, ConfigError> {
    let words = given.value.as_slice();
    let (addresses, tls) = match words.split_last() {
        Some((last, addresses)) if last == TLS => (addresses, true),
        _ => (words, false),
    };
    let nodes = nodes(cf, given, addresses)?;
    let replicas = replicas(raw, nodes.len())?;
    let tls = match (tls, tls_only(raw)) {
        (true, _) => Some(Rc::new(new_tls(cf, given, raw, files)?)),
        (false, Some((name, place))) => {
            return Err(ConfigError::new(
                place,
                format!("\"{name}\" needs TLS; add the word \"tls\" at the end of \"memcached\""),
            ));
        }
        (false, None) => None,
    };
    if let Some(tls) = &tls
        && let Some(node) = nodes.iter().find(|node| !tls.can_verify(node))
    {
        return Err(ConfigError::new(
            &given.place,
            format!(
                "\"memcached\" address \"{}\" has no name to verify; set \"memcached_ssl_name\"",
                node.name()
            ),
        ));
    }
    Ok(Settings {
        nodes,
        replicas,
        timeout: raw.memcached_timeout.as_ref().map_or(DEFAULT_TIMEOUT, |g| g.value),
        tls,
        key_prefix: key_prefix(raw)?,
    })
}

fn nodes(
    cf: &mut ngx_conf_t,
    given: &Given<Vec<String>>,
    addresses: &[String],
) -> Result<Vec<Address>, ConfigError> {
    let refuse = |text: &str, why: &str| {
        ConfigError::new(&given.place, format!("\"memcached\" address \"{text}\" {why}"))
    };
    if addresses.is_empty() {
        return Err(ConfigError::new(
            &given.place,
            "\"memcached\" names no node; give addresses like 10.0.0.1:11211 or unix:/path",
        ));
    }
    let mut nodes: Vec<Address> = Vec::with_capacity(addresses.len());
    for text in addresses {
        if looks_joined(text) {
            return Err(refuse(text, "looks like several; put a blank between addresses"));
        }
        if nodes.iter().any(|node| node.name() == text) {
            return Err(refuse(text, "is duplicate; name each node once"));
        }
        let node = Address::parse(cf, text, DEFAULT_PORT)
            .map_err(|why| refuse(text, &format!("cannot be used: {why}")))?;
        nodes.push(node);
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

fn tls_only(raw: &RawStore) -> Option<(&'static str, &Place)> {
    [
        ("memcached_ssl_trusted_certificate", &raw.memcached_ssl_trusted_certificate),
        ("memcached_ssl_name", &raw.memcached_ssl_name),
        ("memcached_ssl_certificate", &raw.memcached_ssl_certificate),
        ("memcached_ssl_certificate_key", &raw.memcached_ssl_certificate_key),
    ]
    .into_iter()
    .find_map(|(name, given)| Some((name, &given.as_ref()?.place)))
}

fn new_tls(
    cf: &mut ngx_conf_t,
    given: &Given<Vec<String>>,
    raw: &RawStore,
    files: &Files,
) -> Result<Tls, ConfigError> {
    let path = |file: &Option<Given<String>>| file.as_ref().map(|g| files.full_path(&g.value));
    let trusted = path(&raw.memcached_ssl_trusted_certificate);
    let certificate = path(&raw.memcached_ssl_certificate);
    let key = path(&raw.memcached_ssl_certificate_key);
    if certificate.is_some() != key.is_some() {
        return Err(ConfigError::new(
            &given.place,
            "\"memcached_ssl_certificate\" and \"memcached_ssl_certificate_key\" go together; give both",
        ));
    }
    let options = TlsOptions {
        trusted_certificate: trusted.as_deref(),
        certificate: certificate.as_deref().zip(key.as_deref()),
        name: raw.memcached_ssl_name.as_ref().map(|g| g.value.as_str()),
    };
    Tls::new(cf, &options)
        .map_err(|why| ConfigError::new(&given.place, format!("\"memcached\" tls: {why}")))
}
