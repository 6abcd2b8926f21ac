//! How long an SP's sessions live, and what they know of people.

use clock::{Seconds, UnixTime};
use session::{Selection, Separator, SpId, UserSources};

/// The session settings of one SP.
#[derive(Clone)]
pub struct SessionRules {
    /// Whose sessions they are: one of another SP is none.
    pub sp: SpId,
    /// The SP's entityID, by which IdPs tell its sessions from those of others: what an IdP says of a
    /// session is known under it.
    pub sp_entity_id: String,
    /// The SP has several origins, each with sessions of its own: one authentication at the IdP may open one
    /// at each.
    pub several_origins: bool,
    /// From login to the end.
    pub lifetime: Seconds,
    /// Without a request until the end.
    pub idle_timeout: Option<Seconds>,
    /// A session remembers the address from which it began.
    pub keeps_address: bool,
    /// An IdP's `require_signed_logout` is off: what nobody signed has to be looked for, too.
    pub unsigned_logout: bool,
    /// `attribute ALIAS NAME…`, `attribute_filter`.
    pub attributes: Selection,
    /// A login is refused whose groups Entra ID only points to.
    pub refuse_group_overage: bool,
    /// `user SOURCE…`.
    pub user: UserSources,
    /// Between the values of one attribute.
    pub separator: Separator,
}

impl SessionRules {
    /// When the store forgets a session: at its end, or when it has been idle too long.
    pub fn expiry(&self, end: UnixTime, now: UnixTime) -> UnixTime {
        self.idle_timeout.map_or(end, |idle| end.min(now + idle))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_000_000);

    #[test]
    fn the_store_forgets_a_session_at_its_end_or_when_it_is_idle() {
        for (idle_timeout, end, expiry) in [
            (None, Seconds(100), Seconds(100)),
            (Some(Seconds(60)), Seconds(100), Seconds(60)),
            (Some(Seconds(60)), Seconds(30), Seconds(30)),
        ] {
            let rules = SessionRules {
                sp: SpId::default(),
                sp_entity_id: String::new(),
                several_origins: false,
                lifetime: Seconds(3600),
                idle_timeout,
                keeps_address: true,
                unsigned_logout: false,
                attributes: Selection::default(),
                refuse_group_overage: false,
                user: UserSources::default(),
                separator: Separator::default(),
            };
            assert_eq!(rules.expiry(NOW + end, NOW), NOW + expiry);
        }
    }
}
