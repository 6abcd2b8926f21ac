//! An IdP's endpoint for logout by SOAP: nginx itself connects to it.

use std::rc::Rc;

use http::{HttpUrl, Scheme};
use nginx_sys::ngx_conf_t;
use saml::provider::{Idp, LogoutBinding};

use settings::files::Files;
use settings::place::{ConfigError, Place};
use settings::raw::{RawIdp, RawPolicy};
use settings::warnings::Warnings;

use crate::event::{Address, Resource, Tls, TlsOptions};

/// The endpoint's address and whom to trust there; `None` = logout takes another way.
pub fn resource(
    cf: *mut ngx_conf_t,
    raw: &RawIdp,
    settings: &RawPolicy,
    idp: &Idp,
    files: &Files,
    warnings: &mut Warnings,
) -> Result<Option<Rc<Resource>>, ConfigError> {
    let endpoint = idp.logout_request_endpoint();
    let endpoint = endpoint.filter(|endpoint| endpoint.binding == LogoutBinding::Soap);
    let url = endpoint.and_then(|endpoint| HttpUrl::parse(&endpoint.location));
    warn_of_idle_trust(raw, url.as_ref(), warnings);
    let Some(url) = url else { return Ok(None) };
    let refuse = |why: String| {
        ConfigError::new(
            place(raw, settings),
            format!(
                "the SOAP endpoint {} for logout at saml_idp \"{}\" cannot be used: {why}; make its \
                 name known to this host, or take another by \"slo_binding\" or \"slo_url\"",
                url.origin(),
                raw.name
            ),
        )
    };
    let authority = format!("{}:{}", url.host(), url.port());
    let address = Address::parse(cf, &authority, url.port()).map_err(refuse)?;
    let tls = match url.scheme() {
        Scheme::Http => None,
        Scheme::Https => Some(Rc::new(tls(cf, raw, settings, files)?)),
    };
    Ok(Some(Rc::new(Resource::new(&url, address, tls))))
}

/// What led to this endpoint.
fn place<'a>(raw: &'a RawIdp, settings: &'a RawPolicy) -> &'a Place {
    let binding = settings.slo_binding.as_ref().map(|given| &given.place);
    let by_hand = raw.slo_url.as_ref().or(raw.metadata.as_ref()).map(|given| &given.place);
    binding.or(by_hand).unwrap_or(&raw.place)
}

fn tls(
    cf: *mut ngx_conf_t,
    raw: &RawIdp,
    settings: &RawPolicy,
    files: &Files,
) -> Result<Tls, ConfigError> {
    let given = settings.slo_ssl_trusted_certificate.as_ref();
    if let Some(given) = given {
        files.read("slo_ssl_trusted_certificate", given)?;
    }
    let trusted = given.map(|given| files.full_path(&given.value));
    let options = TlsOptions { trusted_certificate: trusted.as_deref(), ..TlsOptions::default() };
    Tls::new(cf, &options).map_err(|why| {
        let place = given.map_or(place(raw, settings), |given| &given.place);
        ConfigError::new(place, format!("\"slo_ssl_trusted_certificate\" cannot be used: {why}"))
    })
}

/// Someone expects TLS where there is none.
fn warn_of_idle_trust(raw: &RawIdp, url: Option<&HttpUrl<'_>>, warnings: &mut Warnings) {
    let Some(given) = &raw.policy.slo_ssl_trusted_certificate else { return };
    if url.is_none_or(|url| url.scheme() == Scheme::Http) {
        warnings.add(
            &given.place,
            format!(
                "\"slo_ssl_trusted_certificate\" is of no use: logouts at saml_idp \"{}\" do not go \
                 to a SOAP endpoint by https",
                raw.name
            ),
        );
    }
}
