//! Resources on other servers, to which nginx itself connects.

use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;

use http::{HttpUrl, Scheme};
use nginx_sys::ngx_conf_t;
use settings::{TlsFiles, Unusable};

use crate::event::{Address, Resolver, Resource, Servers, Tls, TlsOptions, Way};

/// How to find it, and whom to trust there: by nginx's `resolver` when there is one, else at the addresses
/// that its name has now; nobody is verified when `verify` is not set.
pub fn resource(
    cf: *mut ngx_conf_t,
    url: &HttpUrl<'_>,
    trusted_certificate: Option<&str>,
    verify: bool,
) -> Result<Resource, Unusable> {
    let way = match resolver(cf) {
        Some(resolver) if !is_number(url.host()) => Way::named(resolver, url),
        _ => Way::Known(addresses(cf, url)?),
    };
    let tls = match url.scheme() {
        Scheme::Http => None,
        Scheme::Https => {
            let options =
                TlsOptions { trusted_certificate, is_anybody: !verify, ..TlsOptions::default() };
            Some(Rc::new(Tls::new(cf, &options).map_err(Unusable::Tls)?))
        }
    };
    let address = || format!("{}:{}", url.host(), url.port());
    Resource::new(url, way, tls).map_err(|why| Unusable::Address { address: address(), why })
}

/// How to find the servers of `urls` and of those that take their place, in the same ways.
pub fn servers(
    cf: *mut ngx_conf_t,
    urls: &[HttpUrl<'_>],
    tls: Option<&TlsFiles>,
) -> Result<Servers, Unusable> {
    let resolver = resolver(cf);
    let mut known = HashMap::new();
    for url in urls.iter().filter(|url| resolver.is_none() || is_number(url.host())) {
        known.insert(format!("{}:{}", url.host(), url.port()), addresses(cf, url)?);
    }
    let tls = tls.map(|files| self::tls(cf, files)).transpose()?;
    let may_be_plain = urls.iter().any(|url| url.scheme() == Scheme::Http);
    Ok(Servers::new(known, resolver, tls, may_be_plain))
}

/// Towards servers that are verified.
pub fn tls(cf: *mut ngx_conf_t, files: &TlsFiles) -> Result<Rc<Tls>, Unusable> {
    let certificate = files.certificate.as_ref();
    let options = TlsOptions {
        trusted_certificate: files.trusted_certificate.as_deref(),
        certificate: certificate.map(|(certificate, key)| (certificate.as_str(), key.as_str())),
        name: files.name.as_deref(),
        is_anybody: false,
    };
    Tls::new(cf, &options).map(Rc::new).map_err(Unusable::Tls)
}

fn resolver(cf: *mut ngx_conf_t) -> Option<Resolver> {
    // SAFETY: nginx gave us cf, and nobody changes it meanwhile.
    Resolver::of(unsafe { &*cf })
}

fn addresses(cf: *mut ngx_conf_t, url: &HttpUrl<'_>) -> Result<Vec<Address>, Unusable> {
    let address = format!("{}:{}", url.host(), url.port());
    let found = Address::parse_all(cf, &address, url.port());
    found.map_err(|why| Unusable::Address { address, why })
}

fn is_number(host: &str) -> bool {
    host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}
