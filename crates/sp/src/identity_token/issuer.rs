//! How an SP signs tokens for applications.

use clock::Seconds;
use jwt::KeySet;
use session::AttributeName;

/// How an SP signs tokens for applications.
pub struct JwtIssuer {
    /// `iss`
    pub issuer: String,
    /// The first key signs; all are published (`saml_jwks`).
    pub keys: KeySet,
    /// From `iat` to `exp`; the session's end comes first.
    pub lifetime: Seconds,
    /// Bytes of a token; a larger one is not made, for it would not fit into an application's headers.
    pub max_size: usize,
    /// Claims made of attributes.
    pub claims: Vec<JwtClaim>,
    /// The NameID and its Format are claims, too.
    pub name_id: bool,
}

/// A claim made of an attribute (`jwt_claim`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwtClaim {
    /// What the claim is called: none of [`JwtIssuer::OWN_CLAIMS`].
    pub name: String,
    /// Whose values: found as `$saml_attr_…` finds them.
    pub attribute: AttributeName,
    /// Its type, however many values there are.
    pub form: ClaimForm,
}

/// The type of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimForm {
    /// All values in one string, as `$saml_attr_…` has them.
    Text,
    /// Each value as it is.
    Array,
}

impl JwtIssuer {
    /// Claims that say who and when, or that libraries read by themselves (RFC 7519 4.1, OpenID Connect Core
    /// 2, RFC 7800 3.1, RFC 8693 4): no attribute becomes one of them.
    pub const OWN_CLAIMS: &[&str] = &[
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "auth_time",
        "acr",
        "amr",
        "azp",
        "nonce",
        "sid",
        "idp",
        "name_id",
        "name_id_format",
        "cnf",
        "act",
        "may_act",
        "client_id",
    ];
}
