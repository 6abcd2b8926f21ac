//! Answers for programs.

/// The refusal for programs.
pub fn refusal(code: &str, request_id: &str, login_url: Option<&str>) -> String {
    let login_url = login_url.map(|url| format!(",\"login_url\":\"{url}\"")).unwrap_or_default();
    // The code and the ID are of our own alphabet; the URL was made of a checked origin and path.
    format!("{{\"error\":\"{code}\",\"request_id\":\"{request_id}\"{login_url}}}\n")
}
