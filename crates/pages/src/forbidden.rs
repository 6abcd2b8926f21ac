//! The page for who is signed in, and may not enter.

use crate::html::{escape, for_help_desk, page};

/// What it says.
pub struct Forbidden<'a> {
    /// The code to tell the help desk.
    pub code: &'a str,
    /// A sentence of our own.
    pub meaning: &'a str,
    /// Ties page and log together.
    pub request_id: &'a str,
    /// What is missing, in the administrator's words.
    pub missing: Option<&'a str>,
    /// Where one signs in as somebody else.
    pub sign_in: Option<&'a str>,
    /// Where one signs out.
    pub sign_out: Option<&'a str>,
}

/// The page: nothing on it comes from the session.
pub fn forbidden(said: &Forbidden<'_>) -> String {
    let missing = said
        .missing
        .map(|label| format!("<p>What is missing: <strong>{}</strong></p>", escape(label)));
    let sign_in = said.sign_in.map(|url| {
        format!("<p><a class=\"button\" href=\"{}\">Sign in as somebody else</a></p>", escape(url))
    });
    let sign_out =
        said.sign_out.map(|url| format!("<p><a href=\"{}\">Sign out</a></p>", escape(url)));
    page(
        "You may not open this page",
        &format!(
            "<p role=\"alert\">{}</p>{}{}{}<p>If you should be let in, tell your administrator the two \
             values below.</p>{}",
            escape(said.meaning),
            missing.unwrap_or_default(),
            sign_in.unwrap_or_default(),
            sign_out.unwrap_or_default(),
            for_help_desk(said.code, said.request_id)
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: Forbidden<'_> = Forbidden {
        code: "code_x",
        meaning: "So.",
        request_id: "_1f",
        missing: None,
        sign_in: None,
        sign_out: None,
    };

    /// What stands below the title.
    fn text(said: &Forbidden<'_>) -> String {
        let page = forbidden(said);
        page.split_once("</h1>")
            .unwrap()
            .1
            .strip_suffix("</main></body></html>\n")
            .unwrap()
            .to_owned()
    }

    #[test]
    fn it_says_what_is_missing_and_where_to_go() {
        let said = Forbidden {
            missing: Some("a member of <staff>"),
            sign_in: Some("https://a.example/in?force_authn=1&return=%2F"),
            sign_out: Some("https://a.example/out"),
            ..SAID
        };
        assert!(text(&said).starts_with(
            "<p role=\"alert\">So.</p>\
             <p>What is missing: <strong>a member of &lt;staff&gt;</strong></p>\
             <p><a class=\"button\" href=\"https://a.example/in?force_authn=1&amp;return=%2F\">Sign in as \
             somebody else</a></p><p><a href=\"https://a.example/out\">Sign out</a></p>"
        ));
    }

    #[test]
    fn what_there_is_not_is_not_offered() {
        let text = text(&SAID);
        assert!(!text.contains("<a ") && !text.contains("missing:"), "{text}");
        assert!(text.contains("<code>code_x</code>") && text.contains("<code>_1f</code>"));
    }
}
