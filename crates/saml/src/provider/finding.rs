//! What there is to say of an IdP's settings and metadata.

use std::fmt;

/// A sentence, and the setting that it is about. Whoever knows where that setting stands can say so;
/// a log can do without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What led to it.
    pub setting: Setting,
    /// What is wrong, and what to do.
    pub sentence: String,
}

impl Finding {
    pub(super) fn new(setting: Setting, sentence: impl Into<String>) -> Self {
        Self { setting, sentence: sentence.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Finding {}

/// A setting that a [`Finding`] may be about. All but the first two may be given by the `saml_idp`, or
/// by its `saml_sp` as the default for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// The `saml_idp` block as a whole.
    Block,
    /// `metadata`.
    Metadata,
    /// `second_verifier`.
    SecondVerifier,
    /// `sso_binding`; it may be unset.
    SsoBinding,
    /// `response_binding`.
    ResponseBinding,
    /// `sign_requests`; it may be unset.
    SignRequests,
    /// `encryption`.
    Encryption,
    /// `signature_algorithm`.
    SignatureAlgorithm,
    /// `slo_binding`.
    SloBinding,
    /// `sign_logout`.
    SignLogout,
    /// `require_signed_logout`.
    RequireSignedLogout,
    /// `name_id_encrypted`.
    NameIdEncrypted,
}
