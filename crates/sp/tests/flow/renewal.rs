//! New metadata of an IdP while the SP is at work.

use clock::{Seconds, UnixTime};
use saml::metadata::{IdpMetadata, MetadataKey, UiInfo, Validity};
use saml::provider::{
    ArtifactEndpoint, Binding, Endpoint, LogoutBinding, LogoutEndpoint, Policy, ResponseBinding,
};
use sp::EndpointKind::{Acs, Logout};
use sp::NotRenewed;

use crate::site::{Ask, Assertion, Browser, Idp, NOW, Plan, Site, corp, other, provider_of};

fn metadata(idp: Idp) -> IdpMetadata {
    let provider = provider_of(idp);
    let key = |key| MetadataKey { key, certificate: None };
    IdpMetadata {
        entity_id: provider.entity_id,
        sso: vec![provider.sso],
        other_sso_bindings: Vec::new(),
        slo: Vec::new(),
        unusable_slo: Vec::new(),
        artifact_resolution: Vec::new(),
        unusable_artifact_resolution: Vec::new(),
        keys: provider.keys.into_iter().map(key).collect(),
        unusable_keys: Vec::new(),
        encryption_key: None,
        want_authn_requests_signed: false,
        validity: Validity::default(),
        ui: UiInfo::default(),
        scopes: Default::default(),
        left_out: None,
    }
}

/// `corp` with the other's key.
fn rolled_over() -> Idp {
    Idp { key: other().key, ..corp() }
}

/// What has changed, and what is worth a warning.
fn renew_for(
    site: &Site,
    new: &IdpMetadata,
    longest: Option<Seconds>,
) -> Result<(Vec<String>, Vec<String>), NotRenewed> {
    let idp = site.sp.idps.named("corp").unwrap();
    let renewal = site.sp.renewal(idp, new, longest, site.now.get())?;
    let told = (renewal.changes.clone(), renewal.warnings.clone());
    site.sp.renew(idp, renewal).map(|()| told)
}

fn renew(site: &Site, new: &IdpMetadata) -> Result<(Vec<String>, Vec<String>), NotRenewed> {
    renew_for(site, new, Some(Seconds(86_400)))
}

fn valid_for(seconds: i64, idp: Idp) -> IdpMetadata {
    let until = Some(NOW + Seconds(seconds));
    IdpMetadata { validity: Validity { until, cache_duration: None }, ..metadata(idp) }
}

/// The answer to a new login, when `idp` makes it.
fn log_in(site: &Site, idp: Idp) -> u16 {
    let mut browser = Browser::default();
    let asked = site.begin_login(&mut browser, "/page");
    let assertion = Assertion::of_jane("_s1", NOW).answering(&asked);
    site.ask(&mut browser, Ask::send(Acs, assertion.form(idp))).status()
}

#[test]
fn a_rollover_takes_two_copies_and_no_login_fails() {
    let site = Site::new();
    assert_eq!((log_in(&site, corp()), log_in(&site, rolled_over())), (303, 403));
    let mut both = valid_for(3600, corp());
    both.keys.append(&mut metadata(rolled_over()).keys);
    let (changes, _) = renew(&site, &both).unwrap();
    assert!(changes[0].starts_with("a new signing key, "), "{changes:?}");
    assert_eq!((log_in(&site, corp()), log_in(&site, rolled_over())), (303, 303));
    let (changes, _) = renew(&site, &valid_for(3600, rolled_over())).unwrap();
    assert!(changes[0].starts_with("no longer the signing key "), "{changes:?}");
    assert_eq!((log_in(&site, corp()), log_in(&site, rolled_over())), (403, 303));
    assert_eq!(renew(&site, &valid_for(3600, rolled_over())), Ok((Vec::new(), Vec::new())));
}

#[test]
fn what_cannot_be_used_changes_nothing() {
    let site = Site::new();
    let mut keyless = valid_for(3600, rolled_over());
    keyless.keys.clear();
    let mut nowhere = valid_for(3600, rolled_over());
    nowhere.sso.clear();
    for (new, why) in [
        (valid_for(0, rolled_over()), "past its validUntil"),
        (valid_for(86_401, rolled_over()), "metadata_max_validity"),
        (metadata(rolled_over()), "has no validUntil"),
        (valid_for(3600, other()), "is the entity"),
        (keyless, "no KeyDescriptor for signing"),
        (nowhere, "no SingleSignOnService"),
    ] {
        let said = renew(&site, &new).unwrap_err().to_string();
        assert!(said.contains(why), "{said}");
        assert_eq!((log_in(&site, corp()), log_in(&site, rolled_over())), (303, 403), "{why}");
    }
}

#[test]
fn metadata_that_was_awaited_opens_the_door() {
    let site = Plan { is_awaited: true, ..Plan::default() }.site();
    assert!(site.sp.idps.named("corp").unwrap().current().is_none());
    let (changes, _) = renew(&site, &valid_for(3600, corp())).unwrap();
    assert_eq!(changes[0], "entityID \"https://idp.corp.example/metadata\"");
    assert_eq!(log_in(&site, corp()), 303);
}

#[test]
fn an_endpoint_for_soap_that_stays_goes_on() {
    let site = Plan { slo: vec![LogoutBinding::Soap], ..Plan::default() }.site();
    let idp = site.sp.idps.named("corp").unwrap();
    let old = idp.current().unwrap();
    let mut new = valid_for(3600, corp());
    new.slo.clone_from(&old.slo);
    let (_, warnings) = renew(&site, &new).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
}

/// From then on the browser's logout goes to the new place.
#[test]
fn an_endpoint_for_soap_that_moves_on_its_server_is_used_at_once() {
    let site = Plan { slo: vec![LogoutBinding::Soap], ..Plan::default() }.site();
    let mut new = valid_for(3600, corp());
    let location = "https://idp.corp.example/moved".to_owned();
    new.slo = vec![LogoutEndpoint {
        binding: LogoutBinding::Soap,
        location: location.clone(),
        response_location: None,
    }];
    let (_, warnings) = renew(&site, &new).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    let mut browser = Browser::default();
    site.log_in(&mut browser, "_s1");
    site.ask(&mut browser, Ask::open(Logout, ""));
    let posts = site.soap_slo.posts.borrow();
    assert_eq!((posts.len(), &posts[0].url), (1, &location));
    assert!(posts[0].body.contains(&format!("Destination=\"{location}\"")));
    new.slo[0].location = "https://elsewhere.example/slo".to_owned();
    let (_, warnings) = renew(&site, &new).unwrap();
    assert!(warnings[0].contains("\"https://elsewhere.example/slo\" now: reload"), "{warnings:?}");
}

#[test]
fn a_place_for_artifacts_that_cannot_be_reached_is_a_warning() {
    let mut policy = Policy::default();
    policy.request.response_binding = ResponseBinding::Artifact;
    let site = Plan { by_artifact: true, policy, ..Plan::default() }.site();
    let mut new = valid_for(3600, corp());
    let at = |index, host: &str| ArtifactEndpoint {
        index: Some(index),
        location: format!("https://{host}/new"),
    };
    new.artifact_resolution = vec![at(0, "idp.corp.example"), at(1, "elsewhere.example")];
    let (changes, warnings) = renew(&site, &new).unwrap();
    let told =
        changes.iter().any(|told| told.starts_with("ArtifactResolutionService \"https://idp"));
    assert!(told, "{changes:?}");
    let [warning] = &warnings[..] else { panic!("{warnings:?}") };
    assert!(warning.contains("\"https://elsewhere.example/new\" now: reload"), "{warning}");
}

#[test]
fn a_new_endpoint_for_soap_that_cannot_be_reached_is_a_warning() {
    let site = Site::new();
    let mut new = valid_for(3600, corp());
    let location = "https://soap.corp.example/slo".to_owned();
    let binding = LogoutBinding::Soap;
    new.slo.push(LogoutEndpoint { binding, location, response_location: None });
    let (_, warnings) = renew(&site, &new).unwrap();
    assert!(warnings[0].contains("\"https://soap.corp.example/slo\" now: reload"), "{warnings:?}");
}

#[test]
fn the_time_of_metadata_is_that_of_the_copy() {
    let site = Site::new();
    renew(&site, &valid_for(60, corp())).unwrap();
    site.wait(Seconds(119));
    assert_eq!(log_in(&site, corp()), 303);
    site.wait(Seconds(1));
    let mut new = metadata(corp());
    new.sso =
        vec![Endpoint { binding: Binding::Redirect, location: "https://new.example/".into() }];
    new.validity.until = Some(UnixTime::MAX);
    let idp = site.sp.idps.named("corp").unwrap();
    assert!(idp.current().unwrap().check_validity(site.now.get()).is_err());
    renew_for(&site, &new, None).unwrap();
    assert!(idp.current().unwrap().check_validity(site.now.get()).is_ok());
}
