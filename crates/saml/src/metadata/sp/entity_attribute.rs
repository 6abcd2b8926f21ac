//! mdattr:EntityAttributes (MetadataAttr 2.1).

use crate::namespace::{ASSERTION, ENTITY_ATTRIBUTES};
use crate::xml_writer::Tag;

/// What federations sort entities by: a category, an assurance, the identifier that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityAttribute {
    /// Name, a URI.
    pub name: String,
    /// In order; one at least.
    pub values: Vec<String>,
}

/// One element for all of them; `None` = there are none.
pub(super) fn entity_attributes(all: &[EntityAttribute]) -> Option<Tag> {
    let tag = Tag::new("mdattr:EntityAttributes")
        .attribute("xmlns:mdattr", ENTITY_ATTRIBUTES)
        .attribute("xmlns:saml", ASSERTION)
        .children(all.iter().map(attribute));
    (!all.is_empty()).then_some(tag)
}

/// In the name format that the profiles want (EntityCategory 3, SubjectIdAttr 2.3).
fn attribute(attribute: &EntityAttribute) -> Tag {
    let values = attribute.values.iter().map(|value| Tag::with_text("saml:AttributeValue", value));
    Tag::new("saml:Attribute")
        .attribute("Name", &attribute.name)
        .attribute("NameFormat", "urn:oasis:names:tc:SAML:2.0:attrname-format:uri")
        .children(values)
}
