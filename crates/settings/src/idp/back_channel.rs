//! The way to an IdP's own servers.

use std::rc::Rc;

use http::HttpUrl;
use sp::BackChannel;

use crate::host::{Host, Unusable};
use crate::metadata_source::is_url;
use crate::place::{ConfigError, Given};
use crate::raw::RawIdp;
use crate::store_settings::TlsFiles;
use crate::surroundings::Surroundings;
use crate::warnings::Warnings;

/// To those of `urls`, which `by_hand` has given, or else metadata. `refuse` says what cannot be used.
///
/// # Errors
/// What `refuse` says.
pub(super) fn back_channel<H: Host>(
    raw: &RawIdp,
    by_hand: Option<&Given<String>>,
    urls: &[HttpUrl<'_>],
    tls: Option<&TlsFiles>,
    refuse: impl Fn(Unusable) -> ConfigError,
    around: &mut Surroundings<'_, H>,
    warnings: &mut Warnings,
) -> Result<Rc<dyn BackChannel>, ConfigError> {
    let is_fetched = raw.metadata.as_ref().is_some_and(is_url);
    match around.host.back_channel(urls, tls) {
        // The server goes on: people log in by other ways, and metadata that comes may say better.
        Err(unusable @ Unusable::Address { .. }) if is_fetched && by_hand.is_none() => {
            let ConfigError { place, message } = refuse(unusable);
            warnings.add(&place, message);
            around.host.back_channel(&[], tls).map_err(refuse)
        }
        way => way.map_err(refuse),
    }
}
