//! A second opinion: another implementation must say the same of what a key has signed.
//!
//! It is asked last, and sees only what that key has vouched for: the octets that were digested, and
//! SignedInfo as it was signed. Of the text that came over the wire nothing gets there: no KeyInfo, no
//! comment, no other element, and not one character in another spelling than the canonical one.
use super::VerifyError;
use crate::VerifyingKey;
use crate::base64_binary;

/// What a key has signed, canonical.
pub(super) struct Signed<'k> {
    pub(super) key: &'k VerifyingKey,
    pub(super) signed_info: String,
    /// SignatureValue, decoded.
    pub(super) value: Vec<u8>,
}

impl Signed<'_> {
    /// Asks for the second opinion on `octets`, when the key wants one.
    pub(super) fn confirm(&self, octets: &str) -> Result<(), VerifyError> {
        let Some(second) = self.key.second() else { return Ok(()) };
        let document = self.document(octets).ok_or(VerifyError::Void)?;
        second.verify(&document, octets).map_err(VerifyError::SecondVerifier)
    }

    /// The element with its Signature as its last child. The prefix is one that no SignedInfo has
    /// among those that it includes, and an undeclared default namespace stays undeclared in there.
    fn document(&self, octets: &str) -> Option<String> {
        const START: &str =
            "<_:Signature xmlns:_=\"http://www.w3.org/2000/09/xmldsig#\" xmlns=\"\">";
        // Canonical text and values have no `<`, and canonical elements an end tag each.
        let (content, end) = octets.split_at_checked(octets.rfind("</")?)?;
        let value = base64_binary::encode(&self.key.xmldsig_value(&self.value));
        let (before, after) = ("<_:SignatureValue>", "</_:SignatureValue></_:Signature>");
        Some([content, START, &self.signed_info, before, &value, after, end].concat())
    }
}
