//! Pages about a sign-in.

use minijinja::context;
use saml::response::Verdict;

use crate::page::{Page, optional};
use crate::template::Template;

/// Why nobody was let in: the code to tell the help desk, nothing secret.
pub(crate) struct Refused<'a> {
    pub(crate) code: &'a str,
    pub(crate) request_id: &'a str,
    /// Where the person wanted to go.
    pub(crate) start_again: &'a str,
    /// Looks whether they are signed in all the same, and goes there.
    pub(crate) resumption: Option<&'a str>,
    /// Who was to sign them in.
    pub(crate) idp: Option<&'a str>,
    /// Where that IdP helps.
    pub(crate) error_url: Option<String>,
    /// What that IdP says.
    pub(crate) verdict: Option<Verdict>,
    /// The same in its own words.
    pub(crate) words: Option<&'a str>,
}

/// The page of a login that was refused.
pub(crate) fn refused(said: &Refused<'_>) -> Page {
    let Refused { code, request_id, start_again, .. } = *said;
    let verdict = said.verdict.map(|verdict| match verdict {
        Verdict::AuthnFailed => "authn_failed",
        Verdict::RequestDenied => "request_denied",
        Verdict::UnknownPrincipal => "unknown_principal",
    });
    let values = context! {
        code,
        request_id,
        start_again,
        resumption => optional(said.resumption),
        idp => optional(said.idp),
        error_url => optional(said.error_url.as_deref()),
        verdict => optional(verdict),
        words => optional(said.words),
    };
    Page::new(Template::SignInFailed, values)
}

/// The same when nobody is to blame who could do something about it: it is worth a try again in `retry_after`
/// seconds.
pub(crate) fn unavailable(
    code: &str,
    request_id: &str,
    start_again: &str,
    resumption: Option<&str>,
    retry_after: u32,
) -> Page {
    let resumption = optional(resumption);
    let values = context! { code, request_id, start_again, resumption, retry_after };
    Page::new(Template::Unavailable, values)
}

/// A form was sent without a session. Its text is still there when the person goes back.
pub fn sign_in_and_send_again(login_url: &str) -> Page {
    Page::new(Template::FormNotAccepted, context! { url => login_url })
}

/// A page in a frame wants a login: browsers keep no cookie of a login that happens in there.
pub fn sign_in_outside_of_frame(url: &str) -> Page {
    Page::new(Template::Framed, context! { url })
}

/// Goes to `url` by itself, as a navigation that this site starts.
pub fn go_on(url: &str) -> Page {
    Page::new(Template::GoOn, context! { url })
}

/// Leads to `url`, where somebody signs in or says where. The tab remembers the part behind the `#` of a deep link
/// over the login (RFC 3986 3.5): it never comes to the server, and a redirect would take it to the IdP. Without
/// scripts it is lost, and nothing else.
pub(crate) fn leave(url: &str) -> Page {
    Page::new(Template::Leave, context! { url })
}

/// Leads to the page `url` after a login, with the fragment that was remembered for there.
pub fn restore_fragment(url: &str) -> Page {
    Page::new(Template::Arrive, context! { url })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::tests::write;

    const REFUSED: Refused<'_> = Refused {
        code: "login_loop",
        request_id: "_1f",
        start_again: "/",
        resumption: None,
        idp: None,
        error_url: None,
        verdict: None,
        words: None,
    };

    #[test]
    fn who_goes_on_does_so_without_a_script() {
        let page = write(&go_on("https://a.example/?b&c"));
        assert!(page.contains(
            "<meta http-equiv=\"refresh\" content=\"0;url=https://a.example/?b&amp;c\">"
        ));
        assert!(page.contains("href=\"https://a.example/?b&amp;c\">Continue</a>"));
        assert!(!page.contains("<script"));
    }

    #[test]
    fn a_refusal_offers_to_start_again() {
        let page = write(&refused(&Refused { start_again: "/a?b&c", ..REFUSED }));
        for part in [
            "<p role=\"alert\">Several logins in a row led nowhere.</p>",
            "href=\"/a?b&amp;c\">Start again</a>",
            "<dd><code>login_loop</code></dd>",
            "<dd><code>_1f</code>",
            "<time datetime=\"2026-11-21T11:30:00Z\">21 November 2026, 11:30:00 UTC</time>",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
        assert!(!page.contains("http-equiv"));
    }

    #[test]
    fn who_may_be_signed_in_all_the_same_is_taken_there() {
        let resumption = Some("https://a.example/acs?r=\"x\"");
        let page = write(&refused(&Refused { resumption, ..REFUSED }));
        assert!(page.contains("content=\"1;url=https://a.example/acs?r=&quot;x&quot;\">"));
        assert!(page.contains("<a href=\"https://a.example/acs?r=&quot;x&quot;\">go on now</a>"));
    }

    #[test]
    fn what_the_idp_says_is_a_sentence_and_its_help_a_link() {
        let page = write(&refused(&Refused {
            idp: Some("<Uni>"),
            error_url: Some("https://idp.example/?a=\"&b".to_owned()),
            verdict: Some(Verdict::RequestDenied),
            ..REFUSED
        }));
        for part in [
            "<strong dir=\"auto\">&lt;Uni&gt;</strong>",
            "href=\"https://idp.example/?a=&quot;&amp;b\" rel=\"noreferrer\">",
            "does not let you into this service",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
        let plain = write(&refused(&REFUSED));
        assert!(!plain.contains("<strong") && !plain.contains("noreferrer"), "{plain}");
    }

    #[test]
    fn what_mends_itself_says_when_to_come_back() {
        let page = write(&unavailable("store_unavailable", "_1f", "/x", None, 10));
        assert!(page.contains("Wait 10 seconds") && page.contains("href=\"/x\">Start again"));
    }

    #[test]
    fn a_new_tab_knows_nothing_of_the_old_one() {
        let link = "<a class=\"button\" href=\"/saml/login?return=%2F&amp;x=&lt;\" target=\"_blank\" \
                    rel=\"noopener\">Sign in in a new tab</a>";
        let url = "/saml/login?return=%2F&x=<";
        assert!(write(&sign_in_and_send_again(url)).contains(link));
        assert!(write(&sign_in_outside_of_frame(url)).contains(link));
    }

    #[test]
    fn a_url_is_in_the_page_and_in_no_script() {
        let hostile = "https://a.example/?\"><script>alert(1)</script>&'";
        for page in [leave(hostile), restore_fragment(hostile)] {
            let page = write(&page);
            let safe =
                "https://a.example/?&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;&#39;";
            assert_eq!(page.matches(safe).count(), 2, "{page}");
            assert_eq!(page.matches("<script>").count(), 1, "{page}");
        }
    }
}
