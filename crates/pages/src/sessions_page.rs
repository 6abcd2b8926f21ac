//! The sessions of an SP for who runs the server, and what they do to them.

use std::fmt::Write;

use crate::html::escape;
use crate::page::Page;

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
    let mut body = String::new();
    search(&mut body, page);
    found(&mut body, page);
    idps(&mut body, page);
    Page::operation("SAML sessions", body)
}

fn search(body: &mut String, page: &SessionsPage<'_>) {
    body.push_str("<form method=\"get\" role=\"search\"><label>saml_sp<select name=\"sp\">");
    for sp in page.sps {
        let selected = if *sp == page.sp { " selected" } else { "" };
        put(body, format_args!("<option{selected}>{}</option>", escape(sp)));
    }
    body.push_str("</select></label>");
    for (label, name, value) in [
        ("IdP: block or entityID", "idp", page.idp),
        ("NameID", "name_id", page.name_id),
        ("Began at least … ago (15m, 8h, 7d)", "older_than", page.older_than),
        ("Began from (192.0.2.7, 2001:db8::/32)", "address", page.address),
    ] {
        put(
            body,
            format_args!(
                "<label>{label}<input name=\"{name}\" value=\"{}\"></label>",
                escape(value)
            ),
        );
    }
    body.push_str("<button type=\"submit\">Search</button></form>");
}

fn found(body: &mut String, page: &SessionsPage<'_>) {
    if !page.lists_all {
        body.push_str(
            "<p>The store of this SP is memcached, which does not tell what is in it: sessions are found by their \
             NameID, and of those that this host has not seen no more is known than that they are there.</p>",
        );
    }
    if page.needs_name_id {
        return;
    }
    if page.rows.is_empty() {
        let so_far = if page.next.is_some() { " so far" } else { "" };
        put(body, format_args!("<p>No such session{so_far}.</p>"));
    } else {
        sessions(body, page);
    }
    if let Some(next) = page.next {
        put(body, format_args!("<p><a href=\"{}\">Next page</a></p>", escape(next)));
    }
}

fn sessions(body: &mut String, page: &SessionsPage<'_>) {
    body.push_str(
        "<div tabindex=\"0\"><table><thead><tr><th scope=\"col\">NameID</th><th scope=\"col\">IdP</th>\
         <th scope=\"col\">From</th><th scope=\"col\">Began</th><th scope=\"col\">Ends</th><th scope=\"col\">Session</th>\
         <th scope=\"col\">End</th></tr></thead><tbody>",
    );
    for row in page.rows {
        let began = row.created.as_deref().unwrap_or("not known here");
        let counts = if row.counts { "" } else { " (does not count: its IdP is disabled or gone)" };
        put(
            body,
            format_args!(
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td><code>{}</code>{counts}</td><td>",
                escape(row.name_id),
                escape(row.entity_id),
                escape(row.address.as_deref().unwrap_or_default()),
                escape(began),
                escape(&row.expires),
                escape(row.id),
            ),
        );
        let whose = [("idp", row.entity_id), ("name_id", row.name_id)];
        let it = [("idp", row.entity_id), ("name_id", row.name_id), ("session", row.id)];
        form(body, page, "end_session", &it, "This one");
        form(body, page, "end_name_id", &whose, "All of this NameID");
        body.push_str("</td></tr>");
    }
    body.push_str("</tbody></table></div>");
}

fn idps(body: &mut String, page: &SessionsPage<'_>) {
    body.push_str(
        "<h2>IdPs</h2><div tabindex=\"0\"><table><thead><tr><th scope=\"col\">saml_idp</th>\
         <th scope=\"col\">Entity ID</th><th scope=\"col\">State</th><th scope=\"col\">Do</th></tr></thead><tbody>",
    );
    for idp in page.idps {
        put(
            body,
            format_args!(
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>",
                escape(idp.name),
                escape(idp.entity_id.unwrap_or_default()),
                escape(&idp.state.replace('_', " "))
            ),
        );
        match idp.state {
            "enabled" => form(body, page, "disable_idp", &[("idp", idp.name)], "Disable"),
            "disabled" => form(body, page, "enable_idp", &[("idp", idp.name)], "Enable"),
            _ => {}
        }
        if idp.entity_id.is_some() {
            form(body, page, "end_idp", &[("idp", idp.name)], "End all its sessions");
        }
        body.push_str("</td></tr>");
    }
    body.push_str("</tbody></table></div><h2>All sessions of this SP</h2>");
    form(body, page, "end_all", &[], "End them all");
}

/// One button. It goes to the address of this page.
fn form(
    body: &mut String,
    page: &SessionsPage<'_>,
    action: &str,
    fields: &[(&str, &str)],
    label: &str,
) {
    body.push_str("<form method=\"post\">");
    let ours = [("action", action), ("sp", page.sp), ("token", page.token)];
    for (name, value) in ours.iter().chain(fields) {
        let value = escape(value);
        put(body, format_args!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">"));
    }
    put(body, format_args!("<button type=\"submit\">{label}</button></form>"));
}

/// What was done.
pub(crate) fn sessions_done(done: &SessionsDone<'_>) -> Page {
    let idp = escape(done.idp.unwrap_or_default());
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
    let unheard = match done.is_heard {
        true => "",
        false => {
            "<p role=\"alert\">The application has not heard of it; the error log says why.</p>"
        }
    };
    let sp = escape(done.sp);
    Page::technical(
        "Done",
        format!(
            "<p>saml_sp {sp}: {text}</p>{unheard}<p><a href=\"?\">Back to the sessions</a></p>"
        ),
    )
}

/// Nothing was done.
pub(crate) fn refused(code: &str, meaning: &str, request_id: &str) -> Page {
    Page::technical(
        "Nothing was done",
        format!(
            "<p role=\"alert\">{}</p><p><a href=\"?\">Back to the sessions</a></p><dl><dt>Reason</dt>\
             <dd><code>{}</code></dd><dt>Request ID</dt><dd><code>{}</code></dd></dl>",
            escape(meaning),
            escape(code),
            escape(request_id)
        ),
    )
}

fn put(body: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = body.write_fmt(text);
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
