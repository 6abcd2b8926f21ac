//! What operators have ordered, as a worker hears of it: by one look at shared memory for each request. With memcached
//! it asks the nodes about once a second while there are requests, and whenever it asks them for a session.

use std::rc::Rc;

use clock::UnixTime;
use ngx::async_::spawn;
use saml::reason;
use saml::refusal::Refusal;
use session::{Order, Orders, StoreKey};

use super::Sessions;
use crate::clock::monotonic;
use crate::store::{Kind, NotGiven};

impl Sessions {
    /// What is ordered, when that is not what it was at the last time.
    pub fn news(self: &Rc<Self>, now: UnixTime) -> Option<Rc<Orders>> {
        if self.store.remote.is_some() && self.hearing.asked.is_long_ago() {
            let sessions = Rc::clone(self);
            spawn(async move { sessions.exchange(now).await }).detach();
        }
        self.hear(now)
    }

    /// Waits until what the nodes know is known here, unless they have lately said it. A question that is under way
    /// may have been asked for somebody else, and be answered too late.
    pub(super) async fn ask_for_orders(&self, now: UnixTime) {
        if self.hearing.answered.is_long_ago() {
            self.exchange(now).await;
        }
    }

    /// Gives an order, for all workers and hosts.
    ///
    /// # Errors
    /// There are too many, or the store has no room or does not answer.
    pub async fn order(&self, order: &Order, now: UnixTime) -> Result<(), Refusal> {
        let key = self.key()?;
        let known = Rc::clone(&self.hearing.orders.borrow());
        let given = self.store.give_order(&self.orders_name(), &key, &known, order, now).await;
        given.map_err(|error| match error {
            NotGiven::Refused(refusal) => refusal,
            NotGiven::TooMany(error) => Refusal::new(&reason::ORDERS_TOO_MANY, error.to_string()),
        })
    }

    fn hear(&self, now: UnixTime) -> Option<Rc<Orders>> {
        let hearing = &self.hearing;
        let key = match hearing.key.get() {
            Some(key) => key,
            None => &self.key().ok()?,
        };
        let epoch = Some(self.store.zone.epoch(Kind::Order, key.as_bytes()));
        if hearing.epoch.replace(epoch) == epoch {
            return None;
        }
        let found = self.store.orders(key, now);
        let known = Rc::clone(&hearing.orders.borrow());
        let mut all = found.clone();
        all.merge(&known);
        all.forget(now);
        if all != found {
            // The zone is another one, or was in doubt when a process died at it: the orders stand all the same.
            // Where that fails, this worker still knows them.
            let _ = self.store.remember_orders(key, &all, now);
        }
        if all == *known {
            return None;
        }
        let all = Rc::new(all);
        hearing.orders.replace(Rc::clone(&all));
        Some(all)
    }

    /// Whoever comes next hears of it by the zone. While no node answers, what this host knows goes on.
    async fn exchange(&self, now: UnixTime) {
        let (hearing, asked) = (&self.hearing, monotonic());
        hearing.asked.set();
        let Ok(key) = self.key() else { return };
        let known = self.store.orders(&key, now);
        if let Ok(all) = self.store.exchange_orders(&self.orders_name(), &known, now).await
            && all != known
        {
            let _ = self.store.remember_orders(&key, &all, now);
        }
        hearing.answered.set_to(asked);
    }

    fn key(&self) -> Result<StoreKey, Refusal> {
        if let Some(key) = self.hearing.key.get() {
            return Ok(*key);
        }
        let key = self.store.key_of_orders(&self.orders_name())?;
        Ok(*self.hearing.key.get_or_init(|| key))
    }

    /// By the entityID, as IdPs know the SP: an order holds at all of its origins, whatever becomes of them.
    fn orders_name(&self) -> [&str; 2] {
        ["orders", &self.rules.sp_entity_id]
    }
}
