//! The configuration as data: lines as nginx reads them, and what they come to when all is said.
//!
//! No nginx: its words come in as [`Line`]s, and mistakes go out with the place they stand at. Files
//! are read here.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod addresses;
mod assembly;
mod authn_context;
mod block;
mod certificate;
mod directive;
mod directives;
mod files;
mod fitness;
mod host;
mod idp;
mod line;
mod location;
mod metadata_source;
mod name_id_format;
mod nearest;
mod place;
mod quantity;
mod raw;
mod rules;
mod server;
mod server_name;
mod sp;
mod store;
mod store_settings;
mod surroundings;
mod unknown;
mod url;
mod warnings;

pub use self::assembly::Built;
pub use self::block::{Block, Blocks};
pub use self::directive::{Arity, Directive};
pub use self::files::Files;
pub use self::fitness::check;
pub use self::host::{Host, Unusable};
pub use self::line::Line;
pub use self::location::{check_rule, location};
pub use self::metadata_source::{DOCUMENT_MAX, MetadataSource, SourceKind, SourcePlace};
pub use self::place::{ConfigError, Given, Place};
pub use self::raw::{
    AuditBuffer, CoreDump, FORWARD_AUTH, NameIdForm, OperatorPage, RawAuditFormat, RawAuditLog,
    RawAuth, RawEndpoint, RawEventPoll, RawHandler, RawHttp, RawIdp, RawLocation, RawPolicy,
    RawRequest, RawRule, RawSp, RawStore, Weak,
};
pub use self::server::{Server, Uses};
pub use self::server_name::ServerName;
pub use self::store_settings::{MemcachedSettings, StoreSettings, TlsFiles};
pub use self::warnings::Warnings;
