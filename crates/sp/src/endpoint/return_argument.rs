//! Where a visit is to end, by its address.

use saml::reason;
use saml::refusal::{Refusal, quote};

use crate::sp::Sp;
use crate::visit::Visit;

/// The `return` argument, checked and made absolute (the SP's origin or a host in `return_hosts`, and
/// no handler).
pub(super) fn return_argument<S>(visit: &Visit, sp: &Sp<S>) -> Result<Option<String>, Refusal> {
    let Some(url) = visit.head.argument("return") else { return Ok(None) };
    sp.return_targets.check(&url).map(Some).ok_or_else(|| {
        Refusal::new(
            &reason::RETURN_URL_REFUSED,
            format!("the \"return\" argument is {}, this SP is {}", quote(&url), sp.base_url),
        )
    })
}
