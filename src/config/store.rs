//! A validated session store: its zone, its secrets, its memcached nodes.

use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;

use clock::{Msec, Seconds};
use nginx_sys::ngx_conf_t;
use ngx::http::HttpModule;
use session::{Secret, Secrets};

use settings::files::Files;
use settings::place::ConfigError;
use settings::raw::{RawSp, RawStore};
use settings::warnings::Warnings;

use super::memcached;
use crate::module::SamlModule;
use crate::store::{Remote, SharedStore, Store};

/// The store of an SP that names none.
pub const DEFAULT: &str = "saml_sessions";
const DEFAULT_SIZE: usize = 16 << 20;
const DEFAULT_CACHE_SIZE: usize = 4096;

/// Every store that a block defines, and the default one if an SP needs it.
pub fn all(
    cf: &mut ngx_conf_t,
    raws: &[RawStore],
    sps: &[RawSp],
    files: &Files,
    warnings: &mut Warnings,
) -> Result<Vec<Rc<Store>>, ConfigError> {
    let mut stores = Vec::new();
    for raw in raws {
        stores.push(Rc::new(store(cf, raw, files, warnings)?));
    }
    let taken = raws.iter().any(|raw| raw.name == DEFAULT);
    if let (Some(sp), false) = (sps.iter().find(|sp| sp.session_store.is_none()), taken) {
        let raw = RawStore { name: DEFAULT.into(), place: sp.place.clone(), ..RawStore::default() };
        stores.push(Rc::new(store(cf, &raw, files, warnings)?));
    }
    Ok(stores)
}

fn store(
    cf: &mut ngx_conf_t,
    raw: &RawStore,
    files: &Files,
    warnings: &mut Warnings,
) -> Result<Store, ConfigError> {
    let (zone, size, place) = match &raw.zone {
        Some(given) => (given.value.0.as_str(), given.value.1, &given.place),
        None => (raw.name.as_str(), DEFAULT_SIZE, &raw.place),
    };
    let remote = remote(cf, raw, files, warnings)?;
    let shared = SharedStore::request(cf, zone, size, zone_tag())
        .map_err(|e| ConfigError::new(place, format!("\"zone\" \"{zone}\": {e}")))?;
    let cache_size = raw.cache_size.as_ref().and_then(|g| usize::try_from(g.value).ok());
    Ok(Store::new(
        raw.name.clone(),
        shared,
        remote,
        cache_size.unwrap_or(DEFAULT_CACHE_SIZE),
        secrets(raw, files, warnings)?,
    ))
}

fn remote(
    cf: &mut ngx_conf_t,
    raw: &RawStore,
    files: &Files,
    warnings: &mut Warnings,
) -> Result<Option<Remote>, ConfigError> {
    let Some(given) = &raw.memcached else {
        refuse_without_memcached(raw)?;
        return Ok(None);
    };
    if raw.secret.is_empty() {
        warnings.add(
            &given.place,
            format!(
                "saml_session_store \"{}\" has \"memcached\" and no \"secret\": no other host can \
                 read its sessions, and a restart of nginx ends them; make a file by \"openssl rand \
                 -hex 32\" and give it to all hosts",
                raw.name
            ),
        );
    }
    if let Some(key) = &raw.memcached_ssl_certificate_key {
        files.warn_of_readers("memcached_ssl_certificate_key", key, warnings);
    }
    let settings = memcached::settings(cf, given, raw, files)?;
    let cache_valid = raw.cache_valid.as_ref().map_or(Msec(1000), |g| g.value);
    let stale = raw.stale.as_ref().map_or(Seconds(60), |g| g.value);
    Ok(Some(Remote::new(settings, cache_valid, stale)))
}

/// Settings of memcached say nothing without it; whoever wrote them believes otherwise.
fn refuse_without_memcached(raw: &RawStore) -> Result<(), ConfigError> {
    let settings = [
        ("replicas", raw.replicas.as_ref().map(|g| &g.place)),
        ("memcached_timeout", raw.memcached_timeout.as_ref().map(|g| &g.place)),
        (
            "memcached_ssl_trusted_certificate",
            raw.memcached_ssl_trusted_certificate.as_ref().map(|g| &g.place),
        ),
        ("memcached_ssl_name", raw.memcached_ssl_name.as_ref().map(|g| &g.place)),
        ("memcached_ssl_certificate", raw.memcached_ssl_certificate.as_ref().map(|g| &g.place)),
        (
            "memcached_ssl_certificate_key",
            raw.memcached_ssl_certificate_key.as_ref().map(|g| &g.place),
        ),
        ("key_prefix", raw.key_prefix.as_ref().map(|g| &g.place)),
        ("cache_valid", raw.cache_valid.as_ref().map(|g| &g.place)),
        ("stale", raw.stale.as_ref().map(|g| &g.place)),
    ];
    match settings.into_iter().find_map(|(name, place)| Some((name, place?))) {
        Some((name, place)) => Err(ConfigError::new(
            place,
            format!(
                "\"{name}\" is for memcached, and saml_session_store \"{}\" has none; add a \
                 \"memcached\" line, or leave this one out",
                raw.name
            ),
        )),
        None => Ok(()),
    }
}

fn secrets(
    raw: &RawStore,
    files: &Files,
    warnings: &mut Warnings,
) -> Result<Option<Secrets>, ConfigError> {
    let mut secrets = Vec::new();
    for given in &raw.secret {
        let bytes = files.read_secret("secret", given, warnings)?;
        let secret = Secret::from_file_bytes(&bytes).map_err(|e| {
            ConfigError::new(&given.place, format!("\"secret\" \"{}\": {e}", given.value))
        })?;
        secrets.push(secret);
    }
    Ok(Secrets::new(secrets))
}

/// What marks our shared-memory zones as ours.
fn zone_tag() -> *mut c_void {
    ptr::from_ref(SamlModule::module()).cast_mut().cast()
}
