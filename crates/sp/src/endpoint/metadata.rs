//! `saml_metadata`: what an IdP imports.

use clock::UnixTime;
use pages::Reply;
use saml::metadata::SpMetadata;
use saml::reason;
use saml::refusal::Refusal;
use xmldoc::{Certificate, DigestAlgorithm, SignaturePlace, sign_enveloped};

use crate::discovery::Discovery;
use crate::endpoint_kind::EndpointKind;
use crate::random;
use crate::sp::Sp;
use crate::visit::Visit;

pub(super) fn answer<S>(visit: &Visit, sp: &Sp<S>) -> Result<Reply, Refusal> {
    let document = sp.published.document(visit.now, |now| metadata(sp, now))?;
    Ok(Reply::metadata(document.xml).with_header("ETag", document.etag))
}

fn metadata<S>(sp: &Sp<S>, now: UnixTime) -> Result<String, Refusal> {
    let certificates: Vec<Certificate> =
        sp.credentials.iter().map(|c| c.certificate.clone()).collect();
    let encryption_certificates = encryption_certificates(sp);
    let mut formats: Vec<String> =
        sp.policies().filter_map(|policy| policy.name_id_format.clone()).collect();
    formats.dedup();
    let sls: Vec<String> =
        sp.endpoints.get(EndpointKind::Sls).map(str::to_owned).into_iter().collect();
    let id = random::id();
    let publication = &sp.publication;
    let xml = SpMetadata {
        entity_id: &sp.entity_id,
        acs_urls: &[sp.endpoints.acs().to_owned()],
        takes_artifacts: publication.takes_artifacts,
        discovery_response: discovery_response(sp),
        slo_urls: &sls,
        certificates: &certificates,
        encryption_certificates: &encryption_certificates,
        name_id_formats: &formats,
        authn_requests_signed: publication.authn_requests_signed,
        want_assertions_signed: publication.want_assertions_signed,
        organization: publication.organization.as_ref(),
        contacts: &publication.contacts,
        requested_attributes: &publication.requested_attributes,
        // An IdP must not go on with what our certificates no longer say.
        valid_until: publication.valid.map(|valid| {
            let end = now + valid;
            sp.first_expiry(now).map_or(end, |first| end.min(first))
        }),
        id: Some(&id),
    }
    .to_xml();
    match sp.credentials.first() {
        Some(credential) if publication.sign => {
            let policy = sp.policies().next();
            let algorithm = policy
                .and_then(|p| p.signature_algorithm)
                .unwrap_or_else(|| credential.key.default_algorithm());
            let digest = policy.map_or(DigestAlgorithm::Sha256, |p| p.digest_algorithm);
            let (key, certificate) = (&credential.key, Some(&credential.certificate));
            sign_enveloped(&xml, SignaturePlace::First, key, certificate, algorithm, digest)
                .map_err(|e| Refusal::new(&reason::SIGNING_FAILED, e.0))
        }
        _ => Ok(xml),
    }
}

fn discovery_response<S>(sp: &Sp<S>) -> Option<&str> {
    match sp.discovery {
        Discovery::Service(_) => sp.endpoints.get(EndpointKind::Discovery),
        Discovery::Off | Discovery::Builtin => None,
    }
}

/// Those of RSA keys first: many an IdP takes the first one, and can encrypt for no other kind.
fn encryption_certificates<S>(sp: &Sp<S>) -> Vec<Certificate> {
    if !sp.publication.offer_encryption {
        return Vec::new();
    }
    let mut keys: Vec<_> = sp.decryption_keys.iter().collect();
    keys.sort_by_key(|key| !key.is_rsa());
    keys.into_iter().filter_map(|key| key.certificate().cloned()).collect()
}
