//! application/x-www-form-urlencoded, for values of many kilobytes (URL 5.1).
//!
//! The same reading as the `form_urlencoded` crate's, which looks at each octet by itself and would
//! take a tenth of a login's time; a test compares the two.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// One raw field of a form.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    raw: &'a [u8],
    /// What follows the `=`.
    pub value: &'a [u8],
}

/// The fields in order, empty ones left out.
pub(super) fn fields(form: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut rest = Some(form);
    let raw_fields = std::iter::from_fn(move || {
        let form = rest?;
        let end = memchr(b'&', form).unwrap_or(form.len());
        rest = form.get(end + 1..);
        form.get(..end)
    });
    raw_fields.filter(|raw| !raw.is_empty()).map(|raw| {
        let equals = memchr(b'=', raw).unwrap_or(raw.len());
        Field { raw, value: raw.get(equals + 1..).unwrap_or_default() }
    })
}

impl<'a> Field<'a> {
    pub(super) fn name(&self) -> Cow<'a, str> {
        let name = self.raw.split(|&b| b == b'=').next().unwrap_or_default();
        form_urlencoded::parse(name).next().map_or(Cow::Borrowed(""), |(name, _)| name)
    }

    /// The decoded value; what is not UTF-8 is replaced.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&decode(self.value)).into_owned()
    }
}

/// `+` is a blank, `%XX` an octet; a `%` that leads nowhere stands for itself.
pub(super) fn decode(raw: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr2(b'%', b'+', rest) {
        let (plain, escaped) = rest.split_at(at);
        decoded.extend_from_slice(plain);
        let (octet, length) = match escaped {
            [b'%', high, low, ..] => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, 3),
                _ => (b'%', 1),
            },
            [b'%', ..] => (b'%', 1),
            _ => (b' ', 1),
        };
        decoded.push(octet);
        rest = escaped.get(length..).unwrap_or_default();
    }
    decoded.extend_from_slice(rest);
    decoded
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_read_as_the_crate_reads_them() {
        for form in [
            "",
            "&",
            "a",
            "a=b&&c=d&",
            "a=b=c&=d",
            "%61%3D=%62%26%c3%a9&a+b=+c+",
            "a=%&b=%4&c=%4g&d=%%41&e=%2&f=%ff%fe",
            "a=%2B%2b+%20",
        ] {
            let ours: Vec<_> =
                fields(form.as_bytes()).map(|f| (f.name().into_owned(), f.text())).collect();
            let theirs: Vec<_> = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
            assert_eq!(ours, theirs, "{form}");
        }
    }
}
