//! How the SPs of a server are: numbers and states at one instant, and how programs read them. It reads no clock
//! and no shared memory: whoever has those fills it in.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod health;
mod json;
mod metrics;

use clock::{Seconds, UnixTime};

pub use health::Health;
pub use json::{json, value};
pub use metrics::open_metrics;

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// Of the module.
    pub version: String,
    /// The server that the module was built for, with its version.
    pub built_for: String,
    /// When it was looked at.
    pub now: UnixTime,
    /// In the order of the configuration.
    pub sps: Vec<SpStatus>,
    /// In the order of the configuration.
    pub stores: Vec<StoreStatus>,
    /// Documents that are fetched, or files that are read again.
    pub metadata: Vec<MetadataStatus>,
    /// What has happened since the server was started.
    pub events: Vec<Event>,
    /// Events for which there was no room.
    pub uncounted: u64,
    /// Signatures that the second verifier did not accept.
    pub disagreements: u64,
    /// How sessions were found.
    pub look_ups: LookUps,
}

/// One SP.
#[derive(Clone, Debug, Default)]
pub struct SpStatus {
    /// The name of its `saml_sp` block.
    pub name: String,
    /// What IdPs know it by.
    pub entity_id: String,
    /// Its IdPs, by their blocks.
    pub idps: Vec<IdpStatus>,
    /// Its own certificates.
    pub certificates: Vec<CertificateStatus>,
}

/// One `saml_idp` block of an SP.
#[derive(Clone, Debug)]
pub struct IdpStatus {
    /// The name of the block.
    pub name: String,
    /// The IdP's entityID; `None` = it is a federation, or awaited.
    pub entity_id: Option<String>,
    /// IdPs of a federation.
    pub members: Option<usize>,
    /// Whether people can log in there.
    pub state: IdpState,
    /// The end of its metadata.
    pub valid_until: Option<UnixTime>,
}

/// Whether people can log in at an IdP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdpState {
    /// They can.
    Ready,
    /// Its metadata has not come yet.
    Awaited,
    /// Its metadata is past its time.
    Expired,
    /// The administrator does not let them.
    Disabled,
}

impl IdpState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ready, Self::Awaited, Self::Expired, Self::Disabled];

    /// For programs and people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Awaited => "awaited",
            Self::Expired => "expired",
            Self::Disabled => "disabled",
        }
    }
}

/// One certificate of an SP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateStatus {
    /// SHA-256 in lower-case hexadecimal digits.
    pub sha256: String,
    /// When it ends.
    pub not_after: UnixTime,
}

/// One `saml_session_store`.
#[derive(Clone, Debug, Default)]
pub struct StoreStatus {
    /// The name of its block; empty = the one that is there without a block.
    pub name: String,
    /// Sessions in its zone, those included that have ended by themselves and were not swept yet. With
    /// memcached, those that this host has seen.
    pub sessions: u64,
    /// Claims: what must be used once.
    pub claims: u64,
    /// Logouts that stop what comes late.
    pub tombstones: u64,
    /// Bytes of the zone.
    pub bytes: u64,
    /// Bytes in use.
    pub used_bytes: u64,
    /// Bytes of what is never given up before its time.
    pub pinned_bytes: u64,
    /// Entries that were given up before their time.
    pub evictions: u64,
    /// Its memcached nodes, as the worker sees them that was asked; none = the zone is the store.
    pub nodes: Vec<NodeStatus>,
}

/// One memcached node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeStatus {
    /// Its address, as written.
    pub name: String,
    /// It answers, or was not asked yet.
    pub is_up: bool,
}

/// One source of metadata.
#[derive(Clone, Debug, Default)]
pub struct MetadataStatus {
    /// The `saml_idp` block.
    pub idp: String,
    /// The URL or path, as written.
    pub source: String,
    /// Since it was last read, or found to be the same; `None` = that has not happened since the start.
    pub age: Option<Seconds>,
    /// Until it is fetched again.
    pub next: Option<Seconds>,
    /// How many times in a row that failed.
    pub failures: u64,
    /// Why, the last time.
    pub error: Option<String>,
}

/// How often something has happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// What.
    pub what: Happening,
    /// At which SP, by its block; empty = at none.
    pub sp: String,
    /// With which IdP, by its block; empty = that is not known.
    pub idp: String,
    /// For which reason: of a refusal a code of `docs/reasons.md`, of a session's end why it ended; empty = it has
    /// none.
    pub reason: String,
    /// So often.
    pub count: u64,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happening {
    /// Somebody signed in.
    Login,
    /// Somebody signed out here.
    LogoutByUser,
    /// An IdP signed somebody out.
    LogoutByIdp,
    /// Who runs the server signed somebody out.
    LogoutByOperator,
    /// A session was over, and nobody had signed out.
    SessionEnd,
    /// Something was refused.
    Refusal,
}

impl Happening {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Login,
        Self::LogoutByUser,
        Self::LogoutByIdp,
        Self::LogoutByOperator,
        Self::SessionEnd,
        Self::Refusal,
    ];

    /// As it is counted.
    pub fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::LogoutByUser => "logout_by_user",
            Self::LogoutByIdp => "logout_by_idp",
            Self::LogoutByOperator => "logout_by_operator",
            Self::SessionEnd => "session_end",
            Self::Refusal => "refusal",
        }
    }
}

/// How sessions were found, of all workers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LookUps {
    /// Where they ended, and how many did.
    pub ended: Vec<(String, u64)>,
    /// How many waits for memcached were within that many microseconds, and not within the bound before.
    pub waited: Vec<(u64, u64)>,
    /// And how many were longer.
    pub waited_longer: u64,
    /// All waits together, microseconds.
    pub waited_sum: u64,
}

impl Status {
    /// Puts counters together by their names: what happened, the SP, the IdP and the reason, with tabs
    /// between. A name that is none of ours is left out.
    pub fn count_events<'a>(&mut self, counters: impl Iterator<Item = (&'a [u8], u64)>) {
        self.events.extend(
            counters
                .filter_map(|(name, count)| Event::read(std::str::from_utf8(name).ok()?, count)),
        );
        // One that is told twice stands beside itself then.
        self.events.sort();
        self.events.dedup_by(|later, earlier| {
            let is_same = later.labels() == earlier.labels();
            if is_same {
                earlier.count += later.count;
            }
            is_same
        });
    }
}

impl Event {
    fn labels(&self) -> (Happening, &str, &str, &str) {
        (self.what, &self.sp, &self.idp, &self.reason)
    }

    fn read(name: &str, count: u64) -> Option<Self> {
        let mut parts = name.split('\t');
        let what = parts.next()?;
        let what = Happening::ALL.into_iter().find(|known| known.name() == what)?;
        let mut part = || parts.next().unwrap_or_default().to_owned();
        Some(Self { what, sp: part(), idp: part(), reason: part(), count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_become_events() {
        let mut status = Status::default();
        let counters: [(&[u8], u64); 6] = [
            (b"refusal\tapp\t\tloop", 3),
            (b"login\tapp\tcorp", 1),
            (b"login\tapp\tcorp", 2),
            (b"login\tapp\tother", 5),
            (b"feast\tapp", 1),
            (b"\xff", 1),
        ];
        status.count_events(counters.into_iter());
        let event = |what, idp: &str, reason: &str, count| Event {
            what,
            sp: "app".to_owned(),
            idp: idp.to_owned(),
            reason: reason.to_owned(),
            count,
        };
        assert_eq!(
            status.events,
            [
                event(Happening::Login, "corp", "", 3),
                event(Happening::Login, "other", "", 5),
                event(Happening::Refusal, "", "loop", 3),
            ]
        );
    }

    #[test]
    fn a_name_in_several_places_is_the_sum_wherever_they_are() {
        let names: Vec<String> =
            (0..500).map(|n| format!("refusal\tapp\tcorp\tcode_{}", n % 50)).collect();
        let mut status = Status::default();
        status.count_events(names.iter().map(|name| (name.as_bytes(), 2)));
        assert_eq!(status.events.len(), 50);
        assert!(status.events.iter().all(|event| event.count == 20), "{:?}", status.events);
    }
}
