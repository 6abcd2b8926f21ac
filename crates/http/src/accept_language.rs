//! The languages that somebody reads (RFC 9110 12.5.4).

use std::cmp::Reverse;

use crate::headers::Headers;

/// As many are looked at; browsers send three or four.
const MAX_LANGUAGES: usize = 16;

/// The languages of `Accept-Language` in lower case, the best first. A wildcard says none.
pub fn languages(headers: &impl Headers) -> Vec<String> {
    let value = headers.first("accept-language").and_then(|value| std::str::from_utf8(value).ok());
    let ranges = value.unwrap_or_default().split(',').take(MAX_LANGUAGES);
    let mut ranges: Vec<_> = ranges.filter_map(range).collect();
    ranges.sort_by_key(|(_, quality)| Reverse(*quality));
    ranges.into_iter().map(|(range, _)| range).collect()
}

/// A language range and its quality in thousandths; `None` = it is not wanted, or malformed.
fn range(text: &str) -> Option<(String, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next()?.to_ascii_lowercase();
    let is_tag = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if range.is_empty() || range.len() > 35 || !range.bytes().all(is_tag) {
        return None;
    }
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let quality = weight.map_or(Some(1000), thousandths)?;
    (quality > 0).then_some((range, quality))
}

/// A weight (RFC 9110 12.4.2), of whatever is weighed; `None` = malformed.
pub(crate) fn thousandths(weight: &str) -> Option<u16> {
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let decimals: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(decimals),
        "1" => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Head;

    #[test]
    fn languages_come_by_their_quality() {
        for (header, expected) in [
            ("de", vec!["de"]),
            ("de-CH,de;q=0.9,en;q=0.8", vec!["de-ch", "de", "en"]),
            ("en;q=0.3, sv ;q=0.31 ,fi; q=1.000", vec!["fi", "sv", "en"]),
            ("da, en-gb;q=0.8, *;q=0.1", vec!["da", "en-gb"]),
            ("en;q=0,fr;q=0.001", vec!["fr"]),
            ("en;q=2,fr;q=x,de;q=0.1234,it;q=-1,nl", vec!["nl"]),
            ("<b>,\"x\",;q=1,,de_AT", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(
                languages(&Head::get().with("Accept-Language", header)),
                expected,
                "{header}"
            );
        }
        assert!(languages(&Head::get()).is_empty());
    }

    #[test]
    fn a_long_list_is_cut() {
        let header = "de,".repeat(10_000);
        assert_eq!(languages(&Head::get().with("Accept-Language", header)).len(), MAX_LANGUAGES);
    }
}
