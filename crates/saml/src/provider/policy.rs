//! How an SP and an IdP deal with one another.

use clock::Seconds;
use xmldoc::{DecryptionPolicy, DigestAlgorithm, SignatureAlgorithm, SignaturePolicy};

use super::endpoint::LogoutBinding;
use super::request_policy::RequestPolicy;

/// When to sign what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignRequests {
    /// Always when the SP has a key (IdPs that want it often do not say so).
    Auto,
    /// Always: without a key nothing is sent.
    On,
    /// Never, even if the IdP should want it.
    Off,
}

/// What this SP says and wants of encryption. What comes encrypted is decrypted in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// The metadata names no key for it: some IdPs encrypt as soon as there is one.
    Off,
    /// The metadata names a key and ciphers.
    Offer,
    /// The same, and an Assertion in the clear is refused.
    Require,
}

/// `check_scope`: are values like `jane@example.edu` judged by the scopes of the IdP's metadata?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeCheck {
    /// Where it has some.
    Auto,
    /// Where it has none, too: then it must not send any.
    On,
    /// The IdP may say anything of anybody.
    Off,
}

/// The settings of one IdP, as `saml_idp` and the defaults of its `saml_sp` say them.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Refuse unless the Assertion itself is signed.
    pub want_assertion_signed: bool,
    /// Refuse unless the Response itself is signed.
    pub want_response_signed: bool,
    /// Of Assertions, by the IdP.
    pub encryption: Encryption,
    /// Tolerated difference of the clocks, seconds.
    pub clock_skew: Seconds,
    /// Accept Responses that answer no request of ours.
    pub allow_unsolicited: bool,
    /// Weak algorithms and keys that its signatures may be made with.
    pub signature: SignaturePolicy,
    /// Weak algorithms that it may encrypt with.
    pub decryption: DecryptionPolicy,
    /// For AuthnRequests.
    pub sign_requests: SignRequests,
    /// For LogoutRequests and LogoutResponses.
    pub sign_logout: SignRequests,
    /// Refuse LogoutRequests and LogoutResponses that nobody has signed: without it, anybody who
    /// knows a NameID can log that person out.
    pub require_signed_logout: bool,
    /// For LogoutRequests; `None` = as the IdP's endpoints say.
    pub slo_binding: Option<LogoutBinding>,
    /// Send the NameID of a LogoutRequest as an EncryptedID.
    pub name_id_encrypted: bool,
    /// NameIDPolicy/@Format, when asked for.
    pub name_id_format: Option<String>,
    /// NameIDPolicy/@AllowCreate.
    pub allow_create: bool,
    /// Oldest AuthnInstant accepted, seconds.
    pub max_authn_age: Option<Seconds>,
    /// Oldest IssueInstant of an Assertion accepted, seconds: what was issued before a logout is
    /// remembered against for so long, and no longer.
    pub max_assertion_age: Seconds,
    /// Of values that have a scope.
    pub check_scope: ScopeCheck,
    /// Attributes that have some, besides those that are known to.
    pub scoped_attributes: Vec<String>,
    /// For what we sign; `None` = by the key's type.
    pub signature_algorithm: Option<SignatureAlgorithm>,
    /// Of the Reference in what we sign as XML; a query's signature has no digest of its own.
    pub digest_algorithm: DigestAlgorithm,
    /// What AuthnRequests say besides.
    pub request: RequestPolicy,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            want_assertion_signed: false,
            want_response_signed: false,
            encryption: Encryption::Off,
            clock_skew: Seconds(60),
            allow_unsolicited: false,
            signature: SignaturePolicy::default(),
            decryption: DecryptionPolicy::default(),
            sign_requests: SignRequests::Auto,
            sign_logout: SignRequests::Auto,
            require_signed_logout: true,
            slo_binding: None,
            name_id_encrypted: false,
            name_id_format: None,
            allow_create: true,
            max_authn_age: None,
            max_assertion_age: Seconds(15 * 60),
            check_scope: ScopeCheck::Auto,
            scoped_attributes: Vec::new(),
            signature_algorithm: None,
            digest_algorithm: DigestAlgorithm::Sha256,
            request: RequestPolicy::default(),
        }
    }
}
