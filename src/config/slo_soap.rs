//! An IdP's endpoint for logout by SOAP: nginx itself connects to it.

use std::rc::Rc;

use http::{HttpUrl, Scheme};
use nginx_sys::ngx_conf_t;
use settings::Unusable;

use crate::event::{Address, Resource, Tls, TlsOptions};

/// The endpoint's address, and whom to trust there.
pub fn resource(
    cf: *mut ngx_conf_t,
    url: &HttpUrl<'_>,
    trusted_certificate: Option<&str>,
) -> Result<Resource, Unusable> {
    let address = format!("{}:{}", url.host(), url.port());
    let address = Address::parse(cf, &address, url.port())
        .map_err(|why| Unusable::Address { address, why })?;
    let tls = match url.scheme() {
        Scheme::Http => None,
        Scheme::Https => {
            let options = TlsOptions { trusted_certificate, ..TlsOptions::default() };
            Some(Rc::new(Tls::new(cf, &options).map_err(Unusable::Tls)?))
        }
    };
    Ok(Resource::new(url, address, tls))
}
