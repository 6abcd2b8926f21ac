//! A node is lost for a while, and comes back empty: what people notice, and for how long.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use fastrand::Rng;

use crate::farm::{Farm, Plan};
use crate::login::log_in;
use crate::node::State;
use crate::visits::{Habits, go_about, people_at_work};
use crate::world;

/// What happens to the first node.
#[derive(Clone, Debug)]
pub struct Outage {
    /// How it is meanwhile. One that was silent comes back with what it had, one that was gone comes back empty.
    pub as_if: State,
    /// Seconds before, during and after it.
    pub seconds: u64,
    /// New people who log in, each second.
    pub logins: u64,
}

/// How people fare in one of three equally long times.
#[derive(Clone, Debug, Default)]
pub struct Fare {
    /// Requests that were let in.
    pub let_in: u64,
    /// Requests that were sent to log in again, and of how many people.
    pub logged_out: u64,
    /// These people.
    pub people: HashSet<usize>,
    /// Requests that got 503.
    pub refused: u64,
    /// Requests that took longer than 10 ms, and the longest.
    pub slow: u64,
    /// The longest one, microseconds.
    pub longest: u64,
    /// Logins that went well.
    pub logins: u64,
    /// Logins that the store refused.
    pub logins_refused: u64,
}

/// More than a look-up takes while all nodes answer, microseconds.
const SLOW: u64 = 10_000;

/// Before, during and after the outage.
///
/// # Panics
/// When the store fails before it.
pub fn suffer(plan: &Plan, habits: &Habits, outage: &Outage) -> [Fare; 3] {
    let mut farm = Farm::new(plan.clone());
    let people = people_at_work(&mut farm, habits.people);
    // Workers know their people before.
    let warm_up = outage.seconds * 1_000_000;
    let begin = world::micros() + warm_up;
    let length = outage.seconds * 1_000_000;
    let fares: Rc<RefCell<[Fare; 3]>> = Rc::default();
    let now_in = move |fares: &mut [Fare; 3], what: &dyn Fn(&mut Fare)| {
        let place = world::micros().checked_sub(begin).map(|since| since / length);
        if let Some(fare) = place.and_then(|place| fares.get_mut(usize::try_from(place).ok()?)) {
            what(fare);
        }
    };
    let all = Rc::clone(&fares);
    let heard = move |number, let_in, took: u64| {
        now_in(&mut all.borrow_mut(), &|fare| {
            match let_in {
                Ok(true) => fare.let_in += 1,
                Ok(false) => {
                    fare.logged_out += 1;
                    fare.people.insert(number);
                }
                Err(()) => fare.refused += 1,
            }
            fare.slow += u64::from(took > SLOW);
            fare.longest = fare.longest.max(took);
        });
    };
    go_about(&mut farm, &people, habits, &(Rc::new(heard) as crate::visits::Heard));
    for number in 0..outage.logins * 3 * outage.seconds {
        let (person, worker) = (farm.person(), farm.any_worker());
        let at = begin - world::micros() + number * 1_000_000 / outage.logins;
        let all = Rc::clone(&fares);
        world::after(at, move || {
            world::spawn(async move {
                let went = log_in(&worker, &person, &format!("new{number:037}")).await;
                now_in(&mut all.borrow_mut(), &|fare| match went {
                    Ok(_) => fare.logins += 1,
                    Err(_) => fare.logins_refused += 1,
                });
            })
            .detach();
        });
    }
    let node = Rc::clone(&farm.nodes[0]);
    farm.world.run_until(begin + length);
    match outage.as_if {
        State::Gone => node.die(),
        state => node.state.set(state),
    }
    farm.world.run_until(begin + 2 * length);
    node.come_back();
    farm.world.run_until(begin + 3 * length);
    fares.take()
}

/// Of `people` sessions that lie on `nodes` with so many `replicas`: the part that has one copy at least on the first
/// node, and the part that has all on the first `lost`.
///
/// # Panics
/// When the computer has no memory for it.
pub fn shares(nodes: usize, replicas: usize, lost: usize, people: usize) -> (f64, f64) {
    let names = (1..=nodes).map(|number| format!("mc{number}.internal:11211")).collect();
    let ring = memcached::Ring::new(names, replicas);
    let mut rng = Rng::with_seed(1);
    let (mut touched, mut gone) = (0, 0);
    for _ in 0..people {
        let mut key = [0; 32];
        rng.fill(&mut key);
        let places = ring.replicas(&key);
        touched += usize::from(places.contains(&0));
        gone += usize::from(places.iter().all(|place| *place < lost));
    }
    (touched as f64 / people as f64, gone as f64 / people as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fares(replicas: usize, as_if: State) -> [Fare; 3] {
        let plan = Plan { replicas, hosts: 2, ..Plan::default() };
        let habits = Habits { people: 60, ..Habits::default() };
        suffer(&plan, &habits, &Outage { as_if, seconds: 60, logins: 2 })
    }

    #[test]
    fn with_two_replicas_nobody_notices_a_dead_node() {
        for fare in fares(2, State::Gone) {
            assert_eq!((fare.logged_out, fare.refused, fare.logins_refused), (0, 0, 0));
            assert!(fare.let_in > 300 && fare.logins > 100, "{fare:?}");
        }
    }

    #[test]
    fn with_one_a_third_is_refused_and_then_logged_out() {
        let [before, during, after] = fares(1, State::Gone);
        assert_eq!((before.logged_out, before.refused, before.logins_refused), (0, 0, 0));
        let refused = during.refused as f64 / (during.refused + during.let_in) as f64;
        assert!((0.1..0.6).contains(&refused), "{refused}");
        // Five entries must all lie elsewhere: (2/3)^5.
        assert!(during.logins_refused > 3 * during.logins, "{during:?}");
        assert!(after.logged_out > 0 && after.logins_refused < 10, "{after:?}");
    }

    #[test]
    fn a_silent_node_lets_few_wait() {
        let [_, during, _] = fares(2, State::Silent);
        assert_eq!((during.logged_out, during.refused), (0, 0));
        let slow = during.slow as f64 / (during.let_in) as f64;
        assert!(during.slow > 0 && slow < 0.2, "{slow}");
        assert!(during.longest < 2_000_000, "{} µs", during.longest);
    }

    #[test]
    fn keys_are_spread_evenly() {
        let (touched, gone) = shares(10, 2, 2, 100_000);
        assert!((touched - 0.2).abs() < 0.01, "{touched}");
        // Both copies on two of ten: 2/90.
        assert!((gone - 2.0 / 90.0).abs() < 0.003, "{gone}");
        assert_eq!(shares(3, 1, 1, 1000).0, shares(3, 1, 1, 1000).1);
    }
}
