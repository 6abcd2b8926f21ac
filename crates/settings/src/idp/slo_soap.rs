//! An IdP's endpoint for logout by SOAP: the host itself connects to it.

use std::rc::Rc;

use http::{HttpUrl, Scheme};
use saml::provider::{Idp, LogoutBinding};
use sp::BackChannel;

use crate::host::{Host, Unusable};
use crate::place::{ConfigError, Place};
use crate::raw::{RawIdp, RawPolicy};
use crate::surroundings::Surroundings;
use crate::warnings::Warnings;

/// The way to the endpoint; `None` = logout takes another.
pub(super) fn back_channel<H: Host>(
    raw: &RawIdp,
    policy: &RawPolicy,
    idp: &Idp,
    around: &mut Surroundings<'_, H>,
    warnings: &mut Warnings,
) -> Result<Option<Rc<dyn BackChannel>>, ConfigError> {
    let endpoint = idp.logout_request_endpoint();
    let endpoint = endpoint.filter(|endpoint| endpoint.binding == LogoutBinding::Soap);
    let url = endpoint.and_then(|endpoint| HttpUrl::parse(&endpoint.location));
    warn_of_idle_trust(raw, url.as_ref(), warnings);
    let Some(url) = url else { return Ok(None) };
    let trusted = policy.slo_ssl_trusted_certificate.as_ref();
    let trusted = trusted.filter(|_| url.scheme() == Scheme::Https);
    if let Some(given) = trusted {
        around.files.read("slo_ssl_trusted_certificate", given)?;
    }
    let path = trusted.map(|given| around.files.full_path(&given.value));
    let way = around.host.back_channel(&url, path.as_deref());
    way.map(Some).map_err(|unusable| match unusable {
        Unusable::Tls(why) => ConfigError::new(
            trusted.map_or_else(|| place(raw, policy), |given| &given.place),
            format!("\"slo_ssl_trusted_certificate\" cannot be used: {why}"),
        ),
        Unusable::Zone(why) | Unusable::Address { why, .. } => ConfigError::new(
            place(raw, policy),
            format!(
                "the SOAP endpoint {} for logout at saml_idp \"{}\" cannot be used: {why}; make its \
                 name known to this host, or take another by \"slo_binding\" or \"slo_url\"",
                url.origin(),
                raw.name
            ),
        ),
    })
}

/// What led to this endpoint.
fn place<'a>(raw: &'a RawIdp, policy: &'a RawPolicy) -> &'a Place {
    let binding = policy.slo_binding.as_ref().map(|given| &given.place);
    let by_hand = raw.slo_url.as_ref().or(raw.metadata.as_ref()).map(|given| &given.place);
    binding.or(by_hand).unwrap_or(&raw.place)
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
