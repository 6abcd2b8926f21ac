//! A directive as read: its table line, its arguments, where it stands.

use std::fmt;
use std::rc::Rc;

use clock::{Msec, Seconds};
use nginx_sys::{ngx_parse_size, ngx_parse_time, ngx_str_t};

/// Where a directive stands in the configuration.
#[derive(Clone, Debug, Default)]
pub struct Place {
    pub file: Rc<str>,
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A mistake in the configuration: what is wrong and what to do, and where.
#[derive(Clone, Debug)]
pub struct ConfigError {
    pub message: String,
    pub place: Place,
}

impl ConfigError {
    pub fn new(place: &Place, message: impl Into<String>) -> Self {
        Self { message: message.into(), place: place.clone() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.message, self.place)
    }
}

/// A raw value with the place it was given at.
#[derive(Clone, Debug)]
pub struct Given<T> {
    pub value: T,
    pub place: Place,
}

/// One line of configuration.
pub struct Line<'a> {
    pub name: &'a str,
    pub args: Vec<&'a str>,
    pub place: Place,
}

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

impl Line<'_> {
    fn given<T>(&self, value: T) -> Given<T> {
        Given { value, place: self.place.clone() }
    }

    /// The first argument.
    pub fn arg(&self) -> &str {
        self.args.first().copied().unwrap_or_default()
    }

    pub fn text(&self) -> Result<String, String> {
        match self.arg() {
            "" => Err(format!("\"{}\" must not be empty", self.name)),
            text => Ok(text.to_owned()),
        }
    }

    pub fn words(&self) -> Result<Vec<String>, String> {
        Ok(self.args.iter().map(|&a| a.to_owned()).collect())
    }

    pub fn flag(&self) -> Result<bool, String> {
        self.choice(&[("on", true), ("off", false)])
    }

    /// One of the named values.
    pub fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, String> {
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
    pub fn seconds(&self, min: Seconds, max: Seconds) -> Result<Seconds, String> {
        self.seconds_of(self.arg(), min, max)
    }

    /// As [`Line::seconds`], or `None` for `off`.
    pub fn seconds_or_off(&self, min: Seconds, max: Seconds) -> Result<Option<Seconds>, String> {
        match self.arg() {
            "off" => Ok(None),
            text => self.seconds_of(text, min, max).map(Some),
        }
    }

    fn seconds_of(&self, text: &str, min: Seconds, max: Seconds) -> Result<Seconds, String> {
        let mut value = ngx_str_t { len: text.len(), data: text.as_ptr().cast_mut() };
        // SAFETY: ngx_parse_time only reads the bytes that the ngx_str_t spans.
        let seconds = Seconds(unsafe { ngx_parse_time(&mut value, 1) } as i64);
        if !text.is_empty() && (min..=max).contains(&seconds) {
            return Ok(seconds);
        }
        Err(format!(
            "invalid time \"{text}\" in \"{}\" directive, it must be {min}s to {max}s, \
             written like 30s, 10m, 8h or 2d",
            self.name
        ))
    }

    /// A time in nginx's syntax (`500ms`, `1s`), within bounds.
    pub fn milliseconds(&self, min: Msec, max: Msec) -> Result<Msec, String> {
        let text = self.arg();
        let mut value = ngx_str_t { len: text.len(), data: text.as_ptr().cast_mut() };
        // SAFETY: ngx_parse_time only reads the bytes that the ngx_str_t spans.
        let parsed = unsafe { ngx_parse_time(&mut value, 0) };
        match u64::try_from(parsed).map(Msec) {
            Ok(parsed) if !text.is_empty() && (min..=max).contains(&parsed) => Ok(parsed),
            _ => Err(format!(
                "invalid time \"{text}\" in \"{}\" directive, it must be {min}ms to {max}ms, \
                 written like 500ms or 1s",
                self.name
            )),
        }
    }

    /// A whole number within bounds.
    pub fn number(&self, min: i64, max: i64) -> Result<i64, String> {
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
    pub fn size(&self, min: usize, max: usize) -> Result<usize, String> {
        size_of_text(self.name, self.arg(), min, max)
    }
}

/// A size argument of the directive `name`.
pub fn size_of_text(name: &str, text: &str, min: usize, max: usize) -> Result<usize, String> {
    let mut value = ngx_str_t { len: text.len(), data: text.as_ptr().cast_mut() };
    // SAFETY: ngx_parse_size only reads the bytes that the ngx_str_t spans.
    let bytes = unsafe { ngx_parse_size(&mut value) };
    match usize::try_from(bytes) {
        Ok(bytes) if !text.is_empty() && (min..=max).contains(&bytes) => Ok(bytes),
        _ => Err(format!(
            "invalid size \"{text}\" in \"{name}\" directive, it must be {} to {}, \
             written like 64k or 16m",
            Bytes(min),
            Bytes(max)
        )),
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
