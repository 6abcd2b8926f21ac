//! One page of each template, and of each shape that it takes: what templates are tried with.

use clock::UnixTime;
use diagnosis::{Document, Entry, Line, Origin, Story, StoryId};
use saml::response::Verdict;
use status::{
    CertificateStatus, Event, Happening, IdpState, IdpStatus, MetadataStatus, NodeStatus, SpStatus,
    Status, StoreStatus,
};

use crate::circumstances::About;
use crate::diagnosis_page::{
    DiagnosedSite, DiagnosisPage, ask_to_record, diagnosis_page, story_page,
};
use crate::discovery::{Choice, Discovery, discovery};
use crate::forbidden::{Forbidden, forbidden};
use crate::form::post_form;
use crate::metadata_page::{MetadataPage, metadata_page};
use crate::page::Page;
use crate::send_again::send_again;
use crate::session_page::{self as session, SessionPage};
use crate::sessions_page::{self, IdpRow, SessionRow, SessionsDone, SessionsPage};
use crate::sign_in::{self, Refused};
use crate::sign_out::{self, LoggedOut, logged_out, logged_out_here_only, signed_in_again};
use crate::status_page::status_page;

const URL: &str = "https://app.example.com/page?a=b&c=d";

const ID: &str = "_5f0c8a31d2";

/// All of them.
pub(crate) fn pages() -> Vec<Page> {
    let (code, forbidden_code) = ("status_not_success", "requirement_not_met");
    let rule = |missing, url: Option<&'static str>| {
        forbidden(&Forbidden {
            code: forbidden_code,
            request_id: ID,
            missing,
            sign_in: url,
            sign_out: url,
            error_url: url,
        })
    };
    vec![
        failed(code, None, None),
        failed("assertion_expired", Some(URL), None),
        failed(code, None, Some(Verdict::AuthnFailed)),
        failed(code, None, Some(Verdict::RequestDenied)),
        failed(code, None, Some(Verdict::UnknownPrincipal)),
        sign_in::unavailable("store_unavailable", ID, URL, None, 10),
        sign_in::unavailable("store_unavailable", ID, URL, Some(URL), 10),
        sign_out::refused("logout_request_stale", ID),
        sign_out::confirm("logout_cross_site", ID),
        sign_out::none("message_missing", ID),
        rule(None, None),
        rule(Some("a member of staff"), Some(URL)),
        sign_in::sign_in_and_send_again(URL),
        sign_in::sign_in_outside_of_frame(URL),
        sign_in::go_on(URL),
        sign_in::leave(URL),
        sign_in::restore_fragment(URL),
        post_form(About::SignIn, URL, &[("SAMLRequest", "PD94".to_owned())], true),
        post_form(About::SignOut, URL, &[("SAMLRequest", "PD94".to_owned())], false),
        send_again(URL, "saml_form", "abc"),
        logged_out(LoggedOut::Here, None),
        logged_out(LoggedOut::Everywhere, Some(URL)),
        logged_out(LoggedOut::Partly, None),
        logged_out_here_only("logout_failed", ID, Some(URL)),
        signed_in_again(None),
        session::told(true),
        session::told(false),
        member(None, &[]),
        member(Some("alice"), &[("mail", vec!["alice@example.com", "a@example.com"])]),
        session::signed_out(None),
        session::signed_out(Some(URL)),
        choice("", 0, None, false),
        choice("", 3, Some(false), true),
        choice("uni", 0, None, false),
        choice("uni", 1, None, false),
        choice("uni", 2, None, true),
        choice("", 4000, Some(true), true),
        ask_to_record(),
        metadata(),
        status(),
        sessions(false),
        sessions(true),
        done(true),
        done(false),
        sessions_page::refused("order_token_invalid", ID),
        stories(),
        told(),
    ]
}

fn sessions(has_all: bool) -> Page {
    let row = SessionRow {
        id: "b7a41f09c3",
        entity_id: URL,
        name_id: "alice@example.org",
        address: has_all.then(|| "192.0.2.7".to_owned()),
        created: has_all.then(|| "2026-11-21T11:30:00Z".to_owned()),
        expires: "2026-11-21T19:30:00Z".to_owned(),
        counts: has_all,
    };
    let rows = [row];
    let idp = |state, entity_id| IdpRow { name: "corp", entity_id, state };
    sessions_page::sessions_page(&SessionsPage {
        sp: "app",
        sps: &["app", "other"],
        lists_all: has_all,
        needs_name_id: false,
        idp: "",
        name_id: "",
        older_than: "",
        address: "",
        idps: &[idp("enabled", Some(URL)), idp("disabled", None)],
        rows: rows.get(..usize::from(has_all)).unwrap_or_default(),
        next: has_all.then_some("?cursor=1"),
        token: "AQkJ",
    })
}

fn done(is_heard: bool) -> Page {
    let (idp, sessions) = (Some("corp"), Some(2));
    let done = SessionsDone { action: "end_name_id", sp: "app", idp, sessions, is_heard };
    sessions_page::sessions_done(&done)
}

fn story() -> Story {
    let begun = UnixTime::from_secs(1_795_260_600);
    let origin = Origin::Address("192.0.2.7".to_owned());
    Story { id: StoryId([0x5f; 16]), origin, sp: "app".to_owned(), begun, entries: 3 }
}

fn stories() -> Page {
    let site = DiagnosedSite {
        sp: "app".to_owned(),
        base_url: "https://app.example.com".to_owned(),
        token: "AQkJ".to_owned(),
    };
    let link = Some((URL, "2026-11-21T11:40:00Z".to_owned()));
    diagnosis_page(&DiagnosisPage { is_on: true, sites: &[site], link, stories: &[story()] })
}

fn told() -> Page {
    let fact = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let entry = |what: &str, facts| Entry { at: story().begun, ..Entry::new(what, facts) };
    let line = |depth, is_verified, text: &str| Line { depth, is_verified, text: text.to_owned() };
    let lines = vec![
        line(0, true, "<saml:Assertion ID=\"_a7\" Version=\"2.0\">"),
        line(1, true, "<saml:Issuer>https://idp.example.org/metadata</saml:Issuer>"),
        line(1, false, "<ds:SignatureValue>[masked, 344 characters]</ds:SignatureValue>"),
        line(1, true, "<saml:Audience>https://other.example.com</saml:Audience>"),
        line(0, true, "</saml:Assertion>"),
    ];
    let title = "EncryptedAssertion, decrypted by http://www.w3.org/2009/xmlenc11#aes256-gcm with the key \
                 of CN=app.example.com (RSA-OAEP)";
    let detail =
        "the Audience is \"https://other.example.com\", this SP is \"https://app.example.com\"";
    let mismatch = ("audience_mismatch".to_owned(), detail.to_owned());
    let response = Entry {
        documents: vec![Document { title: title.to_owned(), lines }],
        checks: vec![
            ("Destination".to_owned(), None),
            ("one Assertion, decrypted and signed".to_owned(), None),
            ("Conditions and Audience".to_owned(), Some(mismatch)),
        ],
        ..entry("response", vec![fact("Issuer, as it says", "https://idp.example.org/metadata")])
    };
    let request = vec![
        fact("request", "POST /saml/acs"),
        fact("client", "192.0.2.7"),
        fact("cookies of logins under way", "1"),
    ];
    let answer = entry("answer", vec![fact("status", "403")]);
    story_page(&story(), &[response, entry("request", request), answer])
}

fn metadata() -> Page {
    metadata_page(&MetadataPage {
        entity_id: URL,
        url: URL,
        acs_urls: &[URL.to_owned()],
        sls_urls: &[URL.to_owned()],
        name_id_formats: &["urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()],
        attributes: &[("urn:oid:0.9.2342.19200300.100.1.3", Some("mail"), true)],
        certificates: &[b"of now", b"of then"],
        signs_requests: true,
        xml: "<md:EntityDescriptor/>",
    })
}

fn status() -> Page {
    let now = UnixTime::from_secs(1_795_260_600);
    let (corp, app, text) = ("corp".to_owned(), "app".to_owned(), URL.to_owned());
    status_page(&Status {
        version: "0.1.0".to_owned(),
        built_for: "nginx/1.22.1".to_owned(),
        now,
        sps: vec![SpStatus {
            name: app.clone(),
            entity_id: text.clone(),
            idps: vec![IdpStatus {
                name: corp.clone(),
                entity_id: Some(text.clone()),
                members: None,
                state: IdpState::Expired,
                valid_until: Some(now),
            }],
            certificates: vec![CertificateStatus { sha256: "ab".repeat(32), not_after: now }],
        }],
        stores: vec![StoreStatus {
            name: "sessions".to_owned(),
            nodes: vec![NodeStatus { name: "127.0.0.1:11211".to_owned(), is_up: false }],
            ..StoreStatus::default()
        }],
        metadata: vec![MetadataStatus {
            idp: corp.clone(),
            source: text,
            error: Some("the answer has status 404".to_owned()),
            ..MetadataStatus::default()
        }],
        events: vec![Event {
            what: Happening::Refusal,
            sp: app,
            idp: corp,
            reason: "signature_invalid".to_owned(),
            count: 7,
        }],
        ..Status::default()
    })
}

fn failed(code: &str, resumption: Option<&str>, verdict: Option<Verdict>) -> Page {
    sign_in::refused(&Refused {
        code,
        request_id: ID,
        start_again: URL,
        resumption,
        idp: verdict.map(|_| "Example University"),
        error_url: verdict.map(|_| URL.to_owned()),
        verdict,
        words: verdict.map(|_| "AADSTS50105: not assigned <to> this application"),
    })
}

fn member(user: Option<&str>, attributes: &[(&str, Vec<&str>)]) -> Page {
    session::signed_in(&SessionPage {
        user,
        name_id: "_4b1c7e",
        idp: "Example University",
        authn_instant: "2026-11-21T11:30:00Z",
        created: "2026-11-21T11:30:01Z",
        expires: "2026-11-21T19:30:01Z",
        forgotten: user.map(|_| "2026-11-21T12:30:01Z"),
        attributes,
        logout_url: user.map(|_| URL),
    })
}

fn choice(searched: &str, found: usize, remember: Option<bool>, chose_before: bool) -> Page {
    let university = Choice {
        id: "university",
        name: "Example University",
        lang: "en",
        description: Some("For students and staff"),
        logo: Some("data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs="),
    };
    let company =
        Choice { id: "college", name: "Example College", lang: "", description: None, logo: None };
    let others = [university, company];
    discovery(&Discovery {
        action: URL,
        fields: &[("return", "/page".to_owned())],
        searched,
        recent: if chose_before { &others } else { &[] },
        others: others.get(..found.min(2)).unwrap_or_default(),
        found,
        remember,
    })
}
