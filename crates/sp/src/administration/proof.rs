//! That an order is the operator's own, and no other site's that has their browser send a form.

use clock::UnixTime;
use http::{Headers, arguments};
use saml::reason;
use saml::refusal::{Refusal, quote};

use crate::session_store::SessionStore;
use crate::sp::Sp;

/// Browsers say where a form comes from (Fetch Metadata 2.3); those that do not, by its Origin (RFC 6454 7), which
/// then is the host that it goes to. A program says neither.
pub(crate) fn refuse_cross_site(head: &impl Headers) -> Result<(), Refusal> {
    let (site, origin) = (head.first("sec-fetch-site"), head.first("origin"));
    let is_own = match (site, origin) {
        (Some(site), _) => site == b"same-origin",
        (None, Some(origin)) => {
            let authority = origin
                .strip_prefix(b"https://")
                .or_else(|| origin.strip_prefix(b"http://"))
                .unwrap_or_default();
            head.first("host").is_some_and(|host| host.eq_ignore_ascii_case(authority))
        }
        (None, None) => true,
    };
    if is_own {
        return Ok(());
    }
    let said = |value: Option<&[u8]>| match value {
        Some(value) => quote(&String::from_utf8_lossy(value)),
        None => "not there".to_owned(),
    };
    let detail = format!("Sec-Fetch-Site is {}, Origin is {}", said(site), said(origin));
    Err(Refusal::new(&reason::ORDER_CROSS_SITE, detail))
}

/// The form has a token that this operator was given for this SP.
pub(crate) fn check_token<S: SessionStore>(
    form: &[u8],
    sp: &Sp<S>,
    operator: &str,
    now: UnixTime,
) -> Result<(), Refusal> {
    let token = arguments(form, "token").next().unwrap_or_default();
    if sp.sessions.secrets()?.takes_order_token(&sp.id, operator, &token, now) {
        return Ok(());
    }
    let detail = "the token is of another operator or SP, older than an hour, or none";
    Err(Refusal::new(&reason::ORDER_TOKEN_INVALID, detail))
}

#[cfg(test)]
mod tests {
    use http::Head;

    use super::*;

    fn is_taken(fields: &[(&str, &str)]) -> bool {
        let head = fields
            .iter()
            .fold(Head::new("POST", ""), |head, (name, value)| head.with(name, value.as_bytes()));
        refuse_cross_site(&head).is_ok()
    }

    #[test]
    fn only_this_origin_may_order() {
        let host = ("Host", "admin.example:8443");
        assert!(is_taken(&[host]), "a program");
        assert!(is_taken(&[host, ("Sec-Fetch-Site", "same-origin")]));
        assert!(is_taken(&[host, ("Origin", "https://admin.example:8443")]));
        assert!(is_taken(&[host, ("Origin", "http://ADMIN.example:8443")]));
        for site in ["same-site", "cross-site", "none", "Same-Origin", ""] {
            assert!(!is_taken(&[host, ("Sec-Fetch-Site", site)]), "{site}");
        }
        for origin in
            ["null", "", "https://admin.example", "https://evil.example", "admin.example:8443"]
        {
            assert!(!is_taken(&[host, ("Origin", origin)]), "{origin}");
        }
        assert!(!is_taken(&[("Origin", "https://")]), "no Host");
    }
}
