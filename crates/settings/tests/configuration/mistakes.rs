//! Every mistake is told in a sentence with its file and line.

use crate::host::TestHost;
use crate::http::{GOOD, Site, make_at};
use settings::Unusable;

/// A row of `mistakes.txt`: a configuration, and the sentence.
fn rows() -> Vec<(Site, String)> {
    include_str!("mistakes.txt")
        .split("\n\n")
        .filter(|row| !row.starts_with('#'))
        .map(|row| {
            let mut site = GOOD;
            let mut sentence = None;
            for line in row.lines() {
                match line.split_once(": ") {
                    _ if line.starts_with("= ") => sentence = line.strip_prefix("= "),
                    Some((part, added)) => site.add(part, added),
                    None => panic!("{line}"),
                }
            }
            (site, sentence.unwrap().to_owned())
        })
        .collect()
}

#[test]
fn the_good_configuration_is_good() {
    let http = GOOD.make().map_err(|mistake| panic!("{mistake}")).unwrap();
    assert_eq!(http.warnings, Vec::<String>::new());
}

#[test]
fn every_mistake_has_its_sentence() {
    let rows = rows();
    assert!(rows.len() > 120, "{}", rows.len());
    let wrong: Vec<_> = rows
        .iter()
        .map(|(site, sentence)| (site.mistake(), sentence))
        .filter(|(mistake, sentence)| match sentence.split_once("[…]") {
            Some((start, end)) => !(mistake.starts_with(start) && mistake.ends_with(end)),
            None => mistake != *sentence,
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_the_host_cannot_use_is_told_at_its_line() {
    let address =
        |address: &str| Unusable::Address { address: address.into(), why: "host not found".into() };
    let store =
        "saml_session_store s { zone z 1m;\n memcached a.internal tls; secret good.secret; }";
    let by_soap = "saml_idp b { metadata soap.xml;\n slo_ssl_trusted_certificate sp.crt; }";
    let by_artifact = "saml_idp b { entity_id b; sso_url https://b/; signing_key idp.pub; response_binding artifact; artifact_url https://b/;\n artifact_ssl_trusted_certificate sp.crt; }";
    for (http, refusal, sentence) in [
        (store, Unusable::Zone("taken".into()), "\"zone\" \"z\": taken in nginx.conf:1"),
        (
            store,
            address("a.internal"),
            "\"memcached\" address \"a.internal\" cannot be used: host not found in nginx.conf:2",
        ),
        (store, Unusable::Tls("no key".into()), "\"memcached\" tls: no key in nginx.conf:2"),
        (
            by_soap,
            Unusable::Tls("no key".into()),
            "\"slo_ssl_trusted_certificate\" cannot be used: no key in nginx.conf:2",
        ),
        (
            by_soap,
            address("idp.example.org"),
            "the SOAP endpoint https://idp.example.org:8443 for logout at saml_idp \"b\" cannot be \
             used: host not found; make its name known to this host, or take another by \
             \"slo_binding\" or \"slo_url\" in nginx.conf:1",
        ),
        (
            by_artifact,
            Unusable::Tls("no key".into()),
            "TLS for the artifacts of saml_idp \"b\" cannot be set up, see \
             \"artifact_ssl_trusted_certificate\" and \"artifact_ssl_certificate\": no key in \
             nginx.conf:2",
        ),
        (
            by_artifact,
            address("b:443"),
            "the ArtifactResolutionService at b:443 of saml_idp \"b\" cannot be used: host not found; \
             make its name known to this host, give another by \"artifact_url\", or say \
             \"response_binding post\" in nginx.conf:1",
        ),
    ] {
        let host = TestHost { refusal: Some(refusal), ..TestHost::default() };
        let Err(mistake) = make_at(host, http) else { panic!("{http}") };
        assert_eq!(mistake, sentence);
    }
}
