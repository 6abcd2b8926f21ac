//! Which name was meant.

/// The one of `names` that `word` most resembles, if it could be a slip of the pen: at most one
/// letter in three is another.
pub(crate) fn nearest<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let word = word.to_ascii_lowercase();
    names
        .into_iter()
        .map(|name| (distance(&word, name), name))
        .filter(|(distance, name)| *distance * 3 <= name.len().max(word.len()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Letters to put in, leave out, change or swap with their neighbour (Damerau, Levenshtein; each
/// place once).
fn distance(left: &str, right: &str) -> usize {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, letter) in left.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let at = |line: &[usize], column| line.get(column).copied().unwrap_or(usize::MAX / 2);
            let mut cost = (at(&above, column) + usize::from(letter != other))
                .min(at(&above, column + 1) + 1)
                .min(at(&line, column) + 1);
            let swapped = column.checked_sub(1).zip(row.checked_sub(1)).filter(|&(column, row)| {
                right.get(column) == Some(letter) && left.get(row) == Some(other)
            });
            if let Some((column, _)) = swapped {
                cost = cost.min(at(&before, column) + 1);
            }
            line.push(cost);
        }
        before = std::mem::replace(&mut above, line);
    }
    above.last().copied().unwrap_or(left.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 6] =
        ["metadata", "entity_id", "session_lifetime", "idp", "zone", "cookie_name"];

    #[test]
    fn distances() {
        for (left, right, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("abc", "abd", 1),
            ("abc", "acb", 1),
            ("abc", "bc", 1),
            ("abc", "xabc", 1),
            ("kitten", "sitting", 3),
            ("ab", "ba", 1),
            ("abcdef", "badcfe", 3),
        ] {
            assert_eq!(distance(left, right), expected, "{left} {right}");
            assert_eq!(distance(right, left), expected, "{right} {left}");
        }
    }

    #[test]
    fn slips_are_understood() {
        for (word, meant) in [
            ("metadatum", "metadata"),
            ("metdata", "metadata"),
            ("meatdata", "metadata"),
            ("entityid", "entity_id"),
            ("entityId", "entity_id"),
            ("zones", "zone"),
            ("session_livetime", "session_lifetime"),
            ("cookie-name", "cookie_name"),
            ("ipd", "idp"),
        ] {
            assert_eq!(nearest(word, NAMES), Some(meant), "{word}");
        }
    }

    #[test]
    fn other_words_are_not() {
        for word in ["", "x", "proxy_pass", "certificate", "lifetime"] {
            assert_eq!(nearest(word, NAMES), None, "{word}");
        }
    }
}
