//! Issuer of what we send (Core 3.2.1).

use crate::namespace::NAME_ID_ENTITY;
use crate::provider::Policy;
use crate::xml_writer::Tag;

/// The SP's entityID; with the Format that it has anyway, and a NameQualifier, for IdPs that want to read
/// them (SPID).
pub(crate) fn issuer(sp_entity_id: &str, policy: &Policy) -> Tag {
    let tag = Tag::new("saml:Issuer");
    let tag = match policy.request.issuer_format {
        true => tag.attribute("Format", NAME_ID_ENTITY).attribute("NameQualifier", sp_entity_id),
        false => tag,
    };
    tag.text(sp_entity_id)
}
