mod second_verifier;

use std::sync::OnceLock;

use clock::{Seconds, UnixTime};
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use xmldoc::{
    Certificate, DecryptionKey, EncryptionKey, SignatureAlgorithm, SigningKey, VerifyingKey,
};

use super::*;
use crate::metadata::{MetadataKey, UiInfo, Validity};
use crate::provider::{
    ArtifactEndpoint, Encryption, LogoutBinding, LogoutEndpoint, Policy, ResponseBinding,
    SignRequests, expiry_warning,
};
use crate::test_credentials::Credential;

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const DAY: Seconds = Seconds(24 * 3600);

fn rsa() -> &'static Credential {
    static RSA: OnceLock<Credential> = OnceLock::new();
    RSA.get_or_init(Credential::rsa)
}

fn bare(key: VerifyingKey) -> MetadataKey {
    MetadataKey { key, certificate: None }
}

fn rsa_key() -> MetadataKey {
    bare(VerifyingKey::from_certificate(&rsa().certificate()).unwrap())
}

fn rsa1024() -> MetadataKey {
    let key = PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap();
    bare(VerifyingKey::from_public_key_pem(&key.public_key_to_pem().unwrap()).unwrap())
}

fn certified(certificate: Certificate) -> MetadataKey {
    let key = VerifyingKey::from_certificate(&certificate).unwrap();
    MetadataKey { key, certificate: Some(certificate) }
}

/// `saml_idp corp { metadata corp.xml; }`.
fn settings() -> IdpSettings {
    IdpSettings {
        name: "corp".into(),
        disabled: false,
        metadata: Some("corp.xml".into()),
        entity_id: None,
        sso: None,
        sso_binding: None,
        slo: None,
        artifact_url: None,
        demands_response_binding: false,
        demands_slo_binding: false,
        keys: Vec::new(),
        metadata_signers: None,
        second_verifier: None,
        domains: Vec::new(),
        policy: Policy::default(),
    }
}

fn with_policy(change: fn(&mut Policy)) -> IdpSettings {
    let mut settings = settings();
    change(&mut settings.policy);
    settings
}

/// All of an IdP without metadata.
fn by_hand() -> IdpSettings {
    IdpSettings {
        metadata: None,
        entity_id: Some("https://hand.example.org".into()),
        sso: Some(endpoint(Binding::Redirect, "https://hand.example.org/sso")),
        keys: vec![rsa_key()],
        ..settings()
    }
}

fn endpoint(binding: Binding, location: &str) -> Endpoint {
    Endpoint { binding, location: location.into() }
}

fn slo(binding: LogoutBinding, location: &str) -> LogoutEndpoint {
    LogoutEndpoint { binding, location: location.into(), response_location: None }
}

fn metadata() -> IdpMetadata {
    IdpMetadata {
        entity_id: "https://idp.example.org".into(),
        sso: vec![endpoint(Binding::Post, "post"), endpoint(Binding::Redirect, "redirect")],
        other_sso_bindings: Vec::new(),
        slo: vec![slo(LogoutBinding::REDIRECT, "logout")],
        unusable_slo: Vec::new(),
        artifact_resolution: Vec::new(),
        unusable_artifact_resolution: Vec::new(),
        keys: vec![rsa_key()],
        unusable_keys: Vec::new(),
        encryption_key: None,
        want_authn_requests_signed: false,
        validity: Validity::default(),
        ui: UiInfo::default(),
        scopes: Default::default(),
        left_out: None,
    }
}

/// What comes of both for an SP without a key, and the warnings.
fn make(
    settings: &IdpSettings,
    metadata: Option<&IdpMetadata>,
) -> (Result<Idp, Finding>, Vec<Finding>) {
    let mut warnings = Vec::new();
    (Idp::new(settings, metadata, OwnKeys::default(), NOW, &mut warnings), warnings)
}

/// There are no warnings either.
fn made(settings: &IdpSettings, metadata: Option<&IdpMetadata>) -> Idp {
    let (idp, warnings) = make(settings, metadata);
    assert_eq!(warnings, []);
    idp.unwrap_or_else(|error| panic!("{error}"))
}

fn refused(settings: &IdpSettings, metadata: Option<&IdpMetadata>) -> Finding {
    make(settings, metadata).0.err().unwrap()
}

/// Of an SP that has this key alone.
fn own(key: &SigningKey) -> OwnKeys<'_> {
    OwnKeys { signer: Some(key), decrypts: DecryptionKey::of(key).is_some() }
}

fn refused_with(settings: &IdpSettings, signer: &Credential) -> Finding {
    let key = signer.signing_key();
    let idp = Idp::new(settings, Some(&metadata()), own(&key), NOW, &mut Vec::new());
    idp.err().unwrap()
}

fn finding(setting: Setting, sentence: &str) -> Finding {
    Finding { setting, sentence: sentence.into() }
}

fn sso_of(settings: &IdpSettings, metadata: &IdpMetadata) -> String {
    made(settings, Some(metadata)).sso.location
}

#[test]
fn metadata_alone_makes_an_idp() {
    let idp = made(&settings(), Some(&metadata()));
    assert_eq!(idp.entity_id, "https://idp.example.org");
    assert_eq!(idp.slo, [slo(LogoutBinding::REDIRECT, "logout")]);
    assert_eq!(idp.keys.len(), 1);
    assert!(idp.encryption_key.is_none());
}

#[test]
fn an_idp_by_hand_needs_no_metadata() {
    let idp = made(&by_hand(), None);
    assert_eq!(idp.entity_id, "https://hand.example.org");
    assert_eq!(idp.sso.location, "https://hand.example.org/sso");
    assert_eq!((idp.slo.len(), idp.keys.len()), (0, 1));
}

#[test]
fn an_idp_by_hand_is_told_what_it_lacks() {
    let lacking = [
        ("entity_id", IdpSettings { entity_id: None, ..by_hand() }),
        ("sso_url", IdpSettings { sso: None, ..by_hand() }),
        ("signing_certificate", IdpSettings { keys: Vec::new(), ..by_hand() }),
    ];
    for (what, settings) in lacking {
        let sentence = format!(
            "saml_idp \"corp\" has no \"{what}\": name the IdP's \"metadata\" file, or give \
             \"entity_id\", \"sso_url\" and \"signing_certificate\" by hand"
        );
        assert_eq!(refused(&settings, None), finding(Setting::Block, &sentence));
    }
}

#[test]
fn requests_go_by_redirect_unless_another_binding_is_wanted_or_the_only_one() {
    assert_eq!(sso_of(&settings(), &metadata()), "redirect");
    let wanted = IdpSettings { sso_binding: Some(Binding::Post), ..settings() };
    assert_eq!(sso_of(&wanted, &metadata()), "post");
    let only_post = IdpMetadata { sso: vec![endpoint(Binding::Post, "post")], ..metadata() };
    assert_eq!(sso_of(&settings(), &only_post), "post");
}

#[test]
fn a_wanted_binding_that_the_idp_lacks_is_refused() {
    let wanted = IdpSettings { sso_binding: Some(Binding::Post), ..settings() };
    let only_redirect =
        IdpMetadata { sso: vec![endpoint(Binding::Redirect, "redirect")], ..metadata() };
    let expected = finding(
        Setting::SsoBinding,
        "the metadata of saml_idp \"corp\" has no SingleSignOnService of the wanted \
         \"sso_binding\"; change the binding, or give \"sso_url\"",
    );
    assert_eq!(refused(&wanted, Some(&only_redirect)), expected);
}

#[test]
fn what_is_given_by_hand_stands_in_for_the_metadata_and_keys_add_to_its_keys() {
    let mut settings = IdpSettings { metadata: Some("corp.xml".into()), ..by_hand() };
    settings.slo = Some(slo(LogoutBinding::POST, "out"));
    let lacking = IdpMetadata { sso: Vec::new(), keys: Vec::new(), ..metadata() };
    let idp = made(&settings, Some(&lacking));
    assert_eq!(idp.sso.location, "https://hand.example.org/sso");
    assert_eq!(idp.slo, [slo(LogoutBinding::POST, "out")]);
    assert_eq!(idp.keys.len(), 1);
    assert_eq!(made(&settings, Some(&metadata())).keys.len(), 2);
}

#[test]
fn metadata_without_endpoints_or_keys_is_refused_when_nothing_stands_in() {
    let keyless = IdpMetadata { keys: Vec::new(), ..metadata() };
    let expected = finding(
        Setting::Metadata,
        "metadata \"corp.xml\": \"https://idp.example.org\" has no KeyDescriptor for signing: get \
         current metadata from the IdP, or set signing_certificate",
    );
    assert_eq!(refused(&settings(), Some(&keyless)), expected);
    let silent = IdpMetadata { sso: Vec::new(), ..metadata() };
    let expected = finding(
        Setting::Metadata,
        "metadata \"corp.xml\": \"https://idp.example.org\" has no SingleSignOnService by \
         HTTP-Redirect or HTTP-POST (there is none at all): turn one of them on at the IdP, or set \
         sso_url",
    );
    assert_eq!(refused(&settings(), Some(&silent)), expected);
}

#[test]
fn what_is_amiss_in_metadata_is_told_in_order_even_before_an_error() {
    let amiss = IdpMetadata {
        validity: Validity { until: Some(NOW), cache_duration: None },
        left_out: Some("1 of 2 entities cannot be read".into()),
        unusable_slo: vec!["a Location is no URL".into()],
        unusable_keys: vec!["it is too short".into()],
        ..metadata()
    };
    let expected = [
        "metadata \"corp.xml\": it is past its validUntil, 2023-11-14T22:13:20Z: get fresh metadata from \
         the IdP; nobody can log in there",
        "metadata \"corp.xml\": 1 of 2 entities cannot be read",
        "metadata \"corp.xml\": a Location is no URL",
        "metadata \"corp.xml\": a key is left out, it is too short",
    ]
    .map(|sentence| finding(Setting::Metadata, sentence));
    let (idp, warnings) = make(&settings(), Some(&amiss));
    assert!(idp.is_ok());
    assert_eq!(warnings, expected);
    let (idp, warnings) = make(&settings(), Some(&IdpMetadata { sso: Vec::new(), ..amiss }));
    assert!(idp.is_err());
    assert_eq!(warnings, expected);
}

#[test]
fn metadata_is_valid_up_to_its_valid_until() {
    let validity = Validity { until: Some(NOW + Seconds(1)), cache_duration: None };
    let fresh = IdpMetadata { validity, ..metadata() };
    assert_eq!(made(&settings(), Some(&fresh)).valid_until, validity.until);
}

#[test]
fn keys_that_are_too_short_are_refused_when_there_are_no_others() {
    let weak = IdpMetadata { keys: vec![rsa1024()], ..metadata() };
    let expected = finding(
        Setting::Block,
        "every signing key of saml_idp \"corp\" is RSA below 2048 bits; have the IdP use a longer \
         key (\"allow_weak rsa1024\" accepts 1024 bits)",
    );
    assert_eq!(refused(&settings(), Some(&weak)), expected);
    let allowed = with_policy(|policy| policy.signature.allow_rsa1024 = true);
    assert_eq!(made(&allowed, Some(&weak)).keys.len(), 1);
    let beside = IdpMetadata { keys: vec![rsa1024(), rsa_key()], ..metadata() };
    assert_eq!(made(&settings(), Some(&beside)).keys.len(), 2);
    let elliptic = certified(Credential::p256().certificate());
    let elliptic = IdpMetadata { keys: vec![elliptic], ..metadata() };
    assert_eq!(made(&settings(), Some(&elliptic)).keys.len(), 1);
}

#[test]
fn certificates_near_their_end_are_told_wherever_they_come_from() {
    let certificate = rsa().certificate();
    let now = certificate.not_after() - DAY * 30;
    let settings = IdpSettings { keys: vec![certified(certificate.clone())], ..settings() };
    let metadata = IdpMetadata { keys: vec![certified(certificate.clone())], ..metadata() };
    let mut warnings = Vec::new();
    assert!(Idp::new(&settings, Some(&metadata), OwnKeys::default(), now, &mut warnings).is_ok());
    let sentence = format!(
        "a certificate of saml_idp \"corp\" expires in 30 days ({}); renew it",
        certificate.describe()
    );
    assert_eq!(warnings, [finding(Setting::Block, &sentence), finding(Setting::Block, &sentence)]);
}

#[test]
fn a_certificate_is_told_of_in_its_last_thirty_days_and_afterwards() {
    let certificate = rsa().certificate();
    let end = certificate.not_after();
    let warning = |now| expiry_warning(&certificate, "it", now).unwrap_or_default();
    assert_eq!(warning(end - DAY * 30 - Seconds(1)), "");
    assert!(
        warning(end - Seconds(1)).starts_with("a certificate of it expires in 0 days (CN=test")
    );
    assert!(warning(end).starts_with("a certificate of it has expired (CN=test"));
}

#[test]
fn who_is_to_sign_needs_a_key() {
    let refused = |settings| refused(&settings, Some(&metadata()));
    let expected = finding(
        Setting::SignRequests,
        "\"sign_requests on\" needs \"certificate\" and \"certificate_key\" in the saml_sp",
    );
    assert_eq!(refused(with_policy(|policy| policy.sign_requests = SignRequests::On)), expected);
    let expected = finding(
        Setting::SignLogout,
        "\"sign_logout on\" needs \"certificate\" and \"certificate_key\" in the saml_sp",
    );
    assert_eq!(refused(with_policy(|policy| policy.sign_logout = SignRequests::On)), expected);
}

#[test]
fn encryption_needs_a_key_that_decrypts() {
    let expected = finding(
        Setting::Encryption,
        "\"encryption\" needs a \"certificate\" and \"certificate_key\" of type RSA, EC, X25519 or \
         X448 in the saml_sp: Ed25519 and Ed448 keys only sign",
    );
    let offer = with_policy(|policy| policy.encryption = Encryption::Offer);
    assert_eq!(refused(&offer, Some(&metadata())), expected);
    assert_eq!(refused_with(&offer, &Credential::ed25519()), expected);
    for key in [rsa().signing_key(), Credential::p256().signing_key()] {
        assert!(Idp::new(&offer, Some(&metadata()), own(&key), NOW, &mut Vec::new()).is_ok());
    }
    // One that signs, and another one behind it that decrypts.
    let signer = Credential::ed25519().signing_key();
    let two = OwnKeys { signer: Some(&signer), decrypts: true };
    assert!(Idp::new(&offer, Some(&metadata()), two, NOW, &mut Vec::new()).is_ok());
}

#[test]
fn a_signature_algorithm_must_fit_the_key() {
    let expected = finding(
        Setting::SignatureAlgorithm,
        "\"signature_algorithm\" does not fit the type of the \"certificate_key\"; \
         use rsa-… with an RSA key, ecdsa-… with an EC key, ed25519 or ed448 with such a key",
    );
    let rsa_sha256 = with_policy(|policy| {
        policy.signature_algorithm = SignatureAlgorithm::from_name("rsa-sha256");
    });
    assert_eq!(refused_with(&rsa_sha256, &Credential::p256()), expected);
    assert_eq!(refused_with(&rsa_sha256, &Credential::ed25519()), expected);
    made(&rsa_sha256, Some(&metadata()));
}

#[test]
fn requests_that_the_idp_wants_signed_and_that_go_unsigned_are_told() {
    let wants = IdpMetadata { want_authn_requests_signed: true, ..metadata() };
    let expected = finding(
        Setting::SignRequests,
        "the metadata of saml_idp \"corp\" says WantAuthnRequestsSigned, but requests will \
         go unsigned; give the saml_sp a \"certificate\" and \"certificate_key\"",
    );
    let (idp, warnings) = make(&settings(), Some(&wants));
    assert!(idp.is_ok());
    assert_eq!(warnings, std::slice::from_ref(&expected));
    let warnings_with_key = |settings: &IdpSettings| {
        let (key, mut warnings) = (rsa().signing_key(), Vec::new());
        assert!(Idp::new(settings, Some(&wants), own(&key), NOW, &mut warnings).is_ok());
        warnings
    };
    assert_eq!(warnings_with_key(&settings()), []);
    let off = with_policy(|policy| policy.sign_requests = SignRequests::Off);
    assert_eq!(warnings_with_key(&off), [expected]);
}

#[test]
fn the_logout_binding_that_the_block_wants_must_be_there() {
    let mut settings = with_policy(|policy| policy.slo_binding = Some(LogoutBinding::Soap));
    assert_eq!(made(&settings, Some(&metadata())).logout_request_endpoint(), None);
    settings.demands_slo_binding = true;
    let expected = finding(
        Setting::SloBinding,
        "the metadata of saml_idp \"corp\" has no SingleLogoutService of this \"slo_binding\"; \
         change the binding, or give \"slo_url\"",
    );
    assert_eq!(refused(&settings, Some(&metadata())), expected);
    settings.slo = Some(slo(LogoutBinding::Soap, "soap"));
    made(&settings, Some(&metadata()));
}

#[test]
fn an_encrypted_name_id_needs_a_key_of_the_idp() {
    let settings = with_policy(|policy| policy.name_id_encrypted = true);
    let expected = finding(
        Setting::NameIdEncrypted,
        "\"name_id_encrypted on\" needs a key for encryption in the metadata of saml_idp \
         \"corp\": RSA, EC (P-256, P-384, P-521), X25519 or X448",
    );
    assert_eq!(refused(&settings, Some(&metadata())), expected);
    let encryption_key = EncryptionKey::of(&rsa_key().key, []);
    let metadata = IdpMetadata { encryption_key, ..metadata() };
    assert!(made(&settings, Some(&metadata)).encryption_key.is_some());
}

#[test]
fn logout_messages_of_nobody_are_warned_of() {
    let settings = with_policy(|policy| policy.require_signed_logout = false);
    let expected = finding(
        Setting::RequireSignedLogout,
        "\"require_signed_logout off\" lets anybody who knows a NameID log out its user at \
         saml_idp \"corp\"; have the IdP sign its logout messages",
    );
    assert_eq!(make(&settings, Some(&metadata())).1, [expected]);
}

#[test]
fn an_idp_of_which_nothing_is_said_is_awaited() {
    let mut awaited = IdpSettings { metadata: None, ..settings() };
    assert!(awaited.is_awaited());
    assert!(!settings().is_awaited());
    assert!(!by_hand().is_awaited());
    awaited.keys.push(rsa_key());
    assert!(!awaited.is_awaited());
}

#[test]
fn the_settings_of_an_awaited_idp_are_judged_already() {
    let mut awaited = IdpSettings { metadata: None, ..settings() };
    let mut warnings = Vec::new();
    assert_eq!(Idp::check_awaited(&awaited, OwnKeys::default(), &mut warnings), Ok(()));
    let expected = finding(
        Setting::Block,
        "saml_idp \"corp\" has no \"metadata\" yet: nobody can log in there; give the IdP what the \
         saml_metadata location serves, and name the IdP's metadata file here",
    );
    assert_eq!(warnings, [expected]);
    awaited.policy.sign_requests = SignRequests::On;
    let refused = Idp::check_awaited(&awaited, OwnKeys::default(), &mut warnings).unwrap_err();
    assert_eq!(refused.setting, Setting::SignRequests);
}

#[test]
fn artifacts_are_resolved_where_hand_or_metadata_say_when_they_are_wanted() {
    let service = |index, location: &str| ArtifactEndpoint { index, location: location.into() };
    let offers = || IdpMetadata {
        artifact_resolution: vec![service(Some(3), "artifact")],
        unusable_artifact_resolution: vec!["one is broken".into()],
        ..metadata()
    };
    assert_eq!(made(&settings(), Some(&offers())).artifact_resolution, []);
    let wanting = || {
        with_policy(|policy| {
            policy.request.response_binding = ResponseBinding::Artifact;
        })
    };
    let (idp, warnings) = make(&wanting(), Some(&offers()));
    assert_eq!(idp.unwrap().artifact_resolution, [service(Some(3), "artifact")]);
    let sentence = "metadata \"corp.xml\": one is broken".to_owned();
    assert_eq!(warnings, [Finding { setting: Setting::Metadata, sentence }]);
    let by_hand = IdpSettings { artifact_url: Some("hand".into()), ..wanting() };
    assert_eq!(made(&by_hand, Some(&offers())).artifact_resolution, [service(None, "hand")]);
    // As a default of the SP it is for those IdPs that can.
    assert_eq!(made(&wanting(), Some(&metadata())).artifact_resolution, []);
    let demanding = IdpSettings { demands_response_binding: true, ..wanting() };
    let error = make(&demanding, Some(&metadata())).0.err().unwrap();
    assert_eq!(error.setting, Setting::ResponseBinding);
    assert!(error.sentence.contains("\"artifact_url\""), "{error}");
    assert!(make(&demanding, Some(&offers())).0.is_ok());
}
