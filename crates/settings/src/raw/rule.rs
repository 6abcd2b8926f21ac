//! Lines that say who may enter: `auth_saml_require…`.

use std::rc::Rc;

use session::AttributeRule;
use sp::{Rule, RuleLine};

use crate::line::Line;

/// Longest label, characters.
const MAX_LABEL: usize = 200;

/// `None` = `off`: none of the levels above.
pub type RawRule<T> = Option<Rule<T>>;

/// `auth_saml_require $variable… [error=401|403] [label=TEXT]`: the variables' names, in lower case.
pub(crate) fn variables(line: &Line<'_>) -> Result<RawRule<Vec<String>>, String> {
    let mut words = Words::of(line)?;
    if words.are_off() {
        return Ok(None);
    }
    let status = words.take_last("error=").map_or(Ok(403), |status| match status {
        "401" => Ok(401),
        "403" => Ok(403),
        _ => Err(format!("invalid error \"{status}\" in \"{}\", it must be 401 or 403", line.name)),
    })?;
    let names =
        words.left.iter().map(|word| variable(word, line)).collect::<Result<Vec<_>, _>>()?;
    words.rule(names, status).map(Some)
}

/// `auth_saml_require_attribute NAME VALUE… [label=TEXT]`.
pub(crate) fn attribute(line: &Line<'_>) -> Result<RawRule<Rc<AttributeRule>>, String> {
    let words = Words::of(line)?;
    if words.are_off() {
        return Ok(None);
    }
    let (name, values) = words.left.split_first().unwrap_or((&"", &[]));
    let rule = AttributeRule::parse(name, values)
        .map_err(|error| format!("invalid rule in \"{}\": {error}", line.name))?;
    words.rule(Rc::new(rule), 403).map(Some)
}

/// `auth_saml_require_idp NAME… [label=TEXT]`.
pub(crate) fn idps(line: &Line<'_>) -> Result<RawRule<Vec<String>>, String> {
    let words = Words::of(line)?;
    if words.are_off() {
        return Ok(None);
    }
    let names = words.left.iter().map(|&name| name.to_owned()).collect();
    words.rule(names, 403).map(Some)
}

/// A line's arguments, without its label.
struct Words<'l> {
    line: &'l Line<'l>,
    label: Option<String>,
    left: Vec<&'l str>,
}

impl<'l> Words<'l> {
    fn of(line: &'l Line<'l>) -> Result<Self, String> {
        let mut words = Self { line, label: None, left: line.args.clone() };
        words.label = words.take_last("label=").map(|text| label(text, line)).transpose()?;
        Ok(words)
    }

    fn are_off(&self) -> bool {
        self.line.args == ["off"]
    }

    /// What follows `prefix` in the last argument.
    fn take_last(&mut self, prefix: &str) -> Option<&'l str> {
        let text = self.left.last()?.strip_prefix(prefix)?;
        self.left.pop();
        Some(text)
    }

    fn rule<T>(self, demand: T, status: u16) -> Result<Rule<T>, String> {
        let Self { line, label, left } = self;
        if left.is_empty() {
            return Err(format!("\"{}\" demands nothing; say what, or off", line.name));
        }
        let text = format!("\"{} {}\" in {}", line.name, left.join(" "), line.place);
        Ok(Rule { demand, line: Rc::new(RuleLine { text, label, status }) })
    }
}

fn label(text: &str, line: &Line<'_>) -> Result<String, String> {
    let is_good = !text.is_empty()
        && text.chars().count() <= MAX_LABEL
        && !text.chars().any(char::is_control);
    is_good.then(|| text.to_owned()).ok_or_else(|| {
        format!(
            "invalid label in \"{}\", it must be one line of up to {MAX_LABEL} characters",
            line.name
        )
    })
}

/// One variable alone, as nginx writes it.
fn variable(word: &str, line: &Line<'_>) -> Result<String, String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let name = word.strip_prefix('$').filter(|name| !name.is_empty() && name.bytes().all(is_plain));
    name.map(str::to_ascii_lowercase).ok_or_else(|| {
        format!(
            "invalid variable \"{word}\" in \"{}\", each is one alone like $is_staff; error= and label= \
             stand behind them, in this order",
            line.name
        )
    })
}
