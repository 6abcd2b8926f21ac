//! xml:lang.

use crate::place::{ConfigError, Place};

/// The language tag `text` (BCP 47), as far as its letters go.
///
/// # Errors
/// It can be none.
pub(super) fn language(directive: &str, place: &Place, text: &str) -> Result<String, ConfigError> {
    let is_part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    if text.len() <= 35 && text.split('-').all(is_part) {
        return Ok(text.to_owned());
    }
    Err(ConfigError::new(
        place,
        format!("invalid language \"{text}\" in \"{directive}\", it must be like en, de or pt-BR"),
    ))
}

/// Is the language at `index` new there?
///
/// # Errors
/// One before is the same, and nobody knew which of the two to show.
pub(super) fn once_for_each_language(
    directive: &str,
    place: &Place,
    languages: impl Iterator<Item = String>,
    index: usize,
) -> Result<(), ConfigError> {
    let before: Vec<String> = languages.take(index + 1).collect();
    match before.split_last() {
        Some((lang, before)) if before.iter().any(|other| other.eq_ignore_ascii_case(lang)) => {
            Err(ConfigError::new(
                place,
                format!("\"{directive}\" has the language \"{lang}\" twice; leave one"),
            ))
        }
        _ => Ok(()),
    }
}
