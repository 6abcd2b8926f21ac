//! Pages about a sign-out.

use crate::html::{escape, for_help_desk, page};

/// Why a sign-out did not work, as for a sign-in.
pub(crate) fn refused(code: &str, meaning: &str, request_id: &str) -> String {
    page(
        "Sign-out did not work",
        &format!(
            "<p role=\"alert\">{}</p><p>You may still be signed in: \
             <a href=\"/\">go to the start page</a> to see. If it happens again, tell your \
             administrator the two values below.</p>{}",
            escape(meaning),
            for_help_desk(code, request_id)
        ),
    )
}

/// Another site led here. The form goes to the address of this page, as a request of this site.
pub(crate) fn confirm(code: &str, request_id: &str) -> String {
    page(
        "Do you want to sign out?",
        &format!(
            "<p>Another site sent you here to sign you out. That is for you to say.</p>\
             <form method=\"post\"><button type=\"submit\">Sign out</button></form>\
             <p><a href=\"/\">Stay signed in</a></p>{}",
            for_help_desk(code, request_id)
        ),
    )
}

/// Where a sign-out ends, and none has.
pub(crate) fn none(code: &str, request_id: &str) -> String {
    page(
        "No sign-out to tell of",
        &format!(
            "<p>This page tells you how a sign-out went, for some minutes after it. Your browser has \
             none to tell of.</p>\
             <p><a href=\"/\">Go to the start page</a></p>{}",
            for_help_desk(code, request_id)
        ),
    )
}

/// How far a logout got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoggedOut {
    /// Here, and the rest is not known: the IdP offers no single logout, or it is the one that asked.
    Here,
    /// Here and at the IdP, and wherever it had signed the user in.
    Everywhere,
    /// Here and at the IdP, but not everywhere (Core 3.2.2.2, PartialLogout).
    Partly,
}

/// Says how far a logout got; `next` is where the user wanted to go.
pub fn logged_out(how_far: LoggedOut, next: Option<&str>) -> String {
    let (title, text) = match how_far {
        LoggedOut::Here => (
            "You are signed out of this application",
            "You are signed out of this application. You may still be signed in at your \
             organisation's sign-in service: close the browser on a shared computer.",
        ),
        LoggedOut::Everywhere => (
            "You are signed out everywhere",
            "You are signed out of this application, of your organisation's sign-in service, and \
             of the other applications it had signed you in to.",
        ),
        LoggedOut::Partly => (
            "You are signed out, but not everywhere",
            "You are signed out of this application. Your organisation's sign-in service could not \
             sign you out of every other application: sign out there too, and close the browser \
             on a shared computer.",
        ),
    };
    let next = escape(next.unwrap_or("/"));
    let label = if next == "/" { "Sign in again" } else { "Continue" };
    page(title, &format!("<p>{text}</p><p><a href=\"{next}\">{label}</a></p>"))
}

/// The session of this SP is over; the IdP did not say that its own is, in a way to be believed.
pub fn logged_out_here_only(code: &str, request_id: &str, next: Option<&str>) -> String {
    page(
        "You are signed out here only",
        &format!(
            "<p role=\"alert\">You are signed out of this application. Your organisation's sign-in \
             service did not confirm that it signed you out, too: close the browser on a shared \
             computer.</p><p><a href=\"{}\">Continue</a></p>{}",
            escape(next.unwrap_or("/")),
            for_help_desk(code, request_id)
        ),
    )
}

/// How far a logout got does not matter any more.
pub fn signed_in_again(next: Option<&str>) -> String {
    page(
        "You are signed in again",
        &format!(
            "<p>You had signed out, and have signed in again since.</p>\
             <p><a href=\"{}\">Continue</a></p>",
            escape(next.unwrap_or("/"))
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(page: &str) -> &str {
        let (_, after) = page.split_once("<title>").unwrap();
        after.split_once("</title>").unwrap().0
    }

    #[test]
    fn the_title_says_how_far_a_logout_got() {
        for (how_far, expected) in [
            (LoggedOut::Here, "You are signed out of this application"),
            (LoggedOut::Everywhere, "You are signed out everywhere"),
            (LoggedOut::Partly, "You are signed out, but not everywhere"),
        ] {
            assert_eq!(title(&logged_out(how_far, None)), expected);
        }
        assert_eq!(
            title(&logged_out_here_only("logout_failed", "_1f", None)),
            "You are signed out here only"
        );
        assert_eq!(title(&signed_in_again(None)), "You are signed in again");
    }

    #[test]
    fn the_link_leads_where_the_user_wanted_to_go() {
        for how_far in [LoggedOut::Here, LoggedOut::Everywhere, LoggedOut::Partly] {
            let again = "<p><a href=\"/\">Sign in again</a></p>";
            assert!(logged_out(how_far, None).contains(again));
            assert!(logged_out(how_far, Some("/")).contains(again));
            let next = "<p><a href=\"https://a.example/bye?a&amp;b\">Continue</a></p>";
            assert!(logged_out(how_far, Some("https://a.example/bye?a&b")).contains(next));
        }
        for page in [logged_out_here_only("x", "_1f", Some("/b\"")), signed_in_again(Some("/b\""))]
        {
            assert!(page.contains("<a href=\"/b&quot;\">Continue</a>"));
        }
    }

    #[test]
    fn what_went_wrong_is_for_the_help_desk() {
        for page in [
            refused("code_x", "It is <so>.", "_1f"),
            confirm("code_x", "_1f"),
            none("code_x", "_1f"),
            logged_out_here_only("code_x", "_1f", None),
        ] {
            assert!(page.contains("<code>code_x</code>") && page.contains("<code>_1f</code>"));
        }
        assert!(refused("code_x", "It is <so>.", "_1f").contains("It is &lt;so&gt;."));
    }

    #[test]
    fn a_person_confirms_by_a_form_to_the_same_address() {
        let form = "<form method=\"post\"><button type=\"submit\">Sign out</button></form>";
        assert!(confirm("logout_cross_site", "_1f").contains(form));
    }
}
