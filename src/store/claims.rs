//! What must be used once: claims that all workers and hosts see, each at the cost of its owner.

use clock::{Seconds, UnixTime};
use saml::refusal::Refusal;
use session::{Claimed, Claims, MAX_CLAIMS};

use super::memcached::Change;
use super::{Kind, Store};

/// One owner's claims take about this part of a zone at most, all that is stored with them included: a
/// block for the request that each login answers, and 20 bytes in the list. Sixteen owners at least must
/// conspire to fill a zone; one alone has 63 logins in the smallest zone, 4 000 in the usual one of 16m,
/// within the time for which an assertion is remembered.
const SHARE: usize = 16;

impl Store {
    /// Claims an ID for one caller on all workers and hosts, to the end of the second `until`, among
    /// what its owner (a NameID of an IdP) has claimed.
    ///
    /// # Errors
    /// The store has no room or does not answer; nothing may be granted then.
    pub async fn claim_for(
        &self,
        owner: &[&str],
        id: &str,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<Claimed, Refusal> {
        let limit = self.claims_of_one();
        let until = self.for_all_clocks(until);
        let mut claimed = Claimed::First;
        let mut is_readable = true;
        let claim = |old: Option<&[u8]>| {
            let Some(mut claims) = old.map_or_else(|| Some(Claims::default()), Claims::decode)
            else {
                is_readable = false;
                return Change::Keep;
            };
            // Who was refused by one copy claims nothing in the next.
            if claimed == Claimed::First {
                claimed = claims.claim(id, until, limit, now);
            }
            match (claimed, claims.until()) {
                (Claimed::First, Some(until)) => {
                    // Expiry is exclusive.
                    Change::Put { value: claims.encode(), expires: until + Seconds(1) }
                }
                _ => Change::Keep,
            }
        };
        self.change(Kind::Replay, owner, claim, now).await?;
        match is_readable {
            true => Ok(claimed),
            // What was claimed is not known: all may have been.
            false => Err(self.unavailable("the claims of a NameID do not open")),
        }
    }

    /// Claims of before this instant may be forgotten. Nodes outlive nginx; where there are none, it is as old as its
    /// shared memory.
    pub fn claims_since(&self, now: UnixTime) -> UnixTime {
        match &self.remote {
            Some(_) => UnixTime::default(),
            None => self.zone.remembers_since(now),
        }
    }

    /// Claims that one owner may have at a time.
    fn claims_of_one(&self) -> usize {
        match &self.remote {
            Some(_) => MAX_CLAIMS,
            None => (self.zone.blocks() / SHARE).min(MAX_CLAIMS),
        }
    }
}
