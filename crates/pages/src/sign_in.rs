//! Pages about a sign-in.

use crate::html::{escape, for_help_desk, page};

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
