//! What the protocol needs to know about an IdP and this SP: validated, immutable.

use xmldoc::{
    DecryptionPolicy, DigestAlgorithm, EncryptionKey, SignatureAlgorithm, SignaturePolicy,
    VerifyingKey,
};

/// A binding for messages through the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    Redirect,
    Post,
}

/// A binding for logout messages: through the browser, or from server to server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutBinding {
    Browser(Binding),
    Soap,
}

impl LogoutBinding {
    pub const REDIRECT: Self = Self::Browser(Binding::Redirect);
    pub const POST: Self = Self::Browser(Binding::Post);
    /// All, the first is what is used when nothing says otherwise: only through the browser can the
    /// IdP reach those other services of the person's that it signs out in frames.
    pub const ALL: [Self; 3] = [Self::REDIRECT, Self::POST, Self::Soap];
}

/// When to sign what is sent.
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
    /// Where logout messages go, in the IdP's order; none = it knows of no single logout.
    pub slo: Vec<LogoutEndpoint>,
    /// Keys that may sign for this IdP; at least one.
    pub keys: Vec<VerifyingKey>,
    /// For what only the IdP may read; `None` = it has published no RSA key for that.
    pub encryption_key: Option<EncryptionKey>,
    pub policy: Policy,
}

impl Idp {
    /// Where LogoutRequests go: by `slo_binding`, or else by the first of [`LogoutBinding::ALL`] that
    /// the IdP has.
    pub fn logout_request_endpoint(&self) -> Option<&LogoutEndpoint> {
        let by = |binding| self.slo.iter().find(|endpoint| endpoint.binding == binding);
        match self.policy.slo_binding {
            Some(binding) => by(binding),
            None => LogoutBinding::ALL.into_iter().find_map(by),
        }
    }

    /// Where the answer to a LogoutRequest goes that came through the browser: back by its own
    /// binding, or by the other one when the IdP has only that (Profiles 4.4.3.4).
    pub fn logout_response_endpoint(&self, came_by: Binding) -> Option<Endpoint> {
        let browser = || self.slo.iter().filter_map(LogoutEndpoint::for_browser_answers);
        browser().find(|endpoint| endpoint.binding == came_by).or_else(|| browser().next())
    }
}

/// A URL of the IdP with its binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub binding: Binding,
    pub location: String,
}

/// A SingleLogoutService of the IdP (Metadata 2.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutEndpoint {
    pub binding: LogoutBinding,
    /// For requests.
    pub location: String,
    /// For answers, when they go elsewhere.
    pub response_location: Option<String>,
}

impl LogoutEndpoint {
    fn for_browser_answers(&self) -> Option<Endpoint> {
        let LogoutBinding::Browser(binding) = self.binding else { return None };
        let location = self.response_location.as_ref().unwrap_or(&self.location).clone();
        Some(Endpoint { binding, location })
    }
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
    pub clock_skew: i64,
    /// Accept Responses that answer no request of ours.
    pub allow_unsolicited: bool,
    pub signature: SignaturePolicy,
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
    pub max_authn_age: Option<i64>,
    /// Oldest IssueInstant of an Assertion accepted, seconds: what was issued before a logout is
    /// remembered against for so long, and no longer.
    pub max_assertion_age: i64,
    /// For what we sign; `None` = by the key's type.
    pub signature_algorithm: Option<SignatureAlgorithm>,
    pub digest_algorithm: DigestAlgorithm,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            want_assertion_signed: false,
            want_response_signed: false,
            encryption: Encryption::Off,
            clock_skew: 60,
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
            max_assertion_age: 15 * 60,
            signature_algorithm: None,
            digest_algorithm: DigestAlgorithm::Sha256,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idp(slo: &[(LogoutBinding, &str, Option<&str>)]) -> Idp {
        let endpoint = |&(binding, location, response): &(_, &str, Option<&str>)| LogoutEndpoint {
            binding,
            location: location.to_owned(),
            response_location: response.map(str::to_owned),
        };
        Idp {
            entity_id: String::new(),
            sso: Endpoint { binding: Binding::Redirect, location: String::new() },
            slo: slo.iter().map(endpoint).collect(),
            keys: Vec::new(),
            encryption_key: None,
            policy: Policy::default(),
        }
    }

    const SOAP: LogoutBinding = LogoutBinding::Soap;
    const REDIRECT: LogoutBinding = LogoutBinding::REDIRECT;
    const POST: LogoutBinding = LogoutBinding::POST;

    #[test]
    fn requests_go_by_redirect_then_post_then_soap() {
        let location = |idp: &Idp| idp.logout_request_endpoint().map(|e| e.location.clone());
        let mut all = idp(&[(SOAP, "s", None), (POST, "p", Some("q")), (REDIRECT, "r", None)]);
        assert_eq!(location(&all).as_deref(), Some("r"));
        assert_eq!(location(&idp(&[(SOAP, "s", None), (POST, "p", None)])).as_deref(), Some("p"));
        assert_eq!(location(&idp(&[(SOAP, "s", None)])).as_deref(), Some("s"));
        assert_eq!(location(&idp(&[])), None);
        for (binding, expected) in [(SOAP, "s"), (POST, "p"), (REDIRECT, "r")] {
            all.policy.slo_binding = Some(binding);
            assert_eq!(location(&all).as_deref(), Some(expected));
        }
        let mut some = idp(&[(REDIRECT, "r", None)]);
        some.policy.slo_binding = Some(SOAP);
        assert_eq!(location(&some), None);
    }

    #[test]
    fn answers_go_back_the_way_the_request_came_if_they_can() {
        let answer = |idp: &Idp, came_by| {
            let endpoint = idp.logout_response_endpoint(came_by);
            endpoint.map(|e| (e.binding, e.location))
        };
        let all = idp(&[(SOAP, "s", None), (POST, "p", Some("q")), (REDIRECT, "r", None)]);
        assert_eq!(answer(&all, Binding::Redirect), Some((Binding::Redirect, "r".to_owned())));
        assert_eq!(answer(&all, Binding::Post), Some((Binding::Post, "q".to_owned())));
        let post = idp(&[(POST, "p", None), (SOAP, "s", None)]);
        assert_eq!(answer(&post, Binding::Redirect), Some((Binding::Post, "p".to_owned())));
        assert_eq!(answer(&idp(&[(SOAP, "s", None)]), Binding::Post), None);
    }
}
