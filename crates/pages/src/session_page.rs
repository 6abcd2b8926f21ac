//! What the SP knows of a person, for themselves; and the page at which a login in a window or frame ends, which tells
//! the application's own pages.

use minijinja::{Value, context};

use crate::page::{Page, optional};
use crate::template::Template;

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
pub(crate) fn signed_in(session: &SessionPage<'_>) -> Page {
    let attribute = |(name, texts): &(&str, Vec<&str>)| {
        let texts: Value = texts.iter().copied().map(Value::from).collect();
        context! { name => *name, texts }
    };
    let attributes: Value = session.attributes.iter().map(attribute).collect();
    let values = context! {
        user => optional(session.user),
        name_id => session.name_id,
        idp => session.idp,
        authn_instant => session.authn_instant,
        created => session.created,
        expires => session.expires,
        forgotten => optional(session.forgotten),
        sign_out => optional(session.logout_url),
        attributes,
    };
    Page::new(Template::Session, values)
}

/// The page of somebody who is not; `login_url` = where they can be.
pub(crate) fn signed_out(login_url: Option<&str>) -> Page {
    Page::new(Template::NoSession, context! { sign_in => optional(login_url) })
}

/// Tells the application's other pages whether somebody is signed in, and closes its window.
pub(crate) fn told(is_signed_in: bool) -> Page {
    Page::new(Template::Told, context! { is_signed_in })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::tests::write;

    const HOSTILE: &str = "<script>\"'&";
    const SAFE: &str = "&lt;script&gt;&quot;&#39;&amp;";

    fn page_of(user: Option<&str>, logout_url: Option<&str>) -> String {
        write(&signed_in(&SessionPage {
            user,
            name_id: HOSTILE,
            idp: HOSTILE,
            authn_instant: "2026-11-21T11:30:00Z",
            created: "2026-11-21T11:30:01Z",
            expires: "2026-11-21T19:30:01Z",
            forgotten: None,
            attributes: &[(HOSTILE, vec![HOSTILE, "two"]), ("none", Vec::new())],
            logout_url,
        }))
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
        let time = "<time datetime=\"2026-11-21T19:30:01Z\">21 November 2026, 19:30:01 UTC</time>";
        let page = page_of(None, None);
        assert!(page.contains(time), "{page}");
        assert!(!page.contains("<dt>User</dt>") && !page.contains("unless it is used"));
        assert!(!page.contains("Sign out"));
    }

    #[test]
    fn who_is_not_signed_in_can_be() {
        assert!(write(&signed_out(Some("/in?a&b"))).contains("href=\"/in?a&amp;b\">Sign in</a>"));
        assert!(!write(&signed_out(None)).contains("href"));
    }

    #[test]
    fn the_end_of_a_login_in_a_window_says_one_word() {
        for (is_signed_in, word) in [(true, "saml:done"), (false, "saml:no-session")] {
            assert!(write(&told(is_signed_in)).contains(&format!("data-saml=\"{word}\"")));
        }
    }
}
