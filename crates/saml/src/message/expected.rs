//! What every message is checked against.

use clock::UnixTime;
use xmldoc::DecryptionKey;

use crate::provider::Idp;

/// This SP, the IdP that must have written the message, and the time.
pub struct Expected<'a> {
    pub sp_entity_id: &'a str,
    /// Absolute URL of the endpoint that the message is for: the ACS; for logout messages the SLS, or
    /// the ACS when they came there, from IdPs that know only that.
    pub url: &'a str,
    pub idp: &'a Idp,
    /// Private keys of this SP.
    pub decryption_keys: &'a [DecryptionKey],
    pub now: UnixTime,
}
