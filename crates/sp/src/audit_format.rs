//! `saml_audit_format`: a record as the text that an administrator wants, by the rules of nginx's `log_format`.

use crate::audit_record::Record;

/// What a variable of a record's begins with; the rest is the name of its field.
const PREFIX: &str = "saml_audit_";

/// A format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFormat {
    escape: Escape,
    parts: Vec<Part>,
    variables: Vec<String>,
}

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// `"`, `\` and all octets but visible ASCII and the space as `\xHH`; nothing as `-`.
    Default,
    /// As in a JSON string; nothing as nothing.
    Json,
    /// As they are; nothing as nothing.
    None,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// A field of the record.
    Field(&'static str),
    /// A variable of the server's, by its place among those that the format wants.
    Variable(usize),
}

impl AuditFormat {
    /// The format that `strings` are together.
    ///
    /// # Errors
    /// The rest of a sentence about the string.
    pub fn new(escape: Escape, strings: &[&str]) -> Result<Self, String> {
        let mut format = Self { escape, parts: Vec::new(), variables: Vec::new() };
        for string in strings {
            format.add(string)?;
        }
        Ok(format)
    }

    /// The server's variables that it wants, without their `$`, in lower case.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// Values are written as they are: what is in them may begin a new line.
    pub fn is_raw(&self) -> bool {
        self.escape == Escape::None
    }

    /// A line of the record; `value` has the server's variables, by their places.
    pub fn line<'v>(&self, record: &Record, value: impl Fn(usize) -> Option<&'v [u8]>) -> Vec<u8> {
        let mut line = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => line.extend_from_slice(text.as_bytes()),
                Part::Field(field) => {
                    let text = record.text(field);
                    self.escape.write(&mut line, text.as_deref().map(str::as_bytes));
                }
                Part::Variable(place) => self.escape.write(&mut line, value(*place)),
            }
        }
        line.push(b'\n');
        line
    }

    fn add(&mut self, string: &str) -> Result<(), String> {
        let mut rest = string;
        while let Some((text, behind)) = rest.split_once('$') {
            self.add_text(text);
            let (name, behind) = variable(string, behind)?;
            self.add_variable(&name.to_ascii_lowercase())?;
            rest = behind;
        }
        self.add_text(rest);
        Ok(())
    }

    fn add_text(&mut self, text: &str) {
        if !text.is_empty() {
            self.parts.push(Part::Text(text.to_owned()));
        }
    }

    fn add_variable(&mut self, name: &str) -> Result<(), String> {
        if let Some(wanted) = name.strip_prefix(PREFIX) {
            let field = Record::FIELDS.iter().find(|field| **field == wanted).ok_or_else(|| {
                let all: Vec<_> = Record::FIELDS.iter().map(|f| format!("${PREFIX}{f}")).collect();
                format!("wants \"${name}\", and a record has {}", all.join(", "))
            })?;
            self.parts.push(Part::Field(field));
            return Ok(());
        }
        let known = self.variables.iter().position(|known| known == name);
        let place = known.unwrap_or_else(|| {
            self.variables.push(name.to_owned());
            self.variables.len() - 1
        });
        self.parts.push(Part::Variable(place));
        Ok(())
    }
}

/// The name behind a `$`, in braces or not, and what follows it.
fn variable<'s>(string: &str, behind: &'s str) -> Result<(&'s str, &'s str), String> {
    let (inside, in_braces) = match behind.strip_prefix('{') {
        Some(inside) => (inside, true),
        None => (behind, false),
    };
    let end = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let (name, rest) = inside.split_at(end.unwrap_or(inside.len()));
    let rest = if in_braces { rest.strip_prefix('}') } else { Some(rest) };
    match rest {
        Some(rest) if !name.is_empty() => Ok((name, rest)),
        Some(_) => Err(format!("has a \"$\" without the name of a variable in \"{string}\"")),
        None => Err(format!("has a variable without its closing brace in \"{string}\"")),
    }
}

impl Escape {
    fn write(self, line: &mut Vec<u8>, value: Option<&[u8]>) {
        match (self, value) {
            (Self::Default, None) => line.push(b'-'),
            (Self::Json | Self::None, None) => {}
            (Self::None, Some(value)) => line.extend_from_slice(value),
            (Self::Default, Some(value)) => value.iter().for_each(|byte| match byte {
                b'"' | b'\\' | ..=0x1f | 0x7f.. => {
                    line.extend_from_slice(format!("\\x{byte:02X}").as_bytes());
                }
                byte => line.push(*byte),
            }),
            (Self::Json, Some(value)) => value.iter().for_each(|byte| match byte {
                b'"' | b'\\' => line.extend_from_slice(&[b'\\', *byte]),
                b'\n' => line.extend_from_slice(b"\\n"),
                b'\r' => line.extend_from_slice(b"\\r"),
                b'\t' => line.extend_from_slice(b"\\t"),
                0x08 => line.extend_from_slice(b"\\b"),
                0x0c => line.extend_from_slice(b"\\f"),
                ..=0x1f => line.extend_from_slice(format!("\\u{byte:04X}").as_bytes()),
                byte => line.push(*byte),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let mut record = Record::new();
        record.put("event", Some("login".into()));
        record.put("sessions", Some(2.into()));
        record.put("name_id", Some("j\"\\\n\t\u{1}\u{7f}é".into()));
        record.put("changes", Some(vec!["one", "two"].into()));
        record
    }

    fn line(escape: Escape, strings: &[&str]) -> String {
        let format = AuditFormat::new(escape, strings).unwrap();
        let value = |place: usize| (format.variables()[place] == "host").then_some(&b"app\""[..]);
        String::from_utf8(format.line(&record(), value)).unwrap()
    }

    #[test]
    fn strings_are_joined_and_variables_have_their_values() {
        let strings = ["$saml_audit_event ${host}x ", "$SAML_audit_sessions|$saml_audit_changes"];
        assert_eq!(line(Escape::None, &strings), "login app\"x 2|one; two\n");
        let format = AuditFormat::new(Escape::Json, &["$host$status$host"]).unwrap();
        assert_eq!(format.variables(), ["host", "status"]);
        assert!(!format.is_raw());
    }

    #[test]
    fn values_are_escaped_as_nginx_does() {
        let strings = ["[$saml_audit_name_id] [$host] [$saml_audit_reason] [$status] \""];
        for (escape, expected) in [
            (
                Escape::Default,
                "[j\\x22\\x5C\\x0A\\x09\\x01\\x7F\\xC3\\xA9] [app\\x22] [-] [-] \"\n",
            ),
            (Escape::Json, "[j\\\"\\\\\\n\\t\\u0001\u{7f}é] [app\\\"] [] [] \"\n"),
            (Escape::None, "[j\"\\\n\t\u{1}\u{7f}é] [app\"] [] [] \"\n"),
        ] {
            assert_eq!(line(escape, &strings), expected, "{escape:?}");
        }
    }

    #[test]
    fn what_is_no_variable_is_told() {
        for (string, why) in [
            ("a$", "has a \"$\" without the name of a variable in \"a$\""),
            ("$$", "has a \"$\" without"),
            ("${}", "has a \"$\" without"),
            ("$-", "has a \"$\" without"),
            ("${host", "has a variable without its closing brace in \"${host\""),
            ("${ho-st}", "has a variable without its closing brace"),
            ("$saml_audit_user", "wants \"$saml_audit_user\", and a record has $saml_audit_time, "),
        ] {
            let error = AuditFormat::new(Escape::Default, &[string]).unwrap_err();
            assert!(error.starts_with(why), "{error}");
        }
    }
}
