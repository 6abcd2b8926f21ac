//! What the lines said: one row a directive, nothing checked across lines.

mod audit;
mod endpoint;
mod http;
mod idp;
mod location;
mod operator;
mod policy;
mod request;
mod rule;
mod sp;
mod store;

use clock::Seconds;

pub use self::audit::{AuditBuffer, NameIdForm, RawAuditFormat, RawAuditLog};
pub use self::endpoint::RawEndpoint;
pub use self::http::{CoreDump, RawHttp};
pub use self::idp::{RawEventPoll, RawIdp};
pub use self::location::{FORWARD_AUTH, RawAuth, RawHandler, RawLocation};
pub use self::operator::OperatorPage;
pub use self::policy::{RawPolicy, Weak};
pub use self::request::RawRequest;
pub use self::rule::RawRule;
pub use self::sp::RawSp;
pub use self::store::RawStore;

const HOUR: Seconds = Seconds(3600);
const DAY: Seconds = Seconds(24 * 3600);
const YEAR: Seconds = Seconds(365 * 24 * 3600);
