//! The status of all SPs for who runs the server.

use std::fmt::Write;

use clock::Seconds;
use saml::instant;
use status::{Health, Status};

use crate::html::escape;
use crate::page::Page;

/// The page.
pub(crate) fn status_page(status: &Status) -> Page {
    let mut body = String::new();
    health(&mut body, &Health::of(status));
    put(
        &mut body,
        format_args!(
            "<p>Version {}, built for {}; {}. Also as <a href=\"?format=json\">JSON</a> and as \
             <a href=\"?format=openmetrics\">metrics</a>; <a href=\"?debug\">diagnosis of a login</a>.</p>",
            escape(&status.version),
            escape(&status.built_for),
            instant::format(status.now)
        ),
    );
    for sp in &status.sps {
        put(&mut body, format_args!("<h2>saml_sp {}</h2>", escape(&sp.name)));
        let rows = sp.idps.iter().map(|idp| {
            let entity = match (&idp.entity_id, idp.members) {
                (Some(entity_id), _) => entity_id.clone(),
                (None, Some(members)) => format!("{members} IdPs"),
                (None, None) => String::new(),
            };
            let end = idp.valid_until.map(instant::format).unwrap_or_default();
            vec![text(&idp.name), text(&entity), text(idp.state.name()), text(&end)]
        });
        table(&mut body, &["saml_idp", "Entity ID", "State", "Metadata ends"], rows);
        let rows = sp.certificates.iter().map(|certificate| {
            let left = days(certificate.not_after - status.now);
            let end = instant::format(certificate.not_after);
            vec![text(&certificate.sha256), text(&end), number(left)]
        });
        table(&mut body, &["Certificate, SHA-256", "Ends", "Days left"], rows);
    }
    for store in &status.stores {
        put(&mut body, format_args!("<h2>saml_session_store {}</h2>", escape(&store.name)));
        let rows = [
            ("Sessions in the zone of this host", store.sessions),
            ("Claims", store.claims),
            ("Tombstones", store.tombstones),
            ("Bytes of the zone", store.bytes),
            ("Bytes in use", store.used_bytes),
            ("Bytes that are never evicted", store.pinned_bytes),
            ("Evicted entries", store.evictions),
        ];
        table(&mut body, &["What", "How much"], rows.map(|(what, n)| vec![text(what), number(n)]));
        let rows = store
            .nodes
            .iter()
            .map(|node| vec![text(&node.name), text(if node.is_up { "up" } else { "down" })]);
        table(&mut body, &["memcached node", "State, as this worker sees it"], rows);
    }
    metadata(&mut body, status);
    events(&mut body, status);
    Page::technical("SAML status", body)
}

fn health(body: &mut String, health: &Health) {
    if health.is_good() {
        body.push_str("<p>People can log in.</p>");
        return;
    }
    body.push_str("<ul role=\"alert\">");
    for problem in &health.problems {
        put(body, format_args!("<li class=\"bad\">{}</li>", escape(problem)));
    }
    body.push_str("</ul>");
}

fn metadata(body: &mut String, status: &Status) {
    if status.metadata.is_empty() {
        return;
    }
    body.push_str("<h2>Metadata that refreshes</h2>");
    let seconds = |span: Option<Seconds>| span.map_or_else(|| text("unknown"), |s| number(s.0));
    let rows = status.metadata.iter().map(|metadata| {
        let error = metadata.error.as_deref().unwrap_or_default();
        vec![
            text(&metadata.idp),
            text(&metadata.source),
            seconds(metadata.age),
            seconds(metadata.next),
            number(metadata.failures),
            text(error),
        ]
    });
    let head = ["saml_idp", "Source", "Seconds old", "Seconds until the next", "Failures", "Last"];
    table(body, &head, rows);
}

fn events(body: &mut String, status: &Status) {
    body.push_str("<h2>Since nginx was started</h2>");
    let rows = status.events.iter().map(|event| {
        let what = event.what.name().replace('_', " ");
        vec![
            text(&what),
            text(&event.sp),
            text(&event.idp),
            text(&event.reason),
            number(event.count),
        ]
    });
    table(body, &["Event", "saml_sp", "saml_idp", "Reason", "Count"], rows);
    let ended = &status.look_ups.ended;
    let rows = ended.iter().map(|(ended, count)| vec![text(ended), number(*count)]);
    table(body, &["Look-ups of sessions ended at", "Count"], rows);
}

fn days(left: Seconds) -> i64 {
    left.0.div_euclid(86_400)
}

/// A cell; what was escaped, and whether it is a number.
type Cell = (String, bool);

fn text(text: &str) -> Cell {
    (escape(text), false)
}

fn number(number: impl ToString) -> Cell {
    (number.to_string(), true)
}

/// Nothing, when there are no rows.
fn table(body: &mut String, head: &[&str], rows: impl IntoIterator<Item = Vec<Cell>>) {
    let mut rows = rows.into_iter().peekable();
    if rows.peek().is_none() {
        return;
    }
    body.push_str("<div tabindex=\"0\"><table><thead><tr>");
    for title in head {
        put(body, format_args!("<th scope=\"col\">{}</th>", escape(title)));
    }
    body.push_str("</tr></thead><tbody>");
    for row in rows {
        body.push_str("<tr>");
        for (cell, is_number) in row {
            let class = if is_number { " class=\"n\"" } else { "" };
            put(body, format_args!("<td{class}>{cell}</td>"));
        }
        body.push_str("</tr>");
    }
    body.push_str("</tbody></table></div>");
}

fn put(body: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = body.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use clock::UnixTime;
    use status::{
        CertificateStatus, Event, Happening, IdpState, IdpStatus, MetadataStatus, NodeStatus,
        SpStatus, StoreStatus,
    };

    use super::*;
    use crate::reader::tests::write;

    #[test]
    fn nothing_on_it_is_markup_but_ours() {
        let hostile = "\"><script>alert(1)</script>&'";
        let text = || hostile.to_owned();
        let now = UnixTime::from_secs(1_795_260_600);
        let idp = IdpStatus {
            name: text(),
            entity_id: Some(text()),
            members: None,
            state: IdpState::Expired,
            valid_until: Some(now),
        };
        let sp = SpStatus {
            name: text(),
            entity_id: text(),
            idps: vec![idp],
            certificates: vec![CertificateStatus { sha256: text(), not_after: now }],
        };
        let store = StoreStatus {
            name: text(),
            nodes: vec![NodeStatus { name: text(), is_up: false }],
            ..StoreStatus::default()
        };
        let metadata = MetadataStatus {
            idp: text(),
            source: text(),
            error: Some(text()),
            ..MetadataStatus::default()
        };
        let event =
            Event { what: Happening::Refusal, sp: text(), idp: text(), reason: text(), count: 7 };
        let page = write(&status_page(&Status {
            version: text(),
            built_for: text(),
            now,
            sps: vec![sp],
            stores: vec![store],
            metadata: vec![metadata],
            events: vec![event],
            ..Status::default()
        }));
        assert!(!page.contains("<script") && !page.contains("\">alert"), "{page}");
        assert!(page.contains("<td>refusal</td>") && page.contains("<td class=\"n\">7</td>"));
        assert_eq!(page.matches("<li class=\"bad\">").count(), 3);
        assert!(page.contains("<td>expired</td>") && page.contains("<td>down</td>"));
    }

    #[test]
    fn days_are_whole_and_below_zero_past_the_end() {
        assert_eq!([86_399, 86_400, 0, -1].map(|s| days(Seconds(s))), [0, 1, 0, -1]);
    }
}
