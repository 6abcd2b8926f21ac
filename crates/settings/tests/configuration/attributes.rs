//! `attribute`, `attribute_filter` and `user`: what the lines come to.

use session::{DecodedSession, Memory, Session, Shapes};
use sp::SessionAttributes;

use crate::http::{Http, Site};

fn made(lines: &str) -> Http {
    Site::with("sp", lines).made()
}

/// What a session keeps of one attribute with these values.
fn kept(line: &str, name: &str, values: &[&str]) -> Option<Vec<String>> {
    let http = made(line);
    let values = values.iter().map(|value| value.to_string()).collect();
    let attribute = identity::Attribute { name: name.to_owned(), friendly_name: None, values };
    let kept = http.sp().sessions.rules.attributes.of(vec![attribute]);
    kept.attributes.into_iter().next().map(|attribute| attribute.values)
}

#[test]
fn options_stand_behind_the_names() {
    for (line, name, values, expected) in [
        ("attribute mail a b;", "b", &["X"][..], &["X"][..]),
        ("attribute mail a lower;", "a", &["X"], &["x"]),
        ("attribute mail lower;", "lower", &["X"], &["X"]),
        ("attribute mail lower lower;", "lower", &["X"], &["x"]),
        ("attribute mail a=b b;", "a=b", &["X"], &["X"]),
        ("attribute g g only=a only=~*^B max=2;", "g", &["x", "bx", "a", "B"], &["bx", "a"]),
        ("attribute g g only= ;", "g", &["", "x"], &[""]),
        ("attribute g g \"split=;\" lower;", "g", &["A;B", "C"], &["a", "b", "c"]),
        ("attribute g g match=~^CN=([^,]+) replace=g-$1;", "g", &["CN=A,O=B", "x"], &["g-A", "x"]),
        ("attribute g g \"match=~*^x{2}$\" replace=;", "g", &["XX", "x"], &["x"]),
    ] {
        assert_eq!(kept(line, name, values).unwrap(), expected, "{line}");
    }
    assert_eq!(kept("attribute a a; attribute_filter on;", "b", &["x"]), None);
    assert_eq!(kept("attribute_filter on;", "b", &["x"]), None);
    assert_eq!(kept("attribute a a; attribute b a;", "a", &["x"]).unwrap(), ["x"], "both plain");
}

#[test]
fn users_come_of_the_name_id_unless_a_line_says_otherwise() {
    let user = |lines: &str| {
        let http = made(lines);
        let rules = &http.sp().sessions.rules;
        let mut session = Session::default();
        session.name_id.value = "n".to_owned();
        session.attributes = vec![identity::Attribute {
            name: "urn:x:uid".to_owned(),
            friendly_name: None,
            values: vec!["u".to_owned()],
        }];
        let shapes = Shapes::new(&rules.attributes.aliases, &Memory::default());
        let session = DecodedSession::of(&session, &shapes);
        rules.user.user(&session).map(|user| user.into_owned())
    };
    assert_eq!(user("").as_deref(), Some("n"));
    assert_eq!(user("user mail uid name_id;").as_deref(), Some("u"));
    assert_eq!(
        user("attribute login urn:x:uid; user \"${saml_attr_login}@x\";").as_deref(),
        Some("u@x")
    );
    assert_eq!(user("user mail;"), None);
    assert!(!made("").sp().sessions.rules.refuse_group_overage);
    assert!(made("on_group_overage refuse;").sp().sessions.rules.refuse_group_overage);
}

#[test]
fn a_user_whose_attribute_no_session_keeps_is_told() {
    let warnings = |lines: &str| made(lines).warnings;
    let filter = "attribute_filter on; attribute login urn:oid:0.9.2342.19200300.100.1.1 uid;";
    assert_eq!(
        warnings(&format!("{filter}\nuser subject-id uid;")),
        ["\"user\" asks for the attribute \"subject-id\", which no \"attribute\" line names, and \
          \"attribute_filter\" leaves it out of sessions; add \"attribute subject_id subject-id;\" in \
          nginx.conf:13"]
    );
    for good in [
        &*format!("{filter} user login uid name_id;"),
        &*format!("{filter} user \"$saml_attr_uid@x\" 0.9.2342.19200300.100.1.1;"),
        "user subject-id;",
    ] {
        assert_eq!(warnings(good), [""; 0], "{good}");
    }
}

#[test]
fn the_browser_of_a_session_may_read_what_attribute_lines_name_unless_another_line_says_what() {
    let named = |names: &[&str]| {
        SessionAttributes::Named(names.iter().map(|&name| name.to_owned()).collect())
    };
    for (lines, shown) in [
        ("", named(&[])),
        ("attribute mail urn:x; attribute groups memberOf;", named(&["mail", "groups"])),
        ("attribute mail urn:x; session_attributes none;", named(&[])),
        ("session_attributes all;", SessionAttributes::All),
        ("attribute mail urn:x; session_attributes uid memberOf;", named(&["uid", "memberOf"])),
    ] {
        assert_eq!(Site::with("sp", lines).made().sp().session_attributes, shown, "{lines}");
    }
}
