//! Pages about a sign-in.

use crate::html::{escape, for_help_desk, page};

/// Why nobody was let in: the code to tell the help desk, nothing secret. `start_again` is where the
/// person wanted to go; `resumption` looks whether they are signed in all the same, and goes there.
pub(crate) fn refused(
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands below the title.
    fn text(page: &str) -> &str {
        let (_, after) = page.split_once("</h1>").unwrap();
        after.strip_suffix("</main></body></html>\n").unwrap()
    }

    #[test]
    fn who_goes_on_does_so_without_a_script() {
        assert_eq!(
            text(&go_on("https://a.example/?b&c")),
            "<meta http-equiv=\"refresh\" content=\"0;url=https://a.example/?b&amp;c\">\
             <p>You are signed in. <a href=\"https://a.example/?b&amp;c\">Continue</a></p>"
        );
    }

    #[test]
    fn a_refusal_offers_to_start_again() {
        let page = refused("code_x", "It is <so>.", "_1f", "/a?b&c", None);
        assert_eq!(
            text(&page),
            "<p role=\"alert\">It is &lt;so&gt;.</p><p><a href=\"/a?b&amp;c\">Start again</a>. If it \
             happens again, tell your administrator the two values below.</p><dl><dt>Reason</dt><dd>\
             <code>code_x</code></dd><dt>Request ID</dt><dd><code>_1f</code></dd></dl>"
        );
    }

    #[test]
    fn who_may_be_signed_in_all_the_same_is_taken_there() {
        let page = refused("code_x", "So.", "_1f", "/", Some("https://a.example/acs?r=\"x\""));
        assert!(text(&page).starts_with(
            "<p role=\"alert\">So.</p><meta http-equiv=\"refresh\" \
             content=\"1;url=https://a.example/acs?r=&quot;x&quot;\">"
        ));
        assert!(page.contains("<a href=\"https://a.example/acs?r=&quot;x&quot;\">go on</a>"));
    }

    #[test]
    fn a_new_tab_knows_nothing_of_the_old_one() {
        let link = "<a class=\"button\" href=\"/saml/login?return=%2F&amp;x=&lt;\" target=\"_blank\" \
                    rel=\"noopener\">Sign in in a new tab</a>";
        let url = "/saml/login?return=%2F&x=<";
        assert!(sign_in_and_send_again(url).contains(link));
        assert!(sign_in_outside_of_frame(url).contains(link));
    }
}
