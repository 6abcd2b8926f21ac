//! How long an SP's sessions live, and what their attributes are called.

use clock::Seconds;
use identity::normalise;
use session::{Separator, SpId};
use sp::SessionRules;

use crate::place::{ConfigError, Given};
use crate::raw::RawSp;
use crate::warnings::Warnings;

/// Validates the settings.
///
/// # Errors
/// Attributes could not be told apart.
pub(super) fn session_rules(
    raw: &RawSp,
    sp: SpId,
    entity_id: &str,
    unsigned_logout: bool,
    warnings: &mut Warnings,
) -> Result<SessionRules, ConfigError> {
    let lifetime = raw.session_lifetime.as_ref().map_or(Seconds(8 * 3600), |g| g.value);
    let idle = raw.session_idle_timeout.as_ref();
    if let Some(Given { value: Some(idle), place }) = idle
        && *idle > lifetime
    {
        warnings.add(
            place,
            format!(
                "\"session_idle_timeout\" {idle}s is longer than \"session_lifetime\" \
                 {lifetime}s and never matters; shorten it, or say off"
            ),
        );
    }
    Ok(SessionRules {
        sp,
        sp_entity_id: entity_id.to_owned(),
        lifetime,
        idle_timeout: idle.map_or(Some(Seconds(3600)), |g| g.value),
        unsigned_logout,
        aliases: aliases(raw)?,
        separator: raw.attribute_separator.as_ref().map(separator).transpose()?.unwrap_or_default(),
    })
}

fn separator(given: &Given<String>) -> Result<Separator, ConfigError> {
    Separator::new(&given.value).map_err(|why| {
        let text = given.value.escape_debug();
        let message = format!(
            "\"attribute_separator\" \"{text}\" {why}, so that values could not be told apart; try \
             \";\" or \"|\""
        );
        ConfigError::new(&given.place, message)
    })
}

fn aliases(raw: &RawSp) -> Result<Vec<(String, Vec<String>)>, ConfigError> {
    let mut aliases: Vec<(String, Vec<String>)> = Vec::new();
    for given in &raw.attribute {
        let Some((alias, names)) = given.value.split_first() else { continue };
        if alias.is_empty() || normalise(alias) != *alias {
            return Err(ConfigError::new(
                &given.place,
                format!(
                    "\"attribute\" alias \"{alias}\" must be lower-case letters, digits and \
                     underscores, as it becomes part of $saml_attr_…; try \"{}\"",
                    normalise(alias)
                ),
            ));
        }
        if aliases.iter().any(|(other, _)| other == alias) {
            return Err(ConfigError::new(
                &given.place,
                format!(
                    "\"attribute\" alias \"{alias}\" is duplicate; put all names on one line, the \
                     first that the IdP sends counts"
                ),
            ));
        }
        aliases.push((alias.clone(), names.to_vec()));
    }
    Ok(aliases)
}
