//! md:AttributeConsumingService (Metadata 2.4.4.1).

use crate::metadata::ui_info::{Localized, localized_tag};
use crate::xml_writer::Tag;

/// Core 8.2.2.
const NAME_FORMAT_URI: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
/// Core 8.2.3.
const NAME_FORMAT_BASIC: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic";

/// A set of attributes that the SP may ask for.
#[derive(Clone, Debug, Default)]
pub struct AttributeService {
    /// By which requests name it (AttributeConsumingServiceIndex).
    pub index: u16,
    /// ServiceName, each in another language; an IdP may show it to the person. One at least.
    pub names: Vec<Localized>,
    /// ServiceDescription, each in another language.
    pub descriptions: Vec<Localized>,
    /// isDefault: for requests that name none.
    pub is_default: bool,
    /// In order; the schema wants one at least.
    pub attributes: Vec<RequestedAttribute>,
}

/// md:RequestedAttribute.
#[derive(Clone, Debug)]
pub struct RequestedAttribute {
    /// Name; one with a colon is published as a URI (Core 8.2.2), another one as basic (Core 8.2.3).
    pub name: String,
    /// FriendlyName: what the IdP's administrators read beside an OID.
    pub friendly_name: Option<String>,
    /// isRequired: without it the SP does not work; otherwise it would merely be nice to have.
    pub required: bool,
}

pub(super) fn attribute_consuming_service(service: &AttributeService) -> Tag {
    let localized = |name: &'static str, texts: &[Localized]| -> Vec<Tag> {
        texts.iter().map(|t| localized_tag(name, &t.lang, &t.text)).collect()
    };
    Tag::new("md:AttributeConsumingService")
        .attribute("index", &service.index.to_string())
        .attribute_if("isDefault", service.is_default.then_some("true"))
        .children(localized("md:ServiceName", &service.names))
        .children(localized("md:ServiceDescription", &service.descriptions))
        .children(service.attributes.iter().map(requested_attribute))
}

fn requested_attribute(attribute: &RequestedAttribute) -> Tag {
    let is_uri = attribute.name.contains(':');
    Tag::new("md:RequestedAttribute")
        .attribute("Name", &attribute.name)
        .attribute("NameFormat", if is_uri { NAME_FORMAT_URI } else { NAME_FORMAT_BASIC })
        .attribute_if("FriendlyName", attribute.friendly_name.as_deref())
        .attribute("isRequired", &attribute.required.to_string())
}
