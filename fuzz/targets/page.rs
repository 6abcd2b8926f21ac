//! Pages with anybody's values in them: to a browser they are the pages that plain values make, with other text.
//!
//! The first octet of the input says which page; the rest are values with a NUL between them.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clock::UnixTime;
use diagnosis::{Document, Entry, Line, Origin, Story, StoryId};
use fuzz::dom::Dom;
use libfuzzer_sys::fuzz_target;
use openssl::sha::sha256;
use pages::{
    About, Body, Choice, Contact, DiagnosedSite, DiagnosisPage, Discovery, Forbidden, IdpRow,
    LoggedOut, Look, MetadataPage, Reader, Reply, SessionPage, SessionRow, SessionsDone,
    SessionsPage,
};
use status::{Event, Happening, IdpState, IdpStatus, MetadataStatus, SpStatus, Status};

const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);
const LANGUAGES: [&str; 6] = ["en", "de", "es", "fr", "ja", "ru"];

fuzz_target!(|input: &[u8]| {
    let Some((kind, values)) = input.split_first() else { return };
    let values: Vec<String> = values
        .split(|byte| *byte == 0)
        .map(|value| String::from_utf8_lossy(value).into_owned())
        .collect();
    let plain: Vec<String> = values.iter().map(|value| plain(value)).collect();
    let (html, policy) = write(*kind, &values);
    let (page, expected) = (Dom::of(&html), Dom::of(&write(*kind, &plain).0));
    assert_eq!(page.shape, expected.shape, "{html}");
    assert_eq!((page.comments, expected.comments), (0, 0));
    assert_eq!(page.code, expected.code);
    for code in &page.code {
        let hash = STANDARD.encode(sha256(code.as_bytes()));
        assert!(policy.contains(&format!("'sha256-{hash}'")), "{code}");
    }
    for (name, attributes) in &page.shape {
        let acts = |attribute: &String| attribute.starts_with("on") || attribute == "style";
        assert!(!attributes.iter().any(acts), "{name} {attributes:?}");
    }
});

/// Of the same length, and no markup in any language.
fn plain(value: &str) -> String {
    value.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { 'x' }).collect()
}

/// A page's text, and its policy.
fn write(kind: u8, values: &[String]) -> (String, String) {
    let value = |number: usize| values.get(number).map_or("", String::as_str);
    let contact = Contact { email: value(1).to_owned(), name: Some(value(2).to_owned()) };
    let names = vec![("en".to_owned(), value(0).to_owned())];
    let look = Look::new(names, Some(value(3).to_owned()), Some(contact));
    let language = LANGUAGES[usize::from(kind >> 5) % LANGUAGES.len()].to_owned();
    let warn = |fault: &str| panic!("{fault}");
    let reader = Reader { look: &look, languages: vec![language], now: NOW, warn: &warn };
    let reply = reply(kind % KINDS, values);
    let body: Body = reply.body(&reader).expect("a page").into_owned();
    let policy = body.headers.iter().find(|(name, _)| *name == "Content-Security-Policy");
    (body.text.clone(), policy.expect("a page has one").1.clone())
}

const KINDS: u8 = 17;

fn reply(kind: u8, values: &[String]) -> Reply {
    let value = |number: usize| values.get(number + 4).map_or("", String::as_str);
    let optional = |number: usize| Some(value(number)).filter(|value| !value.is_empty());
    let owned = |number: usize| value(number).to_owned();
    let rest = values.get(4..).unwrap_or_default();
    match kind {
        0 => Reply::html(200, pages::go_on(value(0))),
        1 => Reply::html(200, pages::restore_fragment(value(0))),
        2 => Reply::redirect(302, owned(0)).keeping_fragment(),
        3 => Reply::html(401, pages::sign_in_and_send_again(value(0))),
        4 => Reply::html(401, pages::sign_in_outside_of_frame(value(0))),
        5 => Reply::html(200, pages::send_again(value(0), value(1), value(2))),
        6 => {
            let fields = [("SAMLRequest", owned(0)), ("RelayState", owned(1))];
            Reply::html(200, pages::post_form(About::SignIn, value(2), &fields, true))
        }
        7 => Reply::html(200, pages::logged_out(LoggedOut::Partly, optional(0))),
        8 => Reply::html(200, pages::logged_out_here_only(value(0), value(1), optional(2))),
        9 => {
            let said = Forbidden {
                code: value(0),
                request_id: value(1),
                missing: optional(2),
                sign_in: optional(3),
                sign_out: optional(4),
                error_url: optional(5),
            };
            Reply::html(403, pages::forbidden(&said))
        }
        10 => Reply::session_page(&SessionPage {
            user: optional(0),
            name_id: value(1),
            idp: value(2),
            authn_instant: value(3),
            created: value(4),
            expires: value(5),
            forgotten: optional(6),
            attributes: &[(value(7), rest.iter().map(String::as_str).collect())],
            logout_url: optional(8),
        }),
        11 => {
            let choice = |number| Choice {
                id: value(number),
                name: value(number + 1),
                lang: value(number + 2),
                description: optional(number + 3),
                logo: optional(number + 4),
            };
            let all = [choice(0), choice(5)];
            Reply::discovery(&Discovery {
                action: value(10),
                fields: &[("return", owned(11))],
                searched: value(12),
                recent: &all[..1],
                others: &all,
                found: rest.len(),
                remember: Some(true),
            })
        }
        12 => Reply::metadata_page(&MetadataPage {
            entity_id: value(0),
            url: value(1),
            acs_urls: &[owned(2)],
            sls_urls: &[owned(3)],
            name_id_formats: &[owned(4)],
            attributes: &[(value(5), optional(6), true)],
            certificates: &[value(7).as_bytes()],
            signs_requests: true,
            xml: value(8),
        }),
        13 => sessions(&value, &optional),
        14 => Reply::sessions_done(&SessionsDone {
            action: "end_name_id",
            sp: value(0),
            idp: optional(1),
            sessions: Some(rest.len()),
            is_heard: true,
        }),
        15 => Reply::status_page(&Status {
            version: owned(0),
            built_for: owned(1),
            now: NOW,
            sps: vec![SpStatus {
                name: owned(2),
                entity_id: owned(3),
                idps: vec![IdpStatus {
                    name: owned(4),
                    entity_id: optional(5).map(str::to_owned),
                    members: None,
                    state: IdpState::Expired,
                    valid_until: None,
                }],
                certificates: Vec::new(),
            }],
            metadata: vec![MetadataStatus {
                idp: owned(4),
                source: owned(6),
                error: optional(7).map(str::to_owned),
                ..MetadataStatus::default()
            }],
            events: vec![Event {
                what: Happening::Refusal,
                sp: owned(2),
                idp: owned(4),
                reason: owned(8),
                count: 7,
            }],
            ..Status::default()
        }),
        _ => diagnosis(&owned, optional(0)),
    }
}

fn sessions<'v>(
    value: &dyn Fn(usize) -> &'v str,
    optional: &dyn Fn(usize) -> Option<&'v str>,
) -> Reply {
    let row = SessionRow {
        id: value(0),
        entity_id: value(1),
        name_id: value(2),
        address: optional(3).map(str::to_owned),
        created: optional(4).map(str::to_owned),
        expires: value(5).to_owned(),
        counts: true,
    };
    Reply::sessions_page(&SessionsPage {
        sp: value(6),
        sps: &[value(6), value(7)],
        lists_all: true,
        needs_name_id: false,
        idp: value(8),
        name_id: value(9),
        older_than: value(10),
        address: value(11),
        idps: &[IdpRow { name: value(12), entity_id: optional(13), state: "enabled" }],
        rows: &[row],
        next: optional(14),
        token: value(15),
    })
}

/// The list of stories, or one of them.
fn diagnosis(owned: &dyn Fn(usize) -> String, link: Option<&str>) -> Reply {
    let story = Story {
        id: StoryId([7; 16]),
        origin: Origin::Address(owned(1)),
        sp: owned(2),
        begun: NOW,
        entries: 1,
    };
    if let Some(link) = link {
        let site = DiagnosedSite { sp: owned(3), base_url: owned(4), token: owned(5) };
        return Reply::diagnosis_page(&DiagnosisPage {
            is_on: true,
            sites: &[site],
            link: Some((link, owned(6))),
            stories: &[story],
        });
    }
    let line = |text| Line { depth: 1, is_verified: true, text };
    let entry = Entry {
        at: NOW,
        documents: vec![Document { title: owned(3), lines: vec![line(owned(4)), line(owned(5))] }],
        checks: vec![(owned(6), Some((owned(7), owned(8)))), (owned(9), None)],
        ..Entry::new(&owned(10), vec![(owned(11), owned(12))])
    };
    Reply::story_page(&story, &[entry])
}
