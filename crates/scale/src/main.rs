//! `scale SCENE [--option value …]`: plays a scene and writes what came of it, a name and a figure on each line, with
//! a tabulator between. `scripts/scale` makes tables of that.

use std::env;
use std::error::Error;
use std::str::FromStr;

use clock::{Msec, Seconds};
use scale::farm::Plan;
use scale::histories::Tally;
use scale::histories::interleavings::{self, Case};
use scale::node::State;
use scale::outage::{Fare, Outage};
use scale::traffic::Traffic;
use scale::visits::{Habits, Spread};
use scale::{histories, logouts, operations, outage, storm, visits};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let (scene, options) = words.split_first().ok_or("scale SCENE [--option value …]")?;
    let options = Options(options);
    match scene.as_str() {
        "operations" => play_operations(&options),
        "visits" => play_visits(&options),
        "shares" => play_shares(&options),
        "outage" => play_outage(&options),
        "order" => play_order(&options),
        "logouts" => play_logouts(&options),
        "storm" => play_storm(&options),
        "histories" => play_histories(&options),
        "interleavings" => play_interleavings(&options),
        other => Err(format!("there is no scene {other}").into()),
    }
}

type Played = Result<(), Box<dyn Error>>;

fn play_operations(options: &Options<'_>) -> Played {
    let doubles: Vec<String> = options.list("doubles");
    let (each, all) = operations::measure(&options.plan()?, options.or("people", 200)?, &doubles)?;
    for operation in each {
        let operations::Operation { name, commands, read, written } = operation;
        say(&format!("{name}: commands"), commands);
        say(&format!("{name}: read"), read);
        say(&format!("{name}: written"), written);
    }
    say_traffic("all", &[all]);
    Ok(())
}

fn play_visits(options: &Options<'_>) -> Played {
    let habits = options.habits()?;
    let (warm_up, seconds) = (options.or("warm-up", 600)?, options.or("seconds", 600)?);
    let seen = visits::watch(&options.plan()?, &habits, warm_up, seconds);
    say("seconds", seen.seconds as f64);
    say("requests", seen.requests as f64);
    say("in worker", seen.look_ups.worker as f64);
    say("in zone", seen.look_ups.zone as f64);
    say("asked", seen.look_ups.memcached as f64);
    let parts = [
        ("gets", seen.gets),
        ("touches", seen.touches),
        ("sets", seen.sets),
        ("orders", seen.orders),
    ];
    for (name, traffic) in parts {
        say_traffic(name, &traffic);
    }
    Ok(())
}

fn play_shares(options: &Options<'_>) -> Played {
    let plan = options.plan()?;
    let people = options.or("people", 200_000)?;
    for lost in [1, 2] {
        let (touched, gone) = outage::shares(plan.nodes, plan.replicas, lost, people);
        say("on one node", touched);
        say(&format!("lost with {lost}"), gone);
    }
    Ok(())
}

fn play_outage(options: &Options<'_>) -> Played {
    let as_if = match options.given("as-if") {
        Some("silent") => State::Silent,
        _ => State::Gone,
    };
    let (seconds, logins) = (options.or("seconds", 120)?, options.or("logins", 5)?);
    let outage = Outage { as_if, seconds, logins };
    let fares = outage::suffer(&options.plan()?, &options.habits()?, &outage);
    for (when, fare) in ["before", "during", "after"].into_iter().zip(fares) {
        let Fare { let_in, logged_out, people, refused, slow, longest, logins, logins_refused } =
            fare;
        for (name, count) in [
            ("let in", let_in),
            ("logged out", logged_out),
            ("people logged out", people.len() as u64),
            ("refused", refused),
            ("slow", slow),
            ("longest", longest),
            ("logins", logins),
            ("logins refused", logins_refused),
        ] {
            say(&format!("{when}: {name}"), count as f64);
        }
    }
    Ok(())
}

fn play_order(options: &Options<'_>) -> Played {
    let ordered = logouts::order(&options.plan()?, options.or("every", 100)?);
    let heard = ordered.heard;
    say("workers", heard.len() as f64);
    say("half have heard, ms", heard.get(heard.len() / 2).copied().unwrap_or(0) as f64);
    say("all have heard, ms", heard.last().copied().unwrap_or(0) as f64);
    say_traffic("given", &[ordered.given]);
    say_traffic("asked each second", &[ordered.asked]);
    Ok(())
}

fn play_logouts(options: &Options<'_>) -> Played {
    let (people, at_a_time) = (options.or("people", 10_000)?, options.or("at-a-time", 16)?);
    let out = logouts::by_idp(&options.plan()?, people, at_a_time);
    say("people", people as f64);
    say("seconds", out.seconds);
    say_traffic("nodes", &out.traffic);
    Ok(())
}

fn play_storm(options: &Options<'_>) -> Played {
    let (people, minutes) = (options.or("people", 50_000)?, options.or("minutes", 10)?);
    let storm = storm::break_out(&options.plan()?, people, minutes);
    say("people", people as f64);
    say("seconds", (minutes * 60) as f64);
    say("peak of logins", storm.peak as f64);
    say("peak of commands", storm.peak_commands as f64);
    say("longest", storm.longest as f64);
    say_traffic("nodes", &storm.traffic);
    say("entries", storm.holds.iter().map(|(entries, _)| *entries as f64).sum());
    say("bytes held", storm.holds.iter().map(|(_, bytes)| *bytes as f64).sum());
    Ok(())
}

fn play_histories(options: &Options<'_>) -> Played {
    let (first, count) = (options.or("seed", 1)?, options.or("count", 10_000)?);
    let (mut broken, mut tally) = (0, Tally::default());
    for seed in first..first + count {
        if let Some(found) = histories::try_one(seed, None, &mut tally) {
            eprintln!("{found}");
            broken += 1;
        }
    }
    say("histories", count as f64);
    say("questions", tally.questions as f64);
    say("faults", tally.faults as f64);
    say("excused looks", tally.excused as f64);
    say("with a broken promise", f64::from(broken));
    if broken > 0 { Err("promises were broken".into()) } else { Ok(()) }
}

fn play_interleavings(options: &Options<'_>) -> Played {
    let tell = |words: &str| eprintln!("{words}");
    let (mut orders, mut broken) = (0, 0);
    for case in interleavings::cases() {
        let tried = interleavings::try_all(&case, false, tell);
        say(&format!("{}: orders", case.name), tried.orders as f64);
        say(&format!("{}: turns", case.name), tried.turns as f64);
        say(&format!("{}: broken", case.name), tried.broken as f64);
        (orders, broken) = (orders + tried.orders, broken + tried.broken);
        let case = Case { replicas: 2, switches: options.or("switches", 1)?, ..case };
        let tried = interleavings::try_all(&case, true, tell);
        say(&format!("{}, a mishap: orders", case.name), tried.orders as f64);
        orders += tried.orders;
        say(&format!("{}, a mishap: turns", case.name), tried.turns as f64);
        say(&format!("{}, a mishap: broken", case.name), tried.broken as f64);
        broken += tried.broken;
    }
    say("orders", orders as f64);
    if broken > 0 { Err("promises were broken".into()) } else { Ok(()) }
}

fn say_traffic(name: &str, nodes: &[Traffic]) {
    let all = nodes.iter().fold(Traffic::default(), |sum, one| sum + *one);
    say(&format!("{name}: commands"), all.commands as f64);
    say(&format!("{name}: read"), all.read as f64);
    say(&format!("{name}: written"), all.written as f64);
    let most = nodes.iter().map(|node| node.commands).max().unwrap_or(0);
    say(&format!("{name}: commands of the busiest"), most as f64);
}

fn say(name: &str, figure: f64) {
    println!("{name}\t{figure}");
}

/// `--name value …`.
struct Options<'a>(&'a [String]);

impl Options<'_> {
    fn given(&self, name: &str) -> Option<&str> {
        let place = self.0.iter().position(|word| word.strip_prefix("--") == Some(name))?;
        self.0.get(place + 1).map(String::as_str)
    }

    fn or<T: FromStr>(&self, name: &str, otherwise: T) -> Result<T, String> {
        match self.given(name) {
            None => Ok(otherwise),
            Some(text) => text.parse().map_err(|_| format!("--{name} is {text}")),
        }
    }

    fn list(&self, name: &str) -> Vec<String> {
        self.given(name).map(|text| text.split(',').map(String::from).collect()).unwrap_or_default()
    }

    fn plan(&self) -> Result<Plan, String> {
        let usual = Plan::default();
        Ok(Plan {
            hosts: self.or("hosts", usual.hosts)?,
            workers: self.or("workers", usual.workers)?,
            nodes: self.or("nodes", usual.nodes)?,
            replicas: self.or("replicas", usual.replicas)?,
            cache_valid: Msec(self.or("cache-valid", usual.cache_valid.0)?),
            stale: Seconds(self.or("stale", usual.stale.0)?),
            way: self.or("way", usual.way)?,
            seed: self.or("seed", usual.seed)?,
            ..usual
        })
    }

    fn habits(&self) -> Result<Habits, String> {
        let usual = Habits::default();
        let spread = match self.given("spread") {
            Some("pages") => Spread::Pages,
            Some("people") => Spread::People,
            _ => Spread::Requests,
        };
        Ok(Habits {
            people: self.or("people", usual.people)?,
            pause: self.or("pause", usual.pause)?,
            requests: self.or("requests", usual.requests)?,
            spread,
        })
    }
}
