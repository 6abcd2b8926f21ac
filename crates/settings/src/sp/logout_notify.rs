//! The applications that hear of logouts.

use std::rc::Rc;

use crate::place::ConfigError;
use crate::raw::RawSp;

/// A logout makes so many requests at once, and each again when it fails.
const MOST: usize = 16;

/// Their paths.
///
/// # Errors
/// One is no path, or stands twice, or they are too many.
pub(super) fn logout_notify(raw: &RawSp) -> Result<Rc<[String]>, ConfigError> {
    let mut paths: Vec<String> = Vec::new();
    for given in &raw.logout_notify {
        let wrong = |what: String| Err(ConfigError::new(&given.place, what));
        let path = &given.value;
        if !path.starts_with('/') || path.contains(['?', '#']) {
            return wrong(format!(
                "\"logout_notify\" \"{path}\" must be the path of a location, without arguments, like \
                 /saml/logged-out"
            ));
        }
        if paths.contains(path) {
            return wrong(format!(
                "\"logout_notify\" \"{path}\" stands twice, its application would be told twice; leave one"
            ));
        }
        if paths.len() == MOST {
            return wrong(format!(
                "\"logout_notify\" \"{path}\" is one too many: a logout tells {MOST} applications at most; \
                 let one location tell several"
            ));
        }
        paths.push(path.clone());
    }
    Ok(paths.into())
}
