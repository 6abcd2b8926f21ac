//! The status of all SPs for who runs the server.

use minijinja::value::Serde;
use minijinja::{Value, context};
use status::{Status, value};

use crate::page::Page;
use crate::template::Template;

/// The page: what programs get as JSON, in tables.
pub(crate) fn status_page(status: &Status) -> Page {
    let status = Value::from(Serde(value(status)));
    Page::new(Template::Status, context! { status })
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
    fn all_counters_there_can_be_go_onto_one_page() {
        let event = Event {
            what: Happening::Refusal,
            sp: "app".to_owned(),
            idp: "corp".to_owned(),
            reason: "signature_invalid".to_owned(),
            count: 7,
        };
        let page = write(&status_page(&Status { events: vec![event; 2048], ..Status::default() }));
        assert_eq!(page.matches("<td>signature_invalid</td>").count(), 2048);
    }
}
