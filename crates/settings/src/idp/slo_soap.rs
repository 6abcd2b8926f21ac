//! An IdP's endpoint for logout by SOAP: the host itself connects to it.

use std::rc::Rc;

use http::{HttpUrl, Scheme};
use saml::provider::{Idp, LogoutBinding};
use sp::BackChannel;

use super::back_channel::back_channel;
use crate::host::{Host, Unusable};
use crate::place::{ConfigError, Place};
use crate::raw::{RawIdp, RawPolicy};
use crate::store_settings::TlsFiles;
use crate::surroundings::Surroundings;
use crate::warnings::Warnings;

/// The way to the endpoint, and to where new metadata may move it; `None` = logout takes another.
pub(super) fn way<H: Host>(
    raw: &RawIdp,
    policy: &RawPolicy,
    idp: Option<&Idp>,
    around: &mut Surroundings<'_, H>,
    warnings: &mut Warnings,
) -> Result<Option<Rc<dyn BackChannel>>, ConfigError> {
    let endpoint = idp.and_then(Idp::logout_request_endpoint);
    let endpoint = endpoint.filter(|endpoint| endpoint.binding == LogoutBinding::Soap);
    let url = endpoint.and_then(|endpoint| HttpUrl::parse(&endpoint.location));
    let by_soap = Some(LogoutBinding::Soap);
    let is_foreseen = policy.slo_binding.as_ref().is_some_and(|given| given.value == by_soap);
    let may_be_secure = match &url {
        Some(url) => url.scheme() == Scheme::Https,
        None => is_foreseen,
    };
    warn_of_idle_trust(raw, may_be_secure, warnings);
    if url.is_none() && !is_foreseen {
        return Ok(None);
    }
    let trusted = policy.slo_ssl_trusted_certificate.as_ref().filter(|_| may_be_secure);
    if let Some(given) = trusted {
        around.files.read("slo_ssl_trusted_certificate", given)?;
    }
    let trusted_certificate = trusted.map(|given| around.files.full_path(&given.value));
    let tls = TlsFiles { trusted_certificate, certificate: None, name: None };
    let tls = may_be_secure.then_some(&tls);
    let by_hand = raw.slo_url.as_ref();
    let refuse = |unusable| match unusable {
        Unusable::Tls(why) => ConfigError::new(
            trusted.map_or_else(|| place(raw, policy), |given| &given.place),
            format!("\"slo_ssl_trusted_certificate\" cannot be used: {why}"),
        ),
        Unusable::Zone(why) | Unusable::Address { why, .. } => ConfigError::new(
            place(raw, policy),
            format!(
                "the SOAP endpoint {} for logout at saml_idp \"{}\" cannot be used: {why}; make its \
                 name known to this host, or take another by \"slo_binding\" or \"slo_url\"",
                url.as_ref().map(HttpUrl::origin).unwrap_or_default(),
                raw.name
            ),
        ),
    };
    back_channel(raw, by_hand, url.as_slice(), tls, refuse, around, warnings).map(Some)
}

/// What led to this endpoint.
fn place<'a>(raw: &'a RawIdp, policy: &'a RawPolicy) -> &'a Place {
    let binding = policy.slo_binding.as_ref().map(|given| &given.place);
    let by_hand = raw.slo_url.as_ref().or(raw.metadata.as_ref()).map(|given| &given.place);
    binding.or(by_hand).unwrap_or(&raw.place)
}

/// Someone expects TLS where there is none.
fn warn_of_idle_trust(raw: &RawIdp, may_be_secure: bool, warnings: &mut Warnings) {
    let Some(given) = &raw.policy.slo_ssl_trusted_certificate else { return };
    if !may_be_secure {
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
