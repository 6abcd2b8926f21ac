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
            let (code, status) = (reason.code(), reason.status());
            let (meaning, advice) = (reason.meaning(), reason.advice());
            format!("| `{code}` | {who} | {status} | {meaning} | {advice} |")
        })
        .collect();
    assert_eq!(rows, expected);
}

/// The words in backticks of one cell.
fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Is there a function of this name in this file, given as `path:name` below `folder`?
fn is_function(folder: &str, place: &str) -> bool {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let (path, name) = place.split_once(':').unwrap();
    let source = std::fs::read_to_string(format!("{root}/{folder}/{path}")).unwrap_or_default();
    ["fn ", "def "].iter().any(|word| {
        source.contains(&format!("{word}{name}(")) || source.contains(&format!("{word}{name}<"))
    })
}

/// The rows of the tables of docs/validation.md that have so many columns, as cells.
fn rows(columns: usize) -> Vec<Vec<String>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/validation.md");
    let documented = std::fs::read_to_string(path).unwrap();
    let rows = documented.lines().filter(|line| line.starts_with("| "));
    let cells = rows.map(|row| row.trim_matches('|').split('|').map(str::to_owned).collect());
    cells
        .filter(|cells: &Vec<String>| cells.len() == columns)
        .filter(|cells| !matches!(cells[0].trim(), "rule" | "way"))
        .collect()
}

#[test]
fn every_way_without_a_session_is_where_the_table_says() {
    let ways = rows(3);
    assert!(ways.len() >= 10, "{}", ways.len());
    for way in ways {
        for function in names(&way[1]) {
            assert!(is_function("src", function), "{function}");
        }
        for test in names(&way[2]) {
            assert!(is_function("tests", test), "{test}");
        }
    }
}

#[test]
fn every_rule_is_where_the_table_says() {
    let mut reasons: Vec<String> = Vec::new();
    for row in rows(4) {
        let [_, place, codes, test] = &row[..] else { panic!("{row:?}") };
        for function in names(place).into_iter().chain(names(test)) {
            assert!(is_function("crates", function), "{function}");
        }
        assert_eq!((names(place).len(), names(test).len()), (1, 1), "{row:?}");
        for code in names(codes) {
            assert!(REASONS.iter().any(|reason| reason.code() == code), "{code}");
            reasons.push(code.to_owned());
        }
    }
    assert!(reasons.len() > 60, "{}", reasons.len());
    // What an IdP can get wrong is all there.
    let by_idp = REASONS.iter().filter(|reason| reason.blame() == Blame::Idp);
    let missing = by_idp
        .map(|reason| reason.code())
        .filter(|code| !reasons.iter().any(|named| named == code));
    assert_eq!(missing.collect::<Vec<_>>(), [""; 0]);
}
