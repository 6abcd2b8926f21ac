//! A session store: its zone, its secrets, its memcached nodes.

mod memcached;

use std::rc::Rc;

use session::{CacheSize, Secret, Secrets};

use crate::files::Files;
use crate::host::{Host, Unusable};
use crate::place::{ConfigError, Place};
use crate::raw::{RawSp, RawStore};
use crate::store_settings::{MemcachedSettings, StoreSettings};
use crate::warnings::Warnings;

/// The store of an SP that names none.
pub(crate) const DEFAULT: &str = "saml_sessions";
const DEFAULT_SIZE: usize = 16 << 20;
const DEFAULT_CACHE_SIZE: CacheSize = CacheSize::Bytes(32 << 20);

/// Open stores, by the names of their blocks.
pub(crate) type Stores<H> = Vec<(String, Rc<<H as Host>::Store>)>;

/// Opens every store that a block defines, and the default one if an SP needs it.
pub(crate) fn stores<H: Host>(
    raws: &[RawStore],
    sps: &[RawSp],
    host: &mut H,
    files: &Files,
    warnings: &mut Warnings,
) -> Result<Stores<H>, ConfigError> {
    let mut stores = Vec::new();
    for raw in raws {
        stores.push((raw.name.clone(), open(raw, host, files, warnings)?));
    }
    let taken = raws.iter().any(|raw| raw.name == DEFAULT);
    if let (Some(sp), false) = (sps.iter().find(|sp| sp.session_store.is_none()), taken) {
        let raw = RawStore { name: DEFAULT.into(), place: sp.place.clone(), ..RawStore::default() };
        stores.push((DEFAULT.into(), open(&raw, host, files, warnings)?));
    }
    Ok(stores)
}

fn open<H: Host>(
    raw: &RawStore,
    host: &mut H,
    files: &Files,
    warnings: &mut Warnings,
) -> Result<Rc<H::Store>, ConfigError> {
    let settings = settings(raw, files, warnings)?;
    let zone = settings.zone.clone();
    host.open_store(settings).map(Rc::new).map_err(|unusable| match unusable {
        Unusable::Zone(why) => {
            let place = raw.zone.as_ref().map_or(&raw.place, |given| &given.place);
            ConfigError::new(place, format!("\"zone\" \"{zone}\": {why}"))
        }
        Unusable::Address { address, why } => ConfigError::new(
            of_memcached(raw),
            format!("\"memcached\" address \"{address}\" cannot be used: {why}"),
        ),
        Unusable::Tls(why) => {
            ConfigError::new(of_memcached(raw), format!("\"memcached\" tls: {why}"))
        }
    })
}

fn of_memcached(raw: &RawStore) -> &Place {
    raw.memcached.as_ref().map_or(&raw.place, |given| &given.place)
}

fn settings(
    raw: &RawStore,
    files: &Files,
    warnings: &mut Warnings,
) -> Result<StoreSettings, ConfigError> {
    let (zone, zone_size) = match &raw.zone {
        Some(given) => given.value.clone(),
        None => (raw.name.clone(), DEFAULT_SIZE),
    };
    let memcached = memcached(raw, files, warnings)?;
    let cache_size = raw.cache_size.as_ref().map_or(DEFAULT_CACHE_SIZE, |given| given.value);
    Ok(StoreSettings {
        name: raw.name.clone(),
        zone,
        zone_size,
        cache_size,
        secrets: secrets(raw, files, warnings)?,
        memcached,
    })
}

fn memcached(
    raw: &RawStore,
    files: &Files,
    warnings: &mut Warnings,
) -> Result<Option<MemcachedSettings>, ConfigError> {
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
    memcached::settings(given, raw, files).map(Some)
}

/// Settings of memcached say nothing without it; whoever wrote them believes otherwise.
fn refuse_without_memcached(raw: &RawStore) -> Result<(), ConfigError> {
    let settings = ["replicas", "memcached_timeout"].into_iter();
    let mut settings =
        settings.chain(memcached::OF_TLS).chain(["key_prefix", "cache_valid", "stale"]);
    match settings.find_map(|name| Some((name, raw.place_of(name)?))) {
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
