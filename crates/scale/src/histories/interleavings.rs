//! A few things at once, in every order: two hosts do one thing each, and nodes hear their commands in all the orders
//! that there are, with a fault at each place.
//!
//! The commands of one host are heard in the order in which it sends them. Time passes when nobody is under way.

use std::rc::Rc;

use clock::{Msec, Seconds};

use super::judge::judge;
use super::play::Stage;
use super::record::Record;
use super::script::{Act, Fault, NODES, Script, Setup};
use crate::farm::{Farm, node_name};
use crate::path::Way;
use crate::{turns, world};

/// What is done.
#[derive(Clone, Debug)]
pub struct Case {
    /// How it is called.
    pub name: &'static str,
    /// `replicas`.
    pub replicas: usize,
    /// One after the other; their numbers are their places.
    pub before: Vec<Act>,
    /// At once, at different hosts.
    pub together: Vec<Act>,
    /// Seconds between what is before and what is at once.
    pub pause: u64,
    /// How often it is another host's turn though this one has something to say; beyond, no order is tried.
    pub switches: usize,
}

/// What goes wrong once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// Nothing.
    None,
    /// The command of this turn is carried out, and its answer lost.
    LostAnswer(usize),
    /// Before this turn a node dies and is started again, empty.
    Restart(usize, usize),
}

/// What came of all orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// How many there are.
    pub orders: usize,
    /// The most turns that one had.
    pub turns: usize,
    /// In how many something did not hold.
    pub broken: usize,
}

/// All orders of a case, with each mishap if they are `mishaps`. Hears of each that breaks a promise.
pub fn try_all(case: &Case, mishaps: bool, mut heard: impl FnMut(&str)) -> Tried {
    let mut broken = 0;
    let mut look = |record: &Record, mishap: Mishap, chosen: &[usize]| {
        if let Some(first) = judge(record).first() {
            broken += 1;
            heard(&format!("{}: {mishap:?}, {chosen:?}: {first}", case.name));
        }
    };
    let mut tried = all_orders(case, Mishap::None, &mut look);
    if mishaps {
        for turn in 0..tried.turns {
            let restarts = (0..NODES).map(|node| Mishap::Restart(turn, node));
            for mishap in restarts.chain([Mishap::LostAnswer(turn)]) {
                tried.orders += all_orders(case, mishap, &mut look).orders;
            }
        }
    }
    Tried { broken, ..tried }
}

/// All orders with one mishap. Sees what was answered in each.
pub fn all_orders(
    case: &Case,
    mishap: Mishap,
    mut see: impl FnMut(&Record, Mishap, &[usize]),
) -> Tried {
    let (mut tried, mut next) = (Tried::default(), Some(Vec::new()));
    while let Some(choices) = next {
        let (record, made) = one_order(case, &choices, mishap);
        tried.orders += 1;
        tried.turns = tried.turns.max(made.turns);
        see(&record, mishap, &made.chosen());
        next = made.next();
    }
    tried
}

/// Whose turn it was wherever there was a choice.
#[derive(Default)]
struct Made {
    /// Which of how many.
    choices: Vec<(usize, usize)>,
    turns: usize,
}

impl Made {
    fn chosen(&self) -> Vec<usize> {
        self.choices.iter().map(|(chosen, _)| *chosen).collect()
    }

    /// The choices of the next order; those that they do not tell are the first.
    fn next(&self) -> Option<Vec<usize>> {
        let last = self.choices.iter().rposition(|(chosen, of)| chosen + 1 < *of)?;
        let mut next = self.chosen();
        next.truncate(last + 1);
        next[last] += 1;
        Some(next)
    }
}

fn one_order(case: &Case, choices: &[usize], mishap: Mishap) -> (Record, Made) {
    let setup = setup(case.replicas);
    let mut farm = Farm::new(setup.plan());
    let stage = Rc::new(Stage::set(&farm, &Script { setup, steps: Vec::new() }));
    farm.world.run_until(BEGIN);
    for (id, act) in case.before.iter().enumerate() {
        stage.begin(id, *act);
        farm.world.run_until(world::micros() + A_WHILE);
    }
    farm.world.run_until(world::micros() + case.pause * 1_000_000);
    turns::give(true);
    for (place, act) in case.together.iter().enumerate() {
        stage.begin(case.before.len() + place, *act);
    }
    let mut made = Made::default();
    let (mut last, mut switches) = (None, 0);
    loop {
        farm.world.run_until(world::micros() + TURN);
        let mut hosts = turns::hosts();
        if hosts.is_empty() {
            if stage.is_quiet() || !farm.world.step() {
                break;
            }
            continue;
        }
        // Who has had the last turn first: to go on is no switch.
        hosts.sort_by_key(|host| Some(*host) != last);
        let goes_on = last.is_some_and(|last| hosts.contains(&last));
        if goes_on && switches == case.switches {
            hosts.truncate(1);
        }
        let choice = choices.get(made.choices.len()).copied().unwrap_or(0);
        if hosts.len() > 1 {
            made.choices.push((choice, hosts.len()));
        }
        let host = if hosts.len() > 1 { hosts[choice] } else { hosts[0] };
        switches += usize::from(goes_on && last != Some(host));
        last = Some(host);
        take_turn(&stage, host, made.turns, mishap);
        made.turns += 1;
    }
    turns::give(false);
    stage.end_faults();
    farm.world.run_until(world::micros() + TO_REST);
    (stage.rest(&mut farm), made)
}

fn take_turn(stage: &Stage, host: usize, turn: usize, mishap: Mishap) {
    if let Mishap::Restart(at, node) = mishap
        && at == turn
    {
        stage.fail(Fault::Kill(node));
        stage.fail(Fault::Start(node));
    }
    let node = turns::addressee(host);
    let node = node.and_then(|name| (0..NODES).find(|number| node_name(*number) == name));
    let way = |way| {
        if let Some(node) = node.filter(|_| mishap == Mishap::LostAnswer(turn)) {
            stage.fail(Fault::Way(host, node, way));
        }
    };
    way(Way::Breaking);
    turns::take(host);
    way(Way::Open);
}

fn setup(replicas: usize) -> Setup {
    Setup {
        seed: 1,
        replicas,
        cache_valid: Msec(0),
        stale: Seconds(0),
        idle_timeout: None,
        lifetime: Seconds(28_800),
        jitter: 0,
    }
}

/// Microseconds: when it begins, how long what comes before takes at most, a turn, and until workers know that nothing
/// is wrong any more.
const BEGIN: u64 = 10_000_000;
const A_WHILE: u64 = 2_000_000;
const TURN: u64 = 10;
const TO_REST: u64 = 20_000_000;

/// Those that are tried.
pub fn cases() -> Vec<Case> {
    let login = |worker, age| Act::Login { worker, user: 0, age, is_asked: false, has_index: true };
    let logout = |worker, of| Act::Logout { worker, user: 0, of, age: 0 };
    let case = |name, before: &[Act], together: &[Act]| Case {
        name,
        replicas: 1,
        before: before.to_vec(),
        together: together.to_vec(),
        pause: 2,
        switches: usize::MAX,
    };
    let (here, there) = (0, super::script::WORKERS);
    let replay = |worker| Act::Replay { worker, login: 0 };
    let read = |worker| Act::Read { worker, login: 0 };
    let leave = |worker| Act::Leave { worker, login: 0 };
    vec![
        case("a login and a logout of before", &[], &[login(here, 0), logout_of_before(there)]),
        case("a login and a logout of after", &[], &[login(here, 2), logout(there, None)]),
        case("an assertion twice", &[], &[login(here, 1), replay(there)]),
        case(
            "a look and a logout",
            &[login(here, 1), read(here)],
            &[read(here), logout(there, Some(0))],
        ),
        case("two logouts", &[login(here, 1)], &[logout(here, None), logout(there, Some(0))]),
        case(
            "a user leaves and is logged out",
            &[login(here, 1)],
            &[leave(here), logout(there, None)],
        ),
        case(
            "a second login and a logout of the first",
            &[login(here, 3)],
            &[login(here, 0), logout(there, Some(0))],
        ),
    ]
}

/// An assertion is younger than it.
fn logout_of_before(worker: usize) -> Act {
    Act::Logout { worker, user: 0, of: None, age: 1 }
}
