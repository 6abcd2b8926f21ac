use clock::{Msec, Seconds};

use super::interleavings::{self, Case, Mishap, all_orders, try_all};
use super::judge::{Promise, judge};
use super::play::play;
use super::record::{LoggedIn, Record, Shown, What};
use super::script::{Act, Fault, Script, Setup, Step};
use super::{Tally, try_one};
use crate::node::Lie;
use crate::path::Way;

#[test]
fn three_hundred_histories_break_no_promise() {
    let mut tally = Tally::default();
    for seed in 1..=300 {
        if let Some(found) = try_one(seed, None, &mut tally) {
            panic!("{found}");
        }
    }
    // What the judge excuses is rare: else it would see nothing.
    assert!(tally.questions > 10_000 && tally.excused * 100 < tally.questions, "{tally:?}");
}

#[test]
fn a_seed_has_one_course() {
    for seed in 1..=10 {
        let script = Script::draw(seed);
        let told = |record: Record| format!("{:?}", record.events);
        assert_eq!(told(play(&script, None)), told(play(&script, None)), "seed {seed}");
    }
}

/// The first seeds do not all come upon it.
fn is_found(lie: Lie, promise: Promise) {
    let is_found = (1..200).any(|seed| {
        let found = judge(&play(&Script::draw(seed), Some(lie)));
        found.iter().any(|violation| violation.promise == promise)
    });
    assert!(is_found, "{lie:?}");
}

#[test]
fn nodes_that_lie_are_found_out() {
    // Sessions and their ends; claims; session sets; logouts.
    is_found(Lie::LosesWrites('s'), Promise::NotLost);
    is_found(Lie::LosesWrites('r'), Promise::OnceOnly);
    is_found(Lie::LosesWrites('i'), Promise::Findable);
    is_found(Lie::LosesWrites('i'), Promise::EndedIsEnded);
    is_found(Lie::LosesWrites('t'), Promise::EndedIsEnded);
    is_found(Lie::AddsTwice, Promise::EndedIsEnded);
    is_found(Lie::IgnoresCas, Promise::OnceOnly);
}

#[test]
fn a_history_is_made_as_short_as_it_can_be() {
    let mut tally = Tally::default();
    let lie = Some(Lie::LosesWrites('r'));
    let found = (1..200).find_map(|seed| try_one(seed, lie, &mut tally));
    let found = found.expect("assertions are used twice");
    assert!(found.script.steps.len() <= 2, "{found}");
    assert_eq!(found.violations[0].promise, Promise::OnceOnly);
}

// What the judge is told, changed.

fn quiet(seed: u64) -> Setup {
    Setup {
        seed,
        replicas: 2,
        cache_valid: Msec(0),
        stale: Seconds(0),
        idle_timeout: None,
        lifetime: Seconds(28_800),
        jitter: 0,
    }
}

fn script(setup: Setup, steps: &[(u64, Act)]) -> Script {
    let steps = steps.iter().enumerate().map(|(id, (at, act))| Step { id, at: *at, act: *act });
    Script { setup, steps: steps.collect() }
}

fn login(worker: usize, age: i64) -> Act {
    Act::Login { worker, user: 0, age, is_asked: false, has_index: true }
}

/// A login, a replay, and what comes at the end.
fn plain() -> Record {
    let steps = [(10_000_000, login(0, 1)), (11_000_000, Act::Read { worker: 2, login: 0 })];
    let record = play(&script(quiet(1), &steps), None);
    assert!(judge(&record).is_empty(), "{:?}", judge(&record));
    record
}

fn is_noticed(change: impl Fn(&mut What) -> bool, promise: Promise) {
    let mut record = plain();
    let changed = record.events.iter_mut().find_map(|event| change(&mut event.what).then_some(()));
    assert!(changed.is_some(), "there is nothing to change for {promise:?}");
    let found = judge(&record);
    assert!(found.iter().any(|violation| violation.promise == promise), "{promise:?}: {found:?}");
}

fn answers(becomes: Shown, is_meant: impl Fn(&Shown) -> bool) -> impl Fn(&mut What) -> bool {
    move |what| match what {
        What::Read { outcome, .. } if is_meant(outcome) => {
            *outcome = becomes.clone();
            true
        }
        _ => false,
    }
}

#[test]
fn what_was_answered_wrongly_is_noticed() {
    let Some(shown) = plain().events.iter().find_map(|event| match &event.what {
        What::Read { outcome, .. } if outcome.is_session() => Some(outcome.clone()),
        _ => None,
    }) else {
        panic!("nobody was shown");
    };
    let other = Shown::Session("somebody else".into(), Some("_index0".into()));
    is_noticed(answers(shown, |was| *was == Shown::Nothing), Promise::EndedIsEnded);
    is_noticed(answers(other, Shown::is_session), Promise::OwnValues);
    is_noticed(answers(Shown::Nothing, Shown::is_session), Promise::NotLost);
    is_noticed(answers(Shown::Failed, Shown::is_session), Promise::Available);
    let login = |becomes| {
        move |what: &mut What| match what {
            What::Login { outcome, .. } if *outcome != becomes => {
                *outcome = becomes;
                true
            }
            _ => false,
        }
    };
    is_noticed(login(LoggedIn::Refused), Promise::Welcome);
    is_noticed(login(LoggedIn::Failed), Promise::Available);
    let again = |what: &mut What| match what {
        What::Login { outcome, .. } if *outcome == LoggedIn::Refused => {
            *outcome = LoggedIn::Yes;
            true
        }
        _ => false,
    };
    is_noticed(again, Promise::OnceOnly);
    let forgotten = |what: &mut What| match what {
        What::Members { keys: Some(keys), .. } if !keys.is_empty() => {
            keys.clear();
            true
        }
        _ => false,
    };
    is_noticed(forgotten, Promise::Findable);
    let over = |what: &mut What| match what {
        What::Login { expires, .. } => {
            *expires = crate::clock::BEGINNING + Seconds(11);
            true
        }
        _ => false,
    };
    is_noticed(over, Promise::Lifetime);
}

// What histories have found in the store; each as short as it was made.

fn holds(script: &Script) {
    let found = judge(&play(script, None));
    assert!(found.is_empty(), "{found:?}");
}

/// A fast host forgot an assertion that a slow one still took for new.
#[test]
fn an_assertion_is_used_up_whatever_the_clocks_of_hosts_say() {
    let setup = Setup { jitter: 300, ..quiet(12_444_792_039_954_800_593) };
    holds(&script(
        setup,
        &[
            (10_001_805, login(2, 657)),
            (11_700_628, Act::Fault(Fault::Clock(0, -26))),
            (17_264_671, Act::Replay { worker: 0, login: 0 }),
        ],
    ));
}

/// The same of a LogoutRequest: what one host has forgotten ended there, at another, a session of after it.
#[test]
fn a_logout_request_is_answered_once_whatever_the_clocks_of_hosts_say() {
    let logout = |of, age| Act::Logout { worker: 0, user: 0, of, age };
    holds(&script(
        quiet(2),
        &[
            (10_000_000, logout(None, 355)),
            (11_000_000, Act::Fault(Fault::Clock(1, -26))),
            (12_000_000, login(0, 0)),
            (13_000_000, login(0, 0)),
            (18_000_000, logout(Some(3), 0)),
            (20_000_000, Act::Again { worker: 2, logout: 0 }),
            (21_000_000, Act::Read { worker: 2, login: 2 }),
        ],
    ));
}

/// One that waited for a node let in who came after the logout.
#[test]
fn nobody_joins_a_question_of_before_a_logout() {
    let logout = Act::Logout { worker: 2, user: 0, of: Some(0), age: 3 };
    let read = Act::Read { worker: 0, login: 0 };
    let steps = [
        (10_001_320, login(2, 2)),
        (10_005_100, Act::Fault(Fault::Way(0, 2, Way::Cut))),
        (10_005_777, read),
        (10_006_487, logout),
        (10_020_178, read),
        (17_323_687, Act::Fault(Fault::Way(0, 2, Way::Open))),
    ];
    // The whole session is asked for; and its mark alone, where the worker knows it already.
    holds(&script(quiet(16_262_343_200_010_996_266), &steps));
    let known = [&steps[..1], &[(10_004_200, read)], &steps[1..]].concat();
    holds(&script(quiet(16_262_343_200_010_996_266), &known));
}

/// It was believed for `cache_valid` from when the answer came, which may have been under way for long.
#[test]
fn an_answer_is_as_old_as_its_question() {
    let setup = Setup {
        cache_valid: Msec(1000),
        stale: Seconds(10),
        jitter: 3_000,
        ..quiet(6_346_674_309_104_144_285)
    };
    let logout = Act::Logout { worker: 3, user: 0, of: None, age: 1 };
    holds(&script(
        setup,
        &[
            (10_189_568, login(2, 3)),
            (10_354_298, Act::Fault(Fault::Way(0, 1, Way::Deaf))),
            (12_657_150, logout),
            (12_657_460, Act::Read { worker: 0, login: 0 }),
            (13_929_479, Act::Read { worker: 1, login: 0 }),
            (13_929_579, Act::Read { worker: 0, login: 0 }),
        ],
    ));
}

// Few things at once, in every order.

#[test]
fn whatever_comes_first_all_promises_hold() {
    for case in interleavings::cases() {
        // Two at once have many orders; here one host or the other goes first, and is interrupted once.
        let case = Case { switches: 1, ..case };
        let tried = try_all(&case, false, |words| panic!("{words}"));
        assert!(tried.orders > 5 && tried.broken == 0, "{}: {tried:?}", case.name);
    }
}

#[test]
fn orders_are_all_tried() {
    let case = interleavings::cases().into_iter().find(|case| case.name == "a look and a logout");
    // Two commands and nine: 11 over 2.
    let tried = try_all(&case.expect("it is there"), false, |words| panic!("{words}"));
    assert_eq!((tried.orders, tried.turns), (55, 11));
}

/// A worker that puts a session back into its NameID's set meets the logout that has not found it there.
#[test]
fn a_set_that_is_mended_while_a_logout_looks_into_it_hides_nothing() {
    let case = Case {
        name: "a set is mended",
        replicas: 1,
        before: vec![login(0, 1), Act::Read { worker: 2, login: 0 }],
        together: vec![
            Act::Read { worker: 2, login: 0 },
            Act::Logout { worker: 0, user: 0, of: None, age: 0 },
        ],
        pause: 700,
        switches: 2,
    };
    let record = std::cell::RefCell::new(None);
    all_orders(&Case { together: Vec::new(), ..case.clone() }, Mishap::None, |seen, _, _| {
        record.replace(Some((seen.people[0].set.clone(), places_of(seen))));
    });
    let (set, session) = record.take().expect("it was played");
    assert_ne!(set, session, "another seed is needed");
    let lost = [Fault::Kill(set[0]), Fault::Start(set[0])].map(Act::Fault);
    let case = Case { before: case.before.iter().copied().chain(lost).collect(), ..case };
    let tried = all_orders(&case, Mishap::None, |record, _, order| {
        let (last, out) =
            record.events.iter().fold((0, false), |(last, out), event| match event.what {
                What::Logout { request: 0, is_done } => (event.ended.max(last), is_done),
                _ => (last, out),
            });
        assert!(out);
        for event in record.events.iter().filter(|event| event.began > last + 1_000_000) {
            if let What::Read { outcome, .. } = &event.what {
                assert!(!outcome.is_session(), "{order:?}: {event}");
            }
        }
    });
    assert!(tried.orders > 50, "{tried:?}");
}

fn places_of(record: &Record) -> Vec<usize> {
    let places = record.events.iter().find_map(|event| match &event.what {
        What::Login { places, .. } => Some(places.clone()),
        _ => None,
    });
    places.expect("somebody has logged in")
}
