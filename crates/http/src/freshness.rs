//! How long an answer holds, and how to ask whether it still does (RFC 9111, RFC 9110 8.8, 13.1).

use std::time::UNIX_EPOCH;

use clock::{Seconds, UnixTime};

use crate::answer::Answer;
use crate::headers::Headers;

/// No lifetime is longer: it could not be told from a mistake (RFC 9111 1.2.2 has it, too).
const LONGEST: Seconds = Seconds(1 << 31);

/// What an answer says of its own future. The server may say what it likes: whoever uses this has bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Freshness {
    /// For so long from now it need not be asked for again; 0 to 2³¹ seconds. `None` = the server does
    /// not say.
    pub lifetime: Option<Seconds>,
    /// An entity tag as it came, quotes included.
    pub etag: Option<String>,
    /// A date as it came.
    pub last_modified: Option<String>,
}

impl Freshness {
    /// Of an answer that came at `now`.
    pub fn of(answer: &Answer, now: UnixTime) -> Self {
        let text = |name| answer.first(name).and_then(|value| std::str::from_utf8(value).ok());
        Self {
            lifetime: lifetime(answer, now),
            etag: text("etag").filter(|tag| is_entity_tag(tag)).map(str::to_owned),
            last_modified: text("last-modified")
                .filter(|date| parse_date(date).is_some())
                .map(str::to_owned),
        }
    }

    /// After a 304 that came at `now`: what that says anew, and the rest as it was (RFC 9111 4.3.4).
    #[must_use]
    pub fn renewed(self, not_modified: &Answer, now: UnixTime) -> Self {
        let new = Self::of(not_modified, now);
        Self {
            lifetime: new.lifetime,
            etag: new.etag.or(self.etag),
            last_modified: new.last_modified.or(self.last_modified),
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

/// What is left of it (RFC 9111 4.2): `Cache-Control` before `Expires`, less the age it came with.
fn lifetime(answer: &Answer, now: UnixTime) -> Option<Seconds> {
    let age = answer.first("age").and_then(delta_seconds).unwrap_or(Seconds(0));
    let whole = cache_control(answer).or_else(|| expires(answer, now))?;
    Some(Seconds(whole.0.saturating_sub(age.0)).clamp(Seconds(0), LONGEST))
}

/// The shortest that it says; who must not keep it, or must ask each time, has none.
fn cache_control(answer: &Answer) -> Option<Seconds> {
    answer.values("cache-control").flat_map(directives).filter_map(directive_lifetime).min()
}

fn directive_lifetime(directive: &[u8]) -> Option<Seconds> {
    let mut parts = directive.splitn(2, |&b| b == b'=');
    let name = parts.next().unwrap_or_default().trim_ascii();
    let value = parts.next().map(<[u8]>::trim_ascii);
    if name.eq_ignore_ascii_case(b"max-age") {
        // What cannot be read is no permission (RFC 9111 4.2.1).
        return Some(value.and_then(|value| delta_seconds(unquoted(value))).unwrap_or(Seconds(0)));
    }
    // With field names they are about these alone.
    let forbids = name.eq_ignore_ascii_case(b"no-store") || name.eq_ignore_ascii_case(b"no-cache");
    (forbids && value.is_none()).then_some(Seconds(0))
}

/// What commas outside of quotes separate.
fn directives(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    value.split(move |&b| {
        let ends = b == b',' && !quoted;
        quoted ^= b == b'"' && !escaped;
        escaped = quoted && b == b'\\' && !escaped;
        ends
    })
}

fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value)
}

/// Digits only (RFC 9111 1.2.2).
fn delta_seconds(value: &[u8]) -> Option<Seconds> {
    let digits = std::str::from_utf8(value).ok().filter(|text| !text.is_empty())?;
    let digits = digits.bytes().all(|b| b.is_ascii_digit()).then_some(digits)?;
    // So many digits are a long time, too.
    Some(digits.parse().map_or(LONGEST, Seconds).min(LONGEST))
}

/// From the server's own clock where it says what that shows; what is no date is past (RFC 9111 5.3).
fn expires(answer: &Answer, now: UnixTime) -> Option<Seconds> {
    let date = |value: &[u8]| std::str::from_utf8(value).ok().and_then(parse_date);
    let expires = date(answer.first("expires")?);
    let from = answer.first("date").and_then(date).unwrap_or(now);
    Some(expires.map_or(Seconds(0), |expires| expires - from))
}

fn parse_date(text: &str) -> Option<UnixTime> {
    let date = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(date.as_secs()).ok().map(UnixTime::from_secs)
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

    /// Sun, 06 Nov 1994 08:49:37 GMT.
    const NOW: UnixTime = UnixTime::from_secs(784_111_777);

    fn answer(fields: &[(&str, &str)]) -> Answer {
        let field = |&(name, value): &(&str, &str)| (name.to_owned(), value.as_bytes().to_owned());
        Answer { status: 200, fields: fields.iter().map(field).collect(), body: Vec::new() }
    }

    fn of(fields: &[(&str, &str)]) -> Freshness {
        Freshness::of(&answer(fields), NOW)
    }

    #[test]
    fn cache_control_says_how_long() {
        for (value, seconds) in [
            ("max-age=60", Some(60)),
            ("public, MAX-AGE = \"60\"", Some(60)),
            ("max-age=60, max-age=30", Some(30)),
            ("max-age=60, no-cache", Some(0)),
            ("no-store", Some(0)),
            ("no-cache=\"set-cookie, max-age=5\", max-age=60", Some(60)),
            ("x=\"a\\\", no-store\", max-age=60", Some(60)),
            ("max-age=99999999999999999999", Some(1 << 31)),
            ("max-age=4294967296", Some(1 << 31)),
            ("max-age=-1", Some(0)),
            ("max-age=+1", Some(0)),
            ("max-age=", Some(0)),
            ("max-age", Some(0)),
            ("max-age=1.5", Some(0)),
            ("s-maxage=60, must-revalidate", None),
            ("xmax-age=60", None),
            ("", None),
        ] {
            let lifetime = of(&[("Cache-Control", value)]).lifetime;
            assert_eq!(lifetime, seconds.map(Seconds), "{value}");
        }
        let two = of(&[("cache-control", "public"), ("cache-control", "max-age=60")]);
        assert_eq!(two.lifetime, Some(Seconds(60)));
    }

    #[test]
    fn age_is_time_that_has_passed() {
        for (age, seconds) in [("20", 40), ("60", 0), ("61", 0), ("x", 60), ("-5", 60)] {
            let lifetime = of(&[("Cache-Control", "max-age=60"), ("Age", age)]).lifetime;
            assert_eq!(lifetime, Some(Seconds(seconds)), "{age}");
        }
    }

    #[test]
    fn expires_is_for_those_who_say_nothing_else() {
        let expires = ("Expires", "Sun, 06 Nov 1994 08:51:37 GMT");
        assert_eq!(of(&[expires]).lifetime, Some(Seconds(120)));
        let date = ("Date", "Sunday, 06-Nov-94 08:51:07 GMT");
        assert_eq!(of(&[expires, date]).lifetime, Some(Seconds(30)));
        assert_eq!(of(&[expires, ("Date", "today")]).lifetime, Some(Seconds(120)));
        assert_eq!(of(&[expires, ("Cache-Control", "max-age=5")]).lifetime, Some(Seconds(5)));
        for past in ["0", "-1", "Sun Nov  6 08:49:36 1994", "Thu, 01 Jan 1970 00:00:00 GMT", ""] {
            assert_eq!(of(&[("Expires", past)]).lifetime, Some(Seconds(0)), "{past}");
        }
        assert_eq!(of(&[]), Freshness::default());
    }

    #[test]
    fn conditions_are_what_the_server_said() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        for tag in ["\"a\"", "W/\"a,b\"", "\"\"", "\"a\\\""] {
            let freshness = of(&[("ETag", tag), ("Last-Modified", date)]);
            let conditions: Vec<_> = freshness.conditions().collect();
            assert_eq!(conditions, [("If-None-Match", tag), ("If-Modified-Since", date)]);
        }
        for tag in ["a", "\"", "w/\"a\"", "\"a\"b\"", "\"a b\"", "\"é\"", "*", "\"a\", \"b\"", ""]
        {
            let freshness = of(&[("ETag", tag), ("Last-Modified", "yesterday")]);
            assert_eq!(freshness.conditions().count(), 0, "{tag}");
        }
    }

    #[test]
    fn what_did_not_change_lives_on() {
        let first = of(&[("ETag", "\"a\""), ("Cache-Control", "max-age=60")]);
        let renewed = first.clone().renewed(&answer(&[("Cache-Control", "max-age=5")]), NOW);
        assert_eq!(renewed, Freshness { lifetime: Some(Seconds(5)), ..first.clone() });
        let renewed = first.renewed(&answer(&[("ETag", "\"b\"")]), NOW);
        assert_eq!((renewed.lifetime, renewed.etag.as_deref()), (None, Some("\"b\"")));
    }
}
