//! What only the SP's metadata says.

use saml::metadata::{Contact, Organization, RequestedAttribute};
use saml::provider::{Policy, ResponseBinding};
use sp::{Credential, Publication};

use crate::place::{ConfigError, Given, Place};
use crate::raw::RawSp;

/// Validates what an SP says of itself.
pub(super) fn publication<'a>(
    raw: &RawSp,
    credentials: &[Credential],
    mut policies: impl Iterator<Item = &'a Policy> + Clone,
) -> Result<Publication, ConfigError> {
    let sign = raw.sign_metadata.as_ref().is_some_and(|g| g.value);
    if let (Some(given), true, true) = (&raw.sign_metadata, sign, credentials.is_empty()) {
        return Err(ConfigError::new(
            &given.place,
            "\"sign_metadata on\" needs \"certificate\" and \"certificate_key\"",
        ));
    }
    Ok(Publication {
        organization: raw.organization.as_ref().map(organization),
        contacts: raw.contact.iter().map(contact).collect::<Result<_, _>>()?,
        requested_attributes: raw
            .requested_attribute
            .iter()
            .map(requested_attribute)
            .collect::<Result<_, _>>()?,
        valid: raw.metadata_valid.as_ref().and_then(|g| g.value),
        sign,
        want_assertions_signed: policies.clone().any(|p| p.want_assertion_signed),
        authn_requests_signed: !credentials.is_empty()
            && policies.clone().any(|p| p.sign_requests != saml::provider::SignRequests::Off),
        takes_artifacts: policies
            .clone()
            .any(|p| p.request.response_binding == ResponseBinding::Artifact),
        offer_encryption: policies.any(|p| p.encryption != saml::provider::Encryption::Off),
    })
}

fn organization(given: &Given<Vec<String>>) -> Organization {
    let word = |i: usize| given.value.get(i).cloned();
    Organization {
        name: word(0).unwrap_or_default(),
        display_name: word(1).unwrap_or_default(),
        url: word(2).unwrap_or_default(),
        lang: word(3).unwrap_or_else(|| "en".into()),
    }
}

fn contact(given: &Given<Vec<String>>) -> Result<Contact, ConfigError> {
    let word = |i: usize| given.value.get(i).cloned().unwrap_or_default();
    let kind = word(0);
    if !matches!(kind.as_str(), "technical" | "support" | "administrative" | "billing" | "other") {
        return Err(ConfigError::new(
            &given.place,
            format!(
                "\"contact\" type \"{kind}\" must be technical, support, administrative, billing \
                 or other (Metadata 2.3.2.2)"
            ),
        ));
    }
    Ok(Contact { kind, email: word(1), name: given.value.get(2).cloned() })
}

fn requested_attribute(given: &Given<Vec<String>>) -> Result<RequestedAttribute, ConfigError> {
    let (mut friendly_name, mut required) = (None, false);
    for option in given.value.iter().skip(1) {
        match option.strip_prefix("friendly_name=") {
            Some(name) => friendly_name = Some(name.to_owned()),
            None if option == "required" => required = true,
            None => return Err(bad_option(&given.place, option)),
        }
    }
    Ok(RequestedAttribute {
        name: given.value.first().cloned().unwrap_or_default(),
        friendly_name,
        required,
    })
}

fn bad_option(place: &Place, option: &str) -> ConfigError {
    ConfigError::new(
        place,
        format!(
            "invalid parameter \"{option}\" in \"requested_attribute\", it must be \
             friendly_name=NAME or required"
        ),
    )
}
