//! xs:duration as metadata uses it (XML Schema 2 3.2.6).

use clock::Seconds;
use jiff::Span;
use jiff::fmt::temporal::SpanParser;

/// Seconds.
const DAY: i64 = 86_400;

/// The seconds of an xs:duration: a month counts 30 days and a year 365, fractions are cut.
///
/// `None` for a negative one, and for what is no xs:duration.
pub(crate) fn parse(text: &str) -> Option<Seconds> {
    // The type's whiteSpace facet is collapse.
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let is_of_the_type =
        |b: u8| matches!(b, b'0'..=b'9' | b'P' | b'Y' | b'M' | b'D' | b'T' | b'H' | b'S' | b'.');
    if !text.starts_with('P') || !text.bytes().all(is_of_the_type) {
        return None;
    }
    let span = SpanParser::new().parse_span(text).ok()?;
    Some(Seconds(days(&span) * DAY + seconds_of_day(&span)))
}

fn days(span: &Span) -> i64 {
    i64::from(span.get_years()) * 365
        + i64::from(span.get_months()) * 30
        + i64::from(span.get_days())
}

fn seconds_of_day(span: &Span) -> i64 {
    let minutes = i64::from(span.get_hours()) * 60 + span.get_minutes();
    minutes * 60 + span.get_seconds()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_seconds() {
        for (text, seconds) in [
            ("PT1H", 3600),
            ("PT5M30.999S", 330),
            ("P1D", DAY),
            ("P1Y2M3DT4H5M6S", (365 + 60 + 3) * DAY + 4 * 3600 + 5 * 60 + 6),
            (" PT0S\n", 0),
            ("PT604800S", 604_800),
        ] {
            assert_eq!(parse(text), Some(Seconds(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_none() {
        for text in [
            "", "P", "PT", "-PT1H", "+PT1H", "pt1h", "1 hour", "3600", "P1W", "PT1H ago", "P1H",
            "PT1.5H1M",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&format!("P{}Y", "9".repeat(40))), None);
    }
}
