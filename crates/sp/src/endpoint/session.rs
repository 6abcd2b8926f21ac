//! `saml_session`: what the SP knows of who asks, as a page and as JSON. To ask is not to use the session: an
//! application's page that asks every minute does not keep it alive.

use clock::UnixTime;
use http::{Headers, browser, cors, languages};
use pages::{Reply, SessionPage};
use saml::instant;
use saml::refusal::Refusal;
use serde_json::{Map, Value, json};

use crate::endpoint_kind::EndpointKind;
use crate::session_store::{Peeked, SessionStore};
use crate::sp::Sp;
use crate::visit::Visit;

/// The argument of the page at which a login in a window or frame ends: it tells the application's other pages.
const TELL: &str = "tell";

pub(super) async fn answer<S: SessionStore>(visit: &Visit, sp: &Sp<S>) -> Result<Reply, Refusal> {
    let sharing = cors::shared_with(&visit.head, |origin| sp.return_targets.may_read(origin));
    if visit.head.method() == "OPTIONS" {
        let permitted = sharing.and_then(|sharing| cors::permitted(&visit.head, sharing));
        return Ok(Reply::no_content().with_headers(permitted.unwrap_or_default()));
    }
    let peeked = sp.peek_session_of(visit).await?;
    let reply = match form(visit) {
        Form::Told => Reply::told(peeked.is_some()),
        Form::Page => page(visit, sp, peeked.as_ref()),
        Form::Json => {
            let session = peeked.map_or_else(|| nobody(sp), |peeked| object(visit, sp, &peeked));
            Reply::json(200, format!("{session}\n"))
        }
    };
    let by_origin = || vec![("Vary", "Origin".to_owned())];
    Ok(reply
        .with_header("Vary", "Accept, Sec-Fetch-Mode".to_owned())
        .with_header("Cross-Origin-Resource-Policy", "same-origin".to_owned())
        .with_headers(sharing.unwrap_or_else(by_origin)))
}

enum Form {
    /// For a person.
    Page,
    /// For a program.
    Json,
    /// For other pages of the application.
    Told,
}

fn form(visit: &Visit) -> Form {
    let head = &visit.head;
    // A browser that prerenders shows the answer when the person goes there.
    let is_seen = browser::navigates(head) || head.first("sec-fetch-mode") == Some(b"navigate");
    if head.argument("format").is_some_and(|format| format == "json") || !is_seen {
        return Form::Json;
    }
    if head.argument(TELL).is_some() { Form::Told } else { Form::Page }
}

fn nobody<S>(sp: &Sp<S>) -> Value {
    let mut fields = Map::new();
    fields.insert("authenticated".to_owned(), false.into());
    put(&mut fields, "login_url", sp.endpoints.get(EndpointKind::Login));
    fields.into()
}

/// As the variables have it, but that text is whole where a header could not carry it. Nothing in it opens or ends
/// the session.
fn object<S: SessionStore>(visit: &Visit, sp: &Sp<S>, peeked: &Peeked) -> Value {
    let (live, session) = (&peeked.live, &peeked.live.session);
    let now = visit.server.now();
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("authenticated", true.into());
    set("name_id", session.name_id().into());
    set("idp", json!({"entity_id": session.idp(), "name": idp_name(visit, sp, session.idp())}));
    set("authn_instant", instant::format(session.authn_instant).into());
    set("created", instant::format(session.created).into());
    set("expires", instant::format(session.expires).into());
    set("expires_in", seconds_to(session.expires, now).into());
    if let Some(end) = idle_end(sp, peeked, now) {
        set("idle_expires_in", seconds_to(end, now).into());
    }
    set("attributes", json!(sp.session_attributes.of(live)));
    put(&mut fields, "user", live.user(sp.sessions.rules()).as_deref());
    put(&mut fields, "name_id_format", session.name_id_format());
    put(&mut fields, "authn_context", session.authn_context());
    put(&mut fields, "login_url", sp.endpoints.get(EndpointKind::Login));
    put(&mut fields, "logout_url", sp.endpoints.get(EndpointKind::Logout));
    fields.into()
}

fn put(fields: &mut Map<String, Value>, name: &str, value: Option<&str>) {
    fields.extend(value.map(|value| (name.to_owned(), value.into())));
}

fn page<S: SessionStore>(visit: &Visit, sp: &Sp<S>, peeked: Option<&Peeked>) -> Reply {
    let Some(peeked) = peeked else {
        return Reply::no_session_page(sp.endpoints.get(EndpointKind::Login));
    };
    let (live, session) = (&peeked.live, &peeked.live.session);
    let attributes: Vec<_> = sp.session_attributes.of(live).into_iter().collect();
    Reply::session_page(&SessionPage {
        user: live.user(sp.sessions.rules()).as_deref(),
        name_id: session.name_id(),
        idp: &idp_name(visit, sp, session.idp()),
        authn_instant: &instant::format(session.authn_instant),
        created: &instant::format(session.created),
        expires: &instant::format(session.expires),
        forgotten: idle_end(sp, peeked, visit.server.now()).map(instant::format).as_deref(),
        attributes: &attributes,
        logout_url: sp.endpoints.get(EndpointKind::Logout),
    })
}

/// In the person's language; the entityID of one that has no name.
fn idp_name<S>(visit: &Visit, sp: &Sp<S>, entity_id: &str) -> String {
    let ui = sp.idps.of_entity(entity_id).map(|idp| idp.ui());
    let name = ui.as_ref().and_then(|ui| ui.name(&languages(&visit.head)));
    name.map_or_else(|| entity_id.to_owned(), |named| named.name.text.clone())
}

/// When the session ends unless it is used. Stores round up.
fn idle_end<S: SessionStore>(sp: &Sp<S>, peeked: &Peeked, now: UnixTime) -> Option<UnixTime> {
    let rules = sp.sessions.rules();
    rules.idle_timeout.and(peeked.forgotten).map(|forgotten| rules.expiry(forgotten, now))
}

fn seconds_to(end: UnixTime, now: UnixTime) -> i64 {
    (end - now).0.max(0)
}
