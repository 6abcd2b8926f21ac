//! People go from page to page: how often the nodes are asked, where nginx is not.

use std::cell::Cell;
use std::rc::Rc;

use clock::{Msec, Seconds};
use fastrand::Rng;

use crate::counters::{LookUps, take_look_ups};
use crate::event::pause;
use crate::farm::{Farm, LIFETIME, Person, Plan};
use crate::login::{log_in, visit};
use crate::sessions::Sessions;
use crate::traffic::{Traffic, Verb};
use crate::world;

/// How people go from page to page.
#[derive(Clone, Debug)]
pub struct Habits {
    /// How many are logged in.
    pub people: usize,
    /// Between two pages of one person, in the mean, seconds.
    pub pause: f64,
    /// Requests of a page, within a second.
    pub requests: usize,
    /// Who answers them.
    pub spread: Spread,
}

/// Which requests go to one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Each goes to any worker of any host: a load balancer that has connections of its own.
    Requests,
    /// Those of a page go to one: a browser's connection that is passed on whole.
    Pages,
    /// All of a person's go to one.
    People,
}

impl Default for Habits {
    fn default() -> Self {
        Self { people: 500, pause: 60.0, requests: 10, spread: Spread::Requests }
    }
}

/// What came of it.
pub struct Seen {
    /// Seconds that were looked at.
    pub seconds: u64,
    /// Requests of people.
    pub requests: u64,
    /// Where each was answered.
    pub look_ups: LookUps,
    /// Gets of sessions at each node.
    pub gets: Vec<Traffic>,
    /// Moves of idle timeouts.
    pub touches: Vec<Traffic>,
    /// Looks whether a session is still in its set.
    pub sets: Vec<Traffic>,
    /// Asks for operators' orders.
    pub orders: Vec<Traffic>,
}

/// Lets people go about for a while, and looks at what they do in the while after it.
///
/// # Panics
/// When the store fails, which no node gives it a reason for.
pub fn watch(plan: &Plan, habits: &Habits, warm_up: u64, seconds: u64) -> Seen {
    let mut farm = Farm::new(plan.clone());
    let people = people_at_work(&mut farm, habits.people);
    let requests: Rc<Cell<u64>> = Rc::default();
    let count = Rc::clone(&requests);
    let heard: Heard = Rc::new(move |_, let_in, _| {
        assert_eq!(let_in, Ok(true));
        count.set(count.get() + 1);
    });
    go_about(&mut farm, &people, habits, &heard);
    let begin = world::micros();
    farm.world.run_until(begin + warm_up * 1_000_000);
    farm.clear_ledgers();
    take_look_ups();
    requests.set(0);
    farm.world.run_until(begin + (warm_up + seconds) * 1_000_000);
    Seen {
        seconds,
        requests: requests.get(),
        look_ups: take_look_ups(),
        gets: farm.traffic(|sort| sort == (Verb::Get, 's')),
        touches: farm.traffic(|sort| sort == (Verb::Touch, 's')),
        sets: farm.traffic(|sort| sort.1 == 'i'),
        orders: farm.traffic(|sort| sort.1 == 'o'),
    }
}

/// Hears how a request went: whose, whether it was let in (`Err` = the store does not answer), and how long it took,
/// microseconds.
pub type Heard = Rc<dyn Fn(usize, Result<bool, ()>, u64)>;

/// People who have logged in within the last hours.
///
/// # Panics
/// When the store fails.
pub fn people_at_work(farm: &mut Farm, count: usize) -> Vec<Rc<Person>> {
    (0..count)
        .map(|number| {
            let mut person = farm.person();
            let hours = Seconds(farm.rng.i64(0..LIFETIME.0 / 2));
            person.session.created = person.session.created - hours;
            person.session.expires = person.session.expires - hours;
            let (worker, member) = (farm.any_worker(), person.clone());
            let id = format!("{number:040}");
            let logged_in = farm.world.run(async move { log_in(&worker, &member, &id).await });
            assert!(logged_in.expect("the store answers"));
            Rc::new(person)
        })
        .collect()
}

/// From now on each of them looks at a page now and then.
pub fn go_about(farm: &mut Farm, people: &[Rc<Person>], habits: &Habits, heard: &Heard) {
    for (number, person) in people.iter().enumerate() {
        let walker = Walker {
            number,
            person: Rc::clone(person),
            workers: farm.workers.clone().into(),
            habits: habits.clone(),
            heard: Rc::clone(heard),
        };
        let rng = Rng::with_seed(farm.rng.u64(..));
        world::spawn(walker.walk(rng)).detach();
    }
}

struct Walker {
    number: usize,
    person: Rc<Person>,
    workers: Rc<[Rc<Sessions>]>,
    habits: Habits,
    heard: Heard,
}

impl Walker {
    async fn walk(self, mut rng: Rng) {
        let mut worker = self.any(&mut rng);
        loop {
            // Exponential: whoever waits has no memory of it.
            let wait = -self.habits.pause * (1.0 - rng.f64()).ln();
            pause(Msec((wait * 1000.0) as u64)).await;
            if self.habits.spread == Spread::Pages {
                worker = self.any(&mut rng);
            }
            for _ in 0..self.habits.requests {
                if self.habits.spread == Spread::Requests {
                    worker = self.any(&mut rng);
                }
                self.ask(rng.u64(..1_000_000), &worker);
            }
        }
    }

    fn any(&self, rng: &mut Rng) -> Rc<Sessions> {
        Rc::clone(&self.workers[rng.usize(..self.workers.len())])
    }

    fn ask(&self, after: u64, worker: &Rc<Sessions>) {
        let (number, person) = (self.number, Rc::clone(&self.person));
        let (worker, heard) = (Rc::clone(worker), Rc::clone(&self.heard));
        world::after(after, move || {
            let began = world::micros();
            world::spawn(async move {
                let let_in = visit(&worker, &person).await.map_err(drop);
                heard(number, let_in, world::micros() - began);
            })
            .detach();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(seen: &Seen) -> f64 {
        seen.look_ups.memcached as f64 / seen.requests as f64
    }

    fn seen(hosts: usize, spread: Spread) -> Seen {
        let plan = Plan { hosts, ..Plan::default() };
        watch(&plan, &Habits { people: 30, spread, ..Habits::default() }, 60, 60)
    }

    #[test]
    fn the_same_seed_gives_the_same_figures() {
        let (one, other) = (seen(3, Spread::Requests), seen(3, Spread::Requests));
        assert_eq!((one.requests, one.look_ups), (other.requests, other.look_ups));
        assert_eq!((one.gets, one.touches), (other.gets, other.touches));
    }

    #[test]
    fn every_request_is_answered_once() {
        let seen = seen(3, Spread::Requests);
        let LookUps { worker, zone, memcached, nowhere, failed } = seen.look_ups;
        assert_eq!((nowhere, failed), (0, 0));
        // Some joined a look-up that was under way.
        assert!(worker + zone + memcached <= seen.requests + 1);
        assert!((worker + zone + memcached) as f64 > 0.98 * seen.requests as f64);
    }

    #[test]
    fn the_more_workers_share_a_person_the_more_is_asked() {
        let person = asked(&seen(10, Spread::People));
        let page = asked(&seen(10, Spread::Pages));
        let request = asked(&seen(10, Spread::Requests));
        assert!(person <= page * 1.05 && page < 0.2 && request > 0.5, "{person} {page} {request}");
    }

    #[test]
    fn upkeep_is_once_for_all_workers() {
        let upkeep = |spread| {
            let seen = seen(10, spread);
            let commands =
                |traffic: &[Traffic]| -> u64 { traffic.iter().map(|t| t.commands).sum() };
            (commands(&seen.touches), commands(&seen.sets))
        };
        let ((touches, looks), (alone, _)) = (upkeep(Spread::Requests), upkeep(Spread::People));
        assert!(alone > 0 && touches < alone * 3 / 2, "{touches} {alone}");
        assert!(looks < touches, "{looks} {touches}");
    }
}
