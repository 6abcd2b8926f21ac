//! One thing that happened in a story.

use clock::UnixTime;
use saml::examination::{Check, Findings, Shown};
use saml::instant;
use serde_json::{Value, json};

/// Bytes of all XML of one entry.
const MOST_BYTES: usize = 64 << 10;

/// Characters of one fact.
const MOST_OF_FACT: usize = 2000;

/// How many facts one entry has.
const MOST_FACTS: usize = 200;

/// Names and values, in their order.
pub type Facts = Vec<(String, String)>;

/// Something that happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: UnixTime,
    /// What: `request`, `authn_request`, `response`.
    pub what: String,
    /// What is known of it.
    pub facts: Facts,
    /// Messages, and what was decrypted of them.
    pub documents: Vec<Document>,
    /// What was checked, and why it was refused: code and detail.
    pub checks: Vec<(String, Option<(String, String)>)>,
}

/// A piece of XML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it is.
    pub title: String,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// One line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How deep it stands.
    pub depth: usize,
    /// A signature that is good covers it.
    pub is_verified: bool,
    /// Without secrets.
    pub text: String,
}

impl Entry {
    /// An entry with these facts; long ones are cut.
    pub fn new(what: &str, facts: Facts) -> Self {
        let mut facts = facts;
        facts.truncate(MOST_FACTS);
        for (_, value) in &mut facts {
            *value = cut(value);
        }
        Self { what: what.to_owned(), facts, ..Self::default() }
    }

    /// With what was found of the message that it is about.
    #[must_use]
    pub fn with_findings(mut self, title: &str, findings: Findings) -> Self {
        for signature in findings.signatures {
            self.facts.push(("signature".to_owned(), cut(&signature)));
        }
        let mut room = MOST_BYTES;
        let message = (title.to_owned(), findings.message);
        let plaintexts = findings.plaintexts.into_iter().map(|plain| (plain.title, plain.lines));
        for (title, lines) in std::iter::once(message).chain(plaintexts) {
            self.documents.push(document(cut(&title), lines, &mut room));
        }
        let checks = findings.checks.into_iter();
        self.checks = checks
            .map(|Check { what, refused }| {
                let refused = refused.map(|(code, detail)| (code.to_owned(), cut(&detail)));
                (what.to_owned(), refused)
            })
            .collect();
        self
    }

    /// For programs.
    pub fn to_json(&self) -> Value {
        self.json(instant::format(self.at).into())
    }

    fn json(&self, at: Value) -> Value {
        let facts: Vec<Value> =
            self.facts.iter().map(|(name, value)| json!([name, value])).collect();
        let documents = self.documents.iter().map(|document| {
            let lines = document.lines.iter().map(|l| json!([l.depth, l.is_verified, l.text]));
            json!({ "title": document.title, "lines": lines.collect::<Vec<_>>() })
        });
        let checks = self.checks.iter().map(|(what, refused)| match refused {
            None => json!({ "check": what, "passed": true }),
            Some((code, detail)) => {
                json!({ "check": what, "passed": false, "reason": code, "detail": detail })
            }
        });
        json!({
            "at": at, "what": self.what, "facts": facts,
            "documents": documents.collect::<Vec<_>>(), "checks": checks.collect::<Vec<_>>(),
        })
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        self.json(self.at.as_secs().into()).to_string().into_bytes()
    }

    /// What [`Entry::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        Self::of_json(&serde_json::from_slice(bytes).ok()?)
    }

    fn of_json(value: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let list = |name: &str| value.get(name).and_then(Value::as_array);
        let fact = |fact: &Value| Some((text(fact.get(0)?)?, text(fact.get(1)?)?));
        let line = |line: &Value| {
            Some(Line {
                depth: line.get(0)?.as_u64()?.try_into().ok()?,
                is_verified: line.get(1)?.as_bool()?,
                text: text(line.get(2)?)?,
            })
        };
        let document = |document: &Value| {
            let lines = document.get("lines")?.as_array()?.iter().map(line);
            Some(Document {
                title: text(document.get("title")?)?,
                lines: lines.collect::<Option<_>>()?,
            })
        };
        let check = |check: &Value| {
            let refused = match check.get("passed")?.as_bool()? {
                true => None,
                false => Some((text(check.get("reason")?)?, text(check.get("detail")?)?)),
            };
            Some((text(check.get("check")?)?, refused))
        };
        Some(Self {
            at: UnixTime::from_secs(value.get("at")?.as_i64()?),
            what: text(value.get("what")?)?,
            facts: list("facts")?.iter().map(fact).collect::<Option<_>>()?,
            documents: list("documents")?.iter().map(document).collect::<Option<_>>()?,
            checks: list("checks")?.iter().map(check).collect::<Option<_>>()?,
        })
    }
}

fn document(title: String, lines: Vec<Shown>, room: &mut usize) -> Document {
    let mut kept = Vec::with_capacity(lines.len());
    for Shown { depth, text, is_verified } in lines {
        let Some(left) = room.checked_sub(text.len()) else {
            let text = "… the rest is left out, it is too long to be kept".to_owned();
            kept.push(Line { depth: 0, is_verified: false, text });
            break;
        };
        *room = left;
        kept.push(Line { depth, is_verified, text });
    }
    Document { title, lines: kept }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_OF_FACT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(lines: usize) -> Findings {
        let line = Shown { depth: 2, text: "<a>\"\u{202e}</a>".repeat(50), is_verified: true };
        Findings {
            message: vec![line; lines],
            signatures: vec!["by a key".to_owned()],
            checks: vec![
                Check { what: "Version", refused: None },
                Check { what: "Audience", refused: Some(("audience_mismatch", "a, b".to_owned())) },
            ],
            plaintexts: Vec::new(),
        }
    }

    #[test]
    fn an_entry_comes_back_as_it_went() {
        let facts = vec![("path".to_owned(), "/\"<é>".to_owned())];
        let entry = Entry { at: UnixTime::from_secs(7), ..Entry::new("response", facts) };
        let entry = entry.with_findings("the message", findings(3));
        assert_eq!(Entry::decode(&entry.encode()), Some(entry.clone()));
        assert_eq!(entry.facts.last().unwrap().1, "by a key");
        for strange in [
            "{}",
            "[]",
            "null",
            r#"{"at":1,"what":"x","facts":[[1,2]],"documents":[],"checks":[]}"#,
        ] {
            assert_eq!(Entry::decode(strange.as_bytes()), None, "{strange}");
        }
    }

    #[test]
    fn it_is_bounded() {
        let facts = vec![("a".to_owned(), "é".repeat(10_000)); 1000];
        let entry = Entry::new("request", facts).with_findings("x", findings(1000));
        assert_eq!(entry.facts.len(), MOST_FACTS + 1);
        assert_eq!(entry.facts[0].1.chars().count(), MOST_OF_FACT + 1);
        let bytes: usize = entry.documents[0].lines.iter().map(|line| line.text.len()).sum();
        assert!(bytes <= MOST_BYTES + 100, "{bytes}");
        assert!(entry.documents[0].lines.last().unwrap().text.contains("left out"));
    }
}
