//! `session_attributes`: what `saml_session` shows.

use session::Selection;
use sp::SessionAttributes;

use crate::place::ConfigError;
use crate::raw::RawSp;

/// Validates the line; without one those are shown that `attribute` lines name.
///
/// # Errors
/// It says two things, or one twice.
pub(super) fn session_attributes(
    raw: &RawSp,
    selection: &Selection,
) -> Result<SessionAttributes, ConfigError> {
    let Some(given) = &raw.session_attributes else {
        let aliases = selection.aliases.iter().map(|alias| alias.name.clone());
        return Ok(SessionAttributes::Named(aliases.collect()));
    };
    let refuse =
        |why: String| Err(ConfigError::new(&given.place, format!("\"session_attributes\" {why}")));
    let words = given.value.as_slice();
    match words {
        [word] if word == "all" => return Ok(SessionAttributes::All),
        [word] if word == "none" => return Ok(SessionAttributes::Named(Vec::new())),
        _ => {}
    }
    for (place, word) in words.iter().enumerate() {
        if ["all", "none"].contains(&word.as_str()) {
            return refuse(format!(
                "has \"{word}\" beside others; leave it alone, or take it away"
            ));
        }
        if word.is_empty() || words.iter().take(place).any(|known| known == word) {
            return refuse(format!("has \"{word}\" twice, or an empty name; leave each once"));
        }
    }
    Ok(SessionAttributes::Named(words.to_vec()))
}
