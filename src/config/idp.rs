//! A validated IdP: raw lines, defaults of the SP, metadata and keys, made into one value.

use std::rc::Rc;

use http::HttpUrl;
use nginx_sys::ngx_conf_t;
use saml::metadata::{IdpMetadata, MetadataKey};
use saml::provider::{Binding, Endpoint, Policy};
use xmldoc::{Certificate, SigningKey, VerifyingKey};

use super::certificate::{key_error, warn_of_expiry};
use super::directive::ConfigError;
use super::files::Files;
use super::policy::policy;
use super::raw::{RawIdp, RawPolicy};
use super::slo;
use super::slo_soap;
use super::url::check_url;
use super::warnings::Warnings;
use crate::event::Resource;

/// An IdP as one SP uses it.
pub struct Idp {
    /// The name of its `saml_idp` block.
    pub name: String,
    pub provider: saml::provider::Idp,
    /// Where LogoutRequests go, when they go by SOAP.
    pub soap_slo: Option<Rc<Resource>>,
}

/// An IdP that has yet to learn of this SP: there is nothing of it but a name, and settings.
pub struct AwaitedIdp {
    /// The name of its `saml_idp` block.
    pub name: String,
    /// What the SP's metadata tells the IdP.
    pub policy: Policy,
}

impl AwaitedIdp {
    /// Says nothing of the IdP itself: neither metadata nor anything by hand.
    pub fn is(raw: &RawIdp) -> bool {
        raw.metadata.is_none()
            && raw.entity_id.is_none()
            && raw.sso_url.is_none()
            && raw.slo_url.is_none()
            && raw.slo_response_url.is_none()
            && raw.signing_certificate.is_empty()
            && raw.signing_key.is_empty()
    }

    /// Validates the settings of `raw`, and warns.
    pub fn new(
        raw: &RawIdp,
        defaults: &RawPolicy,
        signer: Option<&SigningKey>,
        warnings: &mut Warnings,
    ) -> Result<Self, ConfigError> {
        warnings.add(
            &raw.place,
            format!(
                "saml_idp \"{}\" has no \"metadata\" yet: nobody can log in there; give the IdP \
                 what the saml_metadata location serves, and name the IdP's metadata file here",
                raw.name
            ),
        );
        let policy = policy(&raw.policy.over(defaults), None, raw, signer, warnings)?;
        Ok(Self { name: raw.name.clone(), policy })
    }
}

impl Idp {
    /// Validates `raw` for an SP whose defaults are `defaults` and whose first key is `signer`.
    pub fn new(
        cf: *mut ngx_conf_t,
        raw: &RawIdp,
        defaults: &RawPolicy,
        signer: Option<&SigningKey>,
        files: &Files,
        now: i64,
        warnings: &mut Warnings,
    ) -> Result<Self, ConfigError> {
        let settings = raw.policy.over(defaults);
        let source = Source::read(raw, files, now, warnings)?;
        let sso = source.sso(raw, &settings)?;
        let policy = policy(&settings, source.metadata.as_ref(), raw, signer, warnings)?;
        check_keys(&source.keys, &policy, raw, now, warnings)?;
        let (slo, encryption_key) = match source.metadata {
            Some(metadata) => (metadata.slo, metadata.encryption_key),
            None => (Vec::new(), None),
        };
        let provider = saml::provider::Idp {
            entity_id: source.entity_id,
            sso,
            slo: slo::endpoints(raw, &settings, slo)?,
            encryption_key,
            keys: source.keys.into_iter().map(|k| k.key).collect(),
            policy,
        };
        slo::check(raw, &settings, &provider, signer, warnings)?;
        let soap_slo = slo_soap::resource(cf, raw, &settings, &provider, files, warnings)?;
        Ok(Self { name: raw.name.clone(), provider, soap_slo })
    }
}

/// What is known of the IdP from metadata or by hand.
struct Source {
    entity_id: String,
    keys: Vec<MetadataKey>,
    metadata: Option<IdpMetadata>,
}

impl Source {
    fn read(
        raw: &RawIdp,
        files: &Files,
        now: i64,
        warnings: &mut Warnings,
    ) -> Result<Self, ConfigError> {
        let mut by_hand = keys_by_hand(raw, files)?;
        let Some(given) = &raw.metadata else {
            return Self::by_hand(raw, by_hand);
        };
        if given.value.contains("://") {
            return Err(ConfigError::new(
                &given.place,
                "\"metadata\" takes a file; save the IdP's metadata next to nginx.conf and name it",
            ));
        }
        let xml = files.read("metadata", given)?;
        let wanted = raw.entity_id.as_ref().map(|g| g.value.as_str());
        let mut metadata = IdpMetadata::parse(&xml, wanted).map_err(|e| {
            ConfigError::new(&given.place, format!("metadata \"{}\": {}", given.value, e.0))
        })?;
        if metadata.valid_until.is_some_and(|until| until <= now) {
            warnings.add(
                &given.place,
                format!(
                    "metadata \"{}\" is past its validUntil; get fresh metadata from the IdP",
                    given.value
                ),
            );
        }
        if let Some(left_out) = &metadata.left_out {
            let message = format!("metadata \"{}\": {left_out}", given.value);
            warnings.add(&given.place, message);
        }
        for why in &metadata.unusable_slo {
            let message = format!("metadata \"{}\": {why}", given.value);
            warnings.add(&given.place, message);
        }
        for why in &metadata.unusable_keys {
            let message = format!("metadata \"{}\": a key is left out, {why}", given.value);
            warnings.add(&given.place, message);
        }
        let refuse = |e: saml::metadata::MetadataError| {
            ConfigError::new(&given.place, format!("metadata \"{}\": {}", given.value, e.0))
        };
        if by_hand.is_empty() {
            metadata.require_keys().map_err(refuse)?;
        }
        if raw.sso_url.is_none() {
            metadata.require_sso().map_err(refuse)?;
        }
        let mut keys = std::mem::take(&mut metadata.keys);
        keys.append(&mut by_hand);
        Ok(Self { entity_id: metadata.entity_id.clone(), keys, metadata: Some(metadata) })
    }

    fn by_hand(raw: &RawIdp, keys: Vec<MetadataKey>) -> Result<Self, ConfigError> {
        let missing = |what: &str| {
            ConfigError::new(
                &raw.place,
                format!(
                    "saml_idp \"{}\" has no \"{what}\": name the IdP's \"metadata\" file, or give \
                     \"entity_id\", \"sso_url\" and \"signing_certificate\" by hand",
                    raw.name
                ),
            )
        };
        let entity_id = raw.entity_id.as_ref().ok_or_else(|| missing("entity_id"))?;
        if raw.sso_url.is_none() {
            return Err(missing("sso_url"));
        }
        if keys.is_empty() {
            return Err(missing("signing_certificate"));
        }
        Ok(Self { entity_id: entity_id.value.clone(), keys, metadata: None })
    }

    /// Where AuthnRequests go: `sso_url`, else the metadata's endpoint of the wanted binding.
    fn sso(&self, raw: &RawIdp, settings: &RawPolicy) -> Result<Endpoint, ConfigError> {
        let wanted = settings.sso_binding.as_ref();
        if let Some(url) = &raw.sso_url {
            check_url("sso_url", url)?;
            let binding = wanted.map_or(Binding::Redirect, |g| g.value);
            return Ok(Endpoint { binding, location: url.value.clone() });
        }
        let offered = self.metadata.as_ref().map(|m| m.sso.as_slice()).unwrap_or_default();
        let chosen = match wanted {
            Some(given) => offered.iter().find(|e| e.binding == given.value),
            None => {
                offered.iter().find(|e| e.binding == Binding::Redirect).or_else(|| offered.first())
            }
        };
        chosen.cloned().ok_or_else(|| {
            let place = wanted.map_or(&raw.place, |g| &g.place);
            ConfigError::new(
                place,
                format!(
                    "the metadata of saml_idp \"{}\" has no SingleSignOnService of the wanted \
                     \"sso_binding\"; change the binding, or give \"sso_url\"",
                    raw.name
                ),
            )
        })
    }
}

fn keys_by_hand(raw: &RawIdp, files: &Files) -> Result<Vec<MetadataKey>, ConfigError> {
    let mut keys = Vec::new();
    for given in &raw.signing_certificate {
        let pem = files.read("signing_certificate", given)?;
        let certificate = Certificate::from_pem(&pem)
            .map_err(|e| key_error("signing_certificate", given, &e.to_string()))?;
        let key = VerifyingKey::from_certificate(&certificate)
            .map_err(|e| key_error("signing_certificate", given, &e.to_string()))?;
        keys.push(MetadataKey { key, certificate: Some(certificate) });
    }
    for given in &raw.signing_key {
        let pem = files.read("signing_key", given)?;
        let key = VerifyingKey::from_public_key_pem(&pem)
            .map_err(|e| key_error("signing_key", given, &e.to_string()))?;
        keys.push(MetadataKey { key, certificate: None });
    }
    Ok(keys)
}

/// Weak keys that will never be accepted, and certificates near their end.
fn check_keys(
    keys: &[MetadataKey],
    policy: &Policy,
    raw: &RawIdp,
    now: i64,
    warnings: &mut Warnings,
) -> Result<(), ConfigError> {
    let usable = |key: &MetadataKey| {
        key.key
            .rsa_bits()
            .is_none_or(|bits| bits >= 2048 || (bits >= 1024 && policy.signature.allow_rsa1024))
    };
    if !keys.iter().any(usable) {
        return Err(ConfigError::new(
            &raw.place,
            format!(
                "every signing key of saml_idp \"{}\" is RSA below 2048 bits; have the IdP use a \
                 longer key (\"allow_weak rsa1024\" accepts 1024 bits)",
                raw.name
            ),
        ));
    }
    for certificate in keys.iter().filter_map(|k| k.certificate.as_ref()) {
        warn_of_expiry(
            certificate,
            &format!("saml_idp \"{}\"", raw.name),
            &raw.place,
            now,
            warnings,
        );
    }
    Ok(())
}
