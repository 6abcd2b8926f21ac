//! Answers for programs.

/// A refusal: its code, the ID by which the log has the rest, and where to log in if anywhere.
pub fn refusal(code: &str, request_id: &str, login_url: Option<&str>) -> String {
    let login_url = login_url.map(|url| format!(",\"login_url\":{}", string(url)));
    format!(
        "{{\"error\":{},\"request_id\":{}{}}}\n",
        string(code),
        string(request_id),
        login_url.unwrap_or_default()
    )
}

/// A rule that is not kept, and what it wants in the administrator's words.
pub fn requirement(code: &str, request_id: &str, label: Option<&str>) -> String {
    let label = label.map(|label| format!(",\"missing\":{}", string(label)));
    format!(
        "{{\"error\":{},\"request_id\":{}{}}}\n",
        string(code),
        string(request_id),
        label.unwrap_or_default()
    )
}

/// A JSON string (RFC 8259 7).
fn string(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            '\0'..='\x1f' => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_one_object() {
        assert_eq!(
            refusal("store_full", "_1f", None),
            "{\"error\":\"store_full\",\"request_id\":\"_1f\"}\n"
        );
        assert_eq!(
            refusal("authentication_required", "_1f", Some("https://a.example/l?return=%2F")),
            "{\"error\":\"authentication_required\",\"request_id\":\"_1f\",\
             \"login_url\":\"https://a.example/l?return=%2F\"}\n"
        );
    }

    #[test]
    fn a_requirement_says_its_label() {
        assert_eq!(
            requirement("requirement_not_met", "_1f", Some("staff \"x\"")),
            "{\"error\":\"requirement_not_met\",\"request_id\":\"_1f\",\"missing\":\"staff \\\"x\\\"\"}\n"
        );
        assert_eq!(requirement("c", "_1f", None), "{\"error\":\"c\",\"request_id\":\"_1f\"}\n");
    }

    #[test]
    fn no_text_ends_its_string() {
        assert_eq!(string("a\"b\\c\n\0\u{e9}"), "\"a\\\"b\\\\c\\u000a\\u0000\u{e9}\"");
    }
}
