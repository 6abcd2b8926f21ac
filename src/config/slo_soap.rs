//! An IdP's endpoint for logout by SOAP: nginx itself connects to it.

use std::rc::Rc;

use http::{HttpUrl, Scheme};
use nginx_sys::ngx_conf_t;
use settings::Unusable;

use crate::event::{Address, Resource, Tls, TlsOptions};

/// The endpoint's addresses, and whom to trust there.
pub fn resource(
    cf: *mut ngx_conf_t,
    url: &HttpUrl<'_>,
    trusted_certificate: Option<&str>,
) -> Result<Resource, Unusable> {
    let address = format!("{}:{}", url.host(), url.port());
    let unusable = |why| Unusable::Address { address: address.clone(), why };
    let addresses = Address::parse_all(cf, &address, url.port()).map_err(unusable)?;
    let tls = match url.scheme() {
        Scheme::Http => None,
        Scheme::Https => {
            let options = TlsOptions { trusted_certificate, ..TlsOptions::default() };
            Some(Rc::new(Tls::new(cf, &options).map_err(Unusable::Tls)?))
        }
    };
    Resource::new(url, addresses, tls).map_err(unusable)
}
