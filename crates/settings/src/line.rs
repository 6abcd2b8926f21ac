//! One line of configuration, and its arguments as values.

use std::fmt;

use clock::{Msec, Seconds};

use crate::place::{Given, Place};
use crate::quantity;

/// One line of configuration.
pub struct Line<'a> {
    /// The directive.
    pub name: &'a str,
    /// Its arguments, without quotes.
    pub args: Vec<&'a str>,
    /// Where it stands.
    pub place: Place,
}

impl Line<'_> {
    /// `value`, given here.
    pub(crate) fn given<T>(&self, value: T) -> Given<T> {
        Given { value, place: self.place.clone() }
    }

    /// The first argument.
    pub(crate) fn arg(&self) -> &str {
        self.args.first().copied().unwrap_or_default()
    }

    /// Anything but nothing.
    pub(crate) fn text(&self) -> Result<String, String> {
        match self.arg() {
            "" => Err(format!("\"{}\" must not be empty", self.name)),
            text => Ok(text.to_owned()),
        }
    }

    /// All arguments.
    pub(crate) fn words(&self) -> Result<Vec<String>, String> {
        Ok(self.args.iter().map(|&a| a.to_owned()).collect())
    }

    /// `on` or `off`.
    pub(crate) fn flag(&self) -> Result<bool, String> {
        self.choice(&[("on", true), ("off", false)])
    }

    /// One of the named values.
    pub(crate) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, String> {
        choices.iter().find(|(name, _)| *name == self.arg()).map(|&(_, value)| value).ok_or_else(
            || {
                let names: Vec<_> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
                format!(
                    "invalid value \"{}\" in \"{}\" directive, it must be {}",
                    self.arg(),
                    self.name,
                    names.join(" or ")
                )
            },
        )
    }

    /// A time in nginx's syntax (`90`, `30s`, `8h`, `2d`), within bounds.
    pub(crate) fn seconds(&self, min: Seconds, max: Seconds) -> Result<Seconds, String> {
        let parsed = quantity::seconds(self.arg()).map(Seconds);
        parsed.filter(|seconds| (min..=max).contains(seconds)).ok_or_else(|| {
            format!(
                "invalid time \"{}\" in \"{}\" directive, it must be {min}s to {max}s, \
                 written like 30s, 10m, 8h or 2d",
                self.arg(),
                self.name
            )
        })
    }

    /// As [`Line::seconds`], or `None` for `off`.
    pub(crate) fn seconds_or_off(
        &self,
        min: Seconds,
        max: Seconds,
    ) -> Result<Option<Seconds>, String> {
        match self.arg() {
            "off" => Ok(None),
            _ => self.seconds(min, max).map(Some),
        }
    }

    /// A time in nginx's syntax (`500ms`, `1s`), within bounds.
    pub(crate) fn milliseconds(&self, min: Msec, max: Msec) -> Result<Msec, String> {
        let parsed = quantity::milliseconds(self.arg()).and_then(|msec| u64::try_from(msec).ok());
        parsed.map(Msec).filter(|msec| (min..=max).contains(msec)).ok_or_else(|| {
            format!(
                "invalid time \"{}\" in \"{}\" directive, it must be {min}ms to {max}ms, \
                 written like 500ms or 1s",
                self.arg(),
                self.name
            )
        })
    }

    /// A whole number within bounds.
    pub(crate) fn number(&self, min: i64, max: i64) -> Result<i64, String> {
        let parsed = self.arg().parse().ok();
        parsed.filter(|number| (min..=max).contains(number)).ok_or_else(|| {
            format!(
                "invalid number \"{}\" in \"{}\" directive, it must be {min} to {max}",
                self.arg(),
                self.name
            )
        })
    }

    /// A size in nginx's syntax (`4096`, `256k`, `16m`), in bytes, within bounds.
    pub(crate) fn size(&self, min: usize, max: usize) -> Result<usize, String> {
        self.size_of(self.arg(), min, max)
    }

    /// As [`Line::size`], of any argument.
    pub(crate) fn size_of(&self, text: &str, min: usize, max: usize) -> Result<usize, String> {
        let parsed = quantity::size(text).and_then(|bytes| usize::try_from(bytes).ok());
        parsed.filter(|bytes| (min..=max).contains(bytes)).ok_or_else(|| {
            format!(
                "invalid size \"{text}\" in \"{}\" directive, it must be {} to {}, \
                 written like 64k or 16m",
                self.name,
                Bytes(min),
                Bytes(max)
            )
        })
    }
}

/// Bytes in nginx's syntax.
struct Bytes(usize);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            n if n >= 1 << 20 && n % (1 << 20) == 0 => write!(f, "{}m", n >> 20),
            n if n >= 1 << 10 && n % (1 << 10) == 0 => write!(f, "{}k", n >> 10),
            n => write!(f, "{n}"),
        }
    }
}
