//! How an SP and an IdP deal with one another: lines of `saml_idp`, or of `saml_sp` as the default for
//! its IdPs.

use clock::Seconds;
use saml::provider::{Binding, Encryption, LogoutBinding, Policy, ScopeCheck, SignRequests};
use xmldoc::{DecryptionPolicy, DigestAlgorithm, SignatureAlgorithm, SignaturePolicy};

use super::{DAY, RawRequest, YEAR};
use crate::directive::{apply, once};
use crate::directives::directives;
use crate::line::Line;
use crate::name_id_format;

directives! {
    /// The settings that may stand in either block.
    pub struct RawPolicy merged into Policy {
        /// What AuthnRequests say.
        pub request: RawRequest,
    }

    once sso_binding: Binding = "sso_binding",
        |line| line.choice(&[("redirect", Binding::Redirect), ("post", Binding::Post)]);
    sets sign_requests: SignRequests = "sign_requests", when_to_sign;
    sets want_assertion_signed: bool = "want_assertion_signed", Line::flag;
    sets want_response_signed: bool = "want_response_signed", Line::flag;
    sets encryption: Encryption = "encryption", |line| {
        use Encryption::{Off, Offer, Require};
        line.choice(&[("offer", Offer), ("require", Require), ("off", Off)])
    }, or "want_encrypted", want_encrypted;
    sets name_id_format: Option<String> = "name_id_format",
        |line| name_id_format::uri(line.name, line.arg()).map(Some);
    sets allow_create: bool = "allow_create", Line::flag;
    sets clock_skew: Seconds = "clock_skew", |line| line.seconds(Seconds(0), Seconds(10 * 60));
    sets allow_unsolicited: bool = "allow_unsolicited", Line::flag;
    once second_verifier: bool = "second_verifier",
        |line| line.choice(&[("xmlsec1", true), ("off", false)]);
    words allow_weak: Weak = "allow_weak" [1..=5], weak;
    sets signature_algorithm: Option<SignatureAlgorithm> = "signature_algorithm",
        signature_algorithm;
    sets digest_algorithm: DigestAlgorithm = "digest_algorithm", digest_algorithm;
    sets max_authn_age: Option<Seconds> = "max_authn_age",
        |line| line.seconds_or_off(Seconds(1), YEAR);
    sets max_assertion_age: Seconds = "max_assertion_age", |line| line.seconds(Seconds(1), DAY);
    sets check_scope: ScopeCheck = "check_scope", |line| {
        use ScopeCheck::{Auto, Off, On};
        line.choice(&[("auto", Auto), ("on", On), ("off", Off)])
    };
    sets scoped_attributes: Vec<String> = "scoped_attributes" [1..], Line::words;
    sets slo_binding: Option<LogoutBinding> = "slo_binding", |line| {
        use LogoutBinding as Slo;
        let choices = [("redirect", Slo::REDIRECT), ("post", Slo::POST), ("soap", Slo::Soap)];
        line.choice(&choices).map(Some)
    };
    sets sign_logout: SignRequests = "sign_logout", when_to_sign;
    sets require_signed_logout: bool = "require_signed_logout", Line::flag;
    sets name_id_encrypted: bool = "name_id_encrypted", Line::flag;
    once slo_ssl_trusted_certificate: String = "slo_ssl_trusted_certificate", Line::text;
    once artifact_ssl_trusted_certificate: String = "artifact_ssl_trusted_certificate", Line::text;
    once artifact_ssl_certificate: String = "artifact_ssl_certificate", Line::text;
    once artifact_ssl_certificate_key: String = "artifact_ssl_certificate_key", Line::text;
    /// Never set: what it asks for is not there.
    once allow_experimental: () = "allow_experimental", experimental;
}

/// What `allow_weak` may allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weak {
    /// Signatures and digests by SHA-1.
    Sha1,
    /// RSA keys of 1024 bits.
    Rsa1024,
    /// Keys that come by RSA with PKCS #1 1.5.
    Rsa15,
    /// Ciphers in CBC mode.
    Cbc,
    /// Triple DES.
    TripleDes,
}

impl RawPolicy {
    /// Applies one directive; `None` = it is none of these.
    pub(crate) fn apply(&mut self, line: &Line<'_>) -> Option<Result<(), String>> {
        apply(Self::DIRECTIVES, self, line)
            .or_else(|| apply(RawRequest::DIRECTIVES, &mut self.request, line))
    }

    /// These settings, and those of the SP where they are silent.
    pub(crate) fn over(&self, defaults: &Self) -> Self {
        let mut policy = self.clone();
        policy.inherit(defaults);
        policy.request.inherit(&defaults.request);
        policy
    }

    /// The settings, ours where they are silent.
    pub(crate) fn resolved(&self) -> Policy {
        let allows = |weak| self.allow_weak.iter().any(|given| given.value == weak);
        let mut policy = Policy {
            signature: SignaturePolicy {
                allow_sha1: allows(Weak::Sha1),
                allow_rsa1024: allows(Weak::Rsa1024),
            },
            decryption: DecryptionPolicy {
                allow_rsa1_5: allows(Weak::Rsa15),
                allow_cbc: allows(Weak::Cbc),
                allow_3des: allows(Weak::TripleDes),
            },
            ..Policy::default()
        };
        self.set(&mut policy);
        policy
    }
}

fn when_to_sign(line: &Line<'_>) -> Result<SignRequests, String> {
    use SignRequests::{Auto, Off, On};
    line.choice(&[("auto", Auto), ("on", On), ("off", Off)])
}

/// Another name for two values of `encryption`.
fn want_encrypted(raw: &mut RawPolicy, line: &Line<'_>) -> Result<(), String> {
    if raw.encryption.is_some() {
        return Err("\"want_encrypted on\" is \"encryption require\"; leave one".into());
    }
    let choices = [("on", Encryption::Require), ("off", Encryption::Off)];
    once(&mut raw.encryption, line, |line| line.choice(&choices))
}

fn weak(word: &str) -> Result<Weak, String> {
    match word {
        "sha1" => Ok(Weak::Sha1),
        "rsa1024" => Ok(Weak::Rsa1024),
        "rsa1_5" => Ok(Weak::Rsa15),
        "cbc" => Ok(Weak::Cbc),
        "3des" => Ok(Weak::TripleDes),
        _ => Err(format!(
            "invalid value \"{word}\" in \"allow_weak\" directive, \
             it must be \"sha1\", \"rsa1024\", \"rsa1_5\", \"cbc\" or \"3des\""
        )),
    }
}

fn signature_algorithm(line: &Line<'_>) -> Result<Option<SignatureAlgorithm>, String> {
    let strong = !line.arg().ends_with("-sha1");
    let algorithm = SignatureAlgorithm::from_name(line.arg()).filter(|_| strong);
    algorithm.map(Some).ok_or_else(|| {
        format!(
            "unknown algorithm \"{}\" in \"signature_algorithm\" directive, it must be one of {}",
            line.arg(),
            SignatureAlgorithm::strong_names()
        )
    })
}

fn digest_algorithm(line: &Line<'_>) -> Result<DigestAlgorithm, String> {
    let strong = line.arg() != "sha1";
    DigestAlgorithm::from_name(line.arg()).filter(|_| strong).ok_or_else(|| {
        format!(
            "unknown algorithm \"{}\" in \"digest_algorithm\" directive, it must be one of {}",
            line.arg(),
            DigestAlgorithm::strong_names()
        )
    })
}

fn experimental(line: &Line<'_>) -> Result<(), String> {
    line.choice(&[("ml-dsa", ())])?;
    Err(format!(
        "\"allow_experimental ml-dsa\" cannot be had: ML-DSA signatures need OpenSSL 3.5 or newer and a \
         module made for it; this one runs with {}",
        xmldoc::libcrypto_version()
    ))
}
