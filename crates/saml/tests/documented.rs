//! The table in docs/reasons.md is the table in the code.

use saml::reason::{Blame, REASONS};

#[test]
fn every_reason_is_documented_as_it_is() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reasons.md");
    let documented = std::fs::read_to_string(path).unwrap();
    let rows: Vec<&str> = documented.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<String> = REASONS
        .iter()
        .map(|reason| {
            let who = match reason.blame() {
                Blame::Client => "client",
                Blame::Idp => "IdP",
                Blame::Sp => "SP",
                Blame::Server => "server",
            };
            let (code, meaning, advice) = (reason.code(), reason.meaning(), reason.advice());
            format!("| `{code}` | {who} | {meaning} | {advice} |")
        })
        .collect();
    assert_eq!(rows, expected);
}

/// The words in backticks of one cell.
fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Is there a function of this name in this file, given as `path:name` below `crates/`?
fn is_function(place: &str) -> bool {
    let crates = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let (path, name) = place.split_once(':').unwrap();
    let source = std::fs::read_to_string(format!("{crates}/{path}")).unwrap_or_default();
    source.contains(&format!("fn {name}(")) || source.contains(&format!("fn {name}<"))
}

#[test]
fn every_rule_is_where_the_table_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/validation.md");
    let documented = std::fs::read_to_string(path).unwrap();
    let rows = documented.lines().filter(|line| line.starts_with("| "));
    let table = rows.filter(|line| !line.starts_with("| rule |"));
    let mut reasons = Vec::new();
    for row in table {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let [_, place, codes, test] = cells[..] else { panic!("{row}") };
        for function in names(place).into_iter().chain(names(test)) {
            assert!(is_function(function), "{function}");
        }
        assert_eq!((names(place).len(), names(test).len()), (1, 1), "{row}");
        for code in names(codes) {
            assert!(REASONS.iter().any(|reason| reason.code() == code), "{code}");
            reasons.push(code);
        }
    }
    assert!(reasons.len() > 60, "{}", reasons.len());
    // What an IdP can get wrong is all there, but for what the module itself finds out.
    let by_idp = REASONS.iter().filter(|reason| reason.blame() == Blame::Idp);
    let missing = by_idp.map(|reason| reason.code()).filter(|code| !reasons.contains(code));
    assert_eq!(missing.collect::<Vec<_>>(), ["idp_unknown"]);
}
