//! What the AuthnRequest asked for.

use clock::UnixTime;
use identity::RequestedAuthnContext;

/// The request of this browser that a Response must answer.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub id: &'a str,
    pub issue_instant: UnixTime,
    pub force_authn: bool,
    /// Enforced on the answer; `None` = the IdP could choose.
    pub authn_context: Option<&'a RequestedAuthnContext>,
}
