//! What an IdP's LogoutRequest came to.

use saml::logout::LogoutStatus;

/// What a logout came to.
#[derive(Clone, Copy)]
pub(super) struct Ended {
    pub status: LogoutStatus,
    /// The browser that brought the request had one of the sessions.
    pub own: bool,
    /// The request was answered before.
    pub is_repeated: bool,
    /// The answer is worth remembering.
    pub leaves_trace: bool,
}
