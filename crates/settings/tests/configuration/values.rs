//! What the lines of blocks come to.

use std::fs;

use clock::{Msec, Seconds};
use saml::provider::{Encryption, SignRequests};
use session::CacheSize;
use settings::StoreSettings;
use sp::{Discovery, EndpointKind, Sites, WantedIdp};
use xmldoc::{DigestAlgorithm, SignatureAlgorithm};

use crate::files::folder;
use crate::host::Tls;
use crate::http::{GOOD, Http, Site};

fn store(lines: &str) -> Http {
    let mut site = Site::with("http", &format!("saml_session_store s {{ {lines} }}"));
    site.add("sp", "session_store s;");
    site.made()
}

fn of_store(http: &Http) -> &StoreSettings {
    &http.sp().sessions.store
}

#[test]
fn an_sp_that_says_little_has_the_defaults() {
    let http = GOOD.made();
    let sp = http.sp();
    assert_eq!((sp.name.as_str(), sp.base_url.as_str()), ("app", "https://app.example.com"));
    assert_eq!(sp.endpoints.get(EndpointKind::Login), Some("https://app.example.com/saml/login"));
    assert_eq!(sp.endpoints.get(EndpointKind::Logout), None);
    assert_eq!(sp.login_redirect, "https://app.example.com/");
    assert_eq!((&sp.logout_redirect, sp.logout_notify.len()), (&None, 0));
    assert_eq!(sp.request_lifetime, Seconds(600));
    assert_eq!(sp.max_message_size, 256 << 10);
    let rules = &sp.sessions.rules;
    assert_eq!((rules.lifetime, rules.idle_timeout), (Seconds(8 * 3600), Some(Seconds(3600))));
    assert!(!rules.unsigned_logout && rules.attributes.aliases.is_empty());
    let store = of_store(&http);
    assert_eq!((store.name.as_str(), store.zone.as_str()), ("saml_sessions", "saml_sessions"));
    assert_eq!((store.zone_size, store.cache_size), (16 << 20, CacheSize::Bytes(32 << 20)));
    assert!(store.secrets.is_none() && store.memcached.is_none());
}

#[test]
fn an_sp_without_entity_id_is_called_by_its_metadata() {
    let http = "saml_sp b { base_url https://B.example.com:443/; idp corp; }";
    let mut site = Site::with("http", http);
    site.add("server", "location = /b/acs { saml_acs b; } location = /b/md { saml_metadata b; }");
    let http = site.made();
    let sp = http.sps.iter().map(Sites::first).find(|sp| sp.name == "b").unwrap();
    assert_eq!(sp.entity_id, "https://b.example.com/b/md");
}

#[test]
fn policies_of_idps_stand_over_those_of_the_sp() {
    let mut site = Site::with("sp", "clock_skew 5m; allow_weak cbc sha1; sign_requests off;");
    site.add("sp", "max_authn_age 1d; name_id_format persistent; signature_algorithm rsa-sha512;");
    site.add("idp", "clock_skew 10s; allow_weak rsa1024; want_encrypted on; max_authn_age off;");
    let http = site.made();
    let idp = http.sp().idps.named("corp").unwrap();
    let policy = &idp.settings().policy;
    assert_eq!(policy.clock_skew, Seconds(10));
    assert_eq!(policy.sign_requests, SignRequests::Off);
    assert_eq!(policy.encryption, Encryption::Require);
    assert_eq!(policy.max_authn_age, None);
    assert_eq!(
        policy.name_id_format.as_deref(),
        Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")
    );
    assert_eq!(policy.signature_algorithm, Some(SignatureAlgorithm::RsaSha512));
    // Its list stands for all of the SP's.
    assert!(policy.signature.allow_rsa1024);
    assert!(!policy.signature.allow_sha1 && !policy.decryption.allow_cbc);
    // Neither says anything.
    assert!(policy.require_signed_logout && policy.allow_create && !policy.allow_unsolicited);
    assert_eq!(policy.digest_algorithm, DigestAlgorithm::Sha256);
}

#[test]
fn cookies_are_checked_against_the_base_url() {
    let lines = "cookie_name id; cookie_domain .Example.com; cookie_path /app; \
                 cookie_same_site none; cookie_partitioned on;";
    let mut site = Site::with("sp", lines);
    site.add("location", "} location /app { auth_saml app;");
    let http = site.made();
    let cookies = &http.sp().cookies;
    assert_eq!((cookies.host(), cookies.domain()), ("app.example.com", Some("example.com")));
    assert_eq!(cookies.path(), "/app");
    assert!(cookies.owns(b"__Secure-id") && !cookies.owns(b"saml_session"));
    assert!(cookies.reach("/app/x") && !cookies.reach("/application"));
    for domain in ["app.example.com", "example.com", "com"] {
        let site = Site::with("sp", &format!("cookie_domain {domain};"));
        assert_eq!(site.made().sp().cookies.domain(), Some(domain));
    }
    for domain in ["pp.example.com", "www.example.com", "x.app.example.com", "example.org"] {
        let site = Site::with("sp", &format!("cookie_domain {domain};"));
        assert!(site.mistake().starts_with("\"cookie_domain\""), "{domain}");
    }
    for same_site in ["lax", "strict", "none"] {
        Site::with("sp", &format!("cookie_same_site {same_site};")).made();
    }
}

#[test]
fn a_key_may_have_a_password_which_is_one_line_of_a_file() {
    let lines = "certificate sp.crt; certificate_key locked.key;";
    Site::with("sp", &format!("{lines} certificate_key_password_file passwords;")).made();
    assert!(Site::with("sp", lines).mistake().starts_with("\"certificate_key\" \"locked.key\""));
}

#[test]
fn an_idp_may_be_a_whole_federation() {
    let sentence = |http: &Http| http.warnings.join("\n");
    let mut site = Site::with("http", "saml_idp b { entity_id *; metadata aggregate.xml; }");
    site.add("sp", "idp b;");
    site.add("location", "} location /x { auth_saml app idp=https://second.example.org;");
    let http = site.made();
    let idps = &http.sp().idps;
    assert_eq!(idps.of_entity("https://idp.example.org").unwrap().name(), "corp", "its own block");
    let second = idps.of_entity("https://second.example.org").unwrap();
    assert_eq!(second.name(), "https://second.example.org");
    assert!(second.current().is_some() && idps.is_choice());
    let wanted = &http.location("/x").protection.as_ref().unwrap().first().idp;
    assert!(matches!(wanted, WantedIdp::OfEntity(name) if name == second.name()));
    assert!(!sentence(&http).contains("federation"), "{}", sentence(&http));

    let filter = "metadata_filter entity_id *second*; metadata_filter !entity_attribute urn:x;";
    let mut site = Site::with(
        "http",
        &format!(
            "saml_idp b {{ entity_id *; metadata aggregate.xml; {filter} }} saml_idp c {{ entity_id \
             https://second.example.org; disabled on; }}"
        ),
    );
    site.add("sp", "idp b; idp c;");
    let http = site.made();
    let federation = http.sp().idps.federation("b").unwrap().current().unwrap();
    assert_eq!(federation.members().len(), 1);
    assert!(http.sp().idps.of_entity("https://second.example.org").unwrap().is_disabled());
    assert_eq!(http.warnings, Vec::<String>::new());
}

#[test]
fn a_folder_is_a_federation_of_its_files() {
    let idps = folder().join("idps");
    fs::create_dir_all(&idps).unwrap();
    for name in ["idp.xml", "second.xml"] {
        fs::copy(folder().join(name), idps.join(name)).unwrap();
    }
    let mut site = Site::with("http", "saml_idp b { entity_id *; metadata idps; }");
    site.add("sp", "idp b;");
    let http = site.made();
    let federation = http.sp().idps.federation("b").unwrap().current().unwrap();
    assert_eq!(federation.members().len(), 2);
    let source = http.sources.iter().find(|source| source.idp == "b").unwrap();
    assert!(source.schedule.is_some(), "it is looked at again");
}

#[test]
fn an_idp_may_be_written_by_hand_or_be_awaited() {
    let by_hand = "saml_idp b { entity_id b; sso_url https://b/; signing_key idp.pub; }";
    let mut site = Site::with("http", &format!("{by_hand} saml_idp late {{ }}"));
    site.add("sp", "idp b; idp late;");
    let http = site.made();
    let idps = &http.sp().idps;
    assert_eq!(idps.of_entity("b").unwrap().name(), "b");
    assert_eq!(idps.default_idp().unwrap().name(), "corp");
    assert!(idps.named("late").unwrap().current().is_none());
    assert!(
        http.warnings.iter().any(|warning| warning.contains("\"late\"")),
        "{:?}",
        http.warnings
    );
}

#[test]
fn an_idp_that_no_sp_names_is_checked_all_the_same() {
    let mistake = Site::with("http", "saml_idp b { metadata nothing.xml; }").mistake();
    assert!(mistake.starts_with("\"metadata\" cannot read"), "{mistake}");
}

#[test]
fn logouts_by_soap_go_by_the_back_channel() {
    let idp = "metadata soap.xml; slo_ssl_trusted_certificate sp.crt;";
    let mut site = Site::with("http", &format!("saml_idp b {{ {idp} }}"));
    site.add("sp", "idp b;");
    let http = site.made();
    let has_channel = |name| http.sp().idps.named(name).unwrap().back_channels().logout.is_some();
    assert!(has_channel("b") && !has_channel("corp"));
    let [(origins, Some(tls))] = &http.host.channels[..] else {
        panic!("{:?}", http.host.channels)
    };
    assert_eq!(origins[..], ["https://idp.example.org:8443"]);
    assert_eq!(*tls, Tls { trusted: Some("sp.crt".into()), certificate: None });
}

const BY_HAND: &str = "entity_id b; sso_url https://b/; signing_key idp.pub;";

/// The channels for artifacts of `b`, whose lines these are.
fn artifact_channels(lines: &str) -> Vec<(Vec<String>, Option<Tls>)> {
    let mut site = Site::with("http", &format!("saml_idp b {{ {lines} }}"));
    site.add("sp", "idp b;");
    let http = site.made();
    let artifacts = |name| &http.sp().idps.named(name).unwrap().back_channels().artifacts;
    assert!(artifacts("corp").is_none());
    assert_eq!(artifacts("b").is_some(), !http.host.channels.is_empty());
    http.host.channels
}

#[test]
fn artifacts_are_resolved_by_the_back_channel_where_they_are_wanted() {
    let none = Tls { trusted: None, certificate: None };
    let wanted = "response_binding artifact;";
    let by_hand = format!("{BY_HAND} artifact_url https://b:8443/artifact; {wanted}");
    let origin = vec!["https://b:8443".to_owned()];
    assert_eq!(artifact_channels(&by_hand), [(origin.clone(), Some(none))]);
    let files = "artifact_ssl_trusted_certificate other.crt; artifact_ssl_certificate sp.crt; \
                 artifact_ssl_certificate_key sp.key;";
    let certificate = Some(("sp.crt".to_owned(), "sp.key".to_owned()));
    let tls = Tls { trusted: Some("other.crt".to_owned()), certificate };
    assert_eq!(artifact_channels(&format!("{by_hand} {files}")), [(origin, Some(tls))]);
    let plain = format!("{BY_HAND} artifact_url http://b/artifact; {wanted}");
    assert_eq!(artifact_channels(&plain), [(vec!["http://b".to_owned()], None)]);
    let post = format!("{BY_HAND} artifact_url http://b/artifact; response_binding post;");
    assert_eq!(artifact_channels(&post), []);
}

#[test]
fn a_default_of_the_sp_is_for_the_idps_that_can() {
    let mut site = Site::with("sp", "response_binding artifact; idp b; idp c;");
    site.add("http", &format!("saml_idp b {{ {BY_HAND} artifact_url http://b/; }}"));
    site.add("http", "saml_idp c { metadata second.xml; }");
    let http = site.made();
    let resolves = |name| {
        let idp = http.sp().idps.named(name).unwrap().current().unwrap();
        !idp.artifact_resolution.is_empty()
    };
    assert!(resolves("b") && !resolves("c") && !resolves("corp"));
    assert!(http.sp().publication.takes_artifacts);
    assert!(!GOOD.made().sp().publication.takes_artifacts);
}

#[test]
fn an_endpoint_that_metadata_may_move_is_foreseen() {
    let lines = "slo_binding soap; response_binding artifact;";
    let http = Site::with("http", &format!("saml_idp b {{ metadata https://b/; {lines} }}"));
    let mut site = http;
    site.add("sp", "idp b;");
    let http = site.made();
    let channels = http.sp().idps.named("b").unwrap().back_channels().clone();
    assert!(channels.logout.is_some() && channels.artifacts.is_some());
    for (origins, tls) in &http.host.channels {
        assert!(origins.is_empty() && tls.is_some());
    }
}

#[test]
fn a_store_may_have_memcached_behind_its_zone() {
    let http = store("memcached 10.0.0.1 unix:/run/m.sock; replicas 2; secret good.secret;");
    let memcached = of_store(&http).memcached.as_ref().unwrap();
    assert_eq!(memcached.nodes, ["10.0.0.1", "unix:/run/m.sock"]);
    assert_eq!((memcached.replicas, memcached.timeout), (2, Msec(500)));
    assert_eq!((memcached.cache_valid, memcached.stale), (Msec(1000), Seconds(60)));
    assert!(memcached.tls.is_none() && of_store(&http).secrets.is_some());

    let http = store(
        "zone z 1m; cache_size 64; secret good.secret; memcached unix:/run/m.sock tls; \
         memcached_ssl_name m.internal; memcached_ssl_certificate sp.crt; \
         memcached_ssl_certificate_key sp.key; memcached_timeout 1s; cache_valid 0; stale 1h;",
    );
    let store = of_store(&http);
    assert_eq!(
        (store.zone.as_str(), store.zone_size, store.cache_size),
        ("z", 1 << 20, CacheSize::Sessions(64))
    );
    let memcached = store.memcached.as_ref().unwrap();
    assert_eq!(memcached.timeout, Msec(1000));
    assert_eq!((memcached.cache_valid, memcached.stale), (Msec(0), Seconds(3600)));
    let tls = memcached.tls.as_ref().unwrap();
    assert_eq!((tls.name.as_deref(), &tls.trusted_certificate), (Some("m.internal"), &None));
    let (certificate, key) = tls.certificate.as_ref().unwrap();
    assert!(certificate.ends_with("/sp.crt") && key.ends_with("/sp.key"));
}

#[test]
fn the_default_store_may_be_a_block() {
    let http = Site::with("http", "saml_session_store saml_sessions { zone mine 2m; }").made();
    assert_eq!((of_store(&http).zone.as_str(), of_store(&http).zone_size), ("mine", 2 << 20));
}

#[test]
fn what_only_metadata_says() {
    let mut site = Site::with("sp", "organization ACME \"ACME Inc.\" https://acme.example.com;");
    site.add(
        "sp",
        "contact technical ops@acme.example.com; contact support s@acme.example.com Sue;",
    );
    site.add("sp", "requested_attribute urn:oid:1 friendly_name=mail required;");
    site.add("sp", "metadata_valid 1d; sign_metadata on; encryption offer;");
    let http = site.made();
    let said = &http.sp().publication;
    let says = &said.description;
    let [organization] = &says.organizations[..] else { panic!("not one") };
    assert_eq!(
        (organization.display_name.as_str(), organization.lang.as_str()),
        ("ACME Inc.", "en")
    );
    assert_eq!(
        says.contacts.iter().map(|c| c.name.as_deref()).collect::<Vec<_>>(),
        [None, Some("Sue")]
    );
    let [service] = &says.attribute_services[..] else { panic!("not one") };
    assert!(service.is_default && service.index == 0);
    assert_eq!(service.names[0].text, "ACME Inc.");
    let [attribute] = &service.attributes[..] else { panic!("not one") };
    assert!(attribute.required && attribute.friendly_name.as_deref() == Some("mail"));
    assert_eq!(said.valid, Some(Seconds(24 * 3600)));
    assert!(said.sign && said.offer_encryption && said.authn_requests_signed);
}

#[test]
fn a_pair_that_only_decrypts_stands_behind_one_that_signs() {
    let mut site = Site::with("sp", "encryption offer; certificate x25519.crt;");
    site.add("sp", "certificate_key x25519.key;");
    let http = site.made();
    let sp = http.sp();
    assert_eq!(sp.credentials.len(), 1, "it signs nothing");
    let [rsa, x25519] = &sp.decryption_keys[..] else { panic!("not two") };
    assert!(rsa.is_rsa() && !x25519.is_rsa());
    assert!(x25519.certificate().is_some());
}

#[test]
fn the_pair_that_signs_need_not_decrypt() {
    let mut site = Site::with("server", "location = /b { saml_acs b; }");
    site.add(
        "http",
        "saml_sp b { base_url https://b.example.com; entity_id b; idp corp; encryption offer;
            certificate ed25519.crt; certificate_key ed25519.key;
            certificate x25519.crt; certificate_key x25519.key; }",
    );
    let http = site.made();
    let sp = http.sps.iter().map(Sites::first).find(|sp| sp.name == "b").unwrap();
    assert_eq!((sp.credentials.len(), sp.decryption_keys.len()), (1, 1));
}

#[test]
fn domains_of_addresses_are_known_in_any_case() {
    let http = Site::with("idp", "domain Example.COM example.net; domain sub.example.org;").made();
    let idps = &http.sp().idps;
    for address in ["jane@example.com", "JANE@EXAMPLE.net", " a@b@sub.example.org "] {
        assert_eq!(idps.of_address(address).unwrap().name(), "corp", "{address}");
    }
    for address in ["", "@", "jane", "example.com", "jane@www.example.com", "jane@example.org"] {
        assert!(idps.of_address(address).is_none(), "{address}");
    }
}

#[test]
fn people_find_their_idp_by_a_page_or_a_service() {
    let found = |line: &str| {
        let mut site = Site::with("sp", line);
        site.add("server", "location = /saml/discovery { saml_discovery app; }");
        site.made().sp().discovery.clone()
    };
    let service = "https://wayf.example.org/ds?f=1";
    assert_eq!(GOOD.made().sp().discovery, Discovery::Off);
    assert_eq!(found("discovery off;"), Discovery::Off);
    assert_eq!(found("discovery builtin;"), Discovery::Builtin);
    assert_eq!(found(&format!("discovery {service};")), Discovery::Service(service.to_owned()));
}
