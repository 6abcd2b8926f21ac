//! Sessions as data: the record and its bytes, the token, sealing, cookies, attribute names.
//!
//! No I/O, no clock and no randomness of its own: random bytes and the time are arguments.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(
        clippy::as_conversions,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod awaited_choice;
mod bound_key;
mod budget;
mod claims;
pub mod cookie;
mod debug_pass;
mod decoded;
mod gcm;
pub mod header_value;
mod hmac;
mod idp_choices;
mod length;
mod login_cookies;
mod logouts;
mod loop_guard;
mod memory;
mod names;
mod order_token;
mod orders;
mod pattern;
pub mod pending;
mod pending_logout;
mod post_ledger;
mod preserved_post;
mod record;
mod relay_state;
mod replacement;
mod resumption;
mod rule;
mod seal;
mod secret;
mod selection;
mod separator;
mod session_set;
mod shape;
mod sp_id;
mod stored;
mod token;
mod token_cache;
mod uri_prefix;
mod user;
mod value_form;
mod wire;

pub use awaited_choice::AwaitedChoice;
pub use bound_key::{NONCE_LEN, SealError};
pub use budget::{Budget, Client, Spent};
pub use claims::{Claimed, Claims, MAX_CLAIMS};
pub use cookie::{
    CookieName, CookieNameError, SameSite, SetCookie, cookies, cookies_named, cookies_of_len,
    without,
};
pub use debug_pass::DebugPass;
pub use decoded::{DecodedSession, Values};
pub use header_value::{attributes_json, base64, header_safe, join, percent_encoded, values_json};
pub use idp_choices::IdpChoices;
pub use login_cookies::{LoginCookie, LoginState, on_the_wire, surplus};
pub use logouts::Logouts;
pub use loop_guard::Logins;
pub use memory::{Memory, Taken, allocation, shared};
pub use names::{AttributeName, Rivals};
pub use orders::{Order, Orders, TooManyOrders};
pub use pattern::Pattern;
pub use pending::{PendingError, PendingLogin, cookie_suffix};
pub use pending_logout::{LogoutEnd, PendingLogout};
pub use post_ledger::{NoRoom, PostLedger};
pub use preserved_post::{AwaitedPost, PostTicket, PostToken, PreservedPost};
pub use record::Session;
pub use replacement::Replacement;
pub use resumption::Resumption;
pub use rule::{AttributeRule, RuleError};
pub use secret::{Secret, SecretError, Secrets};
pub use selection::{Alias, Cut, Kept, Selection};
pub use separator::Separator;
pub use session_set::{Authentications, LoggedOut, MAX_MEMBERS, Member, SessionSet};
pub use shape::Shapes;
pub use sp_id::SpId;
pub use stored::{StoredSession, is_ended, mark};
pub use token::{SessionToken, StoreKey, TokenText};
pub use token_cache::{CacheSize, TokenCache};
pub use user::{Piece, UserSource, UserSources};
pub use value_form::{MOST_VALUES, ValueForm};
