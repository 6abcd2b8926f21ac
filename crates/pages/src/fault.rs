//! What is wrong with a template, for who wrote it.

use std::error::Error as _;
use std::fmt;

use minijinja::Error;

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The template's file, without its folder.
    pub(crate) file: String,
    /// From 1.
    pub(crate) line: Option<usize>,
    /// A sentence without its end.
    pub(crate) what: String,
}

impl Fault {
    /// The innermost cause says most: an error inside of an included template comes with the place of both.
    pub(crate) fn of(name: &str, error: &Error) -> Self {
        let mut innermost = error;
        let mut cause = error.source();
        while let Some(inner) = cause {
            if let Some(inner) = inner.downcast_ref::<Error>() {
                innermost = inner;
            }
            cause = inner.source();
        }
        let detail = innermost.detail().map(|detail| format!(": {detail}"));
        let kind = innermost.kind();
        Self {
            file: innermost.name().unwrap_or(name).to_owned(),
            line: innermost.line(),
            what: one_line(&format!("{kind}{}", detail.unwrap_or_default())),
        }
    }
}

/// A template may name what a visitor has sent: it must begin no line of a log.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}
