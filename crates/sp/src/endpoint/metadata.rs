//! `saml_metadata`: what an IdP imports, and for people in a browser the values that they type there.

use clock::UnixTime;
use http::prefers_html_to_xml;
use pages::{MetadataPage, Reply};
use saml::metadata::SpMetadata;
use saml::namespace::{BINDING_ARTIFACT, BINDING_PAOS, BINDING_POST_SIMPLE_SIGN};
use saml::reason;
use saml::refusal::Refusal;
use xmldoc::{Certificate, DigestAlgorithm, SignaturePlace, sign_enveloped};

use crate::discovery::Discovery;
use crate::endpoint_kind::EndpointKind;
use crate::sp::Sp;
use crate::visit::Visit;

pub(super) fn answer<S>(visit: &Visit, sp: &Sp<S>) -> Result<Reply, Refusal> {
    let document = sp.published.document(visit.now, |now| metadata(sp, now))?;
    let reply = match prefers_html_to_xml(&visit.head) {
        true => for_people(sp, &document.text),
        false => Reply::metadata(document.text, document.etag),
    };
    Ok(reply.with_header("Vary", "Accept, Sec-Fetch-Mode".to_owned()))
}

fn for_people<S>(sp: &Sp<S>, xml: &str) -> Reply {
    let publication = &sp.publication;
    let mut services = publication.description.attribute_services.iter();
    let default = services.find(|service| service.is_default);
    let attributes = default.map(|service| service.attributes.as_slice()).unwrap_or_default();
    let attributes: Vec<_> = attributes
        .iter()
        .map(|wanted| (wanted.name.as_str(), wanted.friendly_name.as_deref(), wanted.required))
        .collect();
    let certificates: Vec<_> = sp.credentials.iter().map(|c| c.certificate.der()).collect();
    let (acs, sls) = (sp.everywhere(EndpointKind::Acs), sp.everywhere(EndpointKind::Sls));
    Reply::metadata_page(&MetadataPage {
        entity_id: &sp.entity_id,
        url: sp.endpoints.get(EndpointKind::Metadata).unwrap_or(&sp.entity_id),
        acs_urls: &acs,
        sls_urls: &sls,
        name_id_formats: &name_id_formats(sp),
        attributes: &attributes,
        certificates: &certificates,
        signs_requests: publication.authn_requests_signed,
        xml,
    })
}

fn metadata<S>(sp: &Sp<S>, now: UnixTime) -> Result<String, Refusal> {
    let certificates: Vec<Certificate> =
        sp.credentials.iter().map(|c| c.certificate.clone()).collect();
    let encryption_certificates = encryption_certificates(sp);
    let publication = &sp.publication;
    let metadata = SpMetadata {
        entity_id: &sp.entity_id,
        acs_urls: &sp.everywhere(EndpointKind::Acs),
        other_acs_bindings: &other_acs_bindings(sp),
        discovery_responses: &discovery_responses(sp),
        slo_urls: &sp.everywhere(EndpointKind::Sls),
        certificates: &certificates,
        encryption_certificates: &encryption_certificates,
        name_id_formats: &name_id_formats(sp),
        authn_requests_signed: publication.authn_requests_signed,
        want_assertions_signed: publication.want_assertions_signed,
        description: &publication.description,
        // An IdP must not go on with what our certificates no longer say.
        valid_until: publication.valid.map(|valid| {
            let end = now + valid;
            sp.first_expiry(now).map_or(end, |first| end.min(first))
        }),
        id: None,
    };
    let id = id(&metadata.to_xml());
    let xml = SpMetadata { id: Some(&id), ..metadata }.to_xml();
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

/// Of what the document says: all workers and hosts give it the same.
fn id(xml: &str) -> String {
    let digest = openssl::sha::sha256(xml.as_bytes());
    digest.iter().take(16).fold("_".to_owned(), |id, byte| format!("{id}{byte:02x}"))
}

/// By what a Response may come besides HTTP-POST. An IdP may take any that is named, so that only what
/// somebody wants is.
fn other_acs_bindings<S>(sp: &Sp<S>) -> Vec<&'static str> {
    let artifacts = sp.publication.takes_artifacts.then_some(BINDING_ARTIFACT);
    let simple_sign = sp.publication.offer_simple_sign.then_some(BINDING_POST_SIMPLE_SIGN);
    let paos = sp.takes_paos.get().then_some(BINDING_PAOS);
    artifacts.into_iter().chain(simple_sign).chain(paos).collect()
}

fn discovery_responses<S>(sp: &Sp<S>) -> Vec<String> {
    match sp.discovery {
        Discovery::Service(_) => sp.everywhere(EndpointKind::Discovery),
        Discovery::Off | Discovery::Builtin => Vec::new(),
    }
}

/// Those that were given, else each that an IdP is asked for, once.
fn name_id_formats<S>(sp: &Sp<S>) -> Vec<String> {
    if let Some(given) = &sp.publication.name_id_formats {
        return given.clone();
    }
    let mut formats: Vec<String> = Vec::new();
    for format in sp.policies().filter_map(|policy| policy.name_id_format.as_ref()) {
        if !formats.contains(format) {
            formats.push(format.clone());
        }
    }
    formats
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
