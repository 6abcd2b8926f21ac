//! The pages a person may see: plain, accessible, without scripts but for the form that posts itself.

use std::fmt::Write;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const SUBMIT: &str = "document.forms[0].submit()";

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:38rem;margin:4rem auto;\
padding:0 1rem;color:#1b1b1b;background:#fff}h1{font-size:1.4rem}code{background:#eee;\
padding:.1em .3em;border-radius:.2em;overflow-wrap:anywhere}button,.button{font:inherit;\
padding:.5em 1.2em}.button{display:inline-block;border:1px solid;border-radius:.3em;\
text-decoration:none}dt{font-weight:600}dd{margin:0 0 .6em}@media(prefers-color-scheme:dark)\
{body{color:#eee;background:#1b1b1b}code{background:#333}a{color:#9cf}}";

/// A Content-Security-Policy under which these pages work and nothing else does. Hashes, because a
/// header per response with a nonce would say no more.
pub fn content_security_policy() -> String {
    format!("{}; frame-ancestors 'none'", frameable_content_security_policy())
}

/// The same for a page that an IdP may show in a frame.
pub fn frameable_content_security_policy() -> String {
    static CSP: LazyLock<String> = LazyLock::new(|| {
        let hash = |text: &str| STANDARD.encode(openssl::sha::sha256(text.as_bytes()));
        format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'",
            hash(STYLE),
            hash(SUBMIT)
        )
    });
    CSP.clone()
}

/// Why nobody was let in: the code to tell the help desk, nothing secret. `start_again` is where the
/// person wanted to go; `resumption` looks whether they are signed in all the same, and goes there.
pub fn refusal(
    code: &str,
    meaning: &str,
    request_id: &str,
    start_again: &str,
    resumption: Option<&str>,
) -> String {
    let going_on = resumption.map(|url| {
        let url = escape(url);
        format!(
            "<meta http-equiv=\"refresh\" content=\"1;url={url}\"><p>If you are signed in already, \
             in another tab perhaps, <a href=\"{url}\">go on</a> to the page you wanted; this page \
             tries it by itself.</p>"
        )
    });
    page(
        "Sign-in did not work",
        &format!(
            "<p role=\"alert\">{}</p>{}\
             <p><a href=\"{}\">Start again</a>. If it happens again, tell your administrator \
             the two values below.</p>{}",
            escape(meaning),
            going_on.unwrap_or_default(),
            escape(start_again),
            for_help_desk(code, request_id)
        ),
    )
}

/// A form was sent without a session. Its text is still there when the person goes back.
pub fn sign_in_and_send_again(login_url: &str) -> String {
    page(
        "Please sign in",
        &format!(
            "<p role=\"alert\">What you sent was not accepted, because you are not signed in (any \
             more).</p><p><a class=\"button\" href=\"{}\" target=\"_blank\" rel=\"noopener\">Sign in \
             in a new tab</a></p><p>Then come back to this tab, go back to the form, and send it \
             again.</p>",
            escape(login_url)
        ),
    )
}

/// A page in a frame wants a login: browsers keep no cookie of a login that happens in there.
pub fn sign_in_outside_of_frame(url: &str) -> String {
    page(
        "Please sign in",
        &format!(
            "<p>This part of the page is for members.</p><p><a class=\"button\" href=\"{}\" \
             target=\"_blank\" rel=\"noopener\">Sign in in a new tab</a></p><p>Then reload the page \
             that you see here.</p>",
            escape(url)
        ),
    )
}

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

fn for_help_desk(code: &str, request_id: &str) -> String {
    format!(
        "<dl><dt>Reason</dt><dd><code>{}</code></dd>\
         <dt>Request ID</dt><dd><code>{}</code></dd></dl>",
        escape(code),
        escape(request_id)
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

/// Goes to `url` by itself, as a navigation that this site starts.
pub fn go_on(url: &str) -> String {
    let url = escape(url);
    page(
        "Signed in",
        &format!(
            "<meta http-equiv=\"refresh\" content=\"0;url={url}\">\
             <p>You are signed in. <a href=\"{url}\">Continue</a></p>"
        ),
    )
}

/// A form that posts itself (Bindings 3.5.4), with a button for browsers without scripts.
pub fn post_form(title: &str, action: &str, fields: &[(&str, String)]) -> String {
    let mut form = format!("<form method=\"post\" action=\"{}\">", escape(action));
    for (name, value) in fields {
        // Writing to a String cannot fail.
        let _ = write!(
            form,
            "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
            escape(name),
            escape(value)
        );
    }
    page(
        title,
        &format!(
            "<p>One moment: your browser is being sent to the sign-in service.</p>\
             {form}<noscript><p>Scripts are off, so please press the button.</p></noscript>\
             <button type=\"submit\">Continue</button></form><script>{SUBMIT}</script>"
        ),
    )
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title><style>{STYLE}</style>\
         </head><body><main><h1>{title}</h1>{body}</main></body></html>\n"
    )
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}
