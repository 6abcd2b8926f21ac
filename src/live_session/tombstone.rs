//! Tombstones: what was logged out must not come back by an assertion that was under way.

use saml::refusal::Refusal;
use session::{LoggedOut, Session};

use super::Sessions;
use crate::store::Kind;

/// Stands for all sessions of a NameID; no SessionIndex is empty.
const ALL: &str = "";

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
        let indexes = logged_out.session_indexes;
        let buried = if indexes.is_empty() {
            vec![ALL]
        } else {
            indexes.iter().map(String::as_str).collect()
        };
        for index in buried {
            let name = self.tombstone_name(idp, name_id, index);
            self.store.remember(Kind::Tombstone, &name, &instant.to_be_bytes(), until, now).await?;
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
        let indexes = [Some(ALL), session.session_index.as_deref()];
        for index in indexes.into_iter().flatten() {
            let name = self.tombstone_name(&session.idp, &session.name_id.value, index);
            let instants = self.store.recall(Kind::Tombstone, &name, now).await?;
            let is_later = |instant: Vec<u8>| {
                <[u8; 8]>::try_from(instant).is_ok_and(|i| issue_instant <= i64::from_be_bytes(i))
            };
            if instants.into_iter().any(is_later) {
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
