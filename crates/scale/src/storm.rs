//! All come to work at the same time.

use std::cell::RefCell;
use std::rc::Rc;

use fastrand::Rng;

use crate::farm::{Farm, Plan};
use crate::login::{log_in, visit};
use crate::traffic::Traffic;
use crate::world;

/// What was the most in a second, and all together.
pub struct Storm {
    /// Logins in the second that had most.
    pub peak: u64,
    /// Commands of all nodes in the second that had most.
    pub peak_commands: u64,
    /// All that each node had to do.
    pub traffic: Vec<Traffic>,
    /// The longest that the store took for a login, microseconds.
    pub longest: u64,
    /// Entries and bytes that each node holds at the end.
    pub holds: Vec<(usize, usize)>,
}

/// `people` log in within so many `minutes`, most of them in the middle, and look at a page of ten requests each.
///
/// # Panics
/// When the store fails, which no node gives it a reason for.
pub fn break_out(plan: &Plan, people: u64, minutes: u64) -> Storm {
    let mut farm = Farm::new(plan.clone());
    let mut rng = Rng::with_seed(plan.seed);
    let begin = world::micros();
    let seconds = usize::try_from(minutes * 60).unwrap_or(usize::MAX);
    let logins = Rc::new(RefCell::new(vec![0_u64; seconds + 1]));
    let longest: Rc<std::cell::Cell<u64>> = Rc::default();
    for number in 0..people {
        let at = arrival(&mut rng, minutes * 60_000_000);
        let worker = farm.any_worker();
        let others: Vec<_> = (0..10).map(|_| farm.any_worker()).collect();
        let (person, logins, longest) = (farm.person(), Rc::clone(&logins), Rc::clone(&longest));
        world::after(at, move || {
            logins.borrow_mut()[usize::try_from(at / 1_000_000).unwrap_or(0)] += 1;
            world::spawn(async move {
                let began = world::micros();
                let mut person = person;
                let now = crate::clock::now();
                (person.session.created, person.session.issue_instant) = (now, now);
                assert!(
                    log_in(&worker, &person, &format!("{number:040}")).await.expect("it answers")
                );
                longest.set(longest.get().max(world::micros() - began));
                for other in others {
                    assert!(visit(&other, &person).await.expect("it answers"));
                }
            })
            .detach();
        });
    }
    let (mut peak_commands, mut before) = (0, 0);
    for second in 1..=minutes * 60 + 5 {
        farm.world.run_until(begin + second * 1_000_000);
        let total = farm.traffic(|_| true).iter().map(|node| node.commands).sum();
        peak_commands = peak_commands.max(total - before);
        before = total;
    }
    let peak = logins.borrow().iter().copied().max().unwrap_or(0);
    Storm {
        peak,
        peak_commands,
        traffic: farm.traffic(|_| true),
        longest: longest.get(),
        holds: farm.nodes.iter().map(|node| node.holds()).collect(),
    }
}

/// The mean of three draws: as many before the middle as behind it, and few at the ends.
fn arrival(rng: &mut Rng, within: u64) -> u64 {
    (0..3).map(|_| rng.u64(..within)).sum::<u64>() / 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_come_in_the_middle() {
        let mut rng = Rng::with_seed(1);
        let arrivals: Vec<u64> = (0..30_000).map(|_| arrival(&mut rng, 600)).collect();
        let middle = arrivals.iter().filter(|at| (200..400).contains(*at)).count();
        assert!((19_000..21_000).contains(&middle), "two thirds in the middle third: {middle}");
        assert!(arrivals.iter().all(|at| *at < 600));
    }

    #[test]
    fn all_log_in_and_the_peak_is_higher_than_the_mean() {
        let storm = break_out(&Plan { hosts: 2, ..Plan::default() }, 200, 1);
        assert!((4..20).contains(&storm.peak), "{}", storm.peak);
        // The session, its set, two claims.
        assert_eq!(storm.holds.iter().map(|(entries, _)| entries).sum::<usize>(), 200 * 4);
        assert!(storm.longest > 0 && storm.peak_commands > 0);
    }
}
