//! An SP at work: who is let in where, what its endpoints answer, what of it changes while the server
//! runs.
//!
//! No I/O and no clock of its own: sessions, requests and other servers are behind traits ([`SessionStore`],
//! [`Server`], [`BackChannel`]). One thread has all of it, as everything in a worker of nginx; what uses private
//! keys can go to another ([`Server::aside`]).

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod administration;
mod artifact_budget;
mod audit_format;
mod audit_record;
mod awaited_post;
mod back_channel;
mod begun;
mod challenge;
mod cookies;
mod credential;
mod decryption_budget;
mod denial;
mod discovery;
mod endpoint;
mod endpoint_kind;
mod endpoints;
mod event;
mod event_poll;
mod expiry;
mod forward_auth;
mod identity_token;
mod idp;
mod idp_choice;
mod idps;
mod live_session;
mod login;
mod notice;
mod passive_try;
mod post_ticket;
mod protection;
mod publication;
pub mod random;
mod recorded;
mod renewal;
mod return_targets;
mod rule_line;
mod rules;
mod session_attributes;
mod session_rules;
mod session_store;
mod sites;
mod sp;
mod status;
mod stories;
mod story;
#[cfg(test)]
mod test_idps;
#[cfg(test)]
mod test_sp;
mod transmitter;
mod visit;

pub use administration::administer;
pub use audit_format::{AuditFormat, Escape};
pub use audit_record::Record;
pub use back_channel::{BackChannel, BackChannels, Post, Posting};
pub use begun::{Begun, Unsigned};
pub use challenge::{Challenge, Method};
pub use cookies::{Collision, CookieAttributes, Cookies, LOGINS_MAX_AGE};
pub use credential::Credential;
pub use discovery::Discovery;
pub use endpoint::answer;
pub use endpoint_kind::EndpointKind;
pub use endpoints::Endpoints;
pub use event::{
    Event, Member, Notice, OrderedEnd, Outcome, SecurityEvent, SessionEnd, What, WhyEnded,
};
pub use event_poll::Polled;
pub use forward_auth::{ForwardAuth, USER_HEADER};
pub use identity_token::{ClaimForm, JwtClaim, JwtIssuer, Jwts, session_id};
pub use idp::{Current, Idp};
pub use idps::{FederatedIdps, Generation, Idps, SameEntity};
pub use live_session::{Freshness, LiveSession, Seal, Upkeep};
pub use notice::Heard;
pub use post_ticket::admit_ticket;
pub use protection::{
    CacheControl, EndpointAt, ForceAuthn, Location, Mode, Preflight, Protection, Unauthenticated,
    WantedIdp,
};
pub use publication::{Publication, Published};
pub use renewal::{NotRenewed, Renewal};
pub use return_targets::ReturnTargets;
pub use rule_line::RuleLine;
pub use rules::{AllowedIdp, Holds, Rule, Rules, Unmet, Variable};
pub use session_attributes::SessionAttributes;
pub use session_rules::SessionRules;
pub use session_store::{Found, Listed, ListedSession, Peeked, SessionStore};
pub use sites::Sites;
pub use sp::{Sp, sealing_failed};
pub use stories::diagnose;
pub use transmitter::{EventPoll, Transmitter};
pub use visit::{Answer, BodyError, Pause, Server, Visit, Wish, Work};

/// The module's version, as logs and metadata tell it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
