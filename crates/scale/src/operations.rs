//! What one of each asks of the nodes: the commands and bytes by which all else is reckoned.

use std::rc::Rc;

use clock::Msec;

use crate::event::pause;
use crate::farm::{Farm, Plan};
use crate::login::{log_in, log_out, logout_request, visit};
use crate::traffic::{Sort, Traffic, Verb};

/// What one takes at all nodes together.
pub struct Operation {
    /// How it is called.
    pub name: &'static str,
    /// The mean of many.
    pub commands: f64,
    /// Bytes that nodes read.
    pub read: f64,
    /// Bytes that they write.
    pub written: f64,
}

/// Whether it belongs to the operation: orders and probes are asked for by workers, whoever comes.
pub fn is_of_people((verb, letter): Sort) -> bool {
    verb != Verb::Noop && !matches!(letter, 'o' | 'c')
}

/// Each operation, and all that the nodes had to do for them and for what workers ask by themselves; done by `people` one after the other. `doubles` are real memcacheds, which must answer as the
/// simulated ones.
///
/// # Errors
/// One of them cannot be reached.
///
/// # Panics
/// When the store fails, which no node gives it a reason for.
pub fn measure(
    plan: &Plan,
    people: usize,
    doubles: &[String],
) -> std::io::Result<(Vec<Operation>, Traffic)> {
    let mut farm = Farm::new(Plan { hosts: 2, ..plan.clone() });
    crate::farm::double(&farm, doubles)?;
    let (here, there) = (Rc::clone(&farm.workers[0]), Rc::clone(&farm.workers[plan.workers]));
    let crowd: Vec<_> = (0..people).map(|_| farm.person()).collect();
    let (mut operations, mut all) = (Vec::new(), Traffic::default());
    let sum =
        |nodes: Vec<Traffic>| nodes.into_iter().fold(Traffic::default(), |sum, one| sum + one);
    let mut step = |name, work: &mut dyn FnMut(&mut Farm)| {
        // What was begun before, and nobody waits for.
        farm.world.run(pause(Msec(50)));
        all += sum(farm.traffic(|_| true));
        farm.clear_ledgers();
        work(&mut farm);
        farm.world.run(pause(Msec(50)));
        operations.push(Operation::mean(name, sum(farm.traffic(is_of_people)), people));
    };
    step("login", &mut |farm| {
        for (number, person) in crowd.iter().enumerate() {
            let (here, person) = (Rc::clone(&here), person.clone());
            let work = async move { log_in(&here, &person, &format!("{number:040}")).await };
            assert!(farm.world.run(work).expect("the store answers"));
        }
    });
    let look = |farm: &mut Farm| {
        for person in &crowd {
            let (there, person) = (Rc::clone(&there), person.clone());
            let found = farm.world.run(async move { visit(&there, &person).await });
            assert!(found.expect("the store answers"));
        }
    };
    step("first request at a worker", &mut |farm| look(farm));
    step("a later one, after cache_valid", &mut |farm| {
        farm.world.run(pause(plan.cache_valid));
        look(farm);
    });
    step("logout by the IdP", &mut |farm| {
        for (number, person) in crowd.iter().enumerate() {
            let here = Rc::clone(&here);
            let request = logout_request(person, &format!("{number:040}"));
            let ended = farm.world.run(async move { log_out(&here, &request).await });
            assert_eq!(ended.expect("the store answers"), 1);
        }
    });
    all += sum(farm.traffic(|_| true));
    Ok((operations, all))
}

impl Operation {
    fn mean(name: &'static str, total: Traffic, count: usize) -> Self {
        let each = |number: u64| number as f64 / count as f64;
        Self {
            name,
            commands: each(total.commands),
            read: each(total.read),
            written: each(total.written),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(replicas: usize) -> Vec<f64> {
        let (operations, _) = measure(&Plan { replicas, ..Plan::default() }, 20, &[]).unwrap();
        operations.iter().map(|operation| operation.commands).collect()
    }

    #[test]
    fn a_second_replica_doubles_what_nodes_have_to_do() {
        let (one, two) = (commands(1), commands(2));
        for (one, two) in one.iter().zip(&two) {
            assert!((two / one - 2.0).abs() < 0.05, "{one} and {two}");
        }
    }

    #[test]
    fn a_request_within_cache_valid_asks_nobody_and_a_later_one_asks_once() {
        // A login is a use: no worker has to tell of one so soon.
        assert_eq!(commands(1)[1..3], [1.0, 1.0]);
    }
}
