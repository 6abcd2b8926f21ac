//! A session store opened: its zone, the addresses of its memcached nodes, their TLS.

use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;

use nginx_sys::ngx_conf_t;
use ngx::http::HttpModule;
use settings::{MemcachedSettings, StoreSettings, TlsFiles, Unusable};

use crate::event::{Address, Tls, TlsOptions};
use crate::module::SamlModule;
use crate::store::memcached::Settings;
use crate::store::{Remote, SharedStore, Store};

/// The port that memcached is known by (IANA).
const DEFAULT_PORT: u16 = 11211;

/// Declares the zone, and resolves the nodes.
pub fn open(cf: *mut ngx_conf_t, settings: StoreSettings) -> Result<Store, Unusable> {
    let remote = settings.memcached.map(|nodes| remote(cf, nodes)).transpose()?;
    let shared = SharedStore::request(cf, &settings.zone, settings.zone_size, zone_tag())
        .map_err(|e| Unusable::Zone(e.to_string()))?;
    Ok(Store::new(settings.name, shared, remote, settings.cache_size, settings.secrets))
}

fn remote(cf: *mut ngx_conf_t, settings: MemcachedSettings) -> Result<Remote, Unusable> {
    let MemcachedSettings { cache_valid, stale, .. } = settings;
    let nodes = settings.nodes.into_iter().map(|text| {
        Address::parse(cf, &text, DEFAULT_PORT)
            .map_err(|why| Unusable::Address { address: text, why })
    });
    let settings = Settings {
        nodes: nodes.collect::<Result<_, _>>()?,
        replicas: settings.replicas,
        timeout: settings.timeout,
        tls: settings.tls.map(|files| tls(cf, &files)).transpose()?,
        key_prefix: settings.key_prefix,
    };
    Ok(Remote::new(settings, cache_valid, stale))
}

fn tls(cf: *mut ngx_conf_t, files: &TlsFiles) -> Result<Rc<Tls>, Unusable> {
    let certificate = files.certificate.as_ref();
    let options = TlsOptions {
        trusted_certificate: files.trusted_certificate.as_deref(),
        certificate: certificate.map(|(certificate, key)| (certificate.as_str(), key.as_str())),
        name: files.name.as_deref(),
        is_anybody: false,
    };
    Tls::new(cf, &options).map(Rc::new).map_err(Unusable::Tls)
}

/// What marks our shared-memory zones as ours.
pub fn zone_tag() -> *mut c_void {
    ptr::from_ref(SamlModule::module()).cast_mut().cast()
}
