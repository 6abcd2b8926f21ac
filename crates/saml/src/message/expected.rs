//! What every message is checked against.

use clock::UnixTime;
use xmldoc::DecryptionKey;

use crate::provider::Idp;

/// This SP, the IdP that must have written the message, and the time.
pub struct Expected<'a> {
    /// Whom a message must be for: the Audience, and what a ciphertext's Recipient names.
    pub sp_entity_id: &'a str,
    /// Absolute URL of the endpoint that the message is for: the ACS; for logout messages the SLS, or
    /// the ACS when they came there, from IdPs that know only that.
    pub url: &'a str,
    /// Whose keys alone may vouch for it, and by which policy.
    pub idp: &'a Idp,
    /// Private keys of this SP.
    pub decryption_keys: &'a [DecryptionKey],
    /// The time of day here, from which the policy's skew goes both ways.
    pub now: UnixTime,
}
