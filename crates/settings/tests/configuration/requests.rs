//! What AuthnRequests to an IdP say, and an IdP to which none goes.

use identity::{Comparison, RequestedAuthnContext};
use saml::provider::{ExtraArgument, ExtraValue, PreferredContext, RequestPolicy};

use crate::http::{GOOD, Site};

fn says(site: &Site) -> RequestPolicy {
    site.made().sp().idps.named("corp").unwrap().settings().policy.request.clone()
}

#[test]
fn nothing_is_said_by_default() {
    let says = says(&GOOD);
    assert!(!says.issuer_format && !says.subject_hint);
    assert_eq!((says.acs_index, says.attribute_consuming_service_index), (None, None));
    assert_eq!(
        (&says.name_id_sp_qualifier, &says.provider_name, &says.consent),
        (&None, &None, &None)
    );
    assert!(says.requested_idp.is_empty() && says.requester_id.is_empty());
    assert_eq!((says.proxy_count, &says.authn_context), (None, &None));
    assert!(says.extra_arguments.is_empty() && says.extensions.is_none());
}

#[test]
fn each_line_sets_its_part() {
    let mut site = Site::with("idp", "acs_index 0; attribute_consuming_service_index 65535;");
    site.add("idp", "provider_name \"Example App\"; consent prior; issuer_format on;");
    site.add("idp", "name_id_sp_qualifier urn:x:a; requested_idp https://a.example urn:b;");
    site.add(
        "idp",
        "requester_id urn:r; proxy_count 2; subject_hint on; extensions extensions.xml;",
    );
    let says = says(&site);
    assert_eq!((says.acs_index, says.attribute_consuming_service_index), (Some(0), Some(65_535)));
    assert_eq!(says.provider_name.as_deref(), Some("Example App"));
    assert_eq!(says.consent.as_deref(), Some("urn:oasis:names:tc:SAML:2.0:consent:prior"));
    assert_eq!(says.name_id_sp_qualifier.as_deref(), Some("urn:x:a"));
    assert_eq!(says.requested_idp, ["https://a.example", "urn:b"]);
    assert_eq!((says.requester_id, says.proxy_count), (vec!["urn:r".to_owned()], Some(2)));
    assert!(says.issuer_format && says.subject_hint && says.extensions.is_some());
}

#[test]
fn an_idp_may_leave_out_what_the_sp_says_for_all() {
    let lines = "acs_index 1; provider_name p; consent urn:x:c; requested_idp a; requester_id b; \
                 proxy_count 1; authn_context Password; extra_request_args whr; subject_hint on; \
                 name_id_sp_qualifier q; extensions extensions.xml;";
    let mut site = Site::with("sp", lines);
    assert!(says(&site).extensions.is_some() && says(&site).acs_index == Some(1));
    for name in lines.split("; ").filter_map(|line| line.split(' ').next()) {
        site.add("idp", &format!("{} off;", name.trim()));
    }
    let says = says(&site);
    assert_eq!((says.acs_index, says.proxy_count, says.consent), (None, None, None));
    assert!(says.requested_idp.is_empty() && says.requester_id.is_empty() && !says.subject_hint);
    assert_eq!((says.provider_name, says.name_id_sp_qualifier), (None, None));
    assert!(says.extra_arguments.is_empty() && says.extensions.is_none());
    assert_eq!(says.authn_context, None);
}

#[test]
fn contexts_are_asked_for_at_once_or_in_turn() {
    for (line, comparison, in_turn) in [
        ("authn_context urn:x:mfa Password;", Comparison::Exact, false),
        ("authn_context urn:x:mfa fallback=on Password;", Comparison::Exact, true),
        ("authn_context urn:x:mfa Password fallback=off;", Comparison::Exact, false),
        (
            "authn_context comparison=minimum urn:x:mfa Password fallback=on;",
            Comparison::Minimum,
            true,
        ),
    ] {
        let classes = ["urn:x:mfa", "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"];
        let classes = classes.map(str::to_owned).to_vec();
        let asked = RequestedAuthnContext { classes, comparison };
        let expected = Some(PreferredContext { asked, in_turn });
        assert_eq!(says(&Site::with("idp", line)).authn_context, expected, "{line}");
    }
}

#[test]
fn extra_arguments_have_a_value_of_the_link_the_file_or_the_server() {
    let line = "extra_request_args login_hint domain_hint=a=b whr=$Arg_Realm \"x=${host}\";";
    let says = says(&Site::with("idp", line));
    let extra = |name: &str, value| ExtraArgument { name: name.to_owned(), value };
    let expected = [
        extra("login_hint", ExtraValue::Argument),
        extra("domain_hint", ExtraValue::Text("a=b".into())),
        extra("whr", ExtraValue::Variable("arg_realm".into())),
        extra("x", ExtraValue::Variable("host".into())),
    ];
    assert_eq!(says.extra_arguments, expected);
    let http = Site::with("idp", line).made();
    assert_eq!(http.sp().variables().collect::<Vec<_>>(), ["arg_realm", "host"]);
}

#[test]
fn the_default_is_the_first_idp_that_is_not_disabled() {
    let mut site = Site::with("http", "saml_idp second { metadata second.xml; }");
    site.add("sp", "idp second;");
    assert_eq!(site.made().sp().idps.default_idp().unwrap().name(), "corp");
    site.add("idp", "disabled on;");
    let http = site.made();
    let idps = &http.sp().idps;
    assert_eq!(idps.default_idp().unwrap().name(), "second");
    assert!(idps.named("corp").unwrap().is_disabled());
    assert_eq!(idps.enabled().count(), 1);
    assert_eq!(http.warnings, Vec::<String>::new());
}
