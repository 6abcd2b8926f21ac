//! What all messages share, whatever they say: how they begin, how they are built, signed, encrypted.

pub(crate) mod clock;
pub(crate) mod destination;
pub(crate) mod encryption;
pub(crate) mod envelope;
mod expected;
pub(crate) mod header;
pub(crate) mod in_response_to;
pub(crate) mod name_id;
pub(crate) mod status;
pub(crate) mod structure;

use xmldoc::{Document, Limits};

use self::envelope::Voucher;
pub use self::expected::Expected;
use crate::namespace::ASSERTION;
use crate::provider::LogoutBinding;

/// A parsed message of which nothing has been believed yet.
pub(crate) struct Message {
    pub document: Document,
    /// What is outside of it and vouches for it.
    pub voucher: Option<Voucher>,
    pub came_by: LogoutBinding,
    /// For what is encrypted in it.
    pub limits: Limits,
}

impl Message {
    /// The text of the Issuer, unverified.
    pub(crate) fn issuer(&self) -> Option<String> {
        let root = self.document.envelope();
        root.child(ASSERTION, "Issuer").map(|issuer| header::uri(issuer).to_owned())
    }

    /// An attribute of the root, unverified.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        self.document.root_attribute(name).map(|value| value.to_string())
    }
}
