//! A directive: its name, the number of its arguments, what a line of it does.

use crate::line::Line;
use crate::place::{Given, Place};

/// One row of a table.
pub struct Directive<T> {
    /// What a line begins with.
    pub name: &'static str,
    /// How many arguments it takes.
    pub arity: Arity,
    /// Applies a line of it; the error is a sentence without its place.
    pub(crate) set: fn(&mut T, &Line<'_>) -> Result<(), String>,
}

/// A number of arguments, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arity {
    /// At least.
    pub min: usize,
    /// At most; `usize::MAX` = any number.
    pub max: usize,
}

impl Arity {
    /// None.
    pub const NONE: Self = Self { min: 0, max: 0 };
    /// Exactly one.
    pub const ONE: Self = Self { min: 1, max: 1 };

    /// Has the line so many?
    pub(crate) fn check(self, line: &Line<'_>) -> Result<(), String> {
        if (self.min..=self.max).contains(&line.args.len()) {
            return Ok(());
        }
        Err(format!(
            "invalid number of arguments in \"{}\" directive, it takes {}",
            line.name,
            self.in_words()
        ))
    }

    fn in_words(self) -> String {
        match (self.min, self.max) {
            (0, 0) => "none".into(),
            (1, 1) => "one".into(),
            (min, usize::MAX) => format!("{min} or more"),
            (min, max) if min == max => min.to_string(),
            (min, max) => format!("{min} to {max}"),
        }
    }
}

/// Looks `line` up in `table` and applies it; `None` = not in this table.
pub(crate) fn apply<T>(
    table: &[Directive<T>],
    target: &mut T,
    line: &Line<'_>,
) -> Option<Result<(), String>> {
    let directive = table.iter().find(|directive| directive.name == line.name)?;
    Some(directive.arity.check(line).and_then(|()| (directive.set)(target, line)))
}

/// Stores a value that may be given once.
pub(crate) fn once<'l, T>(
    slot: &mut Option<Given<T>>,
    line: &Line<'l>,
    read: impl FnOnce(&Line<'l>) -> Result<T, String>,
) -> Result<(), String> {
    if slot.is_some() {
        return Err(format!("\"{}\" directive is duplicate; leave one", line.name));
    }
    *slot = Some(line.given(read(line)?));
    Ok(())
}

/// Stores a value that may be given several times, one a line.
pub(crate) fn each<'l, T>(
    slots: &mut Vec<Given<T>>,
    line: &Line<'l>,
    read: impl FnOnce(&Line<'l>) -> Result<T, String>,
) -> Result<(), String> {
    slots.push(line.given(read(line)?));
    Ok(())
}

/// Stores values that may be given several times, each word being one.
pub(crate) fn each_word<T>(
    slots: &mut Vec<Given<T>>,
    line: &Line<'_>,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<(), String> {
    for word in &line.args {
        slots.push(line.given(read(word)?));
    }
    Ok(())
}

/// Where the value or values of a directive are kept.
pub(crate) trait Slot {
    /// Where the first one was given.
    fn place(&self) -> Option<&Place>;

    /// Takes the values of the level above, when there is none here.
    fn inherit(&mut self, above: &Self);
}

impl<T: Clone> Slot for Option<Given<T>> {
    fn place(&self) -> Option<&Place> {
        self.as_ref().map(|given| &given.place)
    }

    fn inherit(&mut self, above: &Self) {
        if self.is_none() {
            self.clone_from(above);
        }
    }
}

impl<T: Clone> Slot for Vec<Given<T>> {
    fn place(&self) -> Option<&Place> {
        self.first().map(|given| &given.place)
    }

    fn inherit(&mut self, above: &Self) {
        if self.is_empty() {
            self.clone_from(above);
        }
    }
}
