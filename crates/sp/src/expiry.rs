//! Certificates of the SP that end: others may stop to trust them, or to import its metadata.

use clock::UnixTime;
use saml::provider::expiry_warning;
use xmldoc::Certificate;

use crate::sp::Sp;

impl<S> Sp<S> {
    /// A sentence for each of its certificates that has ended or soon will.
    pub fn expiring(&self, now: UnixTime) -> Vec<String> {
        let owner = format!("saml_sp \"{}\"", self.name);
        let mut sentences: Vec<String> = self
            .certificates()
            .filter_map(|certificate| expiry_warning(certificate, &owner, now))
            .collect();
        // One that signs and decrypts is there twice.
        sentences.sort_unstable();
        sentences.dedup();
        sentences
    }

    /// When the first of its certificates ends that has not yet.
    pub(crate) fn first_expiry(&self, now: UnixTime) -> Option<UnixTime> {
        self.certificates().map(Certificate::not_after).filter(|end| now < *end).min()
    }

    pub(crate) fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        let signing = self.credentials.iter().map(|credential| &credential.certificate);
        signing.chain(self.decryption_keys.iter().filter_map(|key| key.certificate()))
    }
}
