use std::collections::HashSet;

use super::*;

#[test]
fn codes_are_unique_and_well_formed() {
    let mut seen = HashSet::new();
    for reason in REASONS {
        assert!(seen.insert(reason.code()), "{} stands twice", reason.code());
        assert!(
            reason
                .code()
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
            "{}",
            reason.code()
        );
    }
}

#[test]
fn every_reason_says_what_it_means_and_what_to_do() {
    for reason in REASONS {
        assert!(reason.meaning().ends_with('.'), "{}", reason.code());
        assert!(!reason.advice().is_empty(), "{}", reason.code());
        assert!(!reason.advice().ends_with('.'), "{}", reason.code());
    }
}

#[test]
fn a_status_is_of_who_can_mend_it() {
    assert_eq!(Blame::Idp.status(), 403);
    assert_eq!(Blame::Sp.status(), 500);
    assert_eq!(Blame::Server.status(), 503);
    assert_eq!(BODY_UNREADABLE.status(), 400);
    let own: Vec<_> = REASONS
        .iter()
        .filter(|reason| reason.status() != reason.blame().status())
        .map(|reason| (reason.code(), reason.status()))
        .collect();
    assert_eq!(
        own,
        [
            ("method_not_allowed", 405),
            ("host_unknown", 421),
            ("request_speculative", 503),
            ("form_content_type", 415),
            ("message_too_large", 413),
            ("xml_too_large", 413),
            ("idp_disabled", 403),
            ("event_unauthorized", 401),
            ("event_malformed", 400),
            ("event_issuer_unknown", 400),
            ("event_key_invalid", 400),
            ("event_audience_mismatch", 400),
            ("event_stale", 400),
            ("logins_too_many", 429),
            ("authentication_required", 401),
            ("session_of_other_idp", 401),
            ("requirement_not_met", 403),
            ("preserved_post_refused", 403),
            ("preserved_post_gone", 410),
            ("logout_cross_site", 403),
            ("order_cross_site", 403),
            ("order_token_invalid", 403),
            ("debug_link_invalid", 403),
            ("operator_unnamed", 403),
        ]
    );
}

#[test]
fn a_reason_is_written_as_its_code() {
    assert_eq!(AUDIENCE_MISMATCH.to_string(), "audience_mismatch");
}
