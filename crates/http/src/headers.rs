//! Header fields: how rules read those of a message, wherever they are kept.

/// A header field of an answer: name and value.
pub type Field = (&'static str, String);

/// The header fields of a message, in the order they came in.
pub trait Headers {
    /// The values of all fields `name`; case does not matter in names (RFC 9110 5.1).
    fn values<'r>(&'r self, name: &str) -> impl Iterator<Item = &'r [u8]>;

    /// The values of all `Cookie` fields, which every request is asked for.
    fn cookies(&self) -> impl Iterator<Item = &[u8]> {
        self.values("cookie")
    }

    /// The value of the first field `name`.
    fn first<'r>(&'r self, name: &str) -> Option<&'r [u8]> {
        self.values(name).next()
    }

    /// Is there a field `name`?
    fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }
}

/// The value of `Content-Type` (RFC 9110 8.3); `None` when there is none, or none in UTF-8.
pub fn content_type(headers: &impl Headers) -> Option<&str> {
    headers.first("content-type").and_then(|value| std::str::from_utf8(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Head;

    #[test]
    fn the_first_of_several_fields_counts() {
        let head = Head::get().with("X-A", "1").with("x-b", "2").with("x-A", "3");
        assert_eq!(head.values("x-a").collect::<Vec<_>>(), [b"1", b"3"]);
        assert_eq!(head.first("X-a"), Some(b"1".as_slice()));
        assert!(head.has("X-B") && !head.has("x") && !head.has("x-bb"));
        assert_eq!(head.first("x-c"), None);
    }

    #[test]
    fn a_content_type_is_text() {
        assert_eq!(content_type(&Head::get()), None);
        let xml = Head::get().with("Content-Type", "text/xml; charset=utf-8");
        assert_eq!(content_type(&xml), Some("text/xml; charset=utf-8"));
        assert_eq!(content_type(&Head::get().with("Content-Type", b"text/\xff")), None);
    }
}
