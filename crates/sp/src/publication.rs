//! What only the SP's metadata says, and the document it was last published in.

use std::cell::RefCell;

use clock::{Seconds, UnixTime};
use saml::metadata::SpDescription;
use saml::refusal::Refusal;

/// What only the metadata says.
pub struct Publication {
    /// What the SP says of itself.
    pub description: SpDescription,
    /// Which NameID formats it takes, in order; `None` = those that its IdPs are asked for.
    pub name_id_formats: Option<Vec<String>>,
    /// How long fetched metadata is valid.
    pub valid: Option<Seconds>,
    /// Is the document signed? The SP's first credential does it.
    pub sign: bool,
    /// At least one of its IdPs must sign the Assertion itself.
    pub want_assertions_signed: bool,
    /// There is a credential, and AuthnRequests to one of its IdPs at least are signed with it.
    pub authn_requests_signed: bool,
    /// At least one of its IdPs is asked to answer by HTTP-Artifact.
    pub takes_artifacts: bool,
    /// The ACS is named by HTTP-POST-SimpleSign, too.
    pub offer_simple_sign: bool,
    /// Certificates whose key can decrypt are published for encryption too.
    pub offer_encryption: bool,
}

/// The document last made, and when: signing costs, and anybody may fetch it.
#[derive(Default)]
pub struct Published(RefCell<Option<(UnixTime, Document)>>);

/// A document of the SP's that others keep.
#[derive(Clone)]
pub struct Document {
    pub text: String,
    /// Which version of the module made which document (RFC 9110 8.8.3).
    pub etag: String,
}

impl Document {
    pub(crate) fn new(text: String) -> Self {
        let digest = openssl::sha::sha256(text.as_bytes());
        let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { text, etag: format!("\"{}-{digest}\"", crate::VERSION) }
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_000_000);

    fn xml(published: &Published, now: UnixTime, xml: &str) -> String {
        published.document(now, |_| Ok(xml.to_owned())).unwrap().text
    }

    #[test]
    fn a_document_is_served_for_a_minute() {
        let published = Published::default();
        assert_eq!(xml(&published, NOW, "one"), "one");
        assert_eq!(xml(&published, NOW + Seconds(59), "two"), "one");
        assert_eq!(xml(&published, NOW + Seconds(60), "two"), "two");
        assert_eq!(xml(&published, NOW + Seconds(119), "three"), "two");
        assert_eq!(xml(&published, NOW, "four"), "four", "the clock was set back");
    }

    #[test]
    fn a_failure_is_not_kept_and_takes_nothing_away() {
        let published = Published::default();
        let fail = |_| Err(Refusal::internal("no"));
        assert!(published.document(NOW, fail).is_err());
        assert_eq!(xml(&published, NOW, "one"), "one");
        assert!(published.document(NOW + Seconds(60), fail).is_err());
        assert_eq!(xml(&published, NOW + Seconds(59), "two"), "one");
    }

    #[test]
    fn an_etag_is_of_the_document_and_of_the_version_that_made_it() {
        let etag = |text: &str| Document::new(text.to_owned()).etag;
        assert_eq!(etag("a"), etag("a"));
        assert_ne!(etag("a"), etag("b"));
        assert_eq!(etag("a"), format!("\"{}-ca978112ca1bbdca\"", crate::VERSION));
    }
}
