//! What only the SP's metadata says, and the document it was last published in.

use std::cell::RefCell;

use clock::{Seconds, UnixTime};
use saml::metadata::{Contact, Organization, RequestedAttribute};
use saml::refusal::Refusal;

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
}

/// The document last made, and when: signing costs, and anybody may fetch it.
#[derive(Default)]
pub struct Published(RefCell<Option<(UnixTime, Document)>>);

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

impl Published {
    /// The metadata document, made anew by `make` when the last one is a minute old.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn document(
        &self,
        now: UnixTime,
        make: impl FnOnce(UnixTime) -> Result<String, Refusal>,
    ) -> Result<Document, Refusal> {
        if let Some((made, document)) = self.0.borrow().as_ref()
            && (Seconds(0)..PUBLISHED_FOR).contains(&(now - *made))
        {
            return Ok(document.clone());
        }
        let document = Document::new(make(now)?);
        *self.0.borrow_mut() = Some((now, document.clone()));
        Ok(document)
    }
}
