//! What an operator orders of IdPs while the server runs.

use std::rc::Rc;

use session::{Orders, Session};

use super::Idps;

impl Idps {
    /// From now on it is as `orders` say.
    pub fn follow(&self, orders: Rc<Orders>) {
        for idp in &self.in_order {
            idp.switch_off(orders.have_disabled(idp.name()));
        }
        for federation in &self.federations {
            federation.switch_off(orders.have_disabled(&federation.settings().name));
        }
        self.orders.replace(orders);
        // Each session is looked at anew.
        self.generation.set(self.generation.get().wrapping_add(1));
    }

    /// What an operator has ordered.
    pub(crate) fn orders(&self) -> Rc<Orders> {
        Rc::clone(&self.orders.borrow())
    }

    /// Has an operator ended this session, with others that nobody has counted?
    pub fn have_ended(&self, session: &Session) -> bool {
        self.orders.borrow().have_ended(&session.idp, session.created)
    }

    /// Is the `saml_idp` block of this name disabled, by its configuration or by an order?
    pub fn is_disabled(&self, block: &str) -> bool {
        match self.named(block) {
            Some(idp) => idp.is_disabled(),
            None => self.federation(block).is_some_and(|federation| federation.is_disabled()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use clock::Seconds;
    use session::Order;

    use super::*;
    use crate::test_sp::{NOW, sp};

    const ONE: &str = "https://one.example";
    const TWO: &str = "https://two.example";

    fn orders(given: &[Order]) -> Rc<Orders> {
        let mut orders = Orders::default();
        for order in given {
            orders.give(order, NOW).unwrap();
        }
        Rc::new(orders)
    }

    fn switch(is_off: bool) -> Order {
        Order::Switch { idp: "one".to_owned(), is_off }
    }

    #[test]
    fn who_was_trusted_is_looked_at_anew() {
        let (idps, of_one, of_two) = (sp().idps, Cell::default(), Cell::default());
        assert!(idps.trust(ONE, NOW, &of_one) && idps.trust(TWO, NOW, &of_two));
        idps.follow(orders(&[switch(true)]));
        assert!(!idps.trust(ONE, NOW, &of_one) && idps.trust(TWO, NOW, &of_two));
        assert!(idps.is_disabled("one") && !idps.is_disabled("two"));
        assert_eq!(idps.default_idp().unwrap().name(), "two");
        assert!(idps.called("one").unwrap().check_enabled().is_err());
        idps.follow(orders(&[switch(true), switch(false)]));
        assert!(idps.trust(ONE, NOW, &of_one));
        assert_eq!(idps.default_idp().unwrap().name(), "one");
    }

    #[test]
    fn sessions_that_were_ended_count_no_more() {
        let (idps, old, new) = (sp().idps, Cell::default(), Cell::default());
        let later = NOW + Seconds(1);
        assert!(idps.trust(ONE, NOW, &old) && idps.trust(ONE, later, &new));
        idps.follow(orders(&[Order::EndIdp(ONE.to_owned())]));
        assert!(!idps.trust(ONE, NOW, &old) && idps.trust(ONE, later, &new));
        assert!(idps.trust(TWO, NOW, &Cell::default()));
        idps.follow(orders(&[Order::EndAll]));
        assert!(!idps.trust(TWO, NOW, &Cell::default()));
    }
}
