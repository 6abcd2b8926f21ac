//! What the AuthnRequest asked for.

use identity::RequestedAuthnContext;

/// The request of this browser that a Response must answer.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub id: &'a str,
    /// Seconds since the epoch.
    pub issue_instant: i64,
    pub force_authn: bool,
    /// Enforced on the answer; `None` = the IdP could choose.
    pub authn_context: Option<&'a RequestedAuthnContext>,
}
