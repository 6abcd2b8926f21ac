//! How long an SP's sessions live, and what they know of people.

use clock::Seconds;
use session::{Separator, SpId};
use sp::SessionRules;

use super::attributes::selection;
use super::user::user;
use crate::place::{ConfigError, Given};
use crate::raw::RawSp;
use crate::warnings::Warnings;

/// Validates the settings.
///
/// # Errors
/// Attributes could not be told apart, or what becomes of them is not clear.
pub(super) fn session_rules(
    raw: &RawSp,
    sp: SpId,
    entity_id: &str,
    several_origins: bool,
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
    let attributes = selection(raw)?;
    let user = user(raw, &attributes, warnings)?;
    Ok(SessionRules {
        sp,
        sp_entity_id: entity_id.to_owned(),
        several_origins,
        lifetime,
        idle_timeout: idle.map_or(Some(Seconds(3600)), |g| g.value),
        keeps_address: raw.session_address.as_ref().is_none_or(|given| given.value),
        unsigned_logout,
        attributes,
        refuse_group_overage: raw.on_group_overage.as_ref().is_some_and(|given| given.value),
        user,
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
