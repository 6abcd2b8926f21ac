//! Finding the one IdP that is meant among the entities of a metadata document (Metadata 2.3).

use xmldoc::Element;

use crate::instant;
use crate::metadata::MetadataError;
use crate::namespace::{METADATA, PROTOCOL};
use crate::refusal::quote;

/// Entities named in an error.
const NAMES_MAX: usize = 5;

/// An EntityDescriptor, with what its surroundings say of it.
#[derive(Clone, Copy)]
pub(super) struct Entity<'a> {
    pub entity_id: &'a str,
    pub element: &'a Element,
    /// The earliest of its own and the enclosing validUntil, seconds since the epoch.
    pub valid_until: Option<i64>,
}

impl<'a> Entity<'a> {
    /// The first IDPSSODescriptor that speaks SAML 2.0.
    pub(super) fn idp_role(&self) -> Result<&'a Element, MetadataError> {
        let roles = || self.element.children_named(METADATA, "IDPSSODescriptor");
        roles()
            .find(|role| protocols(role).split_ascii_whitespace().any(|uri| uri == PROTOCOL))
            .ok_or_else(|| self.no_idp_role(roles().next()))
    }

    fn is_idp(&self) -> bool {
        self.idp_role().is_ok()
    }

    /// `other` is a role of an IdP that does not speak SAML 2.0.
    fn no_idp_role(&self, other: Option<&Element>) -> MetadataError {
        let name = quote(self.entity_id);
        MetadataError(match other {
            None => format!(
                "{name} has no IDPSSODescriptor, so it is no identity provider: give the IdP's own metadata"
            ),
            Some(role) => format!(
                "the IDPSSODescriptor of {name} does not support SAML 2.0 \
                 (protocolSupportEnumeration is {}): turn SAML 2.0 on at the IdP",
                quote(protocols(role))
            ),
        })
    }
}

/// The IdP called `entity_id`, or the only one there is. When that entity is no IdP,
/// [`Entity::idp_role`] says why.
pub(super) fn choose<'a>(
    root: &'a Element,
    entity_id: Option<&str>,
) -> Result<Entity<'a>, MetadataError> {
    let mut entities = Vec::new();
    collect(root, None, &mut entities)?;
    match entity_id {
        Some(entity_id) => choose_named(&entities, entity_id),
        None => choose_only(root, &entities),
    }
}

fn choose_named<'a>(entities: &[Entity<'a>], entity_id: &str) -> Result<Entity<'a>, MetadataError> {
    let named = || entities.iter().filter(|entity| entity.entity_id == entity_id).copied();
    // An IdP and an SP may share a name; without an IdP, the first is good for saying why.
    named().find(Entity::is_idp).or_else(|| named().next()).ok_or_else(|| {
        MetadataError(format!(
            "no entity in the metadata has the entity_id {}; there is {}",
            quote(entity_id),
            names(entities)
        ))
    })
}

fn choose_only<'a>(root: &Element, entities: &[Entity<'a>]) -> Result<Entity<'a>, MetadataError> {
    let idps: Vec<Entity<'a>> = entities.iter().filter(|entity| entity.is_idp()).copied().collect();
    match (idps.as_slice(), entities) {
        (&[only], _) | ([], &[only]) => Ok(only),
        ([], []) => Err(MetadataError(format!(
            "the document is {} and holds no EntityDescriptor: give the IdP's SAML 2.0 metadata",
            quote(&root.name)
        ))),
        ([], _) => Err(MetadataError(format!(
            "none of the {} entities is a SAML 2.0 identity provider: give the IdP's own metadata",
            entities.len()
        ))),
        (several, _) => Err(MetadataError(format!(
            "the metadata holds {} identity providers: set entity_id to the one you mean; there is {}",
            several.len(),
            names(several)
        ))),
    }
}

/// Every EntityDescriptor, in document order; the gate bounds the depth.
fn collect<'a>(
    element: &'a Element,
    enclosing: Option<i64>,
    entities: &mut Vec<Entity<'a>>,
) -> Result<(), MetadataError> {
    if element.is(METADATA, "EntityDescriptor") {
        let entity_id = element.attribute("entityID").map(str::trim).unwrap_or_default();
        if entity_id.is_empty() {
            return Err(MetadataError("an EntityDescriptor has no entityID".to_owned()));
        }
        let valid_until = earliest(enclosing, valid_until(element)?);
        entities.push(Entity { entity_id, element, valid_until });
    } else if element.is(METADATA, "EntitiesDescriptor") {
        let enclosing = earliest(enclosing, valid_until(element)?);
        for child in &element.children {
            collect(child, enclosing, entities)?;
        }
    }
    Ok(())
}

/// validUntil of an element, seconds since the epoch.
pub(super) fn valid_until(element: &Element) -> Result<Option<i64>, MetadataError> {
    let Some(text) = element.attribute("validUntil") else { return Ok(None) };
    match instant::parse(text) {
        Some(seconds) => Ok(Some(seconds)),
        None => Err(MetadataError(format!(
            "validUntil {} of {} is not a date and time",
            quote(text),
            element.name
        ))),
    }
}

pub(super) fn earliest(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    a.into_iter().chain(b).min()
}

fn protocols(role: &Element) -> &str {
    role.attribute("protocolSupportEnumeration").unwrap_or_default()
}

fn names(entities: &[Entity<'_>]) -> String {
    let first: Vec<String> =
        entities.iter().take(NAMES_MAX).map(|entity| quote(entity.entity_id)).collect();
    match entities.len().saturating_sub(NAMES_MAX) {
        _ if first.is_empty() => "none at all".to_owned(),
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
