//! xs:dateTime as SAML uses it (Core 1.3.3, XML Schema 2 3.2.7): UTC, whole seconds.

use clock::UnixTime;
use jiff::SignedDuration;
use jiff::civil::{DateTime, datetime};

const DAY: i64 = 86_400;
// Not jiff's Timestamp: that ends a day before 9999-12-31T23:59:59Z, which IdPs write for "never".
const EPOCH: DateTime = datetime(1970, 1, 1, 0, 0, 0, 0);
const FIRST: DateTime = datetime(1, 1, 1, 0, 0, 0, 0);

/// The instant of an xs:dateTime; fractions are cut; an offset is applied; no zone means UTC.
///
/// Years have four digits. Impossible dates, leap seconds and anything around the time are refused.
pub fn parse(text: &str) -> Option<UnixTime> {
    // The type's whiteSpace facet is collapse.
    let text = text.trim_matches([' ', '\t', '\r', '\n']).as_bytes();
    let (date, rest) = text.split_first_chunk()?;
    let (time, rest) = rest.strip_prefix(b"T")?.split_first_chunk()?;
    let (year, month, day) = parse_date(date)?;
    let (hour, minute, second) = parse_time(time)?;
    let (fraction, offset) = split_zone(rest)?;
    let is_whole = parse_fraction(fraction)?;
    // 24:00:00 is the schema's other name for the next midnight.
    let next_midnight = hour == 24 && minute == 0 && second == 0 && is_whole;
    let (hour, carry) = if next_midnight { (0, DAY) } else { (hour, 0) };
    let civil = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    Some(UnixTime::from_secs(civil.duration_since(EPOCH).as_secs() + carry - offset))
}

/// `2026-11-21T11:30:00Z`. An instant outside the years 1 to 9999 becomes the nearest one inside.
pub fn format(instant: UnixTime) -> String {
    let since = SignedDuration::from_secs(instant.as_secs());
    let at = EPOCH.saturating_add(since).max(FIRST);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

/// Splits the zone off the fraction; the offset is in seconds east of UTC.
fn split_zone(text: &[u8]) -> Option<(&[u8], i64)> {
    if let Some(fraction) = text.strip_suffix(b"Z") {
        return Some((fraction, 0));
    }
    let Some(sign) = text.iter().position(|b| matches!(b, b'+' | b'-')) else {
        return Some((text, 0));
    };
    let (fraction, zone) = text.split_at_checked(sign)?;
    let (sign, &[h, i, b':', m, n]) = zone.split_first()? else { return None };
    let east = if *sign == b'+' { 1 } else { -1 };
    let (hours, minutes) = (two_digits(h, i)?, two_digits(m, n)?);
    let inside = minutes <= 59 && (hours < 14 || hours == 14 && minutes == 0);
    inside.then_some((fraction, east * (i64::from(hours) * 3600 + i64::from(minutes) * 60)))
}

fn parse_date(date: &[u8; 10]) -> Option<(i16, i8, i8)> {
    let [c, d, y, z, b'-', m, n, b'-', e, f] = *date else { return None };
    let year = i16::from(two_digits(c, d)?) * 100 + i16::from(two_digits(y, z)?);
    (year >= 1).then_some((year, two_digits(m, n)?, two_digits(e, f)?))
}

fn parse_time(time: &[u8; 8]) -> Option<(i8, i8, i8)> {
    let [h, i, b':', m, n, b':', s, t] = *time else { return None };
    Some((two_digits(h, i)?, two_digits(m, n)?, two_digits(s, t)?))
}

/// Nothing, or a point and digits: are they all zeros?
fn parse_fraction(text: &[u8]) -> Option<bool> {
    match text {
        [] => Some(true),
        [b'.', digits @ ..] if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
            Some(digits.iter().all(|digit| *digit == b'0'))
        }
        _ => None,
    }
}

fn two_digits(tens: u8, ones: u8) -> Option<i8> {
    let value =
        |digit: u8| char::from(digit).to_digit(10).and_then(|value| i8::try_from(value).ok());
    Some(value(tens)? * 10 + value(ones)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `date -u -d 2026-11-21T11:30:00Z +%s`
    const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);

    #[test]
    fn zones_lead_to_the_same_instant() {
        for text in [
            "2026-11-21T11:30:00Z",
            "2026-11-21T11:30:00",
            "2026-11-21T11:30:00+00:00",
            "2026-11-21T11:30:00-00:00",
            "2026-11-21T13:00:00+01:30",
            "2026-11-20T21:30:00-14:00",
            "\n 2026-11-21T11:30:00Z\t",
            "2026-11-21T11:30:00.999Z",
            "2026-11-21T11:30:00.1234567890123456789+00:00",
        ] {
            assert_eq!(parse(text), Some(NOW), "{text}");
        }
    }

    #[test]
    fn the_calendar_is_kept() {
        assert_eq!(parse("1970-01-01T00:00:00Z"), Some(UnixTime::from_secs(0)));
        assert_eq!(parse("1969-12-31T23:59:59Z"), Some(UnixTime::from_secs(-1)));
        assert_eq!(parse("2024-02-29T00:00:00Z"), Some(UnixTime::from_secs(1_709_164_800)));
        assert_eq!(parse("2026-11-20T24:00:00Z"), parse("2026-11-21T00:00:00Z"));
        assert_eq!(parse("2026-11-20T24:00:00.000Z"), parse("2026-11-21T00:00:00Z"));
        // What .NET writes for "never".
        assert_eq!(
            parse("9999-12-31T23:59:59.9999999Z"),
            Some(UnixTime::from_secs(253_402_300_799))
        );
    }

    #[test]
    fn what_is_no_date_time_is_refused() {
        for text in [
            "",
            "T",
            "now",
            "1795260600",
            "2026-11-21",
            "2026-11-21 11:30:00Z",
            "2026-11-21t11:30:00Z",
            "2026-11-21T11:30:00z",
            "2026-11-21T11:30Z",
            "2026-11-21T11:30:00.Z",
            "2026-11-21T11:30:00,5Z",
            "2026-11-21T11:30:00.5.5Z",
            "2026-11-21T11:30:00:00Z",
            "2026-11-21T11:30:60Z",
            "2026-11-21T11:60:00Z",
            "2026-11-21T25:00:00Z",
            "2026-11-21T24:00:01Z",
            "2026-11-21T24:00:00.1Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-11-00T00:00:00Z",
            "2026-11-21-01T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "-2026-11-21T11:30:00Z",
            "+026-11-21T11:30:00Z",
            "12026-11-21T11:30:00Z",
            "2026-11-21T+1:30:00Z",
            "2026-11-21T11:30:00ZZ",
            "2026-11-21T11:30:00+0100",
            "2026-11-21T11:30:00+15:00",
            "2026-11-21T11:30:00+14:01",
            "2026-11-21T11:30:00+01:60",
            "2026-11-21T11:30:00+",
            "2026-11-21T11:30:00Z garbage",
            "２026-11-21T11:30:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn formatting_is_the_inverse() {
        assert_eq!(format(NOW), "2026-11-21T11:30:00Z");
        assert_eq!(format(UnixTime::from_secs(0)), "1970-01-01T00:00:00Z");
        assert_eq!(
            parse(&format(UnixTime::from_secs(1_709_164_800))),
            Some(UnixTime::from_secs(1_709_164_800))
        );
        assert_eq!(format(UnixTime::MAX), "9999-12-31T23:59:59Z");
        assert_eq!(format(UnixTime::MIN), "0001-01-01T00:00:00Z");
    }
}
