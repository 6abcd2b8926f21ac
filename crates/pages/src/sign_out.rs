//! Pages about a sign-out.

use minijinja::context;

use crate::page::Page;
use crate::template::Template;

/// Why a sign-out did not work, as for a sign-in.
pub(crate) fn refused(code: &str, request_id: &str) -> Page {
    Page::new(Template::SignOutFailed, context! { code, request_id })
}

/// Another site led here. The form goes to the address of this page, as a request of this site.
pub(crate) fn confirm(code: &str, request_id: &str) -> Page {
    Page::new(Template::SignOutConfirm, context! { code, request_id })
}

/// Where a sign-out ends, and none has.
pub(crate) fn none(code: &str, request_id: &str) -> Page {
    Page::new(Template::NoSignOut, context! { code, request_id })
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
pub fn logged_out(how_far: LoggedOut, next: Option<&str>) -> Page {
    let how_far = match how_far {
        LoggedOut::Here => "here",
        LoggedOut::Everywhere => "everywhere",
        LoggedOut::Partly => "partly",
    };
    Page::new(Template::LoggedOut, context! { how_far, next => next.unwrap_or("/") })
}

/// The session of this SP is over; the IdP did not say that its own is, in a way to be believed.
pub fn logged_out_here_only(code: &str, request_id: &str, next: Option<&str>) -> Page {
    let (how_far, next) = ("unconfirmed", next.unwrap_or("/"));
    Page::new(Template::LoggedOut, context! { how_far, next, code, request_id })
}

/// How far a logout got does not matter any more.
pub fn signed_in_again(next: Option<&str>) -> Page {
    Page::new(Template::SignedInAgain, context! { next => next.unwrap_or("/") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::tests::{title, write};

    #[test]
    fn the_title_says_how_far_a_logout_got() {
        for (how_far, expected) in [
            (LoggedOut::Here, "You are signed out of this application"),
            (LoggedOut::Everywhere, "You are signed out everywhere"),
            (LoggedOut::Partly, "You are signed out, but not everywhere"),
        ] {
            assert_eq!(title(&write(&logged_out(how_far, None))), expected);
        }
        let here_only = write(&logged_out_here_only("logout_failed", "_1f", None));
        assert_eq!(title(&here_only), "You are signed out here only");
        assert_eq!(title(&write(&signed_in_again(None))), "You are signed in again");
    }

    #[test]
    fn the_link_leads_where_the_user_wanted_to_go() {
        for how_far in [LoggedOut::Here, LoggedOut::Everywhere, LoggedOut::Partly] {
            let again = "href=\"/\">Sign in again</a>";
            assert!(write(&logged_out(how_far, None)).contains(again));
            assert!(write(&logged_out(how_far, Some("/"))).contains(again));
            let next = "href=\"https://a.example/bye?a&amp;b\">Continue</a>";
            let page = logged_out(how_far, Some("https://a.example/bye?a&b"));
            assert!(write(&page).contains(next));
        }
        let here_only = logged_out_here_only("logout_failed", "_1f", Some("/b\""));
        for page in [here_only, signed_in_again(Some("/b\""))] {
            assert!(write(&page).contains("href=\"/b&quot;\">Continue</a>"));
        }
    }

    #[test]
    fn what_went_wrong_is_for_the_help_desk() {
        for page in [
            refused("logout_failed", "_1f"),
            confirm("logout_failed", "_1f"),
            none("logout_failed", "_1f"),
            logged_out_here_only("logout_failed", "_1f", None),
        ] {
            let page = write(&page);
            assert!(
                page.contains("<code>logout_failed</code>") && page.contains("<code>_1f</code>")
            );
        }
        let page = write(&refused("logout_failed", "_1f"));
        assert!(page.contains("The identity provider did not sign you out."));
    }

    #[test]
    fn a_person_confirms_by_a_form_to_the_same_address() {
        let form = "<form method=\"post\"><button type=\"submit\">Sign out</button></form>";
        assert!(write(&confirm("logout_cross_site", "_1f")).contains(form));
    }
}
