//! Files with an md:Extensions element.

use saml::extensions::Extensions;

use crate::files::Files;
use crate::place::{ConfigError, Given};

/// The element that a file holds.
///
/// # Errors
/// It cannot be read, or cannot stand in metadata.
pub(super) fn read_extensions(
    directive: &str,
    file: &Given<String>,
    files: &Files,
) -> Result<Extensions, ConfigError> {
    Extensions::of_metadata(&files.read(directive, file)?).map_err(|e| {
        ConfigError::new(&file.place, format!("\"{directive}\" \"{}\": {e}", file.value))
    })
}
