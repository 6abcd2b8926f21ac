//! What the audit log says of an event: fields with names, as JSON or for a format.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// A record of one event. What is not known is not in it.
pub struct Record(Map<String, Value>);

impl Record {
    /// All fields that a record can have. Their names are public and stay.
    pub const FIELDS: &'static [&'static str] = &[
        "time",
        "event",
        "sp",
        "idp",
        "entity_id",
        "name_id",
        "session",
        "sessions",
        "authn_context",
        "why",
        "began",
        "ended",
        "operator",
        "application",
        "heard",
        "attempts",
        "jti",
        "event_type",
        "outcome",
        "reason",
        "changes",
        "client",
        "request_id",
    ];

    pub(crate) fn new() -> Self {
        Self(Map::new())
    }

    pub(crate) fn put(&mut self, field: &'static str, value: Option<Value>) {
        debug_assert!(Self::FIELDS.contains(&field), "{field} is not among the fields");
        self.0.extend(value.map(|value| (field.to_owned(), value)));
    }

    /// As text; `None` = it is not there.
    pub(crate) fn text(&self, field: &str) -> Option<Cow<'_, str>> {
        Some(match self.0.get(field)? {
            Value::String(text) => Cow::Borrowed(text),
            Value::Array(all) => {
                let all: Vec<_> = all.iter().filter_map(Value::as_str).collect();
                Cow::Owned(all.join("; "))
            }
            other => Cow::Owned(other.to_string()),
        })
    }

    /// A JSON object in one line.
    pub fn json(self) -> String {
        // Names are strings: it cannot fail.
        one_line(serde_json::to_string(&self.0).unwrap_or_default())
    }
}

/// What some readers take for the end of a line, and what turns the order of letters around, stands in strings
/// alone and is escaped there (RFC 8259 7).
fn one_line(mut json: String) -> String {
    if json.bytes().all(|octet| octet < 0x7f) {
        json.push('\n');
        return json;
    }
    let mut line = String::with_capacity(json.len() + 1);
    for c in json.chars() {
        let misleads =
            matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if misleads {
            line.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            line.push(c);
        }
    }
    line.push('\n');
    line
}
