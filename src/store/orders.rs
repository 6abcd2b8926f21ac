//! What operators have ordered of an SP, in the store: one entry, which all workers see in the zone. With memcached the
//! nodes have it, too, and each host tells the others by them.

use clock::UnixTime;
use saml::refusal::Refusal;
use session::{Order, Orders, StoreKey, TooManyOrders};

use super::change::Failure;
use super::memcached::Change;
use super::{Kind, Store};
use sp::sealing_failed;

/// Why an order was not given.
pub enum NotGiven {
    Refused(Refusal),
    TooMany(TooManyOrders),
}

impl From<Refusal> for NotGiven {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Store {
    /// Where those of a name lie in the zone: by its own secret, so that another configured one makes none forgotten.
    ///
    /// # Errors
    /// libcrypto failed, or nginx has not mapped the zone.
    pub fn key_of_orders(&self, name: &[&str]) -> Result<StoreKey, Refusal> {
        let keys = self.secrets_of_the_zone()?.keys_of_name(name);
        let first = keys.map_err(|e| sealing_failed(&e))?.into_iter().next();
        first.ok_or_else(|| self.unavailable("there is no secret"))
    }

    /// Those that this host knows.
    pub fn orders(&self, key: &StoreKey, now: UnixTime) -> Orders {
        let value = self.zone.peek(Kind::Order, key.as_bytes(), now);
        value.and_then(|value| Orders::decode(&value)).unwrap_or_default()
    }

    /// This host knows these, too, from now on.
    ///
    /// # Errors
    /// The zone has no room.
    pub fn remember_orders(
        &self,
        key: &StoreKey,
        known: &Orders,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let merged = |old: Option<&[u8]>| merge(old, known, now).1;
        self.change_in_zone(Kind::Order, key, merged, now).map_err(|failure| failure.refusal(self))
    }

    /// Gives an order beside those `known`: to the nodes first, where there are any, and then to this host.
    ///
    /// # Errors
    /// There are too many, or the store has no room or does not answer.
    pub async fn give_order(
        &self,
        name: &[&str],
        key: &StoreKey,
        known: &Orders,
        order: &Order,
        now: UnixTime,
    ) -> Result<(), NotGiven> {
        let mut too_many = None;
        let mut all = known.clone();
        let given = |old: Option<&[u8]>| {
            let mut orders = merge(old, known, now).0;
            if let Err(error) = orders.give(order, now) {
                too_many = Some(error);
                return Change::Keep;
            }
            all.merge(&orders);
            Change::Put { value: orders.encode(), expires: UnixTime::MAX }
        };
        match &self.remote {
            None => {
                let changed = self.change_in_zone(Kind::Order, key, given, now);
                changed.map_err(|failure: Failure| failure.refusal(self))?;
            }
            Some(_) => self.change(Kind::Order, name, given, now).await?,
        }
        if let Some(error) = too_many {
            return Err(NotGiven::TooMany(error));
        }
        if self.remote.is_some() {
            self.remember_orders(key, &all, now)?;
        }
        Ok(())
    }

    /// Those that the nodes know, and these: what one of them has lost it gets back.
    ///
    /// # Errors
    /// None answers.
    pub async fn exchange_orders(
        &self,
        name: &[&str],
        known: &Orders,
        now: UnixTime,
    ) -> Result<Orders, Refusal> {
        let copies = self.recall(Kind::Order, name, now).await?;
        let copies: Vec<Orders> = copies.iter().filter_map(|copy| Orders::decode(copy)).collect();
        let mut all = known.clone();
        for copy in &copies {
            all.merge(copy);
        }
        all.forget(now);
        let is_known = !copies.is_empty() && copies.iter().all(|copy| *copy == all);
        if all != Orders::default() && !is_known {
            self.change(Kind::Order, name, |old| merge(old, &all, now).1, now).await?;
        }
        Ok(all)
    }
}

/// What is stored, with these; nothing is written that is there already.
fn merge(old: Option<&[u8]>, known: &Orders, now: UnixTime) -> (Orders, Change) {
    let stored = old.and_then(Orders::decode);
    let mut merged = stored.clone().unwrap_or_default();
    merged.merge(known);
    merged.forget(now);
    let change = match stored {
        Some(stored) if stored == merged => Change::Keep,
        _ => Change::Put { value: merged.encode(), expires: UnixTime::MAX },
    };
    (merged, change)
}
