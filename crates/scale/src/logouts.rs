//! Many sessions end at once: by an operator's order, which is one entry, or by an IdP that ends each.

use std::cell::RefCell;
use std::rc::Rc;

use clock::Msec;
use session::Order;

use crate::clock::now;
use crate::event::pause;
use crate::farm::{Farm, IDP, Plan};
use crate::login::{log_in, log_out, logout_request};
use crate::traffic::{Traffic, Verb};
use crate::world;

/// An operator's order, and who has heard of it when.
pub struct Ordered {
    /// What giving it took of the nodes.
    pub given: Traffic,
    /// Milliseconds until each worker had heard, sorted.
    pub heard: Vec<u64>,
    /// Asks for orders of all workers in a second, when there is nothing new.
    pub asked: Traffic,
}

/// Ends all sessions of an IdP. Each worker has a request every `every` milliseconds.
///
/// # Panics
/// When the store fails, which no node gives it a reason for.
pub fn order(plan: &Plan, every: u64) -> Ordered {
    let mut farm = Farm::new(plan.clone());
    let heard: Rc<RefCell<Vec<u64>>> = Rc::default();
    let given_at = Rc::new(std::cell::Cell::new(u64::MAX));
    for worker in &farm.workers {
        let (worker, heard, given_at) =
            (Rc::clone(worker), Rc::clone(&heard), Rc::clone(&given_at));
        // They were not all started in one instant.
        let first = farm.rng.u64(..1000);
        world::spawn(async move {
            pause(Msec(first)).await;
            let mut has_heard = false;
            loop {
                let news = worker.news(now());
                let ends =
                    |orders: Rc<session::Orders>| orders.have_ended(IDP, crate::clock::BEGINNING);
                if !has_heard && news.is_some_and(ends) {
                    has_heard = true;
                    let since = world::micros().saturating_sub(given_at.get());
                    heard.borrow_mut().push(since / 1000);
                }
                pause(Msec(every)).await;
            }
        })
        .detach();
    }
    farm.world.run(pause(Msec(2500)));
    farm.clear_ledgers();
    farm.world.run(pause(Msec(4000)));
    let orders = |farm: &Farm| {
        farm.traffic(|(_, letter)| letter == 'o').into_iter().fold(Traffic::default(), |a, b| a + b)
    };
    let four = orders(&farm);
    let asked =
        Traffic { commands: four.commands / 4, read: four.read / 4, written: four.written / 4 };
    let operator = Rc::clone(&farm.workers[0]);
    let moment = farm.rng.u64(..1000);
    farm.world.run(pause(Msec(moment)));
    given_at.set(world::micros());
    let given = async move { operator.order(&Order::EndIdp(IDP.into()), now()).await };
    farm.clear_ledgers();
    farm.world.run(given).expect("the store answers");
    let sets = farm.traffic(|sort| sort == (Verb::Set, 'o'));
    let given = sets.into_iter().fold(Traffic::default(), |a, b| a + b);
    farm.world.run(pause(Msec(2500)));
    let mut heard = heard.take();
    heard.sort_unstable();
    Ordered { given, heard, asked }
}

/// LogoutRequests for people with a session each.
pub struct LoggedOut {
    /// What they took of the nodes.
    pub traffic: Vec<Traffic>,
    /// Seconds that it took them.
    pub seconds: f64,
}

/// An IdP logs out `people`, with so many requests under way at a time.
///
/// # Panics
/// When the store fails, which no node gives it a reason for.
pub fn by_idp(plan: &Plan, people: usize, at_a_time: usize) -> LoggedOut {
    let mut farm = Farm::new(plan.clone());
    let crowd: Vec<_> = (0..people).map(|_| farm.person()).collect();
    for (number, person) in crowd.iter().enumerate() {
        let (worker, person) = (farm.any_worker(), person.clone());
        let logged_in = async move { log_in(&worker, &person, &format!("{number:040}")).await };
        assert!(farm.world.run(logged_in).expect("the store answers"));
    }
    farm.clear_ledgers();
    let began = world::micros();
    let waiting: Rc<RefCell<Vec<_>>> =
        Rc::new(RefCell::new(crowd.into_iter().enumerate().collect()));
    let senders: Vec<_> = (0..at_a_time)
        .map(|_| {
            let (worker, waiting) = (farm.any_worker(), Rc::clone(&waiting));
            async move {
                loop {
                    let Some((number, person)) = waiting.borrow_mut().pop() else { break };
                    let request = logout_request(&person, &format!("{number:040}"));
                    let ended = log_out(&worker, &request).await.expect("the store answers");
                    assert_eq!(ended, 1);
                }
            }
        })
        .collect();
    farm.world.run(async move { futures_util::future::join_all(senders).await });
    let seconds = (world::micros() - began) as f64 / 1e6;
    LoggedOut { traffic: farm.traffic(crate::operations::is_of_people), seconds }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_heard_by_all_within_a_second_and_a_request() {
        let plan = Plan { hosts: 5, replicas: 2, ..Plan::default() };
        let ordered = order(&plan, 100);
        assert_eq!(ordered.heard.len(), 20);
        assert!(ordered.heard[19] <= 1000 + 2 * 100 + 10, "{:?}", ordered.heard);
        // Each worker once a second, at both nodes.
        assert!((36..=44).contains(&ordered.asked.commands), "{}", ordered.asked.commands);
        assert_eq!(ordered.given.commands, 2);
    }

    #[test]
    fn an_idp_ends_all_that_it_names() {
        let out = by_idp(&Plan { replicas: 2, ..Plan::default() }, 40, 4);
        let commands: u64 = out.traffic.iter().map(|node| node.commands).sum();
        assert!(commands >= 40 * 2 * 8, "{commands}");
        assert!(out.seconds > 0.0);
    }
}
