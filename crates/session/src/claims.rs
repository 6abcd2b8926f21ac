//! What one NameID at one IdP has logged in with: each assertion begins one session, and no more.
//!
//! All are in one entry of the store, so that the NameID's own number of them is known and bounded: it
//! must not fill with its claims, which are never given up, what belongs to all.

use clock::UnixTime;
use openssl::sha::Sha256;

use crate::wire::{read_short_instant, short_instant};

const VERSION: u8 = 1;

/// Claims of one NameID that are remembered at most: as many as it may have sessions. Smaller stores
/// set smaller limits.
pub const MAX_CLAIMS: usize = crate::session_set::MAX_MEMBERS;

/// 128 bits tell an IdP's IDs apart, which are 128 random bits or more themselves (Core 1.3.4).
type IdHash = [u8; 16];

/// Bytes of a claim: ID, end.
const CLAIM_LEN: usize = 16 + 4;

/// The claims of one NameID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    claims: Vec<Claim>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Claim {
    id: IdHash,
    /// The last second in which it counts.
    until: UnixTime,
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// It is the caller's.
    First,
    /// Somebody has made it before.
    Again,
    /// The NameID has made as many as it may.
    TooMany,
}

impl Claims {
    /// Claims an ID, to the end of the second `until`; forgets those that have ended. `limit` counts
    /// all that live, at most [`MAX_CLAIMS`].
    #[must_use]
    pub fn claim(&mut self, id: &str, until: UnixTime, limit: usize, now: UnixTime) -> Claimed {
        self.claims.retain(|claim| now <= claim.until);
        let id = id_hash(id);
        if self.claims.iter().any(|claim| claim.id == id) {
            return Claimed::Again;
        }
        if self.claims.len() >= limit.min(MAX_CLAIMS) {
            return Claimed::TooMany;
        }
        self.claims.push(Claim { id, until: until.max(now) });
        Claimed::First
    }

    /// The last second in which one of them counts; the entry lives as long.
    pub fn until(&self) -> Option<UnixTime> {
        self.claims.iter().map(|claim| claim.until).max()
    }

    /// The stored form: a version byte, then claims of equal length.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + self.claims.len() * CLAIM_LEN);
        bytes.push(VERSION);
        for claim in &self.claims {
            bytes.extend_from_slice(&claim.id);
            bytes.extend_from_slice(&short_instant(claim.until));
        }
        bytes
    }

    /// Reads the stored form; another version or length is `None`.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (version, claims) = bytes.split_first()?;
        let (claims, rest) = claims.as_chunks::<CLAIM_LEN>();
        if *version != VERSION || !rest.is_empty() || claims.len() > MAX_CLAIMS {
            return None;
        }
        Some(Self { claims: claims.iter().map(decode_claim).collect::<Option<_>>()? })
    }
}

fn decode_claim(bytes: &[u8; CLAIM_LEN]) -> Option<Claim> {
    let (id, until) = bytes.split_first_chunk()?;
    Some(Claim { id: *id, until: read_short_instant(until.try_into().ok()?) })
}

pub(crate) fn id_hash(id: &str) -> IdHash {
    let mut hash = Sha256::new();
    hash.update(id.as_bytes());
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = hash.finish();
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

#[cfg(test)]
mod tests {
    use clock::Seconds;

    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    #[test]
    fn an_id_is_claimed_once_to_the_end_of_its_last_second() {
        let mut claims = Claims::default();
        assert_eq!(claims.claim("_a", NOW + Seconds(5), 9, NOW), Claimed::First);
        assert_eq!(claims.claim("_a", NOW + Seconds(50), 9, NOW + Seconds(5)), Claimed::Again);
        assert_eq!(claims.claim("_b", NOW + Seconds(50), 9, NOW + Seconds(5)), Claimed::First);
        assert_eq!(claims.claim("_a", NOW + Seconds(50), 9, NOW + Seconds(6)), Claimed::First);
        assert_eq!(claims.until(), Some(NOW + Seconds(50)));
    }

    #[test]
    fn what_ends_before_it_begins_still_counts_now() {
        let mut claims = Claims::default();
        assert_eq!(claims.claim("_a", NOW - Seconds(9), 9, NOW), Claimed::First);
        assert_eq!(claims.claim("_a", NOW - Seconds(9), 9, NOW), Claimed::Again);
    }

    #[test]
    fn a_full_list_takes_no_more_and_forgets_nothing() {
        let mut claims = Claims::default();
        for n in 0..3 {
            assert_eq!(claims.claim(&format!("_{n}"), NOW + Seconds(n), 3, NOW), Claimed::First);
        }
        assert_eq!(claims.claim("_3", NOW + Seconds(9), 3, NOW), Claimed::TooMany);
        for n in 0..3 {
            assert_eq!(claims.claim(&format!("_{n}"), NOW + Seconds(9), 3, NOW), Claimed::Again);
        }
        assert_eq!(
            claims.claim("_3", NOW + Seconds(9), 3, NOW + Seconds(1)),
            Claimed::First,
            "one has ended"
        );
        assert_eq!(claims.claim("_4", NOW + Seconds(9), 3, NOW + Seconds(1)), Claimed::TooMany);
    }

    #[test]
    fn no_limit_is_larger_than_what_can_be_read_back() {
        let mut claims = Claims::default();
        for n in 0..MAX_CLAIMS {
            assert_eq!(
                claims.claim(&n.to_string(), NOW + Seconds(9), usize::MAX, NOW),
                Claimed::First
            );
        }
        assert_eq!(claims.claim("more", NOW + Seconds(9), usize::MAX, NOW), Claimed::TooMany);
        assert_eq!(Claims::decode(&claims.encode()), Some(claims));
    }

    #[test]
    fn claims_survive_encoding_and_nothing_else_is_read() {
        let mut claims = Claims::default();
        for id in ["_a", "_b"] {
            assert_eq!(claims.claim(id, NOW + Seconds(5), 9, NOW), Claimed::First);
        }
        let bytes = claims.encode();
        assert_eq!(bytes.len(), 1 + 2 * CLAIM_LEN);
        assert_eq!(Claims::decode(&bytes), Some(claims));
        assert_eq!(Claims::decode(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Claims::decode(&[]), None);
        for version in (0..=255).filter(|version| *version != VERSION) {
            let mut other = bytes.clone();
            other[0] = version;
            assert_eq!(Claims::decode(&other), None);
        }
    }
}
