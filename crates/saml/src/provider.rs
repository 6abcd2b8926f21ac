//! What the protocol needs to know about an IdP and this SP: validated, immutable.

use xmldoc::{
    DecryptionPolicy, DigestAlgorithm, SignatureAlgorithm, SignaturePolicy, VerifyingKey,
};

/// A binding for messages to the IdP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    Redirect,
    Post,
}

/// When to sign AuthnRequests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignRequests {
    /// Always when the SP has a key (IdPs that want it often do not say so).
    Auto,
    On,
    Off,
}

/// An IdP this SP trusts.
pub struct Idp {
    pub entity_id: String,
    /// Where AuthnRequests go, and how.
    pub sso: Endpoint,
    /// Keys that may sign for this IdP; at least one.
    pub keys: Vec<VerifyingKey>,
    pub policy: Policy,
}

/// A URL of the IdP with its binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub binding: Binding,
    pub location: String,
}

/// The settings of one IdP (DESIGN section 2, `saml_idp`).
#[derive(Clone, Debug)]
pub struct Policy {
    /// Refuse unless the Assertion itself is signed.
    pub want_assertion_signed: bool,
    /// Refuse unless the Response itself is signed.
    pub want_response_signed: bool,
    /// Refuse unless the Assertion came encrypted.
    pub want_encrypted: bool,
    /// Tolerated difference of the clocks, seconds.
    pub clock_skew: i64,
    /// Accept Responses that answer no request of ours.
    pub allow_unsolicited: bool,
    pub signature: SignaturePolicy,
    pub decryption: DecryptionPolicy,
    pub sign_requests: SignRequests,
    /// NameIDPolicy/@Format, when asked for.
    pub name_id_format: Option<String>,
    /// NameIDPolicy/@AllowCreate.
    pub allow_create: bool,
    /// Oldest AuthnInstant accepted, seconds.
    pub max_authn_age: Option<i64>,
    /// For what we sign; `None` = by the key's type.
    pub signature_algorithm: Option<SignatureAlgorithm>,
    pub digest_algorithm: DigestAlgorithm,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            want_assertion_signed: false,
            want_response_signed: false,
            want_encrypted: false,
            clock_skew: 60,
            allow_unsolicited: false,
            signature: SignaturePolicy::default(),
            decryption: DecryptionPolicy::default(),
            sign_requests: SignRequests::Auto,
            name_id_format: None,
            allow_create: true,
            max_authn_age: None,
            signature_algorithm: None,
            digest_algorithm: DigestAlgorithm::Sha256,
        }
    }
}
