//! How an SP and an IdP deal with one another: the settings of both blocks, and our defaults.

use saml::provider::Policy;
use xmldoc::{DecryptionPolicy, SignaturePolicy};

use crate::place::Given;
use crate::raw::{RawPolicy, Weak};

impl RawPolicy {
    /// These settings, with `defaults` where they are silent.
    pub fn over(&self, defaults: &Self) -> Self {
        fn pick<T: Clone>(own: &Option<T>, default: &Option<T>) -> Option<T> {
            own.clone().or_else(|| default.clone())
        }
        Self {
            sso_binding: pick(&self.sso_binding, &defaults.sso_binding),
            sign_requests: pick(&self.sign_requests, &defaults.sign_requests),
            want_assertion_signed: pick(
                &self.want_assertion_signed,
                &defaults.want_assertion_signed,
            ),
            want_response_signed: pick(&self.want_response_signed, &defaults.want_response_signed),
            encryption: pick(&self.encryption, &defaults.encryption),
            name_id_format: pick(&self.name_id_format, &defaults.name_id_format),
            allow_create: pick(&self.allow_create, &defaults.allow_create),
            clock_skew: pick(&self.clock_skew, &defaults.clock_skew),
            allow_unsolicited: pick(&self.allow_unsolicited, &defaults.allow_unsolicited),
            allow_weak: if self.allow_weak.is_empty() {
                defaults.allow_weak.clone()
            } else {
                self.allow_weak.clone()
            },
            signature_algorithm: pick(&self.signature_algorithm, &defaults.signature_algorithm),
            digest_algorithm: pick(&self.digest_algorithm, &defaults.digest_algorithm),
            max_authn_age: pick(&self.max_authn_age, &defaults.max_authn_age),
            max_assertion_age: pick(&self.max_assertion_age, &defaults.max_assertion_age),
            slo_binding: pick(&self.slo_binding, &defaults.slo_binding),
            sign_logout: pick(&self.sign_logout, &defaults.sign_logout),
            require_signed_logout: pick(
                &self.require_signed_logout,
                &defaults.require_signed_logout,
            ),
            name_id_encrypted: pick(&self.name_id_encrypted, &defaults.name_id_encrypted),
            slo_ssl_trusted_certificate: pick(
                &self.slo_ssl_trusted_certificate,
                &defaults.slo_ssl_trusted_certificate,
            ),
        }
    }

    /// The settings, ours where they are silent.
    pub fn resolved(&self) -> Policy {
        let defaults = Policy::default();
        let allows = |weak: Weak| self.allow_weak.iter().any(|g| g.value == weak);
        Policy {
            want_assertion_signed: value(
                &self.want_assertion_signed,
                defaults.want_assertion_signed,
            ),
            want_response_signed: value(&self.want_response_signed, defaults.want_response_signed),
            clock_skew: value(&self.clock_skew, defaults.clock_skew),
            allow_unsolicited: value(&self.allow_unsolicited, defaults.allow_unsolicited),
            signature: SignaturePolicy {
                allow_sha1: allows(Weak::Sha1),
                allow_rsa1024: allows(Weak::Rsa1024),
            },
            encryption: value(&self.encryption, defaults.encryption),
            decryption: DecryptionPolicy {
                allow_rsa1_5: allows(Weak::Rsa15),
                allow_cbc: allows(Weak::Cbc),
                allow_3des: allows(Weak::TripleDes),
            },
            sign_requests: value(&self.sign_requests, defaults.sign_requests),
            name_id_format: self.name_id_format.as_ref().map(|g| g.value.clone()),
            allow_create: value(&self.allow_create, defaults.allow_create),
            max_authn_age: self.max_authn_age.as_ref().and_then(|g| g.value),
            max_assertion_age: value(&self.max_assertion_age, defaults.max_assertion_age),
            signature_algorithm: self.signature_algorithm.as_ref().map(|g| g.value),
            digest_algorithm: value(&self.digest_algorithm, defaults.digest_algorithm),
            slo_binding: self.slo_binding.as_ref().map(|g| g.value),
            sign_logout: value(&self.sign_logout, defaults.sign_logout),
            require_signed_logout: value(
                &self.require_signed_logout,
                defaults.require_signed_logout,
            ),
            name_id_encrypted: value(&self.name_id_encrypted, defaults.name_id_encrypted),
        }
    }
}

fn value<T: Copy>(given: &Option<Given<T>>, default: T) -> T {
    given.as_ref().map_or(default, |g| g.value)
}
