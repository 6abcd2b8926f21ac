//! URLs of others, as lines give them.

use http::HttpUrl;

use crate::place::{ConfigError, Given};

/// An absolute http(s) URL without white space.
pub(crate) fn check_url(directive: &str, given: &Given<String>) -> Result<(), ConfigError> {
    match HttpUrl::parse(&given.value) {
        Some(_) => Ok(()),
        None => Err(ConfigError::new(
            &given.place,
            format!(
                "\"{directive}\" \"{}\" is no URL; write it whole, like https://idp.example.com/sso",
                given.value
            ),
        )),
    }
}
