//! The head of a request, as plain data.

use std::borrow::Cow;

use crate::headers::Headers;
use crate::query::arguments;

/// What a request says before its body: for whoever reads it when the request itself is out of reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    method: String,
    query: Vec<u8>,
    /// Names in lower case.
    fields: Vec<(String, Vec<u8>)>,
}

impl Head {
    /// A head without fields. `method` as it was sent, e.g. `POST`; `query` without its `?`.
    pub fn new(method: impl Into<String>, query: impl Into<Vec<u8>>) -> Self {
        Self { method: method.into(), query: query.into(), fields: Vec::new() }
    }

    /// With one field more, behind those it has; `name` in any case.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.fields.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// As it was sent: methods are compared letter by letter (RFC 9110 9.1).
    pub fn method(&self) -> &str {
        &self.method
    }

    /// As it was sent, without its `?`; empty when there is none.
    pub fn query(&self) -> &[u8] {
        &self.query
    }

    /// The first query argument `name`, decoded.
    pub fn argument<'r>(&'r self, name: &str) -> Option<Cow<'r, str>> {
        self.arguments(name).next()
    }

    /// The query arguments `name`, decoded.
    pub fn arguments<'r>(&'r self, name: &str) -> impl Iterator<Item = Cow<'r, str>> {
        arguments(&self.query, name)
    }
}

impl Headers for Head {
    fn values<'r>(&'r self, name: &str) -> impl Iterator<Item = &'r [u8]> {
        self.fields
            .iter()
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
    }
}

#[cfg(test)]
impl Head {
    /// A GET without query and fields.
    pub(crate) fn get() -> Self {
        Self::new("GET", "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_kept_as_it_was_sent() {
        let head = Head::new("POST", "a=%41&b=2&a=3").with("COOKIE", b"a=\xff").with("Host", "h");
        assert_eq!((head.method(), head.query()), ("POST", b"a=%41&b=2&a=3".as_slice()));
        assert_eq!(head.first("cookie"), Some(b"a=\xff".as_slice()));
        assert_eq!(head.argument("a").as_deref(), Some("A"));
        assert_eq!(head.arguments("a").collect::<Vec<_>>(), ["A", "3"]);
        assert_eq!(head.argument("c"), None);
    }
}
