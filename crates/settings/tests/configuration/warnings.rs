//! What works, but surely not as meant.

use crate::http::{GOOD, Http, Site};

/// Another SP, which nobody could take for the first.
const B: &str = "saml_sp b { base_url https://b.example.com; entity_id b; idp corp; }";

fn warnings(added: &[(&str, &str)]) -> Vec<String> {
    let mut site = GOOD;
    for (part, lines) in added {
        site.add(part, lines);
    }
    site.made().warnings
}

#[test]
fn what_surely_is_not_meant_is_told() {
    for (added, sentence) in [
        (
            &[("server", "server_name www.example.com *.example.org;")][..],
            "\"saml_acs app\" stands in a server whose \"server_name\" does not take \
             \"app.example.com\", the host of \"base_url\" of saml_sp \"app\": browsers are sent \
             there, and will not come here; fix one of the two in nginx.conf:15",
        ),
        (
            &[("sp", "cookie_path /app;")],
            "location \"/\" wants a session of saml_sp \"app\" and lies outside its \
             \"cookie_path\" \"/app\": browsers send no session there, and logins will not end; \
             widen the path, or protect only what is below it in nginx.conf:17",
        ),
        (
            &[("http", B), ("server", "location = /b { saml_acs b; }")],
            "saml_sp \"b\" protects nothing: no location has \"auth_saml b;\" in nginx.conf:1",
        ),
        (
            &[("sp", "certificate other.crt;\ncertificate_key open.pem;")],
            "\"certificate_key\" \"/etc/nginx/open.pem\" can be read by every user of this host; \
             \"chmod o= /etc/nginx/open.pem\" (the workers need not read it) in nginx.conf:13",
        ),
        (
            &[("idp", "disabled on;")],
            "all IdPs of saml_sp \"app\" are disabled: nobody can log in there in nginx.conf:6",
        ),
        (
            &[("idp", "sso_url https://a/; sso_binding post;\nextra_request_args whr=a;")],
            "\"extra_request_args\" is of no use: requests go to saml_idp \"corp\" by HTTP-POST; say \
             \"sso_binding redirect\", or leave it out in nginx.conf:5",
        ),
        (
            &[("http", "saml_session_store s { secret secret.txt; }")],
            "\"secret\" \"/etc/nginx/secret.txt\" can be read by every user of this host; \
             \"chmod o= /etc/nginx/secret.txt\" (the workers need not read it) in nginx.conf:1",
        ),
        (
            &[("http", "saml_session_store s { memcached 10.0.0.1; }")],
            "saml_session_store \"s\" has \"memcached\" and no \"secret\": no other host can read \
             its sessions, and a restart of nginx ends them; make a file by \"openssl rand -hex 32\" \
             and give it to all hosts in nginx.conf:1",
        ),
        (
            &[("sp", "session_lifetime 1h;\nsession_idle_timeout 2h;")],
            "\"session_idle_timeout\" 7200s is longer than \"session_lifetime\" 3600s and never \
             matters; shorten it, or say off in nginx.conf:13",
        ),
        (
            &[("idp", "slo_ssl_trusted_certificate sp.crt;")],
            "\"slo_ssl_trusted_certificate\" is of no use: logouts at saml_idp \"corp\" do not go to \
             a SOAP endpoint by https in nginx.conf:4",
        ),
        (
            &[("idp", "artifact_url https://b/;")],
            "\"artifact_url\" is of no use at saml_idp \"corp\": response_binding is not artifact in \
             nginx.conf:4",
        ),
        (
            &[("idp", "artifact_ssl_certificate sp.crt;\nartifact_ssl_certificate_key sp.key;")],
            "\"artifact_ssl_certificate\" is of no use at saml_idp \"corp\": response_binding is not \
             artifact in nginx.conf:4",
        ),
        (
            &[
                ("idp", "artifact_url http://b/;\nresponse_binding artifact;"),
                ("idp", "artifact_ssl_trusted_certificate sp.crt;"),
            ],
            "\"artifact_ssl_trusted_certificate\" is of no use at saml_idp \"corp\": its artifacts are \
             not resolved by https in nginx.conf:6",
        ),
    ] {
        assert_eq!(warnings(added), [sentence]);
    }
}

#[test]
fn plain_http_is_told() {
    let b = B.replace("https://b", "http://b");
    let added =
        [("http", &*b), ("server", "location = /b { saml_acs b; }\nlocation /b/ { auth_saml b; }")];
    assert_eq!(
        warnings(&added),
        ["\"base_url\" \"http://b.example.com\" is plain http: cookies go without Secure and can \
             be stolen on the way; use https except for trials in nginx.conf:1"]
    );
}

#[test]
fn certificates_near_their_end_are_told_with_their_owner() {
    let of_sp = Site::with("sp", "certificate old.crt;\ncertificate_key sp.key;").made();
    let of_idp = Site::with("http", "saml_idp b { metadata old.xml; }").made();
    for (Http { warnings, .. }, owner, place) in
        [(of_sp, "saml_sp \"app\"", "nginx.conf:12"), (of_idp, "saml_idp \"b\"", "nginx.conf:1")]
    {
        let [warning] = &warnings[..] else { panic!("{warnings:?}") };
        assert!(warning.contains("expired") && warning.contains(owner), "{warning}");
        assert!(warning.ends_with(place), "{warning}");
    }
}

#[test]
fn what_fits_is_not_told() {
    let below =
        "saml_sp b { base_url https://b.example.com; entity_id b; idp corp; cookie_path /b; }";
    for added in [
        &[("server", "server_name www.example.com app.example.com;")][..],
        &[("server", "server_name *.example.com;")],
        &[("server", "server_name _;")],
        &[(
            "server",
            "server_name www.example.com; } server { server_name app.example.com; \
             location = /saml/acs { saml_acs app; }",
        )],
        &[
            ("http", below),
            (
                "server",
                "location = /b/acs { saml_acs b; } location /b { auth_saml b; } \
                 location /b/c/ { auth_saml b; } location ~ c { auth_saml b; }",
            ),
        ],
    ] {
        assert_eq!(warnings(added), Vec::<String>::new(), "{added:?}");
    }
}

#[test]
fn a_warning_that_is_said_is_not_said_again() {
    let lines = "saml_idp b { metadata idp.xml; slo_ssl_trusted_certificate sp.crt; }";
    let again = "saml_sp b { base_url https://b.example.com; entity_id b; idp b; }\n\
                 saml_sp c { base_url https://c.example.com; entity_id c; idp b; }";
    let server = "location = /b { saml_acs b; } location /b/ { auth_saml b; } \
                  location = /c { saml_acs c; } location /c/ { auth_saml c; }";
    assert_eq!(warnings(&[("http", lines), ("http", again), ("server", server)]).len(), 1);
}
