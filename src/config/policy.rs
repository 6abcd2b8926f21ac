//! How an SP and an IdP deal with one another: the settings of both blocks, and our defaults.

use saml::metadata::IdpMetadata;
use saml::provider::{Encryption, Policy, SignRequests};
use xmldoc::{DecryptionKey, DecryptionPolicy, SignaturePolicy, SigningKey};

use super::directive::{ConfigError, Given};
use super::raw::{RawIdp, RawPolicy, Weak};
use super::warnings::Warnings;

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
}

/// The settings, ours where they are silent.
///
/// # Errors
/// Something is to be signed or decrypted, and the SP's key `signer` cannot.
pub fn policy(
    settings: &RawPolicy,
    metadata: Option<&IdpMetadata>,
    raw: &RawIdp,
    signer: Option<&SigningKey>,
    warnings: &mut Warnings,
) -> Result<Policy, ConfigError> {
    let defaults = Policy::default();
    let allows = |weak: Weak| settings.allow_weak.iter().any(|g| g.value == weak);
    let policy = Policy {
        want_assertion_signed: value(
            &settings.want_assertion_signed,
            defaults.want_assertion_signed,
        ),
        want_response_signed: value(&settings.want_response_signed, defaults.want_response_signed),
        clock_skew: value(&settings.clock_skew, defaults.clock_skew),
        allow_unsolicited: value(&settings.allow_unsolicited, defaults.allow_unsolicited),
        signature: SignaturePolicy {
            allow_sha1: allows(Weak::Sha1),
            allow_rsa1024: allows(Weak::Rsa1024),
        },
        encryption: value(&settings.encryption, defaults.encryption),
        decryption: DecryptionPolicy {
            allow_rsa1_5: allows(Weak::Rsa15),
            allow_cbc: allows(Weak::Cbc),
            allow_3des: allows(Weak::TripleDes),
        },
        sign_requests: value(&settings.sign_requests, defaults.sign_requests),
        name_id_format: settings.name_id_format.as_ref().map(|g| g.value.clone()),
        allow_create: value(&settings.allow_create, defaults.allow_create),
        max_authn_age: settings.max_authn_age.as_ref().and_then(|g| g.value),
        max_assertion_age: value(&settings.max_assertion_age, defaults.max_assertion_age),
        signature_algorithm: settings.signature_algorithm.as_ref().map(|g| g.value),
        digest_algorithm: value(&settings.digest_algorithm, defaults.digest_algorithm),
        slo_binding: settings.slo_binding.as_ref().map(|g| g.value),
        sign_logout: value(&settings.sign_logout, defaults.sign_logout),
        require_signed_logout: value(
            &settings.require_signed_logout,
            defaults.require_signed_logout,
        ),
        name_id_encrypted: value(&settings.name_id_encrypted, defaults.name_id_encrypted),
    };
    check_signing(settings, &policy, metadata, raw, signer, warnings)?;
    Ok(policy)
}

fn value<T: Copy>(given: &Option<Given<T>>, default: T) -> T {
    given.as_ref().map_or(default, |g| g.value)
}

/// Can we sign what we mean to sign?
fn check_signing(
    settings: &RawPolicy,
    policy: &Policy,
    metadata: Option<&IdpMetadata>,
    raw: &RawIdp,
    signer: Option<&SigningKey>,
    warnings: &mut Warnings,
) -> Result<(), ConfigError> {
    if let (Some(given), SignRequests::On, None) =
        (&settings.sign_requests, policy.sign_requests, signer)
    {
        return Err(ConfigError::new(
            &given.place,
            "\"sign_requests on\" needs \"certificate\" and \"certificate_key\" in the saml_sp",
        ));
    }
    if let Some(given) = settings.encryption.as_ref().filter(|g| g.value != Encryption::Off)
        && signer.is_none_or(|key| DecryptionKey::of(key).is_none())
    {
        return Err(ConfigError::new(
            &given.place,
            "\"encryption\" needs an RSA \"certificate\" and \"certificate_key\" in the saml_sp: IdPs \
             encrypt for RSA keys",
        ));
    }
    if let (Some(given), Some(signer)) = (&settings.signature_algorithm, signer)
        && !signer.supports(given.value)
    {
        return Err(ConfigError::new(
            &given.place,
            "\"signature_algorithm\" does not fit the type of the \"certificate_key\"; \
             use rsa-… with an RSA key and ecdsa-… with an EC key",
        ));
    }
    let unsigned = signer.is_none() || policy.sign_requests == SignRequests::Off;
    if unsigned && metadata.is_some_and(|m| m.want_authn_requests_signed) {
        let place = settings.sign_requests.as_ref().map_or(&raw.place, |g| &g.place);
        warnings.add(
            place,
            format!(
                "the metadata of saml_idp \"{}\" says WantAuthnRequestsSigned, but requests will \
                 go unsigned; give the saml_sp a \"certificate\" and \"certificate_key\"",
                raw.name
            ),
        );
    }
    Ok(())
}
