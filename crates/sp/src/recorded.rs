//! What a story tells of each step of a login or logout (`saml_debug`). Where there is no story, nothing is made.

use diagnosis::{Facts, url};
use http::Headers;
use identity::{Attribute, RequestedAuthnContext};
use pages::Circumstances;
use saml::binding::Outgoing;
use saml::examination::shown;
use saml::instant;
use saml::receive::Received;
use session::Session;

use crate::begun::Sent;
use crate::event::What;
use crate::visit::Visit;

/// Header fields that say where a request comes from, and by what.
const TOLD: [&str; 9] = [
    "host",
    "origin",
    "referer",
    "sec-fetch-site",
    "sec-fetch-mode",
    "sec-fetch-dest",
    "user-agent",
    "content-type",
    "content-length",
];

/// Attributes of a session, and values of each, that are told.
const MOST_ATTRIBUTES: usize = 100;
const MOST_VALUES: usize = 10;

/// A fact.
pub(crate) fn fact(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

/// What the head of a request says.
fn head_facts(head: &impl Headers) -> Facts {
    let fields = TOLD.iter().filter_map(|name| {
        let value = String::from_utf8_lossy(head.first(name)?).into_owned();
        Some(fact(name, if *name == "referer" { url(&value) } else { value }))
    });
    fields.collect()
}

/// The AuthnRequest that goes to an IdP.
pub(crate) struct Asking {
    pub id: String,
    pub idp: String,
    pub entity_id: String,
    pub passive: bool,
    pub force_authn: bool,
    pub authn_context: Option<RequestedAuthnContext>,
    pub return_url: String,
}

impl Asking {
    /// Tells of it, and that its answer belongs to the story.
    pub(crate) fn tell(&self, circumstances: &Circumstances, sent: &Sent) {
        let Some(diary) = circumstances.diagnosis.diary() else { return };
        diary.name(&self.id);
        let (binding, goes_to, lines) = match sent {
            Sent::ToBrowser(outgoing) => {
                let (binding, to) = way(outgoing);
                (binding, to, outgoing.shown())
            }
            Sent::ToProgram(envelope) => {
                ("PAOS", "the client".to_owned(), shown(envelope.as_bytes()))
            }
        };
        let mut facts = vec![
            fact("request ID", self.id.as_str()),
            fact("saml_idp", self.idp.as_str()),
            fact("entityID", self.entity_id.as_str()),
            fact("binding", binding),
            fact("goes to", goes_to),
            fact("comes back to", url(&self.return_url)),
        ];
        if let Some(asked) = &self.authn_context {
            facts.push(fact("authentication context", asked.classes.join(" ")));
        }
        for (name, is_set) in [("passive", self.passive), ("force_authn", self.force_authn)] {
            facts.extend(is_set.then(|| fact(name, "yes")));
        }
        diary.send("authn_request", "AuthnRequest as it was sent", facts, lines);
    }
}

/// A logout message goes through the browser.
pub(crate) fn logout_sent(visit: &Visit, what: &str, id: &str, outgoing: &Outgoing) {
    let Some(diary) = visit.circumstances.diagnosis.diary() else { return };
    diary.name(id);
    let (binding, to) = way(outgoing);
    let facts = vec![fact("message ID", id), fact("binding", binding), fact("goes to", to)];
    diary.send(what, "the message as it was sent", facts, outgoing.shown());
}

/// The same from server to server.
pub(crate) fn logout_posted(visit: &Visit, what: &str, to: &str, envelope: &str) {
    let Some(diary) = visit.circumstances.diagnosis.diary() else { return };
    let facts = vec![fact("binding", "SOAP"), fact("goes to", url(to))];
    diary.send(what, "the message as it was sent", facts, shown(envelope.as_bytes()));
}

fn way(outgoing: &Outgoing) -> (&'static str, String) {
    match outgoing {
        Outgoing::Redirect(to) => ("HTTP-Redirect", url(to)),
        Outgoing::Post { action, .. } => ("HTTP-POST", url(action)),
    }
}

/// A message has come: how it is judged belongs to it from here on.
pub(crate) fn received(visit: &Visit, received: &Received) {
    let Some(diary) = visit.circumstances.diagnosis.diary() else { return };
    let what = match received {
        Received::Response(_) => "response",
        Received::LogoutRequest(_) => "logout_request",
        Received::LogoutResponse(_) => "logout_response",
    };
    let issuer = received.issuer().map(|issuer| fact("Issuer, as it says", issuer));
    diary.receive(what, "the message as it came", issuer.into_iter().collect());
    received.show(diary.examination());
}

/// A message is fetched from the IdP, or comes in the answer to one of ours.
pub(crate) fn fetched(visit: &Visit, what: &str, from: &str) {
    if let Some(diary) = visit.circumstances.diagnosis.diary() {
        diary.receive(what, "the message as it came", vec![fact("came from", url(from))]);
    }
}

/// A session begins.
pub(crate) fn session(visit: &Visit, session: &Session, session_id: &str) {
    visit.circumstances.diagnosis.add("session", || {
        let name_id = &session.name_id;
        let mut facts = vec![
            fact("session, as records call it", session_id),
            fact("IdP", session.idp.as_str()),
            fact("NameID", name_id.value.as_str()),
            fact("NameID Format", name_id.format.as_deref().unwrap_or("none")),
            fact("AuthnInstant", instant::format(session.authn_instant)),
            fact("AuthnContextClassRef", session.authn_context.as_deref().unwrap_or("none")),
            fact("created", instant::format(session.created)),
            fact("ends", instant::format(session.expires)),
        ];
        facts.extend(session.attributes.iter().take(MOST_ATTRIBUTES).map(attribute));
        facts
    });
}

fn attribute(attribute: &Attribute) -> (String, String) {
    let name = match &attribute.friendly_name {
        Some(friendly) => format!("attribute {} ({friendly})", attribute.name),
        None => format!("attribute {}", attribute.name),
    };
    let more = attribute.values.len().saturating_sub(MOST_VALUES);
    let values: Vec<&str> = attribute.values.iter().take(MOST_VALUES).map(String::as_str).collect();
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    (name, format!("{}{more}", values.join("; ")))
}

/// Sessions have ended.
pub(crate) fn event(visit: &Visit, idp: &str, what: &What<'_>) {
    let facts = match what {
        What::LogoutByUser(member) => {
            vec![fact("session, as records call it", member.session_id)]
        }
        What::LogoutByIdp { name_id, sessions, .. } => {
            vec![fact("NameID", *name_id), fact("sessions that ended", sessions.to_string())]
        }
        _ => return,
    };
    visit
        .circumstances
        .diagnosis
        .add(what.name(), || facts.into_iter().chain([fact("saml_idp", idp)]).collect());
}

/// The request itself, as its head tells it: what is known besides goes behind.
pub(crate) fn request(
    circumstances: &Circumstances,
    head: &impl Headers,
    more: impl FnOnce() -> Facts,
) {
    circumstances.diagnosis.tell_request(|asked| {
        let mut facts = vec![fact("request", asked.line.as_str()), fact("client", asked.client())];
        facts.extend(head_facts(head));
        facts.extend(more());
        facts
    });
}
