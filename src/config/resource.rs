//! A resource on another server, to which nginx itself connects.

use std::net::IpAddr;
use std::rc::Rc;

use http::{HttpUrl, Scheme};
use nginx_sys::ngx_conf_t;
use settings::Unusable;

use crate::event::{Address, Resolver, Resource, Tls, TlsOptions, Way};

/// How to find it, and whom to trust there: by nginx's `resolver` when there is one, else at the addresses
/// that its name has now; nobody is verified when `verify` is not set.
pub fn resource(
    cf: *mut ngx_conf_t,
    url: &HttpUrl<'_>,
    trusted_certificate: Option<&str>,
    verify: bool,
) -> Result<Resource, Unusable> {
    let address = format!("{}:{}", url.host(), url.port());
    let unusable = |why| Unusable::Address { address: address.clone(), why };
    // SAFETY: nginx gave us cf, and nobody changes it meanwhile.
    let way = match Resolver::of(unsafe { &*cf }) {
        Some(resolver) if !is_number(url.host()) => Way::named(resolver, url),
        _ => Way::Known(Address::parse_all(cf, &address, url.port()).map_err(unusable)?),
    };
    let tls = match url.scheme() {
        Scheme::Http => None,
        Scheme::Https => {
            let options =
                TlsOptions { trusted_certificate, is_anybody: !verify, ..TlsOptions::default() };
            Some(Rc::new(Tls::new(cf, &options).map_err(Unusable::Tls)?))
        }
    };
    Resource::new(url, way, tls).map_err(unusable)
}

fn is_number(host: &str) -> bool {
    host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}
