//! Times and sizes as nginx writes them, and takes them: what it refuses is refused here, too.

/// A unit of time.
struct Unit {
    name: &'static str,
    milliseconds: i64,
}

const fn unit(name: &'static str, milliseconds: i64) -> Unit {
    Unit { name, milliseconds }
}

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// From the largest to the smallest, in which order they stand in a time.
static UNITS: [Unit; 8] = [
    unit("y", 365 * DAY),
    unit("M", 30 * DAY),
    unit("w", 7 * DAY),
    unit("d", DAY),
    unit("h", HOUR),
    unit("m", MINUTE),
    unit("s", SECOND),
    unit("ms", 1),
];

/// Whole seconds: `90`, `30s`, `8h`, `1h30m`, `1d 12h`. `None` = nginx would not take it.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    time(text, SECOND, UNITS.iter().filter(|unit| unit.milliseconds >= SECOND))
}

/// Milliseconds: `500ms`, `1s`, `1` for a second. `None` = nginx would not take it.
pub(crate) fn milliseconds(text: &str) -> Option<i64> {
    // nginx knows no months and years here.
    time(text, 1, UNITS.iter().filter(|unit| unit.milliseconds <= 7 * DAY))
}

/// The sum of all numbers, counted in steps of so many milliseconds. `units` are those that may still
/// come; a number without one is seconds.
fn time<'u>(text: &str, step: i64, mut units: impl Iterator<Item = &'u Unit>) -> Option<i64> {
    // nginx takes "1hm" for an hour, but wants a number somewhere.
    if !text.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut total: i64 = 0;
    let mut rest = text;
    // A blank may stand in the place of the seconds' unit, as long as none so small has come; no unit
    // comes after it.
    let (mut may_be_blank, mut was_blank) = (true, false);
    while !rest.is_empty() {
        let (number, after) = number(rest)?;
        let name = unit_name(after);
        let unit = match name {
            "" => SECOND,
            " " if may_be_blank => SECOND,
            _ if was_blank => return None,
            name => units.find(|unit| unit.name == name)?.milliseconds,
        };
        may_be_blank &= unit > SECOND;
        was_blank |= name == " ";
        total = total.checked_add(number.checked_mul(unit / step)?)?;
        rest = after.get(name.len()..)?.trim_start_matches(' ');
    }
    Some(total)
}

/// The digits that `text` begins with, none being 0, and what follows them.
fn number(text: &str) -> Option<(i64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, after) = text.split_at_checked(end)?;
    let number = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    Some((number, after))
}

/// The unit that `text` begins with, or one character that is none.
fn unit_name(text: &str) -> &str {
    let len = text.chars().next().map_or(0, char::len_utf8);
    if text.starts_with("ms") { "ms" } else { text.get(..len).unwrap_or_default() }
}

/// Bytes: `4096`, `256k`, `16m`. `None` = nginx would not take it.
pub(crate) fn size(text: &str) -> Option<u64> {
    let (digits, scale) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1 << 10),
        None => match text.strip_suffix(['m', 'M']) {
            Some(digits) => (digits, 1 << 20),
            None => (text, 1),
        },
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // nginx counts in a signed type.
    let size = digits.parse::<i64>().ok()?.checked_mul(scale)?;
    u64::try_from(size).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_of_seconds() {
        for (text, expected) in [
            ("0", 0),
            ("90", 90),
            ("007", 7),
            ("1s", 1),
            ("1m", 60),
            ("1h", 3600),
            ("1d", 86_400),
            ("1w", 604_800),
            ("1M", 2_592_000),
            ("1y", 31_536_000),
            ("2y3M4w5d6h7m8s", 73_721_228),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn every_unit_of_milliseconds() {
        for (text, expected) in [
            ("0", 0),
            ("2", 2000),
            ("500ms", 500),
            ("1s", 1000),
            ("1m", 60_000),
            ("1h", 3_600_000),
            ("1d", 86_400_000),
            ("1w", 604_800_000),
            ("1m1ms", 60_001),
            ("1s5ms", 1005),
            ("1s 5ms", 1005),
        ] {
            assert_eq!(milliseconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn units_go_from_large_to_small() {
        for (text, expected) in [
            ("1h30m", Some(5400)),
            ("1h 30m", Some(5400)),
            ("1h  30m ", Some(5400)),
            ("1h30", Some(3630)),
            ("1d 12h", Some(129_600)),
            ("30m1h", None),
            ("1h1h", None),
            ("1s1s", None),
            ("1s1h", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
        assert_eq!(milliseconds("5ms1s"), None);
        assert_eq!(milliseconds("5ms5ms"), None);
    }

    #[test]
    fn numbers_without_a_unit_are_seconds() {
        for (text, expected) in [
            (" 5", Some(5)),
            ("5 ", Some(5)),
            ("1 2", Some(3)),
            ("1s5", Some(6)),
            ("1s 5", Some(6)),
            ("1m 5 ", Some(65)),
            ("1 2 3", None),
            ("1s5 ", None),
            ("1 h", None),
            (" 1h", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
        assert_eq!(milliseconds("1ms 2"), Some(2001));
        assert_eq!(milliseconds("1ms 2 "), None);
    }

    #[test]
    fn a_unit_may_lack_its_number() {
        assert_eq!(seconds("1hm"), Some(3600));
        assert_eq!(seconds("h1"), Some(1));
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "", " ", "h", "soon", "1x", "1H", "1S", "-1", "+1", "1.5h", "1,5", "0x1", "1h30min",
            "1µs", "١", "1\t", "1h-30m",
        ] {
            assert_eq!(seconds(text), None, "{text}");
            assert_eq!(milliseconds(text), None, "{text}");
        }
        assert_eq!(seconds("5ms"), None, "seconds have no parts");
        assert_eq!(milliseconds("1M"), None, "nginx knows no months in milliseconds");
        assert_eq!(milliseconds("1y"), None);
    }

    #[test]
    fn times_end_where_nginx_cannot_count() {
        assert_eq!(seconds("9223372036854775807"), Some(i64::MAX));
        assert_eq!(seconds("9223372036854775808"), None);
        assert_eq!(seconds("99999999999999999999999"), None);
        assert_eq!(seconds("153722867280912930m"), Some(9_223_372_036_854_775_800));
        assert_eq!(seconds("153722867280912930m7"), Some(i64::MAX));
        assert_eq!(seconds("153722867280912930m8"), None);
        assert_eq!(seconds("153722867280912931m"), None);
        assert_eq!(milliseconds("9223372036854775807ms"), Some(i64::MAX));
        assert_eq!(milliseconds("9223372036854776"), None);
    }

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("0", Some(0)),
            ("4096", Some(4096)),
            ("1k", Some(1024)),
            ("1K", Some(1024)),
            ("16m", Some(16 << 20)),
            ("16M", Some(16 << 20)),
            ("9223372036854775807", Some(9_223_372_036_854_775_807)),
            ("9223372036854775808", None),
            ("8796093022207m", Some(9_223_372_036_853_727_232)),
            ("8796093022208m", None),
            ("", None),
            ("k", None),
            ("1g", None),
            ("1kk", None),
            ("1 k", None),
            (" 1", None),
            ("-1", None),
            ("+1", None),
            ("many", None),
        ] {
            assert_eq!(size(text), expected, "{text}");
        }
    }
}
