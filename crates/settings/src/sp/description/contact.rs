//! `contact TYPE EMAIL [NAME] [surname=TEXT] [company=TEXT] [telephone=TEXT] [mailto=on|off]
//! [extensions=FILE]`.

use saml::metadata::{Contact, ContactKind};

use super::extensions::read_extensions;
use crate::files::Files;
use crate::place::{ConfigError, Given};

const KINDS: [(&str, ContactKind); 6] = [
    ("technical", ContactKind::Technical),
    ("support", ContactKind::Support),
    ("administrative", ContactKind::Administrative),
    ("billing", ContactKind::Billing),
    ("security", ContactKind::Security),
    ("other", ContactKind::Other),
];

/// One contact.
///
/// # Errors
/// There is no such type, an argument is of no use, or its file is not to be had.
pub(super) fn contact(given: &Given<Vec<String>>, files: &Files) -> Result<Contact, ConfigError> {
    let mut words = given.value.iter();
    let mut word = || words.next().map(String::as_str).unwrap_or_default();
    let (kind, email) = (word(), word().to_owned());
    let Some(&(_, kind)) = KINDS.iter().find(|(name, _)| *name == kind) else {
        return Err(ConfigError::new(
            &given.place,
            format!(
                "\"contact\" type \"{kind}\" must be technical, support, administrative, billing, \
                 security or other (Metadata 2.3.2.2)"
            ),
        ));
    };
    let mut contact = Contact {
        kind,
        email,
        is_uri: true,
        name: None,
        surname: None,
        company: None,
        telephone: None,
        extensions: None,
    };
    for (index, word) in words.enumerate() {
        let text = |value: &str| Some(value.to_owned());
        match word.split_once('=') {
            Some(("surname", value)) => contact.surname = text(value),
            Some(("company", value)) => contact.company = text(value),
            Some(("telephone", value)) => contact.telephone = text(value),
            Some(("mailto", "on")) => contact.is_uri = true,
            Some(("mailto", "off")) => contact.is_uri = false,
            Some(("extensions", file)) => {
                let file = Given { value: file.to_owned(), place: given.place.clone() };
                contact.extensions = Some(read_extensions("contact", &file, files)?);
            }
            _ if index == 0 => contact.name = text(word),
            _ => {
                return Err(ConfigError::new(
                    &given.place,
                    format!(
                        "invalid parameter \"{word}\" in \"contact\", behind the name it must be \
                         surname=, company=, telephone=, mailto=on|off or extensions="
                    ),
                ));
            }
        }
    }
    Ok(contact)
}
