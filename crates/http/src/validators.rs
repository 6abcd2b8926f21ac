//! What tells one version of a document from another, and how to ask for a newer one (RFC 9110 8.8, 13.1).

use crate::answer::Answer;
use crate::headers::Headers;

/// The validators of an answer, as they came. What is none is as good as left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// An entity tag, quotes included.
    pub etag: Option<String>,
    /// A date.
    pub last_modified: Option<String>,
}

impl Validators {
    /// Those of `answer`.
    pub fn of(answer: &Answer) -> Self {
        let text = |name| answer.first(name).and_then(|value| std::str::from_utf8(value).ok());
        Self {
            etag: text("etag").filter(|tag| is_entity_tag(tag)).map(str::to_owned),
            last_modified: text("last-modified")
                .filter(|date| httpdate::parse_http_date(date).is_ok())
                .map(str::to_owned),
        }
    }

    /// The header fields by which a request is answered only if something has changed. Of the two a
    /// server that knows entity tags reads the first alone (RFC 9110 13.2.2).
    pub fn conditions(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let etag = self.etag.as_deref().map(|tag| ("If-None-Match", tag));
        let date = self.last_modified.as_deref().map(|date| ("If-Modified-Since", date));
        etag.into_iter().chain(date)
    }
}

/// `"…"` or `W/"…"` (RFC 9110 8.8.3), in ASCII.
fn is_entity_tag(text: &str) -> bool {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let inner = opaque.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    inner.is_some_and(|tag| tag.bytes().all(|b| b.is_ascii_graphic() && b != b'"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &[(&str, &str)]) -> Validators {
        let field = |&(name, value): &(&str, &str)| (name.to_owned(), value.as_bytes().to_owned());
        let fields = fields.iter().map(field).collect();
        Validators::of(&Answer { status: 200, fields, body: Vec::new() })
    }

    #[test]
    fn conditions_are_what_the_server_said() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        for tag in ["\"a\"", "W/\"a,b\"", "\"\"", "\"a\\\""] {
            let validators = of(&[("ETag", tag), ("Last-Modified", date)]);
            let conditions: Vec<_> = validators.conditions().collect();
            assert_eq!(conditions, [("If-None-Match", tag), ("If-Modified-Since", date)]);
        }
        for tag in ["a", "\"", "w/\"a\"", "\"a\"b\"", "\"a b\"", "\"é\"", "*", "\"a\", \"b\"", ""]
        {
            let validators = of(&[("ETag", tag), ("Last-Modified", "yesterday")]);
            assert_eq!(validators.conditions().count(), 0, "{tag}");
        }
    }
}
