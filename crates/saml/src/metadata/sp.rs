//! Writing this SP's metadata (Metadata 2.3, 2.4.4).

mod attribute_service;
mod contact;
mod description;
mod entity_attribute;
mod organization;
mod presentation;

use clock::UnixTime;
use xmldoc::{Certificate, EncryptionKey};

pub use attribute_service::{AttributeService, RequestedAttribute};
pub use contact::{Contact, ContactKind};
pub use description::SpDescription;
pub use entity_attribute::EntityAttribute;
pub use organization::Organization;
pub use presentation::{Logo, Presentation};

use crate::base64_binary;
use crate::extensions::Extensions;
use crate::instant;
use crate::namespace::{
    BINDING_POST, BINDING_REDIRECT, BINDING_SOAP, DISCOVERY, METADATA, PROTOCOL, XMLDSIG,
};
use crate::xml_writer::Tag;
use attribute_service::attribute_consuming_service;
use contact::contact_person;
use entity_attribute::entity_attributes;
use organization::organization;

/// In order of preference (Metadata 2.4.1.1, xmlenc-core1 5.2).
const CIPHERS: [&str; 2] =
    ["http://www.w3.org/2009/xmlenc11#aes256-gcm", "http://www.w3.org/2009/xmlenc11#aes128-gcm"];

/// How an RSA key gets the content key (xmlenc-core1 5.5).
const KEY_TRANSPORTS: &[&str] = &[
    "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
    "http://www.w3.org/2009/xmlenc11#rsa-oaep",
];

/// How a key on a curve does, behind its AgreementMethod (xmlenc-core1 5.6, 5.7).
const KEY_WRAPS: &[&str] =
    &["http://www.w3.org/2001/04/xmlenc#kw-aes256", "http://www.w3.org/2001/04/xmlenc#kw-aes128"];

/// So many indexes of AssertionConsumerServices belong to one origin of the SP; there are fewer bindings.
pub const ACS_INDEXES: u16 = 10;

/// What goes into this SP's metadata.
#[derive(Clone, Copy, Default)]
pub struct SpMetadata<'a> {
    /// entityID of the EntityDescriptor (Metadata 2.3.2).
    pub entity_id: &'a str,
    /// One for each origin, the first is the default. The schema wants one at least.
    pub acs_urls: &'a [String],
    /// URIs of the bindings of each besides HTTP-POST, in order.
    pub other_acs_bindings: &'a [&'a str],
    /// Where a discovery service may send people back to, at each origin (IdpDisco 2.5).
    pub discovery_responses: &'a [String],
    /// Each by HTTP-Redirect, HTTP-POST and SOAP.
    pub slo_urls: &'a [String],
    /// Published for signing, in order.
    pub certificates: &'a [Certificate],
    /// Published for encryption, in order, with the algorithms that any ciphertext may use.
    pub encryption_certificates: &'a [Certificate],
    /// NameIDFormat: URIs of what this SP asks IdPs for (Metadata 2.4.2).
    pub name_id_formats: &'a [String],
    /// AuthnRequestsSigned: an IdP may turn away what comes unsigned in this SP's name.
    pub authn_requests_signed: bool,
    /// WantAssertionsSigned: the Assertion by itself, not only the Response around it.
    pub want_assertions_signed: bool,
    /// What the SP says of itself.
    pub description: &'a SpDescription,
    /// validUntil: from when on an IdP must fetch it anew; `None` = it never ends.
    pub valid_until: Option<UnixTime>,
    /// xs:ID of the EntityDescriptor; needed for signing.
    pub id: Option<&'a str>,
}

impl SpMetadata<'_> {
    /// The EntityDescriptor as XML, unsigned.
    pub fn to_xml(&self) -> String {
        let says = self.description;
        let own = entity_attributes(&says.entity_attributes).into_iter().collect();
        Tag::new("md:EntityDescriptor")
            .attribute("xmlns:md", METADATA)
            .attribute("xmlns:ds", XMLDSIG)
            .attribute_if("ID", self.id)
            .attribute("entityID", self.entity_id)
            .attribute_if("validUntil", self.valid_until.map(instant::format).as_deref())
            .verbatim(&extensions(says.entity_extensions.as_ref(), own))
            .child(self.role())
            .children(organization(&says.organizations))
            .children(says.contacts.iter().map(contact_person))
            .into_xml()
    }

    fn role(&self) -> Tag {
        let says = self.description;
        let own = self.discovery_responses.iter().enumerate().map(discovery_response);
        let own = own.chain(says.presentation.to_tag()).collect();
        Tag::new("md:SPSSODescriptor")
            .attribute("AuthnRequestsSigned", boolean(self.authn_requests_signed))
            // Said only when wanted: SimpleSAMLphp takes "false" for "do not sign assertions".
            .attribute_if("WantAssertionsSigned", self.want_assertions_signed.then_some("true"))
            .attribute("protocolSupportEnumeration", PROTOCOL)
            .verbatim(&extensions(says.role_extensions.as_ref(), own))
            .children(self.certificates.iter().map(|c| key_descriptor("signing", c)))
            .children(self.encryption_certificates.iter().map(encryption_key_descriptor))
            .children(self.slo_urls.iter().flat_map(|url| single_logout_services(url)))
            .children(self.name_id_formats.iter().map(|f| Tag::with_text("md:NameIDFormat", f)))
            .children(self.assertion_consumer_services())
            .children(says.attribute_services.iter().map(attribute_consuming_service))
    }

    /// Those of an origin keep their indexes whatever other origins have. HTTP-POST is the first of each.
    fn assertion_consumer_services(&self) -> impl Iterator<Item = Tag> {
        let bindings = || [BINDING_POST].into_iter().chain(self.other_acs_bindings.iter().copied());
        self.acs_urls.iter().enumerate().flat_map(move |(origin, url)| {
            let indexed = bindings().enumerate();
            indexed.map(move |(n, by)| {
                assertion_consumer_service(origin * usize::from(ACS_INDEXES) + n, by, url)
            })
        })
    }
}

/// The element with `own` first, then what `given` holds, if there is anything; the schema wants it before
/// all else.
fn extensions(given: Option<&Extensions>, own: Vec<Tag>) -> String {
    match given {
        Some(given) => given.with(&own.into_iter().map(Tag::into_xml).collect::<String>()),
        None if own.is_empty() => String::new(),
        None => Tag::new("md:Extensions").children(own).into_xml(),
    }
}

fn discovery_response((index, url): (usize, &String)) -> Tag {
    Tag::new("idpdisco:DiscoveryResponse")
        .attribute("xmlns:idpdisco", DISCOVERY)
        .attribute("Binding", DISCOVERY)
        .attribute("Location", url)
        .attribute("index", &index.to_string())
        .attribute_if("isDefault", (index == 0).then_some("true"))
}

fn key_descriptor(usage: &str, certificate: &Certificate) -> Tag {
    let text = base64_binary::encode(certificate.der());
    let data = Tag::new("ds:X509Data").child(Tag::with_text("ds:X509Certificate", &text));
    Tag::new("md:KeyDescriptor").attribute("use", usage).child(Tag::new("ds:KeyInfo").child(data))
}

/// With its EncryptionMethods an IdP that can choose takes what is safe without a signature around it.
fn encryption_key_descriptor(certificate: &Certificate) -> Tag {
    let key = EncryptionKey::from_certificate(certificate, []);
    let agreement = key.and_then(|key| key.agreement_method());
    let key_methods = if agreement.is_some() { KEY_WRAPS } else { KEY_TRANSPORTS };
    let methods = CIPHERS.iter().chain(key_methods).copied().chain(agreement);
    let methods = methods.map(|uri| Tag::new("md:EncryptionMethod").attribute("Algorithm", uri));
    key_descriptor("encryption", certificate).children(methods)
}

fn single_logout_services(url: &str) -> [Tag; 3] {
    [BINDING_REDIRECT, BINDING_POST, BINDING_SOAP].map(|binding| {
        Tag::new("md:SingleLogoutService").attribute("Binding", binding).attribute("Location", url)
    })
}

fn assertion_consumer_service(index: usize, binding: &str, url: &str) -> Tag {
    Tag::new("md:AssertionConsumerService")
        .attribute("Binding", binding)
        .attribute("Location", url)
        .attribute("index", &index.to_string())
        .attribute_if("isDefault", (index == 0).then_some("true"))
}

fn boolean(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

#[cfg(test)]
mod tests;
