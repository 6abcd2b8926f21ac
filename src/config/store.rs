//! A session store opened: its zone, the addresses of its memcached nodes, their TLS.

use std::ffi::c_void;
use std::ptr;

use nginx_sys::ngx_conf_t;
use ngx::http::HttpModule;
use settings::{MemcachedSettings, StoreSettings, Unusable};

use super::resource;
use crate::event::Address;
use crate::module::SamlModule;
use crate::store::memcached::Settings;
use crate::store::{Posts, Remote, SharedStore, Store};

/// The port that memcached is known by (IANA).
const DEFAULT_PORT: u16 = 11211;

/// Declares the zone, and resolves the nodes.
pub fn open(
    cf: *mut ngx_conf_t,
    settings: StoreSettings,
    posts: Option<Posts>,
) -> Result<Store, Unusable> {
    let remote = settings.memcached.map(|nodes| remote(cf, nodes)).transpose()?;
    let shared = SharedStore::request(cf, &settings.zone, settings.zone_size, zone_tag())
        .map_err(|e| Unusable::Zone(e.to_string()))?;
    Ok(Store::new(settings.name, shared, remote, posts, settings.cache_size, settings.secrets))
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
        tls: settings.tls.map(|files| resource::tls(cf, &files)).transpose()?,
        key_prefix: settings.key_prefix,
    };
    Ok(Remote::new(settings, cache_valid, stale))
}

/// What marks our shared-memory zones as ours.
pub fn zone_tag() -> *mut c_void {
    ptr::from_ref(SamlModule::module()).cast_mut().cast()
}
