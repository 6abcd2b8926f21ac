//! What an operator sees: a page, or JSON.

use std::rc::Rc;

use form_urlencoded::Serializer;
use http::browser;
use pages::{IdpRow, Reply, SessionRow, SessionsDone, SessionsPage};
use saml::instant;
use saml::refusal::Refusal;
use serde_json::{Map, Value, json};

use super::deed::Done;
use super::listing::{Listing, Row};
use super::search::Search;
use crate::random;
use crate::session_store::SessionStore;
use crate::sp::{Sp, sealing_failed};
use crate::visit::Visit;

/// What a search has found.
pub(super) fn found<S: SessionStore>(
    visit: &Visit,
    sps: &[Rc<Sp<S>>],
    search: &Search<S>,
    listing: &Listing,
    operator: &str,
) -> Result<Reply, Refusal> {
    let sp = &search.sp;
    let secrets = sp.sessions.secrets()?;
    let token = secrets.order_token(&sp.id, operator, random::bytes(), visit.now);
    let token = token.map_err(|error| sealing_failed(&error))?;
    let reply = match is_for_person(visit) {
        true => page(visit, sps, search, listing, &token),
        false => Reply::json(200, format!("{}\n", object(sps, search, listing, &token))),
    };
    Ok(reply
        .with_header("Vary", "Accept, Sec-Fetch-Mode".to_owned())
        .with_header("Cross-Origin-Resource-Policy", "same-origin".to_owned()))
}

fn object<S: SessionStore>(
    sps: &[Rc<Sp<S>>],
    search: &Search<S>,
    listing: &Listing,
    token: &str,
) -> Value {
    let sp = &search.sp;
    let idps: Vec<Value> = idps(sp)
        .map(|(name, entity_id, state)| json!({"name": name, "entity_id": entity_id, "state": state}))
        .collect();
    json!({
        "sp": sp.name,
        "sps": names(sps),
        "idps": idps,
        "can_list": if sp.sessions.can_list() { "all" } else { "by_name_id" },
        "sessions": listing.rows.iter().map(row).collect::<Vec<_>>(),
        // As text: a program sends it back as it is.
        "next": listing.next.map(|next| next.to_string()),
        "token": token,
    })
}

fn row(row: &Row) -> Value {
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("session", row.id.as_str().into());
    set("idp", row.entity_id.as_str().into());
    set("name_id", row.name_id.as_str().into());
    set("expires", instant::format(row.expires).into());
    set("counts", row.counts.into());
    if let Some(session) = &row.session {
        set("address", session.address.map(|address| address.to_string()).into());
        set("created", instant::format(session.created).into());
        set("authn_instant", instant::format(session.authn_instant).into());
        set("authn_context", session.authn_context.as_deref().into());
        set("name_id_format", session.name_id.format.as_deref().into());
    }
    fields.into()
}

fn page<S: SessionStore>(
    visit: &Visit,
    sps: &[Rc<Sp<S>>],
    search: &Search<S>,
    listing: &Listing,
    token: &str,
) -> Reply {
    let sp = &search.sp;
    let rows = listing.rows.iter().map(|row| SessionRow {
        id: &row.id,
        entity_id: &row.entity_id,
        name_id: &row.name_id,
        address: row.session.as_ref().and_then(|session| Some(session.address?.to_string())),
        created: row.session.as_ref().map(|session| instant::format(session.created)),
        expires: instant::format(row.expires),
        counts: row.counts,
    });
    let idps: Vec<_> = idps(sp).collect();
    let idps = idps.iter().map(|(name, entity_id, state)| IdpRow {
        name,
        entity_id: entity_id.as_deref(),
        state,
    });
    let asked = |name: &str| visit.head.argument(name).unwrap_or_default().into_owned();
    let next = listing.next.map(|next| {
        let mut query = Serializer::new(String::from("?"));
        query.append_pair("sp", &sp.name);
        for name in ["idp", "name_id", "older_than", "address", "limit"] {
            query.append_pair(name, &asked(name));
        }
        query.append_pair("cursor", &next.to_string()).finish()
    });
    Reply::sessions_page(&SessionsPage {
        sp: &sp.name,
        sps: &names(sps),
        lists_all: sp.sessions.can_list(),
        needs_name_id: listing.needs_name_id,
        idp: &asked("idp"),
        name_id: &asked("name_id"),
        older_than: &asked("older_than"),
        address: &asked("address"),
        idps: &idps.collect::<Vec<_>>(),
        rows: &rows.collect::<Vec<_>>(),
        next: next.as_deref(),
        token,
    })
}

/// Each once, whatever origins it has.
fn names<S>(sps: &[Rc<Sp<S>>]) -> Vec<&str> {
    let mut names: Vec<&str> = sps.iter().map(|sp| sp.name.as_str()).collect();
    names.dedup();
    names
}

/// The blocks: name, entityID and state.
fn idps<S>(sp: &Sp<S>) -> impl Iterator<Item = (&str, Option<String>, &'static str)> {
    sp.idps.blocks().map(|block| {
        let current = sp.idps.named(&block.name).and_then(|idp| idp.current());
        let state = match (block.disabled, sp.idps.is_disabled(&block.name)) {
            (true, _) => "disabled_by_configuration",
            (false, true) => "disabled",
            (false, false) => "enabled",
        };
        (block.name.as_str(), current.map(|current| current.entity_id.clone()), state)
    })
}

/// What was done.
pub(super) fn done<S>(visit: &Visit, sp: &Sp<S>, done: &Done) -> Reply {
    let reply = if is_for_person(visit) {
        Reply::sessions_done(&SessionsDone {
            action: done.action,
            sp: &sp.name,
            idp: done.idp.as_deref(),
            sessions: done.sessions,
            is_heard: done.unheard.is_none(),
        })
    } else {
        let mut fields = Map::new();
        fields.insert("done".to_owned(), done.action.into());
        fields.insert("sp".to_owned(), sp.name.as_str().into());
        fields.insert("idp".to_owned(), done.idp.as_deref().into());
        fields.insert("sessions".to_owned(), done.sessions.into());
        if sp.logout_notify.is_some() {
            fields.insert("application_heard".to_owned(), done.unheard.is_none().into());
        }
        Reply::json(200, format!("{}\n", Value::from(fields)))
    };
    match &done.unheard {
        Some(refusal) => reply.because(refusal.clone()),
        None => reply,
    }
}

/// Does a person look at it, or a program?
fn is_for_person(visit: &Visit) -> bool {
    match visit.head.argument("format").as_deref() {
        Some("json") => false,
        Some("html") => true,
        _ => browser::navigates(&visit.head),
    }
}
