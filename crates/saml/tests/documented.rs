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
