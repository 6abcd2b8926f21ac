//! What only the SP's metadata says, and the document it was last published in.

use std::cell::RefCell;

use clock::{Seconds, UnixTime};
use saml::metadata::{Contact, Organization, RequestedAttribute};
use saml::provider::Policy;
use saml::refusal::Refusal;

use super::credential::Credential;
use super::directive::{ConfigError, Given, Place};
use super::raw::RawSp;

/// What only the metadata says.
pub struct Publication {
    pub organization: Option<Organization>,
    pub contacts: Vec<Contact>,
    pub requested_attributes: Vec<RequestedAttribute>,
    /// How long fetched metadata is valid.
    pub valid: Option<Seconds>,
    pub sign: bool,
    pub want_assertions_signed: bool,
    pub authn_requests_signed: bool,
    pub offer_encryption: bool,
    /// The document last made, and when: signing costs, and anybody may fetch it.
    made: RefCell<Option<(UnixTime, Document)>>,
}

/// A metadata document.
#[derive(Clone)]
pub struct Document {
    pub xml: String,
    /// Which version of the module made which document (RFC 9110 8.8.3).
    pub etag: String,
}

impl Document {
    fn new(xml: String) -> Self {
        let digest = openssl::sha::sha256(xml.as_bytes());
        let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { xml, etag: format!("\"{}-{digest}\"", crate::VERSION) }
    }
}

/// How long a metadata document is served again.
const PUBLISHED_FOR: Seconds = Seconds(60);

impl Publication {
    /// Validates what an SP says of itself.
    pub fn new<'a>(
        raw: &RawSp,
        credentials: &[Credential],
        mut policies: impl Iterator<Item = &'a Policy> + Clone,
    ) -> Result<Self, ConfigError> {
        let sign = raw.sign_metadata.as_ref().is_some_and(|g| g.value);
        if let (Some(given), true, true) = (&raw.sign_metadata, sign, credentials.is_empty()) {
            return Err(ConfigError::new(
                &given.place,
                "\"sign_metadata on\" needs \"certificate\" and \"certificate_key\"",
            ));
        }
        Ok(Self {
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
            offer_encryption: policies.any(|p| p.encryption != saml::provider::Encryption::Off),
            made: RefCell::new(None),
        })
    }

    /// The metadata document, made anew by `make` when the last one is a minute old.
    pub fn document(
        &self,
        now: UnixTime,
        make: impl FnOnce(UnixTime) -> Result<String, Refusal>,
    ) -> Result<Document, Refusal> {
        if let Some((made, document)) = self.made.borrow().as_ref()
            && (Seconds(0)..PUBLISHED_FOR).contains(&(now - *made))
        {
            return Ok(document.clone());
        }
        let document = Document::new(make(now)?);
        *self.made.borrow_mut() = Some((now, document.clone()));
        Ok(document)
    }
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
