//! What this SP says of itself to people and federations, in its own words.

use super::attribute_service::AttributeService;
use super::contact::Contact;
use super::entity_attribute::EntityAttribute;
use super::organization::Organization;
use super::presentation::Presentation;
use crate::extensions::Extensions;

/// The part of the metadata that no endpoint and no key says.
#[derive(Clone, Debug)]
pub struct SpDescription {
    /// Who runs this SP, each in another language (Metadata 2.3.2.1).
    pub organizations: Vec<Organization>,
    /// Whom the IdP's administrators turn to, in order (Metadata 2.3.2.2).
    pub contacts: Vec<Contact>,
    /// Which sets of attributes it may ask for; the first is the default unless another one says so
    /// (Metadata 2.4.4).
    pub attribute_services: Vec<AttributeService>,
    /// How IdPs present it to people (MetadataUI 2.1).
    pub presentation: Presentation,
    /// What federations sort it by, in order (MetadataAttr 2.1).
    pub entity_attributes: Vec<EntityAttribute>,
    /// What stands in the Extensions of the EntityDescriptor, beside ours.
    pub entity_extensions: Option<Extensions>,
    /// What stands in the Extensions of the SPSSODescriptor, beside ours.
    pub role_extensions: Option<Extensions>,
}

impl SpDescription {
    /// Nothing is said.
    pub const EMPTY: Self = Self {
        organizations: Vec::new(),
        contacts: Vec::new(),
        attribute_services: Vec::new(),
        presentation: Presentation::EMPTY,
        entity_attributes: Vec::new(),
        entity_extensions: None,
        role_extensions: None,
    };
}

impl Default for &SpDescription {
    fn default() -> Self {
        static EMPTY: SpDescription = SpDescription::EMPTY;
        &EMPTY
    }
}
