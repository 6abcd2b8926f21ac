//! What an SP says of itself in its metadata.

mod attribute_services;
mod contact;
mod extensions;
mod language;
mod presentation;

use saml::extensions::Extensions;
use saml::metadata::{EntityAttribute, Organization, SpDescription};

use self::attribute_services::attribute_services;
use self::contact::contact;
use self::extensions::read_extensions;
use self::language::{language, once_for_each_language};
use self::presentation::presentation;
use crate::files::Files;
use crate::place::{ConfigError, Given};
use crate::raw::RawSp;

/// Validates it.
///
/// # Errors
/// What IdPs would not read: no schema allows it, or a file holds something else.
pub(super) fn description(
    raw: &RawSp,
    entity_id: &str,
    files: &Files,
) -> Result<SpDescription, ConfigError> {
    let organizations = raw.organization.iter().map(organization).collect::<Result<Vec<_>, _>>()?;
    for (index, given) in raw.organization.iter().enumerate() {
        let lang = |organization: &Organization| organization.lang.clone();
        once_for_each_language(
            "organization",
            &given.place,
            organizations.iter().map(lang),
            index,
        )?;
    }
    let contacts = raw.contact.iter().map(|given| contact(given, files));
    let entity_attributes = raw.entity_attribute.iter().map(entity_attribute);
    let [entity_extensions, role_extensions] = extensions(raw, files)?;
    Ok(SpDescription {
        attribute_services: attribute_services(raw, &organizations, entity_id)?,
        organizations,
        contacts: contacts.collect::<Result<_, _>>()?,
        presentation: presentation(&raw.ui_info)?,
        entity_attributes: entity_attributes.collect::<Result<_, _>>()?,
        entity_extensions,
        role_extensions,
    })
}

fn organization(given: &Given<Vec<String>>) -> Result<Organization, ConfigError> {
    let word = |i: usize| given.value.get(i).cloned().unwrap_or_default();
    Ok(Organization {
        name: word(0),
        display_name: word(1),
        url: word(2),
        lang: match given.value.get(3) {
            Some(lang) => language("organization", &given.place, lang)?,
            None => "en".into(),
        },
    })
}

/// A short name, or any URI.
fn entity_attribute(given: &Given<Vec<String>>) -> Result<EntityAttribute, ConfigError> {
    let mut words = given.value.iter();
    let name = words.next().map(String::as_str).unwrap_or_default();
    let name = match name {
        "entity-category" => "http://macedir.org/entity-category",
        "entity-category-support" => "http://macedir.org/entity-category-support",
        "assurance-certification" => "urn:oasis:names:tc:SAML:attribute:assurance-certification",
        "subject-id:req" => "urn:oasis:names:tc:SAML:profiles:subject-id:req",
        uri if uri.contains(':') && !uri.contains(char::is_whitespace) => uri,
        other => {
            return Err(ConfigError::new(
                &given.place,
                format!(
                    "\"entity_attribute\" \"{other}\" is no URI; it must be one, or \
                     entity-category, entity-category-support, assurance-certification or \
                     subject-id:req"
                ),
            ));
        }
    };
    Ok(EntityAttribute { name: name.to_owned(), values: words.cloned().collect() })
}

/// Of the entity and of the role.
fn extensions(raw: &RawSp, files: &Files) -> Result<[Option<Extensions>; 2], ConfigError> {
    let (mut entity, mut role) = (None, None);
    for given in &raw.metadata_extensions {
        let place = given.value.get(1).map_or("entity", String::as_str);
        let slot = match place {
            "entity" => &mut entity,
            "role" => &mut role,
            other => {
                return Err(ConfigError::new(
                    &given.place,
                    format!(
                        "invalid place \"{other}\" in \"metadata_extensions\", it must be entity \
                         or role"
                    ),
                ));
            }
        };
        let file = given.value.first().cloned().unwrap_or_default();
        let file = Given { value: file, place: given.place.clone() };
        if slot.replace(read_extensions("metadata_extensions", &file, files)?).is_some() {
            return Err(ConfigError::new(
                &given.place,
                format!(
                    "\"metadata_extensions\" for the {place} stands twice; put all of it into one \
                     file"
                ),
            ));
        }
    }
    Ok([entity, role])
}
