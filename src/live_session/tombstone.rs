//! Tombstones: what was logged out must not come back by an assertion that was under way.

use saml::refusal::Refusal;
use session::{LoggedOut, Session};

use super::Sessions;
use crate::store::Kind;

/// Stands for all sessions of a NameID; no SessionIndex is empty.
const ALL: &str = "";

/// Stands for sessions without a SessionIndex, which end with any; no XML has this character.
const NONE: &str = "\0";

impl Sessions {
    /// Remembers a logout until `until`: assertions issued until `instant` begin no session.
    /// Instants are the IdP's own, seconds since the epoch, so that no clocks are compared.
    ///
    /// # Errors
    /// The store has no room or does not answer.
    pub async fn bury(
        &self,
        idp: &str,
        name_id: &str,
        logged_out: &LoggedOut<'_>,
        instant: i64,
        until: i64,
        now: i64,
    ) -> Result<(), Refusal> {
        let mut buried: Vec<&str> = logged_out.session_indexes.iter().map(String::as_str).collect();
        buried.push(if buried.is_empty() { ALL } else { NONE });
        for index in buried {
            let name = self.tombstone_name(idp, name_id, index);
            // A request that was overtaken by a later one must not weaken its tombstone.
            let known = self.store.recall(Kind::Tombstone, &name, now).await?;
            let latest = known.into_iter().filter_map(read).max().unwrap_or(instant).max(instant);
            self.store.remember(Kind::Tombstone, &name, &latest.to_be_bytes(), until, now).await?;
        }
        Ok(())
    }

    /// Did the IdP end this session, whose assertion it issued at `issue_instant`?
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn was_logged_out(
        &self,
        session: &Session,
        issue_instant: i64,
        now: i64,
    ) -> Result<bool, Refusal> {
        for index in [ALL, session.session_index.as_deref().unwrap_or(NONE)] {
            let name = self.tombstone_name(&session.idp, &session.name_id.value, index);
            let instants = self.store.recall(Kind::Tombstone, &name, now).await?;
            if instants.into_iter().filter_map(read).any(|instant| issue_instant <= instant) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn tombstone_name<'a>(
        &'a self,
        idp: &'a str,
        name_id: &'a str,
        session_index: &'a str,
    ) -> [&'a str; 5] {
        ["logged out", &self.rules.sp_entity_id, idp, name_id, session_index]
    }
}

fn read(instant: Vec<u8>) -> Option<i64> {
    Some(i64::from_be_bytes(instant.try_into().ok()?))
}
