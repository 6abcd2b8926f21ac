//! Metadata, read and written (Metadata 2).

mod entity;
mod error_url;
mod federation;
mod filter;
mod idp;
mod keys;
mod kind;
mod scope;
mod signers;
mod sp;
mod text;
mod ui_info;
mod validity;

use std::fmt;

pub use error_url::{ErrorCode, ErrorUrl, Trouble};
pub use federation::{Federation, Member};
pub use filter::{MetadataFilter, MetadataRule, MetadataTest};
pub use idp::IdpMetadata;
pub use keys::MetadataKey;
pub use scope::Scopes;
pub use signers::MetadataSigners;
pub use sp::{
    ACS_INDEXES, AttributeService, Contact, ContactKind, EntityAttribute, Logo, Organization,
    Presentation, RequestedAttribute, SpDescription, SpMetadata,
};
pub use ui_info::{Localized, LocalizedName, UiInfo};
pub use validity::Validity;

/// Why metadata is unusable: a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataError(pub String);

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MetadataError {}
