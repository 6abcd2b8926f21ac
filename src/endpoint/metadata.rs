//! `saml_metadata`: what an IdP imports.

use std::rc::Rc;

use clock::UnixTime;
use ngx::http::Request;
use pages::Reply;
use saml::metadata::SpMetadata;
use saml::reason;
use saml::refusal::Refusal;
use xmldoc::{Certificate, DecryptionKey, SignaturePlace, sign_enveloped};

use super::Answer;
use crate::clock::now;
use crate::config::Sp;
use crate::random;

pub fn publish(_: &mut Request, sp: &Rc<Sp>) -> Result<Answer, Refusal> {
    let document = sp.publication.document(now(), |now| metadata(sp, now))?;
    Ok(Answer::Now(Reply::metadata(document.xml).with_header("ETag", document.etag)))
}

fn metadata(sp: &Sp, now: UnixTime) -> Result<String, Refusal> {
    let certificates: Vec<Certificate> =
        sp.credentials.iter().map(|c| c.certificate.clone()).collect();
    let encryption_certificates: Vec<Certificate> = sp
        .credentials
        .iter()
        .filter(|c| sp.publication.offer_encryption && DecryptionKey::of(&c.key).is_some())
        .map(|c| c.certificate.clone())
        .collect();
    let mut formats: Vec<String> =
        sp.policies().filter_map(|policy| policy.name_id_format.clone()).collect();
    formats.dedup();
    let id = random::id();
    let publication = &sp.publication;
    let xml = SpMetadata {
        entity_id: &sp.entity_id,
        acs_urls: std::slice::from_ref(&sp.endpoints.acs),
        slo_urls: sp.endpoints.sls.as_slice(),
        certificates: &certificates,
        encryption_certificates: &encryption_certificates,
        name_id_formats: &formats,
        authn_requests_signed: publication.authn_requests_signed,
        want_assertions_signed: publication.want_assertions_signed,
        organization: publication.organization.as_ref(),
        contacts: &publication.contacts,
        requested_attributes: &publication.requested_attributes,
        valid_until: publication.valid.map(|span| now + span),
        id: Some(&id),
    }
    .to_xml();
    match sp.credentials.first() {
        Some(credential) if publication.sign => {
            let policy = sp.policies().next();
            let algorithm = policy
                .and_then(|p| p.signature_algorithm)
                .unwrap_or_else(|| credential.key.default_algorithm());
            let digest = policy.map_or(xmldoc::DigestAlgorithm::Sha256, |p| p.digest_algorithm);
            let (key, certificate) = (&credential.key, Some(&credential.certificate));
            sign_enveloped(&xml, SignaturePlace::First, key, certificate, algorithm, digest)
                .map_err(|e| Refusal::new(&reason::SIGNING_FAILED, e.0))
        }
        _ => Ok(xml),
    }
}
