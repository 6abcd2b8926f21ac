//! Who must have signed a metadata document (Metadata 3).

use std::sync::Arc;

use xmldoc::{VerifyingKey, gate};

use super::MetadataError;
use super::entity::LIMITS;
use crate::xmlsec1::Xmlsec1;

/// The keys of which one must have signed the root of a metadata document.
pub struct MetadataSigners {
    /// SubjectPublicKeyInfo, DER.
    keys: Vec<Vec<u8>>,
    allow_sha1: bool,
    xmlsec1: Arc<dyn Xmlsec1>,
}

impl MetadataSigners {
    /// `allow_sha1`: as an administrator has allowed for the IdP.
    ///
    /// # Errors
    /// libcrypto cannot write one of the keys.
    pub fn new(
        keys: &[VerifyingKey],
        allow_sha1: bool,
        xmlsec1: Arc<dyn Xmlsec1>,
    ) -> Result<Self, MetadataError> {
        let keys: Result<_, _> = keys.iter().map(VerifyingKey::public_der).collect();
        let keys = keys.map_err(|error| MetadataError(error.to_string()))?;
        Ok(Self { keys, allow_sha1, xmlsec1 })
    }

    /// What the signature of the root covers: the root without it. The gate comes first, and bounds what
    /// others read.
    ///
    /// # Errors
    /// The text does not pass the gate, or none of the keys has signed its root.
    pub(super) fn signed(&self, text: &str) -> Result<String, MetadataError> {
        let gated = gate(text.as_bytes(), &LIMITS);
        gated.map_err(|e| MetadataError(format!("the metadata is not usable XML: {e}")))?;
        let signed = self.xmlsec1.signed_root(text, &self.keys, self.allow_sha1);
        signed.map_err(MetadataError)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use xmldoc::SecondVerifier;

    use super::*;
    use crate::metadata::IdpMetadata;
    use crate::test_credentials::Credential;

    /// Says that this is what was signed.
    struct Library {
        says: Result<String, String>,
        asked: Mutex<Vec<(String, usize, bool)>>,
    }

    impl Xmlsec1 for Library {
        fn verifier(&self, _: &[u8]) -> Result<Arc<dyn SecondVerifier>, String> {
            Err("is not asked".into())
        }

        fn signed_root(
            &self,
            document: &str,
            keys: &[Vec<u8>],
            sha1: bool,
        ) -> Result<String, String> {
            self.asked.lock().unwrap().push((document.into(), keys.len(), sha1));
            self.says.clone()
        }
    }

    fn library(says: Result<&str, &str>) -> (Arc<Library>, MetadataSigners) {
        let says = says.map(str::to_owned).map_err(str::to_owned);
        let library = Arc::new(Library { says, asked: Mutex::default() });
        let certificate = Credential::rsa().certificate();
        let keys = [VerifyingKey::from_certificate(&certificate).unwrap()];
        let signers = MetadataSigners::new(&keys, true, Arc::clone(&library) as Arc<dyn Xmlsec1>);
        (library, signers.unwrap())
    }

    fn entity(id: &str) -> String {
        format!(
            "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{id}\">\
             <IDPSSODescriptor \
             protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"/></EntityDescriptor>"
        )
    }

    #[test]
    fn what_was_signed_is_read_and_nothing_else() {
        let (library, signers) = library(Ok(&entity("https://signed")));
        let file = entity("https://unsigned");
        let metadata = IdpMetadata::parse_signed(file.as_bytes(), None, &signers).unwrap();
        assert_eq!(metadata.entity_id, "https://signed");
        assert_eq!(*library.asked.lock().unwrap(), [(file.clone(), 1, true)]);
        let unsigned = Some("https://unsigned");
        assert!(IdpMetadata::parse_signed(file.as_bytes(), unsigned, &signers).is_err());
    }

    #[test]
    fn what_is_not_signed_is_not_read() {
        let (_, signers) = library(Err("its root element is not signed"));
        let read = IdpMetadata::parse_signed(entity("https://idp").as_bytes(), None, &signers);
        let said = read.err().unwrap().to_string();
        assert_eq!(said, "its root element is not signed");
    }

    #[test]
    fn the_gate_comes_first() {
        let (library, signers) = library(Ok(&entity("https://signed")));
        for (file, expected) in [
            ("<!DOCTYPE a><a/>".to_owned(), "DOCTYPE"),
            (format!("<?p?>{}", entity("https://idp")), "processing instruction"),
            (entity("x\" ID=\"1\" Id=\"1"), "ID"),
            (entity("https://idp").replace("<IDPSSO", "<x:IDPSSO"), "prefix"),
        ] {
            let read = IdpMetadata::parse_signed(file.as_bytes(), None, &signers);
            let said = read.err().unwrap().to_string();
            assert!(said.contains(expected), "{said}");
        }
        assert!(library.asked.lock().unwrap().is_empty());
    }
}
