//! What the AuthnRequest asked for.

use clock::UnixTime;
use identity::RequestedAuthnContext;

/// The request of this browser that a Response must answer.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What InResponseTo must name.
    pub id: &'a str,
    /// When it was sent, by the clock here: with `force_authn`, no AuthnInstant may be earlier.
    pub issue_instant: UnixTime,
    /// They were to give their credentials anew, which is enforced on the answer.
    pub force_authn: bool,
    /// Enforced on the answer; `None` = the IdP could choose.
    pub authn_context: Option<&'a RequestedAuthnContext>,
}
