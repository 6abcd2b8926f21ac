//! Metadata that comes from elsewhere, and what is kept of it.

use std::fs;

use clock::Seconds;
use refresh::{Copy, Schedule, Seal, Shelf};
use settings::SourcePlace;

use crate::files::folder;
use crate::host::TestHost;
use crate::http::{Http, Site};

const URL: &str = "https://second.example.org/metadata";

/// With an IdP `b` by URL, the copies in a folder of that name.
fn made(shelf: &str, lines: &str) -> Http {
    made_at(TestHost::default(), shelf, lines)
}

fn made_at(host: TestHost, shelf: &str, lines: &str) -> Http {
    let cache = folder().join(shelf);
    let http =
        format!("saml_idp b {{ metadata {URL}; metadata_cache {}; {lines} }}", cache.display());
    let mut site = Site::with("http", &http);
    site.add("sp", "idp b;");
    site.made_at(host)
}

/// Puts a file on a shelf as the copy.
fn keep(shelf: &str, file: &str) {
    let cache = folder().join(shelf);
    fs::create_dir_all(&cache).unwrap();
    let document = fs::read(folder().join(file)).unwrap();
    let copy = Copy { document, ..Copy::default() };
    let key = fs::read(folder().join("sp.key")).unwrap();
    let shelf = Shelf::new(cache, 1 << 20, Seal::by([key.as_slice()]));
    shelf.save(&Shelf::name("b", URL), &copy).unwrap();
}

fn is_known(http: &Http) -> bool {
    http.sp().idps.named("b").unwrap().current().is_some()
}

#[test]
fn what_was_never_fetched_is_awaited_without_a_warning() {
    let http = made("none", "");
    assert!(!is_known(&http));
    assert_eq!(http.warnings, Vec::<String>::new());
}

#[test]
fn the_copy_is_good_for_a_start() {
    keep("good", "second.xml");
    let http = made("good", "");
    assert!(is_known(&http));
    assert_eq!(http.warnings, Vec::<String>::new());
}

#[test]
fn a_copy_that_somebody_else_has_put_there_is_left() {
    keep("planted", "second.xml");
    let path = folder().join("planted").join(format!("{}.copy", Shelf::name("b", URL)));
    let planted = fs::read_to_string(&path).unwrap();
    fs::write(&path, planted + "<!-- -->").unwrap();
    let http = made("planted", "");
    assert!(!is_known(&http));
    let [warning] = &http.warnings[..] else { panic!("{:?}", http.warnings) };
    assert!(warning.contains("is left, it is not sealed by a key of ours"), "{warning}");
}

#[test]
fn a_copy_that_is_of_no_use_is_a_warning_and_no_mistake() {
    for (shelf, file, lines, why) in [
        ("broken", "sp.crt", "", "this is a certificate or key"),
        ("keyless", "short-key.xml", "", "RSA below 2048 bits"),
        ("unsigned", "second.xml", "metadata_certificate sp.crt;", "1 keys have not signed it"),
        ("endless", "second.xml", "metadata_max_validity 1d;", "has no validUntil"),
        (
            "other",
            "second.xml",
            "entity_id https://idp.elsewhere;",
            "no entity in the metadata has",
        ),
    ] {
        keep(shelf, file);
        let http = made(shelf, lines);
        assert!(!is_known(&http), "{file}");
        let [warning] = &http.warnings[..] else { panic!("{:?}", http.warnings) };
        assert!(warning.starts_with("the copy that was kept cannot be used: "), "{warning}");
        assert!(warning.contains(why) && warning.contains("nginx.conf:1"), "{warning}");
    }
}

/// An IdP's name that is not known yet keeps nginx from no start: what metadata says may change.
#[test]
fn an_endpoint_of_a_copy_that_cannot_be_reached_is_a_warning_and_no_mistake() {
    keep("unreached", "soap.xml");
    let http = made_at(TestHost { has_no_names: true, ..TestHost::default() }, "unreached", "");
    assert!(is_known(&http));
    let [warning] = &http.warnings[..] else { panic!("{:?}", http.warnings) };
    assert!(warning.contains("cannot be used: no such host"), "{warning}");
    let asked: Vec<_> = http.host.channels.iter().map(|(origins, _)| origins.len()).collect();
    assert_eq!(asked, [1, 0], "the way to others is prepared");
}

#[test]
fn a_file_is_looked_at_every_ten_seconds_and_a_url_every_hour() {
    let seconds = |seconds| Some(Schedule { interval: Seconds(seconds) });
    for (lines, of_file, of_url) in [
        ("", seconds(10), Some(seconds(3600))),
        ("metadata_refresh 5m;", seconds(300), Some(seconds(300))),
        ("metadata_refresh off;", None, None),
    ] {
        let http = Site::with("idp", lines).made();
        let [source] = &http.sources[..] else { panic!() };
        assert_eq!((source.idp.as_str(), source.text.as_str()), ("corp", "idp.xml"));
        assert_eq!((source.schedule, source.max_validity), (of_file, None));
        let SourcePlace::File { path, stamp: Some(_) } = &source.place else { panic!() };
        assert_eq!(*path, folder().join("idp.xml"));
        let Some(of_url) = of_url else { continue };
        let http = made("none", lines);
        let source = http.sources.iter().find(|source| source.idp == "b").unwrap();
        assert_eq!(source.schedule, of_url);
    }
}

#[test]
fn the_way_to_a_url_is_as_the_lines_say() {
    let trusted = folder().join("sp.crt").to_string_lossy().into_owned();
    for (lines, trusted, verify, timeout) in [
        ("", None, true, 10),
        ("metadata_timeout 2s; metadata_ssl_trusted_certificate sp.crt;", Some(trusted), true, 2),
        ("metadata_ssl_verify off; metadata_certificate sp.crt;", None, false, 10),
    ] {
        let http = made("none", lines);
        let source = http.sources.iter().find(|source| source.idp == "b").unwrap();
        assert_eq!(source.timeout, Seconds(timeout));
        let SourcePlace::Url { server, shelf, copy } = &source.place else { panic!() };
        assert_eq!(server.origin, "https://second.example.org");
        assert_eq!((&server.trusted, server.verify), (&trusted, verify));
        assert_eq!(shelf.path(copy).parent(), Some(folder().join("none").as_path()));
    }
}

#[test]
fn a_metadata_query_server_is_asked_for_the_entity() {
    let text = "metadata https://mdq.example.org/entities/$entity_id; entity_id \"https://b/x y\";";
    let mut site = Site::with("http", &format!("saml_idp b {{ {text} }}"));
    site.add("sp", "idp b;");
    let http = site.made();
    let source = http.sources.iter().find(|source| source.idp == "b").unwrap();
    assert_eq!(source.text, "https://mdq.example.org/entities/https%3A%2F%2Fb%2Fx%20y");
}
