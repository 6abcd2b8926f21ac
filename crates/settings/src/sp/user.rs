//! `user SOURCE…`: by what name the application knows people.

use identity::{normalise, uri_tail};
use session::{AttributeName, Selection, UserSource, UserSources};

use crate::place::ConfigError;
use crate::raw::RawSp;
use crate::warnings::Warnings;

/// Validates the sources.
///
/// # Errors
/// One is none.
pub(super) fn user(
    raw: &RawSp,
    attributes: &Selection,
    warnings: &mut Warnings,
) -> Result<UserSources, ConfigError> {
    let Some(given) = &raw.user else { return Ok(UserSources::default()) };
    let mut sources: Vec<UserSource> = Vec::new();
    for word in &given.value {
        let error = |why: String| {
            ConfigError::new(&given.place, format!("\"user\" source \"{word}\" {why}"))
        };
        let source = UserSource::new(word).map_err(error)?;
        if sources.contains(&source) {
            return Err(error("is there already; leave one".to_owned()));
        }
        sources.push(source);
    }
    let sources = UserSources::new(sources);
    let names = sources.attributes().map(AttributeName::as_str);
    for name in names.filter(|name| attributes.named_only && !is_kept(name, attributes)) {
        warnings.add(
            &given.place,
            format!(
                "\"user\" asks for the attribute \"{name}\", which no \"attribute\" line names, and \
                 \"attribute_filter\" leaves it out of sessions; add \"attribute {} {name};\"",
                normalise(name)
            ),
        );
    }
    Ok(sources)
}

/// By the names that are known before an IdP has sent any.
fn is_kept(name: &str, attributes: &Selection) -> bool {
    let wanted = normalise(name);
    attributes.aliases.iter().any(|alias| {
        let names = alias.names.iter().flat_map(|name| [Some(name.as_str()), uri_tail(name)]);
        alias.name == wanted || names.flatten().any(|name| normalise(name) == wanted)
    })
}
