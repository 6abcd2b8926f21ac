//! The tables of directives: name, number of arguments, what a line of it does.

use crate::line::Line;
use crate::place::Given;

/// One table line: name, number of arguments, what it does.
pub struct Directive<T> {
    pub name: &'static str,
    pub min: usize,
    pub max: usize,
    pub set: fn(&mut T, &Line<'_>) -> Result<(), String>,
}

/// A directive that takes exactly one argument.
pub const fn one<T>(
    name: &'static str,
    set: fn(&mut T, &Line<'_>) -> Result<(), String>,
) -> Directive<T> {
    Directive { name, min: 1, max: 1, set }
}

/// A directive that takes `min` to `max` arguments.
pub const fn many<T>(
    name: &'static str,
    min: usize,
    max: usize,
    set: fn(&mut T, &Line<'_>) -> Result<(), String>,
) -> Directive<T> {
    Directive { name, min, max, set }
}

/// Looks `line` up in `table` and applies it; `None` = not in this table.
pub fn apply<T>(
    table: &[Directive<T>],
    target: &mut T,
    line: &Line<'_>,
) -> Option<Result<(), String>> {
    let directive = table.iter().find(|d| d.name == line.name)?;
    if line.args.len() < directive.min || line.args.len() > directive.max {
        return Some(Err(format!(
            "invalid number of arguments in \"{}\" directive, it takes {}",
            line.name,
            arity(directive.min, directive.max)
        )));
    }
    Some((directive.set)(target, line))
}

fn arity(min: usize, max: usize) -> String {
    match (min, max) {
        (1, 1) => "one".into(),
        (min, usize::MAX) => format!("{min} or more"),
        (min, max) if min == max => min.to_string(),
        (min, max) => format!("{min} to {max}"),
    }
}

/// Stores a value that may be given once.
pub fn once<T>(
    slot: &mut Option<Given<T>>,
    line: &Line<'_>,
    value: Result<T, String>,
) -> Result<(), String> {
    if slot.is_some() {
        return Err(format!("\"{}\" directive is duplicate; leave one", line.name));
    }
    *slot = Some(line.given(value?));
    Ok(())
}

/// Stores a value that may be given several times.
pub fn each<T>(
    slots: &mut Vec<Given<T>>,
    line: &Line<'_>,
    value: Result<T, String>,
) -> Result<(), String> {
    slots.push(line.given(value?));
    Ok(())
}
