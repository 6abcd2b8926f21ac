//! Single logout (Core 3.7, Profiles 4.4): LogoutRequest and LogoutResponse, taken and made.

mod delivery;
mod encrypted_id;
mod opened;
mod outgoing_request;
mod outgoing_response;
mod request;
mod response;

use xmldoc::DecryptionKey;

pub use self::delivery::Delivery;
pub use self::outgoing_request::OutgoingLogoutRequest;
pub use self::outgoing_response::{LogoutStatus, OutgoingLogoutResponse};
pub use self::request::{
    LIFETIME_MOST, LIFETIME_WITHOUT_END, LogoutRequest, ReceivedLogoutRequest, SESSION_INDEXES_MOST,
};
pub use self::response::{AGE_MOST, LogoutOutcome, ReceivedLogoutResponse};
use crate::provider::Idp;

/// What a logout message is checked against.
pub struct Expected<'a> {
    /// Absolute URL of the endpoint that the message came to: the SLS or, for IdPs that know only
    /// that, the ACS.
    pub url: &'a str,
    pub sp_entity_id: &'a str,
    pub idp: &'a Idp,
    /// Private keys of this SP.
    pub decryption_keys: &'a [DecryptionKey],
    /// Seconds since the epoch.
    pub now: i64,
}

#[cfg(test)]
mod tests;
