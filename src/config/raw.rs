//! What the blocks said: one field and one table line a directive, nothing checked across lines.

use clock::{Msec, Seconds};

use super::block::Block;
use super::directive::{Directive, Given, Line, Place, apply, each, many, once, one, size_of_text};
use super::name_id_format;
use super::unknown::unknown_directive;

const HOUR: Seconds = Seconds(3600);
const DAY: Seconds = Seconds(24 * 3600);

/// `saml_session_store NAME { … }`.
#[derive(Default)]
pub struct RawStore {
    pub name: String,
    pub place: Place,
    pub zone: Option<Given<(String, usize)>>,
    pub secret: Vec<Given<String>>,
    /// Addresses as written, and a last word `tls`.
    pub memcached: Option<Given<Vec<String>>>,
    pub memcached_timeout: Option<Given<Msec>>,
    pub memcached_ssl_trusted_certificate: Option<Given<String>>,
    pub memcached_ssl_name: Option<Given<String>>,
    pub memcached_ssl_certificate: Option<Given<String>>,
    pub memcached_ssl_certificate_key: Option<Given<String>>,
    pub replicas: Option<Given<i64>>,
    pub key_prefix: Option<Given<String>>,
    pub cache_valid: Option<Given<Msec>>,
    pub stale: Option<Given<Seconds>>,
    pub cache_size: Option<Given<i64>>,
}

pub static STORE_DIRECTIVES: &[Directive<RawStore>] = &[
    many("zone", 2, 2, |raw, line| once(&mut raw.zone, line, zone(line))),
    many("secret", 1, usize::MAX, |raw, line| {
        line.args.iter().try_for_each(|&file| each(&mut raw.secret, line, Ok(file.to_owned())))
    }),
    many("memcached", 1, 65, |raw, line| once(&mut raw.memcached, line, line.words())),
    one("memcached_timeout", |raw, line| {
        once(&mut raw.memcached_timeout, line, line.milliseconds(Msec(10), Msec(10_000)))
    }),
    one("memcached_ssl_trusted_certificate", |raw, line| {
        once(&mut raw.memcached_ssl_trusted_certificate, line, line.text())
    }),
    one("memcached_ssl_name", |raw, line| once(&mut raw.memcached_ssl_name, line, line.text())),
    one("memcached_ssl_certificate", |raw, line| {
        once(&mut raw.memcached_ssl_certificate, line, line.text())
    }),
    one("memcached_ssl_certificate_key", |raw, line| {
        once(&mut raw.memcached_ssl_certificate_key, line, line.text())
    }),
    one("replicas", |raw, line| once(&mut raw.replicas, line, line.number(1, 8))),
    one("key_prefix", |raw, line| once(&mut raw.key_prefix, line, line.text())),
    one("cache_valid", |raw, line| {
        once(&mut raw.cache_valid, line, line.milliseconds(Msec(0), Msec(60_000)))
    }),
    one("stale", |raw, line| once(&mut raw.stale, line, line.seconds(Seconds(0), HOUR))),
    one("cache_size", |raw, line| once(&mut raw.cache_size, line, line.number(64, 1 << 20))),
];

/// `saml_idp NAME { … }`.
#[derive(Default)]
pub struct RawIdp {
    pub name: String,
    pub place: Place,
    pub metadata: Option<Given<String>>,
    pub entity_id: Option<Given<String>>,
    pub sso_url: Option<Given<String>>,
    pub slo_url: Option<Given<String>>,
    pub slo_response_url: Option<Given<String>>,
    pub signing_certificate: Vec<Given<String>>,
    pub signing_key: Vec<Given<String>>,
    pub policy: RawPolicy,
}

pub static IDP_DIRECTIVES: &[Directive<RawIdp>] = &[
    one("metadata", |raw, line| once(&mut raw.metadata, line, line.text())),
    one("entity_id", |raw, line| once(&mut raw.entity_id, line, line.text())),
    one("sso_url", |raw, line| once(&mut raw.sso_url, line, line.text())),
    one("slo_url", |raw, line| once(&mut raw.slo_url, line, line.text())),
    one("slo_response_url", |raw, line| once(&mut raw.slo_response_url, line, line.text())),
    many("signing_certificate", 1, usize::MAX, |raw, line| {
        line.args
            .iter()
            .try_for_each(|&file| each(&mut raw.signing_certificate, line, Ok(file.to_owned())))
    }),
    many("signing_key", 1, usize::MAX, |raw, line| {
        line.args.iter().try_for_each(|&file| each(&mut raw.signing_key, line, Ok(file.to_owned())))
    }),
];

/// The settings that may stand in `saml_idp`, or in `saml_sp` as the default for its IdPs.
#[derive(Clone, Default)]
pub struct RawPolicy {
    pub sso_binding: Option<Given<saml::provider::Binding>>,
    pub sign_requests: Option<Given<saml::provider::SignRequests>>,
    pub want_assertion_signed: Option<Given<bool>>,
    pub want_response_signed: Option<Given<bool>>,
    pub encryption: Option<Given<saml::provider::Encryption>>,
    pub name_id_format: Option<Given<String>>,
    pub allow_create: Option<Given<bool>>,
    pub clock_skew: Option<Given<Seconds>>,
    pub allow_unsolicited: Option<Given<bool>>,
    pub allow_weak: Vec<Given<Weak>>,
    pub signature_algorithm: Option<Given<xmldoc::SignatureAlgorithm>>,
    pub digest_algorithm: Option<Given<xmldoc::DigestAlgorithm>>,
    pub max_authn_age: Option<Given<Option<Seconds>>>,
    pub max_assertion_age: Option<Given<Seconds>>,
    pub slo_binding: Option<Given<saml::provider::LogoutBinding>>,
    pub sign_logout: Option<Given<saml::provider::SignRequests>>,
    pub require_signed_logout: Option<Given<bool>>,
    pub name_id_encrypted: Option<Given<bool>>,
    pub slo_ssl_trusted_certificate: Option<Given<String>>,
}

/// What `allow_weak` may allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weak {
    Sha1,
    Rsa1024,
    Rsa15,
    Cbc,
    TripleDes,
}

pub static POLICY_DIRECTIVES: &[Directive<RawPolicy>] = &[
    one("sso_binding", |raw, line| {
        use saml::provider::Binding::{Post, Redirect};
        once(&mut raw.sso_binding, line, line.choice(&[("redirect", Redirect), ("post", Post)]))
    }),
    one("sign_requests", |raw, line| {
        use saml::provider::SignRequests::{Auto, Off, On};
        let choices = [("auto", Auto), ("on", On), ("off", Off)];
        once(&mut raw.sign_requests, line, line.choice(&choices))
    }),
    one("want_assertion_signed", |raw, line| {
        once(&mut raw.want_assertion_signed, line, line.flag())
    }),
    one("want_response_signed", |raw, line| once(&mut raw.want_response_signed, line, line.flag())),
    one("encryption", |raw, line| {
        use saml::provider::Encryption::{Off, Offer, Require};
        let choices = [("offer", Offer), ("require", Require), ("off", Off)];
        once(&mut raw.encryption, line, line.choice(&choices))
    }),
    // Another name for two of them.
    one("want_encrypted", |raw, line| {
        use saml::provider::Encryption::{Off, Require};
        if raw.encryption.is_some() {
            return Err("\"want_encrypted on\" is \"encryption require\"; leave one".into());
        }
        once(&mut raw.encryption, line, line.choice(&[("on", Require), ("off", Off)]))
    }),
    one("name_id_format", |raw, line| {
        once(&mut raw.name_id_format, line, name_id_format::uri(line.arg()))
    }),
    one("allow_create", |raw, line| once(&mut raw.allow_create, line, line.flag())),
    one("clock_skew", |raw, line| {
        once(&mut raw.clock_skew, line, line.seconds(Seconds(0), Seconds(10 * 60)))
    }),
    one("allow_unsolicited", |raw, line| once(&mut raw.allow_unsolicited, line, line.flag())),
    many("allow_weak", 1, 5, |raw, line| {
        for &arg in &line.args {
            let weak = match arg {
                "sha1" => Weak::Sha1,
                "rsa1024" => Weak::Rsa1024,
                "rsa1_5" => Weak::Rsa15,
                "cbc" => Weak::Cbc,
                "3des" => Weak::TripleDes,
                _ => {
                    return Err(format!(
                        "invalid value \"{arg}\" in \"allow_weak\" directive, \
                         it must be \"sha1\", \"rsa1024\", \"rsa1_5\", \"cbc\" or \"3des\""
                    ));
                }
            };
            each(&mut raw.allow_weak, line, Ok(weak))?;
        }
        Ok(())
    }),
    one("signature_algorithm", |raw, line| {
        let strong = !line.arg().ends_with("-sha1");
        let algorithm = xmldoc::SignatureAlgorithm::from_name(line.arg()).filter(|_| strong);
        let algorithm = algorithm.ok_or_else(|| {
            format!(
                "unknown algorithm \"{}\" in \"signature_algorithm\" directive, it must be one of \
                 {}",
                line.arg(),
                xmldoc::SignatureAlgorithm::strong_names()
            )
        });
        once(&mut raw.signature_algorithm, line, algorithm)
    }),
    one("digest_algorithm", |raw, line| {
        let strong = line.arg() != "sha1";
        let algorithm = xmldoc::DigestAlgorithm::from_name(line.arg()).filter(|_| strong);
        let algorithm = algorithm.ok_or_else(|| {
            format!(
                "unknown algorithm \"{}\" in \"digest_algorithm\" directive, it must be one of {}",
                line.arg(),
                xmldoc::DigestAlgorithm::strong_names()
            )
        });
        once(&mut raw.digest_algorithm, line, algorithm)
    }),
    one("max_authn_age", |raw, line| {
        once(&mut raw.max_authn_age, line, line.seconds_or_off(Seconds(1), DAY * 365))
    }),
    one("max_assertion_age", |raw, line| {
        once(&mut raw.max_assertion_age, line, line.seconds(Seconds(1), DAY))
    }),
    one("slo_binding", |raw, line| {
        use saml::provider::LogoutBinding as Slo;
        let choices = [("redirect", Slo::REDIRECT), ("post", Slo::POST), ("soap", Slo::Soap)];
        once(&mut raw.slo_binding, line, line.choice(&choices))
    }),
    one("sign_logout", |raw, line| {
        use saml::provider::SignRequests::{Auto, Off, On};
        let choices = [("auto", Auto), ("on", On), ("off", Off)];
        once(&mut raw.sign_logout, line, line.choice(&choices))
    }),
    one("require_signed_logout", |raw, line| {
        once(&mut raw.require_signed_logout, line, line.flag())
    }),
    one("name_id_encrypted", |raw, line| once(&mut raw.name_id_encrypted, line, line.flag())),
    one("slo_ssl_trusted_certificate", |raw, line| {
        once(&mut raw.slo_ssl_trusted_certificate, line, line.text())
    }),
    // Nothing to keep: what it asks for is not there.
    one("allow_experimental", |_, line| {
        line.choice(&[("ml-dsa", ())])?;
        Err(format!(
            "\"allow_experimental ml-dsa\" cannot be had: ML-DSA signatures need OpenSSL 3.5 or newer \
             and a module made for it; this one runs with {}",
            xmldoc::libcrypto_version()
        ))
    }),
];

/// `saml_sp NAME { … }`.
#[derive(Default)]
pub struct RawSp {
    pub name: String,
    pub place: Place,
    pub entity_id: Option<Given<String>>,
    pub base_url: Option<Given<String>>,
    pub certificate: Vec<Given<String>>,
    pub certificate_key: Vec<Given<String>>,
    pub certificate_key_password_file: Option<Given<String>>,
    pub idp: Vec<Given<String>>,
    pub session_store: Option<Given<String>>,
    pub session_lifetime: Option<Given<Seconds>>,
    pub session_idle_timeout: Option<Given<Option<Seconds>>>,
    pub cookie_name: Option<Given<String>>,
    pub cookie_domain: Option<Given<String>>,
    pub cookie_path: Option<Given<String>>,
    pub cookie_same_site: Option<Given<session::SameSite>>,
    pub cookie_partitioned: Option<Given<bool>>,
    pub attribute: Vec<Given<Vec<String>>>,
    pub attribute_separator: Option<Given<String>>,
    pub return_hosts: Vec<Given<Vec<String>>>,
    pub login_redirect: Option<Given<String>>,
    pub logout_redirect: Option<Given<String>>,
    pub logout_notify: Option<Given<String>>,
    pub organization: Option<Given<Vec<String>>>,
    pub contact: Vec<Given<Vec<String>>>,
    pub requested_attribute: Vec<Given<Vec<String>>>,
    pub metadata_valid: Option<Given<Option<Seconds>>>,
    pub sign_metadata: Option<Given<bool>>,
    pub request_lifetime: Option<Given<Seconds>>,
    pub max_message_size: Option<Given<usize>>,
    pub policy: RawPolicy,
}

pub static SP_DIRECTIVES: &[Directive<RawSp>] = &[
    one("entity_id", |raw, line| once(&mut raw.entity_id, line, line.text())),
    one("base_url", |raw, line| once(&mut raw.base_url, line, line.text())),
    one("certificate", |raw, line| each(&mut raw.certificate, line, line.text())),
    one("certificate_key", |raw, line| each(&mut raw.certificate_key, line, line.text())),
    one("certificate_key_password_file", |raw, line| {
        once(&mut raw.certificate_key_password_file, line, line.text())
    }),
    one("idp", |raw, line| each(&mut raw.idp, line, line.text())),
    one("session_store", |raw, line| once(&mut raw.session_store, line, line.text())),
    one("session_lifetime", |raw, line| {
        once(&mut raw.session_lifetime, line, line.seconds(Seconds(1), DAY * 365))
    }),
    one("session_idle_timeout", |raw, line| {
        once(&mut raw.session_idle_timeout, line, line.seconds_or_off(Seconds(1), DAY * 365))
    }),
    one("cookie_name", |raw, line| once(&mut raw.cookie_name, line, line.text())),
    one("cookie_domain", |raw, line| once(&mut raw.cookie_domain, line, line.text())),
    one("cookie_path", |raw, line| once(&mut raw.cookie_path, line, line.text())),
    one("cookie_same_site", |raw, line| {
        use session::SameSite::{Lax, None, Strict};
        let choices = [("lax", Lax), ("strict", Strict), ("none", None)];
        once(&mut raw.cookie_same_site, line, line.choice(&choices))
    }),
    one("cookie_partitioned", |raw, line| once(&mut raw.cookie_partitioned, line, line.flag())),
    many("attribute", 2, usize::MAX, |raw, line| each(&mut raw.attribute, line, line.words())),
    one("attribute_separator", |raw, line| once(&mut raw.attribute_separator, line, line.text())),
    many("return_hosts", 1, usize::MAX, |raw, line| {
        each(&mut raw.return_hosts, line, line.words())
    }),
    one("login_redirect", |raw, line| once(&mut raw.login_redirect, line, line.text())),
    one("logout_redirect", |raw, line| once(&mut raw.logout_redirect, line, line.text())),
    one("logout_notify", |raw, line| once(&mut raw.logout_notify, line, line.text())),
    many("organization", 3, 4, |raw, line| once(&mut raw.organization, line, line.words())),
    many("contact", 2, 3, |raw, line| each(&mut raw.contact, line, line.words())),
    many("requested_attribute", 1, 3, |raw, line| {
        each(&mut raw.requested_attribute, line, line.words())
    }),
    one("metadata_valid", |raw, line| {
        once(&mut raw.metadata_valid, line, line.seconds_or_off(HOUR, DAY * 365))
    }),
    one("sign_metadata", |raw, line| once(&mut raw.sign_metadata, line, line.flag())),
    one("request_lifetime", |raw, line| {
        once(&mut raw.request_lifetime, line, line.seconds(Seconds(5), DAY))
    }),
    one("max_message_size", |raw, line| {
        once(&mut raw.max_message_size, line, line.size(16 << 10, 16 << 20))
    }),
];

fn zone(line: &Line<'_>) -> Result<(String, usize), String> {
    match line.args.as_slice() {
        [name, size] => {
            // Room for the session hash, the epochs and a few sessions; nginx's own floor is 8 pages.
            let bytes = size_of_text(line.name, size, 256 << 10, 1 << 40)?;
            Ok(((*name).to_owned(), bytes))
        }
        _ => Err("\"zone\" takes a name and a size".into()),
    }
}

impl Block for RawStore {
    fn apply(&mut self, line: &Line<'_>) -> Result<(), String> {
        apply(STORE_DIRECTIVES, self, line).unwrap_or_else(|| unknown(line, "saml_session_store"))
    }
}

impl Block for RawIdp {
    fn apply(&mut self, line: &Line<'_>) -> Result<(), String> {
        apply(IDP_DIRECTIVES, self, line)
            .or_else(|| apply(POLICY_DIRECTIVES, &mut self.policy, line))
            .unwrap_or_else(|| unknown(line, "saml_idp"))
    }
}

impl Block for RawSp {
    fn apply(&mut self, line: &Line<'_>) -> Result<(), String> {
        apply(SP_DIRECTIVES, self, line)
            .or_else(|| apply(POLICY_DIRECTIVES, &mut self.policy, line))
            .unwrap_or_else(|| unknown(line, "saml_sp"))
    }
}

fn unknown(line: &Line<'_>, block: &str) -> Result<(), String> {
    Err(unknown_directive(line.name, block))
}
