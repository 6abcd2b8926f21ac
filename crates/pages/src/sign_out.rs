//! Pages about a sign-out.

use crate::html::{escape, for_help_desk, page};

/// Why a sign-out did not work, as [`refusal`] for a sign-in.
pub fn sign_out_refused(code: &str, meaning: &str, request_id: &str) -> String {
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
pub fn ask_to_sign_out(code: &str, request_id: &str) -> String {
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
pub fn no_sign_out(code: &str, request_id: &str) -> String {
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
