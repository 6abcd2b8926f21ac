//! The sessions of an SP for who runs the server, and what they do to them.

use minijinja::{Value, context};

use crate::page::{Page, optional};
use crate::template::Template;

/// What was found.
pub struct SessionsPage<'a> {
    /// The `saml_sp` block.
    pub sp: &'a str,
    /// All of them.
    pub sps: &'a [&'a str],
    /// Does the store know which sessions there are?
    pub lists_all: bool,
    /// It does not, and nobody's were looked for.
    pub needs_name_id: bool,
    /// What was looked for, as it was typed.
    pub idp: &'a str,
    /// The same.
    pub name_id: &'a str,
    /// The same.
    pub older_than: &'a str,
    /// The same.
    pub address: &'a str,
    /// The IdPs of the SP, by their blocks.
    pub idps: &'a [IdpRow<'a>],
    /// The sessions.
    pub rows: &'a [SessionRow<'a>],
    /// The query of the next page.
    pub next: Option<&'a str>,
    /// What a form must have.
    pub token: &'a str,
}

/// One `saml_idp` block.
pub struct IdpRow<'a> {
    /// Its name.
    pub name: &'a str,
    /// `None` = it is a federation, or awaited.
    pub entity_id: Option<&'a str>,
    /// `enabled`, `disabled`, `disabled_by_configuration`.
    pub state: &'a str,
}

/// One session.
pub struct SessionRow<'a> {
    /// As records call it.
    pub id: &'a str,
    /// Of the IdP.
    pub entity_id: &'a str,
    /// Of the person.
    pub name_id: &'a str,
    /// Where from; `None` = that is not known.
    pub address: Option<String>,
    /// When it began; `None` = that is not known here.
    pub created: Option<String>,
    /// When it ends.
    pub expires: String,
    /// Does it let its browser in?
    pub counts: bool,
}

/// What was done.
pub struct SessionsDone<'a> {
    /// As the form called it.
    pub action: &'a str,
    /// At this SP.
    pub sp: &'a str,
    /// The entityID or block that it was about.
    pub idp: Option<&'a str>,
    /// How many sessions ended; `None` = all that there were.
    pub sessions: Option<usize>,
    /// The application has heard of it, if it was to.
    pub is_heard: bool,
}

/// The page.
pub(crate) fn sessions_page(page: &SessionsPage<'_>) -> Page {
    let values = context! {
        sp => page.sp,
        sps => page.sps.iter().map(|sp| Value::from(*sp)).collect::<Value>(),
        lists_all => page.lists_all,
        needs_name_id => page.needs_name_id,
        idp => page.idp,
        name_id => page.name_id,
        older_than => page.older_than,
        address => page.address,
        idps => page.idps.iter().map(idp).collect::<Value>(),
        rows => page.rows.iter().map(row).collect::<Value>(),
        next => optional(page.next),
        token => page.token,
    };
    Page::new(Template::Sessions, values)
}

fn idp(idp: &IdpRow<'_>) -> Value {
    // What a button does; where the configuration disables it, there is none.
    let switch = match idp.state {
        "enabled" => Some("disable"),
        "disabled" => Some("enable"),
        _ => None,
    };
    context! {
        name => idp.name,
        entity_id => optional(idp.entity_id),
        state => idp.state,
        switch => optional(switch),
    }
}

fn row(row: &SessionRow<'_>) -> Value {
    context! {
        id => row.id,
        entity_id => row.entity_id,
        name_id => row.name_id,
        address => optional(row.address.as_deref()),
        created => optional(row.created.as_deref()),
        expires => row.expires.as_str(),
        counts => row.counts,
    }
}

/// What was done.
pub(crate) fn sessions_done(done: &SessionsDone<'_>) -> Page {
    let idp = done.idp.unwrap_or_default();
    let text = match (done.action, done.sessions) {
        (_, Some(0)) => "No session ended: there is none any more.".to_owned(),
        (_, Some(1)) => format!("One session of {idp} ended."),
        (_, Some(count)) => format!("{count} sessions of {idp} ended."),
        ("end_all", None) => "All sessions ended.".to_owned(),
        ("end_idp", None) => format!("All sessions of {idp} ended."),
        ("disable_idp", None) => format!(
            "{idp} is disabled: nobody signs in there, and its sessions do not count until it is enabled again."
        ),
        _ => format!("{idp} is enabled."),
    };
    let values = context! { sp => done.sp, text, is_heard => done.is_heard };
    Page::new(Template::SessionsDone, values)
}

/// Nothing was done.
pub(crate) fn refused(code: &str, request_id: &str) -> Page {
    Page::new(Template::NotDone, context! { code, request_id })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::tests::write;

    const HOSTILE: &str = "\"><script>alert(1)</script>&'";

    fn html(lists_all: bool, needs_name_id: bool, state: &str) -> String {
        write(&sessions_page(&SessionsPage {
            sp: HOSTILE,
            sps: &[HOSTILE, "other"],
            lists_all,
            needs_name_id,
            idp: HOSTILE,
            name_id: HOSTILE,
            older_than: HOSTILE,
            address: HOSTILE,
            idps: &[IdpRow { name: HOSTILE, entity_id: Some(HOSTILE), state }],
            rows: &[SessionRow {
                id: HOSTILE,
                entity_id: HOSTILE,
                name_id: HOSTILE,
                address: Some(HOSTILE.to_owned()),
                created: Some(HOSTILE.to_owned()),
                expires: HOSTILE.to_owned(),
                counts: false,
            }],
            next: Some(HOSTILE),
            token: HOSTILE,
        }))
    }

    #[test]
    fn nothing_on_it_is_markup_but_ours() {
        let done = SessionsDone {
            action: "end_idp",
            sp: HOSTILE,
            idp: Some(HOSTILE),
            sessions: None,
            is_heard: false,
        };
        for html in [
            html(true, false, "enabled"),
            html(false, false, HOSTILE),
            write(&sessions_done(&done)),
        ] {
            assert!(!html.contains("<script") && !html.contains("\">alert"), "{html}");
        }
    }

    #[test]
    fn what_can_be_done_has_a_button_and_each_a_token() {
        let count = |html: &str, action: &str| {
            html.matches(&format!("name=\"action\" value=\"{action}\"")).count()
        };
        let all = html(true, false, "enabled");
        for action in ["end_session", "end_name_id", "end_idp", "disable_idp", "end_all"] {
            assert_eq!(count(&all, action), 1, "{action}");
        }
        assert_eq!(
            all.matches("<form method=\"post\">").count(),
            all.matches("name=\"token\"").count()
        );
        assert_eq!(count(&html(true, false, "disabled"), "enable_idp"), 1);
        let configured = html(true, false, "disabled_by_configuration");
        assert_eq!(count(&configured, "enable_idp") + count(&configured, "disable_idp"), 0);
    }

    #[test]
    fn the_longest_list_has_its_page() {
        let text = "x".repeat(256);
        let row = || SessionRow {
            id: &text[..64],
            entity_id: &text,
            name_id: &text,
            address: Some("2001:db8::1".to_owned()),
            created: Some("2026-11-21T11:30:00Z".to_owned()),
            expires: "2026-11-21T19:30:00Z".to_owned(),
            counts: true,
        };
        let rows: Vec<_> = (0..500).map(|_| row()).collect();
        let html = write(&sessions_page(&SessionsPage {
            sp: "app",
            sps: &["app"],
            lists_all: true,
            needs_name_id: false,
            idp: "",
            name_id: "",
            older_than: "",
            address: "",
            idps: &[],
            rows: &rows,
            next: None,
            token: &text,
        }));
        assert_eq!(html.matches("value=\"end_session\"").count(), 500);
    }

    #[test]
    fn it_says_what_the_store_cannot_tell() {
        assert!(!html(true, false, "enabled").contains("memcached"));
        let html = html(false, true, "enabled");
        assert!(html.contains("memcached") && !html.contains("end_session"), "{html}");
    }

    #[test]
    fn what_was_done_is_told_as_it_is() {
        let told = |action, sessions| {
            let sp = "app";
            write(&sessions_done(&SessionsDone {
                action,
                sp,
                idp: Some("corp"),
                sessions,
                is_heard: true,
            }))
        };
        assert!(told("end_session", Some(0)).contains("No session ended"));
        assert!(told("end_name_id", Some(2)).contains("2 sessions of corp ended"));
        assert!(told("end_all", None).contains("All sessions ended"));
        assert!(told("enable_idp", None).contains("corp is enabled"));
        assert!(!told("enable_idp", None).contains("role=\"alert\""));
    }
}
