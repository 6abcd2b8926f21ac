//! What the SP knows of a person, for themselves; and the page at which a login in a window or frame ends, which tells
//! the application's own pages.

use std::fmt::Write;

use crate::html::{escape, page, page_with};

/// The style sheet of this page alone.
pub(crate) const STYLE: &str = "\
:root{color-scheme:light dark}h2{font-size:1.1rem;margin:2rem 0 .6rem}dd,td{overflow-wrap:anywhere}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.4em .6em .4em 0;\
border-bottom:1px solid #8888}th{font-weight:600;overflow-wrap:anywhere;min-width:7rem}td p{margin:0}\
.button{min-height:44px;box-sizing:border-box;margin:0 .5em .5em 0}\
:focus-visible{outline:3px solid #06c;outline-offset:2px}\
@media(prefers-color-scheme:dark){:focus-visible{outline-color:#9cf}}";

/// Tells all pages of this origin, wherever the IdP's pages have cut the window off from its opener.
pub(crate) const TELL: &str = "\
try{new BroadcastChannel('saml').postMessage(document.querySelector('[data-saml]').dataset.saml)}catch(e){}\
window.close()";

/// A session as its person sees it.
pub struct SessionPage<'a> {
    /// By what name the application knows them; `None` = by none.
    pub user: Option<&'a str>,
    /// Their NameID.
    pub name_id: &'a str,
    /// The IdP that signed them in, by the name that people know.
    pub idp: &'a str,
    /// When they authenticated there, as xs:dateTime (XML Schema 2 3.2.7), as all instants here.
    pub authn_instant: &'a str,
    /// When the session began.
    pub created: &'a str,
    /// When it ends.
    pub expires: &'a str,
    /// When it ends unless it is used; `None` = it does not.
    pub forgotten: Option<&'a str>,
    /// Names and values.
    pub attributes: &'a [(&'a str, Vec<&'a str>)],
    /// Where they sign out; `None` = nowhere.
    pub logout_url: Option<&'a str>,
}

/// The page of somebody who is signed in.
pub(crate) fn signed_in(session: &SessionPage<'_>) -> String {
    let mut body = String::from("<dl>");
    row(&mut body, "User", session.user);
    row(&mut body, "NameID", Some(session.name_id));
    row(&mut body, "Signed in by", Some(session.idp));
    for (label, instant) in [
        ("Signed in there", Some(session.authn_instant)),
        ("Session since", Some(session.created)),
        ("Session until", Some(session.expires)),
        ("Session until, unless it is used", session.forgotten),
    ] {
        let Some(instant) = instant else { continue };
        let readable = instant.replace('T', " ").replace('Z', " UTC");
        let (instant, readable) = (escape(instant), escape(&readable));
        put(
            &mut body,
            format_args!("<dt>{label}</dt><dd><time datetime=\"{instant}\">{readable}</time></dd>"),
        );
    }
    body.push_str("</dl>");
    link(&mut body, "Sign out", session.logout_url);
    if !session.attributes.is_empty() {
        body.push_str("<h2>Attributes</h2><table><tbody>");
        for (name, values) in session.attributes {
            let values: String =
                values.iter().map(|value| format!("<p>{}</p>", escape(value))).collect();
            let name = escape(name);
            put(&mut body, format_args!("<tr><th scope=\"row\">{name}</th><td>{values}</td></tr>"));
        }
        body.push_str("</tbody></table>");
    }
    page_with("You are signed in", STYLE, &body)
}

/// The page of somebody who is not; `login_url` = where they can be.
pub(crate) fn signed_out(login_url: Option<&str>) -> String {
    let mut body = String::from("<p>This application does not know who you are.</p>");
    link(&mut body, "Sign in", login_url);
    page_with("You are not signed in", STYLE, &body)
}

/// Tells the application's other pages whether somebody is signed in, and closes its window.
pub(crate) fn told(is_signed_in: bool) -> String {
    let (title, word) = match is_signed_in {
        true => ("You are signed in", "saml:done"),
        false => ("You are not signed in", "saml:no-session"),
    };
    page(
        title,
        &format!("<p data-saml=\"{word}\">You can close this window.</p><script>{TELL}</script>"),
    )
}

fn row(body: &mut String, label: &str, value: Option<&str>) {
    if let Some(value) = value {
        put(body, format_args!("<dt>{label}</dt><dd>{}</dd>", escape(value)));
    }
}

fn link(body: &mut String, label: &str, url: Option<&str>) {
    if let Some(url) = url {
        let url = escape(url);
        put(body, format_args!("<p><a class=\"button\" href=\"{url}\">{label}</a></p>"));
    }
}

fn put(body: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = body.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "<script>\"'&";
    const SAFE: &str = "&lt;script&gt;&quot;&#39;&amp;";

    fn page_of(user: Option<&str>, logout_url: Option<&str>) -> String {
        signed_in(&SessionPage {
            user,
            name_id: HOSTILE,
            idp: HOSTILE,
            authn_instant: "2026-11-21T11:30:00Z",
            created: "2026-11-21T11:30:01Z",
            expires: "2026-11-21T19:30:01Z",
            forgotten: None,
            attributes: &[(HOSTILE, vec![HOSTILE, "two"]), ("none", Vec::new())],
            logout_url,
        })
    }

    #[test]
    fn nothing_of_a_person_is_markup() {
        let page = page_of(Some(HOSTILE), Some(HOSTILE));
        assert_eq!(page.matches(SAFE).count(), 6, "{page}");
        assert!(!page.contains("<script"));
        let values = format!("<th scope=\"row\">{SAFE}</th><td><p>{SAFE}</p><p>two</p></td>");
        assert!(page.contains(&values));
    }

    #[test]
    fn instants_are_for_people_and_for_programs() {
        let time = "<time datetime=\"2026-11-21T19:30:01Z\">2026-11-21 19:30:01 UTC</time>";
        let page = page_of(None, None);
        assert!(page.contains(time), "{page}");
        assert!(!page.contains("<dt>User</dt>") && !page.contains("unless it is used"));
        assert!(!page.contains("Sign out"));
    }

    #[test]
    fn who_is_not_signed_in_can_be() {
        assert!(signed_out(Some("/in?a&b")).contains("href=\"/in?a&amp;b\">Sign in</a>"));
        assert!(!signed_out(None).contains("href"));
    }

    #[test]
    fn the_end_of_a_login_in_a_window_says_one_word() {
        for (is_signed_in, word) in [(true, "saml:done"), (false, "saml:no-session")] {
            assert!(told(is_signed_in).contains(&format!("data-saml=\"{word}\"")));
        }
    }
}
