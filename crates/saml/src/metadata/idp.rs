//! Reading an IdP's metadata (Metadata 2.4.3).

use xmldoc::{Element, EncryptionKey};

use crate::metadata::entity::{Entities, Entity};
use crate::metadata::keys::{SigningKeys, encryption_key};
use crate::metadata::{
    MetadataError, MetadataKey, MetadataSigners, Scopes, UiInfo, Validity, kind, text,
};
use crate::namespace::{BINDING_POST, BINDING_REDIRECT, BINDING_SOAP, METADATA};
use crate::provider::{ArtifactEndpoint, Binding, Endpoint, LogoutBinding, LogoutEndpoint};
use crate::refusal::quote;
use http::HttpUrl;

/// What an IdP's metadata says.
pub struct IdpMetadata {
    /// entityID of the EntityDescriptor (Metadata 2.3.2).
    pub entity_id: String,
    /// In document order; bindings that we do not speak are left out.
    pub sso: Vec<Endpoint>,
    /// Bindings of the SSO endpoints left out.
    pub other_sso_bindings: Vec<String>,
    /// Where logout messages go, in document order; bindings that we do not speak are left out.
    pub slo: Vec<LogoutEndpoint>,
    /// SingleLogoutServices left out because they cannot be used, a sentence each: worth a warning.
    pub unusable_slo: Vec<String>,
    /// Where artifacts are resolved by SOAP, in document order.
    pub artifact_resolution: Vec<ArtifactEndpoint>,
    /// ArtifactResolutionServices left out because they cannot be used, a sentence each: worth a warning
    /// when one is needed.
    pub unusable_artifact_resolution: Vec<String>,
    /// In document order, each key once.
    pub keys: Vec<MetadataKey>,
    /// Signing keys left out, a sentence each: worth a warning.
    pub unusable_keys: Vec<String>,
    /// The first RSA key that may encrypt for this IdP, else the first other one, with the algorithms that
    /// it likes best.
    pub encryption_key: Option<EncryptionKey>,
    /// WantAuthnRequestsSigned: it turns unsigned AuthnRequests away. Left out it means no.
    pub want_authn_requests_signed: bool,
    /// Of the role, within that of the entity and what encloses it.
    pub validity: Validity,
    /// Whom it speaks for.
    pub scopes: Scopes,
    /// How it presents itself to people.
    pub ui: UiInfo,
    /// Other entities of the document that cannot be read, in a sentence: worth a warning.
    pub left_out: Option<String>,
}

impl IdpMetadata {
    /// Reads an EntityDescriptor, or picks `entity_id` from an EntitiesDescriptor (nested ones too).
    ///
    /// The file may be in another encoding than UTF-8 when it says so, and have processing
    /// instructions around its entities.
    ///
    /// Without `entity_id` the document must hold exactly one IdP. Signatures are not looked at, and
    /// validUntil is not judged. Endpoints and keys may be missing, as the configuration can give them
    /// by hand: see [`IdpMetadata::require_sso`] and [`IdpMetadata::require_keys`].
    ///
    /// # Errors
    /// It is no metadata, has not the one IdP that is meant, or that one cannot be read.
    pub fn parse(file: &[u8], entity_id: Option<&str>) -> Result<Self, MetadataError> {
        Self::of_entities(&Entities::read(&text_of(file)?)?, entity_id)
    }

    /// As [`IdpMetadata::parse`], of what the signature of the document's root covers: `signers` must
    /// have made it. Then nothing in the document may be broken, and no processing instruction be in it.
    ///
    /// # Errors
    /// As [`IdpMetadata::parse`]; none of them has signed the root.
    pub fn parse_signed(
        file: &[u8],
        entity_id: Option<&str>,
        signers: &MetadataSigners,
    ) -> Result<Self, MetadataError> {
        Self::of_entities(&Entities::read(&signers.signed(&text_of(file)?)?)?, entity_id)
    }

    fn of_entities(entities: &Entities, entity_id: Option<&str>) -> Result<Self, MetadataError> {
        read(entities.choose(entity_id)?, entities.left_out())
    }

    /// For a configuration without `sso_url`.
    ///
    /// # Errors
    /// There is no SingleSignOnService by a binding that we speak.
    pub fn require_sso(&self) -> Result<(), MetadataError> {
        if !self.sso.is_empty() {
            return Ok(());
        }
        let offered = match self.other_sso_bindings.as_slice() {
            [] => "none at all".to_owned(),
            others => others.iter().map(|uri| quote(uri)).collect::<Vec<_>>().join(", "),
        };
        Err(MetadataError(format!(
            "{} has no SingleSignOnService by HTTP-Redirect or HTTP-POST (there is {offered}): \
             turn one of them on at the IdP, or set sso_url",
            quote(&self.entity_id)
        )))
    }

    /// For a configuration without `signing_certificate` and `signing_key`.
    ///
    /// # Errors
    /// There is no key that can be used.
    pub fn require_keys(&self) -> Result<(), MetadataError> {
        if !self.keys.is_empty() {
            return Ok(());
        }
        let why = match self.unusable_keys.as_slice() {
            [] => "has no KeyDescriptor for signing".to_owned(),
            reasons => format!("has no usable signing key ({})", reasons.join("; ")),
        };
        Err(MetadataError(format!(
            "{} {why}: get current metadata from the IdP, or set signing_certificate",
            quote(&self.entity_id)
        )))
    }
}

pub(super) fn text_of(file: &[u8]) -> Result<String, MetadataError> {
    let refuse = |what: Option<String>| what.map_or(Ok(()), |what| Err(MetadataError(what)));
    refuse(kind::of_octets(file))?;
    let text = text::decode(file)?;
    refuse(kind::of_text(&text))?;
    Ok(text)
}

fn read(entity: &Entity, left_out: Option<String>) -> Result<IdpMetadata, MetadataError> {
    let role = entity.idp_role()?;
    let sso = SsoEndpoints::read(role, &entity.entity_id)?;
    let slo = SloEndpoints::read(role, &entity.entity_id);
    let artifacts = ArtifactEndpoints::read(role, &entity.entity_id);
    let SigningKeys { keys, unusable } = SigningKeys::read(role);
    Ok(IdpMetadata {
        entity_id: entity.entity_id.clone(),
        sso: sso.spoken,
        other_sso_bindings: sso.others,
        slo: slo.spoken,
        unusable_slo: slo.unusable,
        artifact_resolution: artifacts.spoken,
        unusable_artifact_resolution: artifacts.unusable,
        keys,
        unusable_keys: unusable,
        encryption_key: encryption_key(role),
        want_authn_requests_signed: is_true(role.attribute("WantAuthnRequestsSigned")),
        validity: Validity::of(role)?.within(entity.validity),
        scopes: Scopes::read(entity.all_extensions(role)),
        ui: UiInfo::read(role),
        left_out,
    })
}

/// The SingleSignOnService elements of a role.
#[derive(Default)]
struct SsoEndpoints {
    spoken: Vec<Endpoint>,
    others: Vec<String>,
}

impl SsoEndpoints {
    fn read(role: &Element, entity_id: &str) -> Result<Self, MetadataError> {
        let mut found = Self::default();
        for element in role.children_named(METADATA, "SingleSignOnService") {
            let uri = element.attribute("Binding").unwrap_or_default().trim();
            match binding(uri) {
                Some(binding) => {
                    let location = location(element, "Location", entity_id)?;
                    found.spoken.push(Endpoint { binding, location });
                }
                None => found.others.push(uri.to_owned()),
            }
        }
        Ok(found)
    }
}

/// The SingleLogoutService elements of a role. One that is broken costs no login, only that endpoint.
#[derive(Default)]
struct SloEndpoints {
    spoken: Vec<LogoutEndpoint>,
    unusable: Vec<String>,
}

impl SloEndpoints {
    fn read(role: &Element, entity_id: &str) -> Self {
        let mut found = Self::default();
        for element in role.children_named(METADATA, "SingleLogoutService") {
            let uri = element.attribute("Binding").unwrap_or_default().trim();
            let Some(binding) = logout_binding(uri) else { continue };
            match logout_endpoint(element, binding, entity_id) {
                Ok(endpoint) => found.spoken.push(endpoint),
                Err(error) => found.unusable.push(error.0),
            }
        }
        found
    }
}

/// The ArtifactResolutionService elements of a role, as those for logout.
#[derive(Default)]
struct ArtifactEndpoints {
    spoken: Vec<ArtifactEndpoint>,
    unusable: Vec<String>,
}

impl ArtifactEndpoints {
    fn read(role: &Element, entity_id: &str) -> Self {
        let mut found = Self::default();
        for element in role.children_named(METADATA, "ArtifactResolutionService") {
            if element.attribute("Binding").unwrap_or_default().trim() != BINDING_SOAP {
                continue;
            }
            match artifact_endpoint(element, entity_id) {
                Ok(endpoint) => found.spoken.push(endpoint),
                Err(error) => found.unusable.push(error.0),
            }
        }
        found
    }
}

/// Its index is what an artifact names, so it must have one; which is the default says nothing to us.
fn artifact_endpoint(
    element: &Element,
    entity_id: &str,
) -> Result<ArtifactEndpoint, MetadataError> {
    let location = location(element, "Location", entity_id)?;
    let index = element.attribute("index").unwrap_or_default();
    let Ok(number) = index.trim().parse() else {
        return Err(MetadataError(format!(
            "the index {} of an {} of {} is no number of 16 bits: correct it at the IdP",
            quote(index),
            element.name,
            quote(entity_id)
        )));
    };
    Ok(ArtifactEndpoint { index: Some(number), location })
}

fn logout_endpoint(
    element: &Element,
    binding: LogoutBinding,
    entity_id: &str,
) -> Result<LogoutEndpoint, MetadataError> {
    let location = location(element, "Location", entity_id)?;
    let response_location = match element.attribute("ResponseLocation") {
        Some(_) => Some(self::location(element, "ResponseLocation", entity_id)?),
        None => None,
    };
    Ok(LogoutEndpoint { binding, location, response_location })
}

fn logout_binding(uri: &str) -> Option<LogoutBinding> {
    match uri {
        BINDING_SOAP => Some(LogoutBinding::Soap),
        uri => binding(uri).map(LogoutBinding::Browser),
    }
}

fn binding(uri: &str) -> Option<Binding> {
    match uri {
        BINDING_REDIRECT => Some(Binding::Redirect),
        BINDING_POST => Some(Binding::Post),
        _ => None,
    }
}

/// An absolute http(s) URL.
fn location(element: &Element, name: &str, entity_id: &str) -> Result<String, MetadataError> {
    let location = element.attribute(name).unwrap_or_default().trim();
    if HttpUrl::parse(location).is_none() {
        return Err(MetadataError(format!(
            "the {name} {} of a {} of {} is not an absolute http or https URL: correct it at the IdP",
            quote(location),
            element.name,
            quote(entity_id)
        )));
    }
    Ok(location.to_owned())
}

/// xs:boolean (XML Schema 2 3.2.2).
fn is_true(value: Option<&str>) -> bool {
    value.is_some_and(|value| matches!(value.trim(), "true" | "1"))
}

#[cfg(test)]
mod tests;
