//! `attribute`, `attribute_filter` and `on_group_overage`: what the lines come to.

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
fn groups_that_are_left_out_are_no_refusal_unless_a_line_says_so() {
    assert!(!made("").sp().sessions.rules.refuse_group_overage);
    assert!(!made("on_group_overage allow;").sp().sessions.rules.refuse_group_overage);
    assert!(made("on_group_overage refuse;").sp().sessions.rules.refuse_group_overage);
}
