//! An SP of several origins.

use std::rc::Rc;

use http::RequestHost;
use session::SpId;
use sp::{EndpointKind, Sp};

use crate::http::{GOOD, Http, Site, make};

/// What an SP of these origins is at each of them.
fn at_origins(origins: &str, lines: &str) -> Http {
    let http = format!(
        "saml_idp corp {{ metadata idp.xml; }}
         saml_sp app {{ base_url {origins}; entity_id e; idp corp; {lines} }}
         server {{
             location = /acs {{ saml_acs app; }}
             location / {{ auth_saml app; auth_saml_ecp on; }}
         }}"
    );
    make(&http).unwrap()
}

#[test]
fn an_sp_is_made_for_each_of_its_origins() {
    let http = at_origins(
        "https://A.example.com/ https://b.example.org:8443 http://c.example.org",
        "login_redirect /start; logout_redirect https://a.example.com/bye; return_hosts x.example;",
    );
    let sites: Vec<_> = http.sps[0].iter().collect();
    let origins = ["https://a.example.com", "https://b.example.org:8443", "http://c.example.org"];
    for (sp, origin) in sites.iter().zip(origins) {
        assert_eq!((sp.base_url.as_str(), &*sp.origins), (origin, &origins.map(str::to_owned)[..]));
        assert_eq!(sp.endpoints.acs(), format!("{origin}/acs"));
        assert_eq!(sp.everywhere(EndpointKind::Acs), origins.map(|origin| format!("{origin}/acs")));
        assert_eq!(sp.login_redirect, format!("{origin}/start"));
        assert_eq!(sp.logout_redirect.as_deref(), Some("https://a.example.com/bye"));
        assert_eq!(sp.own_audience[..], [origin]);
        for other in origins.iter().chain(&["https://x.example"]) {
            let page = format!("{other}/page");
            assert_eq!(sp.return_targets.check(&page), Some(page), "at {origin}");
        }
        assert_eq!(sp.cookies.owns(b"__Host-saml_session"), origin.starts_with("https"));
        assert!(Rc::ptr_eq(&sp.idps, &sites[0].idps) && sp.takes_paos.get());
        assert!(Rc::ptr_eq(&sp.published, &sites[0].published));
        assert!(sp.sessions.rules.several_origins);
    }
    assert_eq!(sites[0].id, SpId::new("e", "https://a.example.com"), "as if it were alone");
    assert!(!GOOD.made().sp().sessions.rules.several_origins);
}

#[test]
fn origins_that_share_a_cookie_share_their_sessions_and_others_do_not() {
    let groups = |origins: &str, lines: &str| {
        let http = at_origins(origins, lines);
        let sites: Vec<_> = http.sps[0].iter().collect();
        let first_like = |sp: &&Rc<Sp<_>>| {
            let place = sites.iter().position(|other| other.id == sp.id).unwrap();
            assert!(Rc::ptr_eq(&sites[place].sessions, &sp.sessions));
            assert!(sp.sessions.rules.sp == sp.id);
            place
        };
        sites.iter().map(first_like).collect::<Vec<_>>()
    };
    assert_eq!(groups("https://a.example https://b.example", ""), [0, 1]);
    let ports = "https://a.example https://b.example https://a.example:8443 http://a.example:8080";
    assert_eq!(groups(ports, ""), [0, 1, 0, 3], "cookies know no ports");
    let domain = "https://a.example.com https://b.example.com http://c.example.com";
    assert_eq!(groups(domain, "cookie_domain example.com;"), [0, 0, 2], "not what goes in clear");
}

#[test]
fn so_many_origins_may_be_and_no_more() {
    let origins =
        |count: usize| -> String { (0..count).map(|n| format!("https://h{n}.example ")).collect() };
    let http = at_origins(&origins(256), "");
    let location = http.location("/");
    let host = || RequestHost { name: b"h255.example", authority: b"h255.example" };
    let protection = location.protection_at(host).unwrap().unwrap();
    assert_eq!(protection.sp.base_url, "https://h255.example");
    let stranger = || RequestHost { name: b"h256.example", authority: b"H256.example:1" };
    let refusal = location.protection_at(stranger).err().unwrap();
    assert_eq!(refusal.code(), "host_unknown");
    assert!(refusal.detail().starts_with("the Host is \"H256.example:1\", the origins of"));
    assert!(refusal.detail().ends_with("https://h7.example and 248 more"), "{refusal}");
    let acs = http.location("= /acs");
    assert!(acs.endpoint_at(host).is_ok() && acs.endpoint_at(stranger).is_err());
    let site = Site::with("http", &format!("saml_sp b {{ base_url {}; }}", origins(257)));
    assert_eq!(site.mistake(), "\"base_url\" has 257 origins, and 256 is the most in nginx.conf:1");
}

/// An SP of two origins, whose handlers stand where `server` says.
fn of_two_origins(servers: &str) -> Vec<String> {
    let http = format!(
        "saml_idp corp {{ metadata idp.xml; }}
         saml_sp app {{ base_url https://a.example.com https://b.example.org; entity_id e; idp corp; }}
         {servers}"
    );
    make(&http).map(|http| http.warnings).unwrap()
}

#[test]
fn every_origin_has_the_handlers_that_something_begins_or_ends_at() {
    let handlers = "location = /acs { saml_acs app; } location = /sls { saml_sls app; }";
    let protected = "location / { auth_saml app; }";
    let both =
        format!("server {{ server_name a.example.com b.example.org; {handlers} {protected} }}");
    assert_eq!(of_two_origins(&both), [""; 0]);
    let each = format!(
        "server {{ server_name a.example.com; {handlers} }}
         server {{ server_name *.example.org; {handlers} {protected} }}"
    );
    assert_eq!(of_two_origins(&each), [""; 0]);
    let metadata = "location = /metadata { saml_metadata app; }";
    let internal = format!("{both} server {{ server_name internal; {metadata} }}");
    assert_eq!(of_two_origins(&internal), [""; 0], "it is the same everywhere");
    let one = format!(
        "server {{ server_name a.example.com; {handlers} {protected} }}
         server {{ server_name b.example.org; {protected} }}"
    );
    assert_eq!(
        of_two_origins(&one),
        [
            "saml_sp \"app\" has no saml_acs, saml_sls at \"https://b.example.org\": no server whose \
          \"server_name\" takes \"b.example.org\" has such a location; add it there, or leave the origin \
          out in nginx.conf:2"
        ]
    );
}

#[test]
fn a_name_of_a_server_where_no_origin_is_lets_nobody_in() {
    let with_names = |names: &str| {
        of_two_origins(&format!(
            "server {{
                 server_name {names};
                 location = /acs {{ saml_acs app; }}
                 location / {{ auth_saml app; }}
                 location /more {{ auth_saml app; }}
             }}"
        ))
    };
    for good in ["a.example.com b.example.org", "*.example.com .b.example.org", "a.* b.*", "_"] {
        assert_eq!(with_names(good), [""; 0], "{good}");
    }
    assert_eq!(
        with_names("a.example.com b.example.org c.example.com *.example.net"),
        [
            "\"auth_saml app\" stands in a server with the \"server_name\" c.example.com *.example.net, \
             where no \"base_url\" of saml_sp \"app\" is: nobody gets in by that; add the origin to \
             \"base_url\", or let another server have the name in nginx.conf:6"
        ]
    );
}
