//! Writing this SP's metadata (Metadata 2.3, 2.4.4).

use clock::UnixTime;
use xmldoc::{Certificate, EncryptionKey};

use crate::base64_binary;
use crate::instant;
use crate::namespace::{
    BINDING_ARTIFACT, BINDING_POST, BINDING_REDIRECT, BINDING_SOAP, DISCOVERY, METADATA, PROTOCOL,
    XMLDSIG,
};
use crate::xml_writer::Tag;

/// Core 8.2.2.
const NAME_FORMAT_URI: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
/// Core 8.2.3.
const NAME_FORMAT_BASIC: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic";

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

/// What goes into this SP's metadata.
#[derive(Clone, Copy, Default)]
pub struct SpMetadata<'a> {
    /// entityID of the EntityDescriptor (Metadata 2.3.2).
    pub entity_id: &'a str,
    /// By HTTP-POST; the first is the default. The schema wants one at least.
    pub acs_urls: &'a [String],
    /// Artifacts are taken there, too (Bindings 3.6): the same URLs come once more behind the others.
    pub takes_artifacts: bool,
    /// Where a discovery service may send people back to (IdpDisco 2.5).
    pub discovery_response: Option<&'a str>,
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
    /// Who runs this SP; its display name also names the service that asks for attributes.
    pub organization: Option<&'a Organization>,
    /// Whom the IdP's administrators turn to, in order.
    pub contacts: &'a [Contact],
    /// In order, in one AttributeConsumingService that is the default; none = no such service (Metadata
    /// 2.4.4.1).
    pub requested_attributes: &'a [RequestedAttribute],
    /// validUntil: from when on an IdP must fetch it anew; `None` = it never ends.
    pub valid_until: Option<UnixTime>,
    /// xs:ID of the EntityDescriptor; needed for signing.
    pub id: Option<&'a str>,
}

/// md:Organization.
#[derive(Clone, Debug)]
pub struct Organization {
    /// OrganizationName, which need not be for people to read.
    pub name: String,
    /// OrganizationDisplayName, for people.
    pub display_name: String,
    /// OrganizationURL: where people read more.
    pub url: String,
    /// xml:lang, e.g. `en`.
    pub lang: String,
}

/// md:ContactPerson.
#[derive(Clone, Debug)]
pub struct Contact {
    /// technical, support, administrative, billing or other.
    pub kind: String,
    /// EmailAddress, with or without `mailto:`.
    pub email: String,
    /// GivenName, of a person or of a desk.
    pub name: Option<String>,
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

impl SpMetadata<'_> {
    /// The EntityDescriptor as XML, unsigned.
    pub fn to_xml(&self) -> String {
        Tag::new("md:EntityDescriptor")
            .attribute("xmlns:md", METADATA)
            .attribute("xmlns:ds", XMLDSIG)
            .attribute_if("ID", self.id)
            .attribute("entityID", self.entity_id)
            .attribute_if("validUntil", self.valid_until.map(instant::format).as_deref())
            .child(self.role())
            .children(self.organization.map(organization))
            .children(self.contacts.iter().map(contact))
            .into_xml()
    }

    fn role(&self) -> Tag {
        Tag::new("md:SPSSODescriptor")
            .attribute("AuthnRequestsSigned", boolean(self.authn_requests_signed))
            // Said only when wanted: SimpleSAMLphp takes "false" for "do not sign assertions".
            .attribute_if("WantAssertionsSigned", self.want_assertions_signed.then_some("true"))
            .attribute("protocolSupportEnumeration", PROTOCOL)
            .children(self.discovery_response.map(extensions))
            .children(self.certificates.iter().map(|c| key_descriptor("signing", c)))
            .children(self.encryption_certificates.iter().map(encryption_key_descriptor))
            .children(self.slo_urls.iter().flat_map(|url| single_logout_services(url)))
            .children(self.name_id_formats.iter().map(|f| Tag::with_text("md:NameIDFormat", f)))
            .children(self.assertion_consumer_services())
            .children(self.attribute_consuming_service())
    }

    /// One number each.
    fn assertion_consumer_services(&self) -> impl Iterator<Item = Tag> {
        let artifact = self.takes_artifacts.then_some(BINDING_ARTIFACT);
        let bindings = [BINDING_POST].into_iter().chain(artifact);
        let all = bindings.flat_map(|binding| self.acs_urls.iter().map(move |url| (binding, url)));
        all.enumerate()
            .map(|(index, (binding, url))| assertion_consumer_service(index, binding, url))
    }

    /// An IdP may show the name to the person, so it must not be empty.
    fn attribute_consuming_service(&self) -> Option<Tag> {
        let (name, lang) = match self.organization {
            Some(organization) => (organization.display_name.as_str(), organization.lang.as_str()),
            None => (self.entity_id, "en"),
        };
        (!self.requested_attributes.is_empty()).then(|| {
            Tag::new("md:AttributeConsumingService")
                .attribute("index", "0")
                .attribute("isDefault", "true")
                .child(localized("md:ServiceName", lang, name))
                .children(self.requested_attributes.iter().map(requested_attribute))
        })
    }
}

/// The schema wants them first.
fn extensions(discovery_response: &str) -> Tag {
    let response = Tag::new("idpdisco:DiscoveryResponse")
        .attribute("xmlns:idpdisco", DISCOVERY)
        .attribute("Binding", DISCOVERY)
        .attribute("Location", discovery_response)
        .attribute("index", "0")
        .attribute("isDefault", "true");
    Tag::new("md:Extensions").child(response)
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

fn requested_attribute(attribute: &RequestedAttribute) -> Tag {
    let is_uri = attribute.name.contains(':');
    Tag::new("md:RequestedAttribute")
        .attribute("Name", &attribute.name)
        .attribute("NameFormat", if is_uri { NAME_FORMAT_URI } else { NAME_FORMAT_BASIC })
        .attribute_if("FriendlyName", attribute.friendly_name.as_deref())
        .attribute("isRequired", boolean(attribute.required))
}

fn organization(organization: &Organization) -> Tag {
    let lang = &organization.lang;
    Tag::new("md:Organization")
        .child(localized("md:OrganizationName", lang, &organization.name))
        .child(localized("md:OrganizationDisplayName", lang, &organization.display_name))
        .child(localized("md:OrganizationURL", lang, &organization.url))
}

/// EmailAddress is a URI (Metadata 2.3.2.2).
fn contact(contact: &Contact) -> Tag {
    let address = contact.email.strip_prefix("mailto:").unwrap_or(&contact.email);
    Tag::new("md:ContactPerson")
        .attribute("contactType", &contact.kind)
        .children(contact.name.as_deref().map(|name| Tag::with_text("md:GivenName", name)))
        .child(Tag::with_text("md:EmailAddress", &format!("mailto:{address}")))
}

fn localized(name: &'static str, lang: &str, text: &str) -> Tag {
    Tag::new(name).attribute("xml:lang", lang).text(text)
}

fn boolean(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

#[cfg(test)]
mod tests;
