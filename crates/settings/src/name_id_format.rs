//! Formats of NameIDs: a short name of Core 8.3, or a URI.

use crate::nearest::nearest;

const SAML1: [&str; 4] =
    ["unspecified", "emailAddress", "X509SubjectName", "WindowsDomainQualifiedName"];
const SAML2: [&str; 4] = ["kerberos", "entity", "persistent", "transient"];

/// The URI that `name` stands for in a line of `directive`.
///
/// # Errors
/// It is none of the short names and no URI: IdPs would answer InvalidNameIDPolicy, or nothing.
pub(crate) fn uri(directive: &str, name: &str) -> Result<String, String> {
    if SAML1.contains(&name) {
        return Ok(format!("urn:oasis:names:tc:SAML:1.1:nameid-format:{name}"));
    }
    if SAML2.contains(&name) {
        return Ok(format!("urn:oasis:names:tc:SAML:2.0:nameid-format:{name}"));
    }
    let is_uri = name.contains(':') && !name.contains(|c: char| c.is_whitespace());
    if is_uri {
        return Ok(name.to_owned());
    }
    let known = || SAML1.into_iter().chain(SAML2);
    let advice = match nearest(name, known()) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => format!("it must be a URI, or one of {}", known().collect::<Vec<_>>().join(", ")),
    };
    Err(format!("\"{directive}\" \"{name}\" is no name of Core 8.3 and no URI; {advice}"))
}
