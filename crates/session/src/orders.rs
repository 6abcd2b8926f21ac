//! What an operator has ordered of an SP: which sessions count no more, and at which IdPs nobody signs in.
//!
//! All orders of an SP are one entry of the store. Hosts and nodes may each miss one for a while, so that what they
//! know can always be put together, in any order, and comes to the same.

use std::collections::BTreeMap;
use std::fmt;

use clock::{Seconds, UnixTime};

use crate::wire::{Reader, Writer};

const VERSION: u8 = 1;

/// Orders of one SP that are remembered. Each is an administrator's act, not a stranger's.
const MOST: usize = 1000;

/// How long an end of sessions is remembered: no session lives longer than a year. As long it is remembered
/// that an IdP was enabled again, so that a host which had slept does not disable it.
const KEPT: Seconds = Seconds(400 * 86_400);

/// Bytes that an order has at least.
const ORDER_MIN_LEN: usize = 2;

/// One order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// All sessions end.
    EndAll,
    /// Those of the IdP of this entityID end.
    EndIdp(String),
    /// The `saml_idp` block of this name is disabled, or enabled again.
    Switch {
        /// The block.
        idp: String,
        /// Does nobody sign in there?
        is_off: bool,
    },
}

/// What is ordered at present.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    /// By entityID, of all IdPs by the empty one: sessions that began until then have ended.
    ended: BTreeMap<String, UnixTime>,
    /// By the names of `saml_idp` blocks.
    switches: BTreeMap<String, Switch>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Switch {
    is_off: bool,
    changed: UnixTime,
}

/// There is no room for another order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyOrders;

impl Orders {
    /// Adds an order that is given at `now`.
    ///
    /// # Errors
    /// There are too many; nothing has changed.
    pub fn give(&mut self, order: &Order, now: UnixTime) -> Result<(), TooManyOrders> {
        self.forget(now);
        let is_new = match order {
            Order::EndAll => !self.ended.contains_key(""),
            Order::EndIdp(entity_id) => !self.ended.contains_key(entity_id),
            Order::Switch { idp, .. } => !self.switches.contains_key(idp),
        };
        if is_new && self.ended.len() + self.switches.len() >= MOST {
            return Err(TooManyOrders);
        }
        match order {
            Order::EndAll => self.end("", now),
            Order::EndIdp(entity_id) => self.end(entity_id, now),
            Order::Switch { idp, is_off } => {
                // Two orders of one second, or a clock that was set back: the later one counts.
                let earliest = self.switches.get(idp).map(|known| known.changed + Seconds(1));
                let changed = earliest.map_or(now, |earliest| earliest.max(now));
                self.switches.insert(idp.clone(), Switch { is_off: *is_off, changed });
            }
        }
        Ok(())
    }

    fn end(&mut self, entity_id: &str, instant: UnixTime) {
        match self.ended.get_mut(entity_id) {
            Some(known) => *known = instant.max(*known),
            None => {
                self.ended.insert(entity_id.to_owned(), instant);
            }
        }
    }

    /// Has a session of the IdP of that entityID ended which began at `created`?
    pub fn have_ended(&self, entity_id: &str, created: UnixTime) -> bool {
        let ended = [self.ended.get(""), self.ended.get(entity_id)];
        ended.into_iter().flatten().any(|instant| created <= *instant)
    }

    /// Is the `saml_idp` block disabled?
    pub fn have_disabled(&self, idp: &str) -> bool {
        self.switches.get(idp).is_some_and(|switch| switch.is_off)
    }

    /// Adds what only `other` knows, or knows better. Of two switches at the same time the one that keeps people out
    /// counts.
    pub fn merge(&mut self, other: &Self) {
        for (entity_id, instant) in &other.ended {
            self.end(entity_id, *instant);
        }
        for (idp, switch) in &other.switches {
            let known = self.switches.entry(idp.clone()).or_insert(*switch);
            if (known.changed, known.is_off) < (switch.changed, switch.is_off) {
                *known = *switch;
            }
        }
    }

    /// Drops what has no effect any more. What keeps people out of an IdP stays.
    pub fn forget(&mut self, now: UnixTime) {
        self.ended.retain(|_, instant| now < *instant + KEPT);
        self.switches.retain(|_, switch| switch.is_off || now < switch.changed + KEPT);
    }

    /// The stored form: a version byte, ends, switches; each list behind its length.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(VERSION);
        writer.count(self.ended.len());
        for (entity_id, instant) in &self.ended {
            writer.string(entity_id);
            writer.instant(*instant);
        }
        writer.count(self.switches.len());
        for (idp, switch) in &self.switches {
            writer.string(idp);
            writer.boolean(switch.is_off);
            writer.instant(switch.changed);
        }
        writer.finish()
    }

    /// Reads the stored form. `None` for another version and for anything malformed.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes, VERSION)?;
        let mut orders = Self::default();
        for _ in 0..reader.count(ORDER_MIN_LEN)? {
            let entity_id = reader.string()?;
            orders.ended.insert(entity_id, reader.instant()?);
        }
        for _ in 0..reader.count(ORDER_MIN_LEN)? {
            let idp = reader.string()?;
            let switch = Switch { is_off: reader.boolean()?, changed: reader.instant()? };
            orders.switches.insert(idp, switch);
        }
        reader.finish()?;
        Some(orders)
    }
}

impl fmt::Display for TooManyOrders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there are {MOST} orders already")
    }
}

impl std::error::Error for TooManyOrders {}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);
    const CORP: &str = "https://corp.example";

    fn orders(given: &[(Order, i64)]) -> Orders {
        let mut orders = Orders::default();
        for (order, after) in given {
            orders.give(order, NOW + Seconds(*after)).unwrap();
        }
        orders
    }

    fn end() -> Order {
        Order::EndIdp(CORP.to_owned())
    }

    fn switch(is_off: bool) -> Order {
        Order::Switch { idp: "corp".to_owned(), is_off }
    }

    #[test]
    fn sessions_that_began_until_the_order_have_ended_and_later_ones_have_not() {
        let given = orders(&[(end(), 0)]);
        assert!(given.have_ended(CORP, NOW) && given.have_ended(CORP, NOW - Seconds(1)));
        assert!(!given.have_ended(CORP, NOW + Seconds(1)));
        assert!(!given.have_ended("https://other.example", NOW));
        let all = orders(&[(Order::EndAll, 0)]);
        assert!(all.have_ended("https://other.example", NOW) && !all.have_disabled("corp"));
        assert!(!all.have_ended(CORP, NOW + Seconds(1)));
    }

    #[test]
    fn an_end_is_never_made_earlier() {
        let given = orders(&[(end(), 5), (end(), 0)]);
        assert!(given.have_ended(CORP, NOW + Seconds(5)));
    }

    #[test]
    fn the_last_switch_counts_also_within_a_second_and_when_the_clock_was_set_back() {
        assert!(orders(&[(switch(true), 0)]).have_disabled("corp"));
        assert!(!orders(&[(switch(true), 0), (switch(false), 0)]).have_disabled("corp"));
        assert!(orders(&[(switch(false), 0), (switch(true), -3600)]).have_disabled("corp"));
        assert!(!orders(&[(switch(true), 0)]).have_disabled("other"));
    }

    #[test]
    fn whoever_knows_what_it_comes_to_the_same() {
        let first = orders(&[(end(), 0), (switch(true), 0)]);
        let mut second = first.clone();
        second.give(&switch(false), NOW).unwrap();
        second.give(&Order::EndAll, NOW + Seconds(9)).unwrap();
        let both = |one: &Orders, other: &Orders| {
            let mut both = one.clone();
            both.merge(other);
            both
        };
        assert_eq!(both(&first, &second), both(&second, &first));
        assert_eq!(both(&first, &second), second);
        let (on, off) = (orders(&[(switch(false), 0)]), orders(&[(switch(true), 0)]));
        assert!(both(&on, &off).have_disabled("corp") && both(&off, &on).have_disabled("corp"));
    }

    #[test]
    fn what_keeps_people_out_is_not_forgotten() {
        let mut given = orders(&[(end(), 0), (switch(true), 0)]);
        given.forget(NOW + KEPT - Seconds(1));
        assert!(given.have_ended(CORP, NOW));
        given.forget(NOW + KEPT);
        assert!(!given.have_ended(CORP, NOW) && given.have_disabled("corp"));
        let mut given = orders(&[(switch(false), 0)]);
        given.forget(NOW + KEPT);
        assert_eq!(given, Orders::default());
    }

    #[test]
    fn there_is_a_most_and_known_ones_change_all_the_same() {
        let mut given = Orders::default();
        for n in 0..MOST {
            given.give(&Order::EndIdp(n.to_string()), NOW).unwrap();
        }
        for order in [end(), Order::EndAll, switch(true)] {
            assert_eq!(given.give(&order, NOW), Err(TooManyOrders));
        }
        given.give(&Order::EndIdp("7".to_owned()), NOW + Seconds(1)).unwrap();
        assert!(given.have_ended("7", NOW + Seconds(1)));
    }

    #[test]
    fn orders_survive_encoding_and_nothing_else_is_read() {
        let given = orders(&[(end(), 0), (Order::EndAll, -7), (switch(true), 2)]);
        let bytes = given.encode();
        assert_eq!(Orders::decode(&bytes), Some(given));
        for len in 0..bytes.len() {
            assert_eq!(Orders::decode(&bytes[..len]), None, "cut at {len}");
        }
        assert_eq!(Orders::decode(&[bytes.as_slice(), b"\0"].concat()), None);
        assert_eq!(Orders::decode(&[&[9], &bytes[1..]].concat()), None);
    }

    /// Hosts of different builds share a store: changed bytes need another version.
    #[test]
    fn the_bytes_are_those_of_this_version() {
        let mut given = Orders::default();
        given.give(&Order::EndIdp("urn:x".to_owned()), UnixTime::from_secs(1000)).unwrap();
        given.give(&switch(true), UnixTime::from_secs(1001)).unwrap();
        assert_eq!(given.encode(), b"\x01\x01\x05urn:x\xd0\x0f\x01\x04corp\x01\xd2\x0f");
    }
}
