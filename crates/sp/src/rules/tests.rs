use std::cell::Cell;

use identity::{Attribute, NameId};
use session::Session;

use super::*;
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::test_sp::{Closed, sp};

/// Of `one`, in these groups.
fn live(sp: &Sp<Closed>, groups: &[&str]) -> LiveSession {
    let groups = Attribute {
        name: "urn:groups".to_owned(),
        friendly_name: None,
        values: groups.iter().map(|group| (*group).to_owned()).collect(),
    };
    let session = Session {
        idp: "https://one.example".to_owned(),
        name_id: NameId { value: "jane".to_owned(), ..NameId::default() },
        attributes: vec![groups],
        ..Session::default()
    };
    LiveSession::untraceable(&session, sp.sessions.rules())
}

fn line(text: &str) -> Rc<RuleLine> {
    Rc::new(RuleLine { text: text.to_owned(), label: None, status: 403 })
}

fn attribute(name: &str, values: &[&str]) -> Rule<Rc<AttributeRule>> {
    let demand = Rc::new(AttributeRule::parse(name, values).unwrap());
    Rule { demand, line: line(&format!("{name} {}", values.join(" "))) }
}

fn of_idps(demand: Vec<AllowedIdp>) -> Rules {
    Rules { idps: Some(Rule { demand, line: line("of idps") }), ..Rules::default() }
}

#[test]
fn all_rules_on_attributes_must_be_kept() {
    let (sp, staff) = (sp(), || attribute("groups", &["staff"]));
    let mail = || attribute("mail", &[]);
    let live = |groups: &[&str]| live(&sp, groups);
    let unmet = |attributes, groups: &[&str]| {
        let rules = Rules { attributes, ..Rules::default() };
        rules.unmet(&live(groups), &sp.idps).map(|unmet| unmet.line.text.clone())
    };
    assert_eq!(unmet(vec![], &[]), None);
    assert_eq!(unmet(vec![staff()], &["x", "staff"]), None);
    assert_eq!(unmet(vec![staff()], &["x"]).as_deref(), Some("groups staff"));
    assert_eq!(unmet(vec![staff(), mail()], &["staff"]).as_deref(), Some("mail "));
    assert_eq!(unmet(vec![mail(), staff()], &["staff"]).as_deref(), Some("mail "));
}

#[test]
fn a_session_that_keeps_the_rules_of_one_location_need_not_keep_those_of_another() {
    let sp = sp();
    let live = live(&sp, &["staff"]);
    let one = Rules { attributes: vec![attribute("groups", &["staff"])], ..Rules::default() };
    let other = Rules { attributes: vec![attribute("groups", &["admin"])], ..Rules::default() };
    for _ in 0..2 {
        assert_eq!(one.unmet(&live, &sp.idps), None);
        assert!(other.unmet(&live, &sp.idps).is_some());
    }
    // What was found of one session says nothing of the next.
    assert!(one.unmet(&self::live(&sp, &["x"]), &sp.idps).is_some());
}

#[test]
fn the_log_has_the_values_apart() {
    let sp = sp();
    let rules = Rules { attributes: vec![attribute("groups", &["staff"])], ..Rules::default() };
    let unmet = rules.unmet(&live(&sp, &["a\r\nb", "<c>"]), &sp.idps).unwrap();
    let refusal = unmet.refusal();
    assert_eq!((refusal.code(), refusal.status()), ("requirement_not_met", 403));
    assert_eq!(
        refusal.detail(),
        "groups staff is not met: the attribute has 2 value(s), which do not suffice"
    );
    assert_eq!(
        unmet.person().as_deref(),
        Some("groups staff is not met by \"jane\", with \"a\\r\\nb\", with \"<c>\"")
    );
    let many: Vec<_> = (0..9).map(|n| n.to_string()).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let told = rules.unmet(&live(&sp, &many), &sp.idps).unwrap().person().unwrap();
    assert!(told.contains("\"7\"") && !told.contains("\"8\""), "{told}");
    let other = Rules { attributes: vec![attribute("mail", &[])], ..Rules::default() };
    let unmet = other.unmet(&live(&sp, &["x"]), &sp.idps).unwrap();
    assert!(unmet.refusal().detail().ends_with("the session has no such attribute"));
    assert_eq!(unmet.person().as_deref(), Some("mail  is not met by \"jane\""));
}

#[test]
fn the_users_of_one_of_these_idps_get_in() {
    let sp = sp();
    let live = live(&sp, &[]);
    let block = |name| AllowedIdp::One(Rc::clone(sp.idps.named(name).unwrap()));
    let entity = |id: &str| AllowedIdp::OfEntity(id.to_owned());
    for (allowed, is_met) in [
        (vec![block("one")], true),
        (vec![block("two")], false),
        (vec![block("two"), block("one")], true),
        (vec![entity("https://one.example")], true),
        (vec![entity("https://one.example/"), entity("one")], false),
        (vec![], false),
    ] {
        let unmet = of_idps(allowed).unmet(&live, &sp.idps);
        assert_eq!(unmet.is_none(), is_met);
        if let Some(unmet) = unmet {
            assert!(unmet.refusal().detail().contains("https://one.example"));
        }
    }
}

#[test]
fn every_variable_of_every_line_must_hold() {
    let variable = |name: &str| Variable { name: name.to_owned(), index: name.len() };
    let rule = |names: &[&str]| Rule {
        demand: names.iter().map(|name| variable(name)).collect::<Vec<_>>(),
        line: line(&names.join(" ")),
    };
    let rules = Rules { variables: vec![rule(&["a", "bb"]), rule(&["ccc"])], ..Rules::default() };
    assert!(!rules.want_session());
    for (held, unmet) in [
        (vec![1, 2, 3], None),
        (vec![1, 3], Some("$bb is empty or 0")),
        (vec![1, 2], Some("$ccc is")),
    ] {
        let holds = |variable: &Variable| match held.contains(&variable.index) {
            true => Holds::Now,
            false => Holds::Not,
        };
        let found = rules.unmet_variable(None, holds);
        let detail = found.map(|unmet| unmet.refusal().detail().to_owned());
        assert_eq!(detail.is_some(), unmet.is_some());
        assert!(detail.is_none_or(|detail| detail.contains(unmet.unwrap())));
    }
}

#[test]
fn what_holds_as_long_as_the_session_is_asked_once() {
    let sp = sp();
    let variable = |index| Variable { name: format!("v{index}"), index };
    let demand = vec![variable(0), variable(1)];
    let of = |name: &str| {
        let rule = Rule { demand: demand.clone(), line: line(name) };
        Rules { variables: vec![rule], ..Rules::default() }
    };
    let (rules, others) = (of("rule"), of("another"));
    for (says, asked_again) in [
        ([Holds::WithSession, Holds::WithSession], 0),
        ([Holds::WithSession, Holds::Now], 2),
        ([Holds::Now, Holds::WithSession], 2),
        ([Holds::WithSession, Holds::Not], 2),
    ] {
        let live = live(&sp, &[]);
        let asked = Cell::new(0);
        let unmet = |rules: &Rules, live| {
            asked.set(0);
            let holds = |variable: &Variable| {
                asked.set(asked.get() + 1);
                says[variable.index]
            };
            rules.unmet_variable(live, holds).is_some()
        };
        let is_unmet = says[1] == Holds::Not;
        assert_eq!((unmet(&rules, Some(&live)), asked.get()), (is_unmet, 2));
        assert_eq!((unmet(&rules, Some(&live)), asked.get()), (is_unmet, asked_again), "{says:?}");
        // Neither of another location nor of nobody is that known.
        assert_eq!((unmet(&rules, None), asked.get()), (is_unmet, 2));
        assert_eq!((unmet(&others, Some(&live)), asked.get()), (is_unmet, 2));
    }
}
