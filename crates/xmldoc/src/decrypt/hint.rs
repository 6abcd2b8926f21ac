//! Which of our keys an EncryptedKey or an AgreementMethod says it is for (xmlenc-core1 3.5.1, xmldsig-core1 4.5).
//!
//! Hints only choose what is tried first: nobody vouches for them, and an IdP may leave them out.
use super::fields::XENC;
use crate::outline::DSIG;
use crate::{Element, base64_binary};

/// Bytes of a certificate that is looked at, and how many of them.
const LARGEST_CERTIFICATE: usize = 8 * 1024;
const MOST_CERTIFICATES: usize = 4;

/// What is told of the key that opens an EncryptedKey, or that an AgreementMethod is for.
#[derive(Debug, Default)]
pub(super) struct Hint {
    /// The entityID of whom it is for (SAML Core 6.1).
    recipient: Option<String>,
    key_names: Vec<String>,
    /// DER.
    certificates: Vec<Vec<u8>>,
}

/// How well a hint fits: the least is tried first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    Ours,
    Untold,
    Others,
}

impl Hint {
    /// What the KeyInfo of this EncryptedKey or EncryptedData tells.
    pub(super) fn of(element: &Element) -> Self {
        let own = || element.children_named(DSIG, "KeyInfo");
        // For a key on a curve it stands further in (xmlenc-core1 5.6).
        let agreements = || own().flat_map(|info| info.children_named(XENC, "AgreementMethod"));
        let recipients =
            || agreements().flat_map(|method| method.children_named(XENC, "RecipientKeyInfo"));
        let key_info = || own().chain(recipients());
        let text_of = |element: &Element| element.text.trim().to_owned();
        let data = key_info().flat_map(|info| info.children_named(DSIG, "X509Data"));
        let certificates = data.flat_map(|data| data.children_named(DSIG, "X509Certificate"));
        Self {
            recipient: element.attribute("Recipient").map(str::to_owned),
            key_names: key_info()
                .flat_map(|info| info.children_named(DSIG, "KeyName"))
                .map(text_of)
                .collect(),
            certificates: certificates
                .take(MOST_CERTIFICATES)
                .filter_map(|certificate| base64_binary::decode(&certificate.text))
                .filter(|der| der.len() <= LARGEST_CERTIFICATE)
                .collect(),
        }
    }

    /// Less is better: is it said to be for a key, by its certificate (DER) or a name, and for this SP?
    pub(super) fn distance(
        &self,
        is_in: impl Fn(&[u8]) -> bool,
        is_named: impl Fn(&str) -> bool,
        sp: &str,
    ) -> (Fit, Fit) {
        let is_ours = self.certificates.iter().any(|der| is_in(der))
            || self.key_names.iter().any(|name| is_named(name));
        let of_key = if is_ours {
            Fit::Ours
        } else if self.certificates.is_empty() {
            Fit::Untold
        } else {
            Fit::Others
        };
        let of_sp = match self.recipient.as_deref() {
            Some(recipient) if recipient == sp => Fit::Ours,
            Some(_) => Fit::Others,
            None => Fit::Untold,
        };
        (of_key, of_sp)
    }
}
