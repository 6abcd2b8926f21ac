//! The page for who is signed in, and may not enter.

use minijinja::context;

use crate::page::{Page, optional};
use crate::template::Template;

/// What it says.
pub struct Forbidden<'a> {
    /// The code to tell the help desk.
    pub code: &'a str,
    /// Ties page and log together.
    pub request_id: &'a str,
    /// What is missing, in the administrator's words.
    pub missing: Option<&'a str>,
    /// Where one signs in as somebody else.
    pub sign_in: Option<&'a str>,
    /// Where one signs out.
    pub sign_out: Option<&'a str>,
    /// Where the IdP helps who lacks what only it can give.
    pub error_url: Option<&'a str>,
}

/// The page: nothing on it comes from the session.
pub fn forbidden(said: &Forbidden<'_>) -> Page {
    let Forbidden { code, request_id, .. } = said;
    let values = context! {
        code => *code,
        request_id => *request_id,
        missing => optional(said.missing),
        sign_in => optional(said.sign_in),
        sign_out => optional(said.sign_out),
        error_url => optional(said.error_url),
    };
    Page::new(Template::Forbidden, values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::tests::write;

    const SAID: Forbidden<'_> = Forbidden {
        code: "requirement_not_met",
        request_id: "_1f",
        missing: None,
        sign_in: None,
        sign_out: None,
        error_url: None,
    };

    #[test]
    fn it_says_what_is_missing_and_where_to_go() {
        let page = write(&forbidden(&Forbidden {
            missing: Some("a member of <staff>"),
            sign_in: Some("https://a.example/in?force_authn=1&return=%2F"),
            sign_out: Some("https://a.example/out"),
            error_url: Some("https://idp.example/?a=\"&b"),
            ..SAID
        }));
        for part in [
            "<p>What is missing: <strong>a member of &lt;staff&gt;</strong></p>",
            "href=\"https://a.example/in?force_authn=1&amp;return=%2F\">Sign in as somebody else</a>",
            "href=\"https://a.example/out\">Sign out</a>",
            "href=\"https://idp.example/?a=&quot;&amp;b\" rel=\"noreferrer\">Help from your organisation</a>",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
    }

    #[test]
    fn what_there_is_not_is_not_offered() {
        let page = write(&forbidden(&SAID));
        assert!(!page.contains("<a ") && !page.contains("missing:"), "{page}");
        assert!(page.contains("<code>requirement_not_met</code>"));
        assert!(page.contains("<code>_1f</code>"));
    }
}
