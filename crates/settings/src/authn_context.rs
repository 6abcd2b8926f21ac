//! Authentication contexts, as lines ask for them.

use identity::{Comparison, RequestedAuthnContext};

use crate::line::Line;

/// Classes and `comparison=`.
///
/// # Errors
/// None is named, or something is neither.
pub(crate) fn authn_context(line: &Line<'_>) -> Result<RequestedAuthnContext, String> {
    let mut asked =
        RequestedAuthnContext { classes: Vec::new(), comparison: Comparison::default() };
    for &arg in &line.args {
        match arg.strip_prefix("comparison=") {
            Some(name) => {
                asked.comparison = Comparison::from_name(name).ok_or_else(|| {
                    format!(
                        "invalid comparison \"{name}\", it must be exact, minimum, maximum or better"
                    )
                })?;
            }
            None => asked.classes.push(class_uri(arg)?),
        }
    }
    if asked.classes.is_empty() {
        return Err(format!("\"{}\" names no class; give one or more", line.name));
    }
    Ok(asked)
}

/// A short name of the classes that the AuthnContext specification (3.4) defines, or a URI.
fn class_uri(name: &str) -> Result<String, String> {
    if name.contains(':') {
        return Ok(name.to_owned());
    }
    if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(format!("urn:oasis:names:tc:SAML:2.0:ac:classes:{name}"));
    }
    Err(format!("\"{name}\" is neither a URI nor a class like PasswordProtectedTransport"))
}
