//! `attribute_service INDEX NAME [lang=LANG] [description=TEXT] [default]`, and the lines
//! `requested_attribute NAME [friendly_name=TEXT] [required] [service=N]` that fill them.

use saml::metadata::{AttributeService, Localized, Organization, RequestedAttribute};

use super::language::{language, once_for_each_language};
use crate::place::{ConfigError, Given, Place};
use crate::raw::RawSp;

/// The sets of attributes, in the order of their lines; what names none is in the first.
///
/// # Errors
/// A line cannot be read, names a set that is not there, or a set is empty.
pub(super) fn attribute_services(
    raw: &RawSp,
    organizations: &[Organization],
    entity_id: &str,
) -> Result<Vec<AttributeService>, ConfigError> {
    let mut services = Vec::new();
    for given in &raw.attribute_service {
        add_name(&mut services, given)?;
    }
    if services.is_empty() && !raw.requested_attribute.is_empty() {
        services.push(AttributeService {
            names: names(organizations, entity_id),
            ..AttributeService::default()
        });
    }
    for given in &raw.requested_attribute {
        add_attribute(&mut services, given)?;
    }
    refuse_empty(raw, &services)?;
    if !services.iter().any(|service| service.is_default)
        && let Some(first) = services.first_mut()
    {
        first.is_default = true;
    }
    Ok(services)
}

/// The schema wants an attribute in each.
fn refuse_empty(raw: &RawSp, services: &[AttributeService]) -> Result<(), ConfigError> {
    for given in &raw.attribute_service {
        let index = given.value.first().map(String::as_str).unwrap_or_default();
        let is_this = |service: &&AttributeService| index.parse() == Ok(service.index);
        if services.iter().find(is_this).is_some_and(|service| service.attributes.is_empty()) {
            return Err(ConfigError::new(
                &given.place,
                format!(
                    "\"attribute_service\" {index} has no attributes; add \"requested_attribute \
                     NAME service={index};\""
                ),
            ));
        }
    }
    Ok(())
}

/// An IdP may show the name to the person, so it must not be empty.
fn names(organizations: &[Organization], entity_id: &str) -> Vec<Localized> {
    if organizations.is_empty() {
        return vec![Localized { lang: "en".to_owned(), text: entity_id.to_owned() }];
    }
    let name = |o: &Organization| Localized { lang: o.lang.clone(), text: o.display_name.clone() };
    organizations.iter().map(name).collect()
}

fn add_name(
    services: &mut Vec<AttributeService>,
    given: &Given<Vec<String>>,
) -> Result<(), ConfigError> {
    let place = &given.place;
    let mut words = given.value.iter();
    let index = words.next().map(String::as_str).unwrap_or_default();
    let index = index.parse::<u16>().map_err(|_| {
        ConfigError::new(
            place,
            format!("invalid index \"{index}\" in \"attribute_service\", it must be 0 to 65535"),
        )
    })?;
    let name = words.next().cloned().unwrap_or_default();
    let (mut lang, mut description, mut is_default) = ("en".to_owned(), None, false);
    for option in words {
        match option.split_once('=') {
            Some(("lang", text)) => lang = language("attribute_service", place, text)?,
            Some(("description", text)) => description = Some(text.to_owned()),
            _ if option == "default" => is_default = true,
            _ => {
                return Err(bad_option(
                    place,
                    "attribute_service",
                    option,
                    "lang=, description= or default",
                ));
            }
        }
    }
    if is_default && services.iter().any(|other| other.is_default && other.index != index) {
        return Err(ConfigError::new(
            place,
            "\"attribute_service\" has two that are \"default\"; leave one",
        ));
    }
    let at = services.iter().position(|service| service.index == index).unwrap_or_else(|| {
        services.push(AttributeService { index, ..AttributeService::default() });
        services.len() - 1
    });
    let Some(service) = services.get_mut(at) else { return Ok(()) };
    service.is_default |= is_default;
    let text = description.map(|text| Localized { lang: lang.clone(), text });
    service.descriptions.extend(text);
    service.names.push(Localized { lang, text: name });
    let languages = service.names.iter().map(|name| name.lang.clone());
    let directive = format!("attribute_service {index}");
    once_for_each_language(&directive, place, languages, service.names.len() - 1)
}

fn add_attribute(
    services: &mut [AttributeService],
    given: &Given<Vec<String>>,
) -> Result<(), ConfigError> {
    let place = &given.place;
    let (mut friendly_name, mut required, mut wanted) = (None, false, None);
    for option in given.value.iter().skip(1) {
        match option.split_once('=') {
            Some(("friendly_name", name)) => friendly_name = Some(name.to_owned()),
            Some(("service", index)) => wanted = Some(index),
            _ if option == "required" => required = true,
            _ => {
                let known = "friendly_name=NAME, service=N or required";
                return Err(bad_option(place, "requested_attribute", option, known));
            }
        }
    }
    let found = match wanted {
        None => services.first_mut(),
        Some(index) => services.iter_mut().find(|s| index.parse() == Ok(s.index)),
    };
    let Some(service) = found else {
        let index = wanted.unwrap_or_default();
        return Err(ConfigError::new(
            place,
            format!(
                "\"requested_attribute\" names the service \"{index}\", which is not there; add \
                 \"attribute_service {index} NAME;\""
            ),
        ));
    };
    service.attributes.push(RequestedAttribute {
        name: given.value.first().cloned().unwrap_or_default(),
        friendly_name,
        required,
    });
    Ok(())
}

fn bad_option(place: &Place, directive: &str, option: &str, known: &str) -> ConfigError {
    ConfigError::new(
        place,
        format!("invalid parameter \"{option}\" in \"{directive}\", it must be {known}"),
    )
}
