//! Rules on attributes: what a line says is what a reader without any shortcuts makes of it.
//!
//! The first line of the input is the rule; the others are the values of the attribute, which is not there when
//! there are none.
#![no_main]

use std::cmp::Ordering;
use std::rc::Rc;

use fuzz::sentence::is_sentence;
use libfuzzer_sys::fuzz_target;
use regex::Regex;
use session::AttributeRule;
use settings::{Line, Place, RawLocation};

const DIRECTIVE: &str = "auth_saml_require_attribute";

fuzz_target!(|input: &str| {
    let mut lines = input.split('\n');
    let words: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let values: Vec<&str> = lines.collect();
    let asked = (!values.is_empty()).then(|| values.iter().copied());
    let (name, tests) = words.split_first().expect("split gives one at least");
    let rule = AttributeRule::parse(name, tests);
    let expected = Expected::read(name, tests);
    match (&rule, &expected) {
        (Ok(rule), Some(expected)) => {
            assert_eq!(rule.is_met_by(asked), expected.is_met_by(&values), "{words:?} {values:?}");
        }
        (Err(error), None) => assert!(!error.to_string().is_empty()),
        (rule, _) => panic!("{words:?}: {rule:?}"),
    }
    check_line(&words, &rule.ok(), &values);
});

/// The line of a configuration: the same rule, or a sentence.
fn check_line(words: &[&str], rule: &Option<AttributeRule>, values: &[&str]) {
    let mut raw = RawLocation::default();
    let place = Place { file: "nginx.conf".into(), line: 1 };
    let line = Line { name: DIRECTIVE, args: words.to_vec(), place };
    match raw.apply(&line) {
        Err(said) => {
            let is_plain = words.iter().all(|word| !word.contains(char::is_control));
            assert!(!is_plain || is_sentence(&said), "{said}");
        }
        Ok(()) => {
            let given = raw.require_attribute.first().expect("the line was taken");
            let Some(of_line) = &given.value else { return assert_eq!(words, ["off"]) };
            if of_line.line.label.is_none() {
                let met = |rule: &AttributeRule| {
                    rule.is_met_by((!values.is_empty()).then(|| values.iter().copied()))
                };
                let rule = rule.as_ref().expect("what makes no rule makes none in a line");
                assert_eq!(met(&Rc::clone(&of_line.demand)), met(rule));
            }
        }
    }
}

/// The rule, as `docs/directives.md` tells of it.
struct Expected {
    is_negated: bool,
    wanted: Vec<Test>,
    unwanted: Vec<Test>,
}

enum Test {
    Text(String),
    Finds(Regex),
    Compares(fn(Ordering) -> bool, Decimal),
}

impl Expected {
    /// `None` = it means nothing.
    fn read(name: &str, tests: &[&str]) -> Option<Self> {
        let is_negated = name.starts_with('!');
        let name = if is_negated { &name[1..] } else { name };
        if !name.chars().any(|c| c.is_ascii_alphanumeric()) {
            return None;
        }
        let mut rule = Self { is_negated, wanted: Vec::new(), unwanted: Vec::new() };
        for test in tests {
            match test.strip_prefix('!') {
                Some(_) if is_negated => return None,
                Some(test) => rule.unwanted.push(Test::read(test)?),
                None => rule.wanted.push(Test::read(test)?),
            }
        }
        Some(rule)
    }

    fn is_met_by(&self, values: &[&str]) -> bool {
        let has =
            |tests: &[Test]| tests.iter().any(|test| values.iter().any(|value| test.is(value)));
        let is_there = values.iter().any(|value| !value.is_empty());
        let names_nothing = self.wanted.is_empty() && self.unwanted.is_empty();
        match (self.is_negated, names_nothing) {
            (true, true) => !is_there,
            (true, false) => !has(&self.wanted),
            (false, true) => is_there,
            (false, false) if self.wanted.is_empty() => is_there && !has(&self.unwanted),
            (false, false) => has(&self.wanted) && !has(&self.unwanted),
        }
    }
}

impl Test {
    fn read(text: &str) -> Option<Self> {
        if let Some(expression) = text.strip_prefix('~') {
            let (flags, expression) = match expression.strip_prefix('*') {
                Some(expression) => ("(?i)", expression),
                None => ("", expression),
            };
            if expression.is_empty() || expression.chars().count() > 1024 {
                return None;
            }
            // By itself first: a flag before it must not complete what is no expression.
            regex::RegexBuilder::new(expression).size_limit(1 << 20).build().ok()?;
            let built = regex::RegexBuilder::new(&format!("{flags}{expression}"));
            return { built }.size_limit(1 << 20).build().ok().map(Self::Finds);
        }
        let compares: [(&str, fn(Ordering) -> bool); 4] = [
            (">=", Ordering::is_ge),
            ("<=", Ordering::is_le),
            (">", Ordering::is_gt),
            ("<", Ordering::is_lt),
        ];
        for (sign, holds) in compares {
            if let Some(number) = text.strip_prefix(sign) {
                return Some(Self::Compares(holds, Decimal::read(number)?));
            }
        }
        let text = text.strip_prefix('=').unwrap_or(text);
        (!text.is_empty()).then(|| Self::Text(text.to_owned()))
    }

    fn is(&self, value: &str) -> bool {
        match self {
            Self::Text(text) => text == value,
            Self::Finds(expression) => expression.find(value).is_some(),
            Self::Compares(holds, bound) => {
                Decimal::read(value).is_some_and(|value| holds(value.0.cmp(&bound.0)))
            }
        }
    }
}

/// A number as written by hand, in units of 10^-15: exact, where the rule has a double.
struct Decimal(i128);

impl Decimal {
    fn read(text: &str) -> Option<Self> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text),
        };
        let mut parts = digits.split('.');
        let (whole, fraction) = (parts.next()?, parts.next());
        let is_number = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
        if parts.next().is_some() || !is_number(whole) || fraction.is_some_and(|f| !is_number(f)) {
            return None;
        }
        let fraction = fraction.unwrap_or_default();
        if whole.len() + fraction.len() > 15 {
            return None;
        }
        let units: i128 = format!("{whole}{fraction:0<15}").parse().ok()?;
        Some(Self(sign * units))
    }
}
