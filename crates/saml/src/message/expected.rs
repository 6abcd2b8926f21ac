//! What every message is checked against.

use clock::UnixTime;
use xmldoc::{DecryptionKey, Document};

use crate::examination::{Examination, Examiner};
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
    /// What the message looks like and how its checks end goes there, for who looks for a mistake.
    pub examination: Option<&'a Examination>,
}

impl<'a> Expected<'a> {
    /// Who notes how checks end.
    pub(crate) fn examiner(&self) -> Examiner<'a> {
        Examiner(self.examination)
    }

    /// Notes the message, before anything is believed of it.
    pub(crate) fn see(&self, document: &Document) {
        if let Some(examination) = self.examination {
            examination.see(document);
        }
    }
}
