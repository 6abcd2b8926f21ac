//! The session set of one NameID at one IdP: which sessions a LogoutRequest ends.

use std::collections::HashSet;

use clock::{Seconds, UnixTime};
use openssl::sha::Sha256;

use crate::token::StoreKey;
use crate::wire::{read_short_instant, short_instant};

const VERSION: u8 = 1;

/// Of a set whose members have an AuthnInstant, too.
const VERSION_WITH_AUTHN: u8 = 2;

/// Sessions of one NameID that are remembered: it bounds what one login or logout costs. The set
/// then has 480 KiB (of an SP with several origins 520), and fits an entry of either store.
pub const MAX_MEMBERS: usize = 10_240;

const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";

/// Bytes of a member: Format, SessionIndex, key, expiry.
const MEMBER_LEN: usize = 4 + 8 + 32 + 4;

/// And AuthnInstant.
const MEMBER_LEN_WITH_AUTHN: usize = MEMBER_LEN + 4;

/// One session of the NameID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    format: FormatHash,
    session_index: Option<IndexHash>,
    /// Where the session lies in the store.
    pub key: StoreKey,
    /// Its end.
    pub expires: UnixTime,
    authn_instant: Option<UnixTime>,
}

/// What a LogoutRequest says about the sessions it ends (Core 3.7.1).
#[derive(Clone, Copy, Debug)]
pub struct LoggedOut<'a> {
    /// `Format` of its NameID, a URI; `None` and unspecified fit any session.
    pub name_id_format: Option<&'a str>,
    /// Empty = all sessions of the NameID.
    pub session_indexes: &'a [String],
}

/// The sessions of one NameID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionSet {
    members: Vec<Member>,
}

/// 32 bits tell the few formats of one NameID's values apart; 0 = unspecified.
type FormatHash = u32;

/// 64 bits tell the sessions of one NameID apart; the IdP that chooses them may end them all anyway.
pub(crate) type IndexHash = u64;

impl Member {
    /// A session that lies at `key` until `expires`. Of `Format` and `SessionIndex` only hashes are
    /// kept.
    pub fn new(
        name_id_format: Option<&str>,
        session_index: Option<&str>,
        key: StoreKey,
        expires: UnixTime,
    ) -> Self {
        Self {
            format: format_hash(name_id_format),
            session_index: session_index.map(index_hash),
            key,
            expires,
            authn_instant: None,
        }
    }

    /// Opened by the authentication at this AuthnInstant, as others may be.
    #[must_use]
    pub fn of_authentication(self, authn_instant: UnixTime) -> Self {
        Self { authn_instant: Some(authn_instant), ..self }
    }

    fn is_alive(&self, now: UnixTime) -> bool {
        now < self.expires
    }
}

impl LoggedOut<'_> {
    /// A Format that either side leaves open matches any; so does a session without SessionIndex:
    /// nothing tells it from those that end.
    fn covers(&self, format: FormatHash, indexes: &HashSet<IndexHash>, member: &Member) -> bool {
        let format_fits = format == 0 || member.format == 0 || format == member.format;
        let index_fits =
            indexes.is_empty() || member.session_index.is_none_or(|index| indexes.contains(&index));
        format_fits && index_fits
    }
}

/// Some authentications at an IdP, by their AuthnInstants, which are sorted.
pub struct Authentications(Vec<UnixTime>);

/// AuthnInstants of one authentication may differ by so much: SimpleSAMLphp says in the first assertion when that
/// was made, and in those that follow when the person was known.
const SAME_AUTHN_WITHIN: Seconds = Seconds(5);

impl Authentications {
    /// That of a session.
    pub fn one(authn_instant: UnixTime) -> Self {
        Self(vec![authn_instant])
    }

    /// Those of the sessions that a LogoutRequest names by their SessionIndex.
    pub fn of(named: &[Member]) -> Self {
        let named = named.iter().filter(|member| member.session_index.is_some());
        let mut instants: Vec<_> = named.filter_map(|member| member.authn_instant).collect();
        instants.sort_unstable();
        Self(instants)
    }

    fn have(&self, authn_instant: UnixTime) -> bool {
        let earliest = authn_instant - SAME_AUTHN_WITHIN;
        let place = self.0.partition_point(|instant| *instant < earliest);
        self.0.get(place).is_some_and(|instant| *instant - authn_instant <= SAME_AUTHN_WITHIN)
    }
}

impl SessionSet {
    /// Adds a session (one that is there already is replaced) and forgets those that have ended. The
    /// set holds `limit` sessions, at least the new one and at most [`MAX_MEMBERS`].
    ///
    /// Returns what had to leave a full set: the sessions that would have ended first. They must end
    /// now, for no logout would find them.
    #[must_use]
    pub fn add(&mut self, member: Member, limit: usize, now: UnixTime) -> Vec<StoreKey> {
        self.members.retain(|other| other.is_alive(now) && other.key != member.key);
        let others = limit.clamp(1, MAX_MEMBERS) - 1;
        let mut left = Vec::new();
        if self.members.len() > others {
            self.members.sort_by_key(|member| std::cmp::Reverse(member.expires));
            left = self.members.split_off(others).into_iter().map(|member| member.key).collect();
        }
        self.members.push(member);
        left
    }

    /// The sessions that live, the one that ends first first: of equal lifetimes that is the oldest.
    pub fn oldest_first(&self, now: UnixTime) -> Vec<StoreKey> {
        let mut alive: Vec<&Member> = self.members.iter().filter(|it| it.is_alive(now)).collect();
        alive.sort_by_key(|member| member.expires);
        alive.into_iter().map(|member| member.key).collect()
    }

    /// Would a LogoutRequest find the session with this key?
    pub fn contains(&self, key: &StoreKey) -> bool {
        self.members.iter().any(|member| member.key == *key)
    }

    /// The sessions that the LogoutRequest ends.
    pub fn covered_by(&self, logged_out: &LoggedOut<'_>, now: UnixTime) -> Vec<Member> {
        let format = format_hash(logged_out.name_id_format);
        let indexes = logged_out.session_indexes.iter().map(|i| index_hash(i)).collect();
        let covered =
            |member: &&Member| member.is_alive(now) && logged_out.covers(format, &indexes, member);
        self.members.iter().filter(covered).cloned().collect()
    }

    /// The sessions that these authentications have opened: several, where an IdP that knows the person already
    /// has signed them in again, each time under another SessionIndex.
    pub fn of_authentications(&self, which: &Authentications, now: UnixTime) -> Vec<Member> {
        let is_of = |member: &&Member| member.authn_instant.is_some_and(|it| which.have(it));
        self.members.iter().filter(|member| member.is_alive(now)).filter(is_of).cloned().collect()
    }

    /// Forgets the sessions with these keys, and those that have ended.
    pub fn remove(&mut self, keys: &HashSet<StoreKey>, now: UnixTime) {
        self.members.retain(|member| member.is_alive(now) && !keys.contains(&member.key));
    }

    /// Takes over the sessions that only `other` knows: a copy of the set that missed a write.
    pub fn merge(&mut self, other: Self) {
        let known: HashSet<StoreKey> = self.members.iter().map(|member| member.key).collect();
        self.members.extend(other.members.into_iter().filter(|m| !known.contains(&m.key)));
    }

    /// Sessions in it, with those that have ended and are not forgotten yet.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Is nothing left that a store must keep?
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// When its last session ends; the set lives as long.
    pub fn expires(&self) -> Option<UnixTime> {
        self.members.iter().map(|member| member.expires).max()
    }

    /// The stored form: a version byte, then members of equal length.
    pub fn encode(&self) -> Vec<u8> {
        let with_authn = self.members.iter().any(|member| member.authn_instant.is_some());
        let len = if with_authn { MEMBER_LEN_WITH_AUTHN } else { MEMBER_LEN };
        let mut bytes = Vec::with_capacity(1 + self.members.len() * len);
        bytes.push(if with_authn { VERSION_WITH_AUTHN } else { VERSION });
        for member in &self.members {
            bytes.extend_from_slice(&member.format.to_be_bytes());
            bytes.extend_from_slice(&member.session_index.unwrap_or(0).to_be_bytes());
            bytes.extend_from_slice(member.key.as_bytes());
            bytes.extend_from_slice(&short_instant(member.expires));
            if with_authn {
                let authn_instant = member.authn_instant.unwrap_or(NOT_KNOWN);
                bytes.extend_from_slice(&short_instant(authn_instant));
            }
        }
        bytes
    }

    /// Reads the stored form; another version or length is `None`.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (version, members) = bytes.split_first()?;
        let len = match *version {
            VERSION => MEMBER_LEN,
            VERSION_WITH_AUTHN => MEMBER_LEN_WITH_AUTHN,
            _ => return None,
        };
        if members.len() % len != 0 || members.len() / len > MAX_MEMBERS {
            return None;
        }
        Some(Self { members: members.chunks(len).map(decode_member).collect::<Option<_>>()? })
    }
}

/// The stored form of an AuthnInstant that is not known.
const NOT_KNOWN: UnixTime = UnixTime::from_secs(0);

fn decode_member(bytes: &[u8]) -> Option<Member> {
    let (member, authn_instant) = bytes.split_first_chunk::<MEMBER_LEN>()?;
    let authn_instant = authn_instant.first_chunk().map(|bytes| read_short_instant(*bytes));
    let (format, rest) = member.split_first_chunk()?;
    let (index, rest) = rest.split_first_chunk()?;
    let (key, expires) = rest.split_first_chunk()?;
    let index = IndexHash::from_be_bytes(*index);
    Some(Member {
        format: FormatHash::from_be_bytes(*format),
        session_index: (index != 0).then_some(index),
        key: StoreKey(*key),
        expires: read_short_instant(expires.try_into().ok()?),
        authn_instant: authn_instant.filter(|instant| *instant != NOT_KNOWN),
    })
}

fn format_hash(format: Option<&str>) -> FormatHash {
    match format {
        None | Some(UNSPECIFIED) => 0,
        Some(format) => u32::try_from(digest(format) >> 32).unwrap_or(0).max(1),
    }
}

/// Never 0, which is the stored form of none.
pub(crate) fn index_hash(index: &str) -> IndexHash {
    digest(index).max(1)
}

fn digest(text: &str) -> u64 {
    let mut hash = Sha256::new();
    hash.update(text.as_bytes());
    let [a, b, c, d, e, f, g, h, ..] = hash.finish();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests;
