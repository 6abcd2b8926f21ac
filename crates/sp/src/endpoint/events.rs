//! `saml_events`: a transmitter pushes what has happened to the users of its IdP (RFC 8935, SSF 1.0, CAEP 1.0,
//! RISC 1.0). Those whose account or session is no longer what it was are logged out, as their IdP could have done.

mod subject;

use std::rc::Rc;

use clock::{Seconds, UnixTime};
use http::content_type;
use identity::NameId;
use jwt::{NotTaken, ReceivedToken};
use pages::Reply;
use saml::logout::LogoutRequest;
use saml::provider::{self, Policy};
use saml::reason::{self, Reason};
use saml::refusal::{Refusal, quote};
use secevent::{Effect, Event, MEDIA_TYPE, SecurityEventToken, TOKEN_TYPE};
use serde_json::json;

use self::subject::{Known, known};
use super::idp_logout::{Cause, log_out};
use super::message::declared_length;
use crate::event::{Outcome, SecurityEvent, What};
use crate::idp::Idp;
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::transmitter::Transmitter;
use crate::visit::{BodyError, Visit};

/// Bytes of a token: an event and a certificate or two in its header.
const TOKEN_MOST: usize = 64 << 10;

/// How long after it was issued a token is taken: transmitters try again for a while. So long it is remembered.
const MAX_AGE: Seconds = Seconds(86_400);

/// A token is taken when what it says is done and stored; the transmitter sends it again otherwise.
pub(super) async fn answer<S: SessionStore>(visit: &Visit, sp: &Sp<S>) -> Result<Reply, Refusal> {
    match take(visit, sp).await {
        Ok(None) => Ok(Reply::accepted()),
        Ok(Some(unheard)) => Ok(Reply::accepted().because(unheard)),
        Err(refusal) => match error_code(refusal.reason()) {
            Some(code) => Ok(failure(code, refusal)),
            None => Err(refusal),
        },
    }
}

/// Reads the token, and does what it says. Gives why an application may not know of it.
async fn take<S: SessionStore>(visit: &Visit, sp: &Sp<S>) -> Result<Option<Refusal>, Refusal> {
    if !transmitters(sp).any(|(_, transmitter)| transmitter.admits(&visit.head)) {
        return Err(unauthorized());
    }
    let body = body(visit).await?;
    let token = std::str::from_utf8(&body).map_err(|_| malformed("it is no ASCII"))?;
    let token = ReceivedToken::parse(token).map_err(malformed)?;
    let (idp, transmitter) = issuer_of(&token, sp)?;
    // As the block of its IdP has it, and not that of another one.
    if !transmitter.admits(&visit.head) {
        return Err(unauthorized());
    }
    obey(visit, sp, token, None, &idp, &transmitter).await
}

/// A token that a transmitter has handed out (RFC 8936).
pub(crate) struct PolledToken<'a> {
    /// The name of the `saml_idp` whose transmitter it was.
    pub(crate) idp: &'a str,
    /// By what name it came.
    pub(crate) id: &'a str,
    /// The token.
    pub(crate) token: &'a str,
}

/// Does what the token says, as if it had been pushed. Who was asked for it need not prove themselves.
///
/// # Errors
/// As a push is refused.
pub(crate) async fn hear<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    polled: &PolledToken<'_>,
) -> Result<(), Refusal> {
    if polled.token.len() > TOKEN_MOST {
        return Err(too_large());
    }
    let token = ReceivedToken::parse(polled.token).map_err(malformed)?;
    let (idp, transmitter) = issuer_of(&token, sp)?;
    if idp.name() != polled.idp {
        let detail = format!("it is the transmitter of saml_idp \"{}\"", idp.name());
        return Err(Refusal::new(&reason::EVENT_ISSUER_UNKNOWN, detail));
    }
    obey(visit, sp, token, Some(polled.id), &idp, &transmitter).await.map(drop)
}

/// Does what the token says when it is the transmitter's, and is called `name` where that is given. Gives why an
/// application may not know of it.
async fn obey<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    token: ReceivedToken<'_>,
    name: Option<&str>,
    idp: &Idp,
    transmitter: &Transmitter,
) -> Result<Option<Refusal>, Refusal> {
    let provider = idp.current().ok_or_else(|| sp.idps.awaited())?;
    sp.note_idp(visit, &provider.entity_id);
    let token = verified(token, transmitter, sp, &provider.policy, visit.now)?;
    if name.is_some_and(|name| name != token.id) {
        let detail = format!("its \"jti\" is {}, by another name it came", quote(&token.id));
        return Err(malformed(detail));
    }
    let known = known(&token, transmitter, &provider.entity_id);
    let mut unheard = None;
    for event in &token.events {
        let failed = heed(visit, sp, &provider, &token, event, &known).await?;
        unheard = unheard.or(failed);
    }
    Ok(unheard)
}

/// The transmitters of the SP's IdPs.
fn transmitters<S>(sp: &Sp<S>) -> impl Iterator<Item = (&Rc<Idp>, &Rc<Transmitter>)> {
    sp.idps.iter().filter_map(|idp| Some((idp, idp.transmitter()?)))
}

async fn body(visit: &Visit) -> Result<Vec<u8>, Refusal> {
    let media_type = content_type(&visit.head).unwrap_or_default();
    let named = media_type.split(';').next().unwrap_or_default().trim();
    if !named.eq_ignore_ascii_case(MEDIA_TYPE) {
        let detail = format!("its media type is {}, not {MEDIA_TYPE}", quote(media_type));
        return Err(Refusal::new(&reason::EVENT_MALFORMED, detail));
    }
    if declared_length(visit).is_some_and(|declared| declared > TOKEN_MOST) {
        return Err(too_large());
    }
    visit.body(TOKEN_MOST).await.map_err(|error| match error {
        BodyError::TooLarge => too_large(),
        BodyError::Unreadable => {
            Refusal::new(&reason::BODY_UNREADABLE, "nginx's temporary file cannot be read back")
        }
    })
}

/// Whose token it says that it is.
fn issuer_of<S>(
    token: &ReceivedToken<'_>,
    sp: &Sp<S>,
) -> Result<(Rc<Idp>, Rc<Transmitter>), Refusal> {
    let issuer = token.issuer().unwrap_or_default();
    let found = transmitters(sp).find(|(_, transmitter)| transmitter.issuer == issuer);
    found.map(|(idp, transmitter)| (Rc::clone(idp), Rc::clone(transmitter))).ok_or_else(|| {
        let detail = format!(
            "the issuer is {}, no \"events_issuer\" of an IdP of saml_sp \"{}\"",
            quote(issuer),
            sp.name
        );
        Refusal::new(&reason::EVENT_ISSUER_UNKNOWN, detail)
    })
}

/// What the token says, when it is the transmitter's, for this SP, and of these days.
fn verified<S>(
    token: ReceivedToken<'_>,
    transmitter: &Transmitter,
    sp: &Sp<S>,
    policy: &Policy,
    now: UnixTime,
) -> Result<SecurityEventToken, Refusal> {
    let keys = transmitter.keys().ok_or_else(|| {
        let detail = "the keys of the transmitter have not been fetched yet";
        Refusal::new(&reason::EVENT_KEYS_AWAITED, detail)
    })?;
    let claims = token.verify(TOKEN_TYPE, &keys).map_err(|not_taken| match not_taken {
        NotTaken::Malformed(why) => malformed(why),
        NotTaken::Untrusted(why) => Refusal::new(&reason::EVENT_KEY_INVALID, why),
    })?;
    let token = SecurityEventToken::read(&claims).map_err(malformed)?;
    let is_ours = |audience: &String| match transmitter.audience.is_empty() {
        true => *audience == sp.entity_id,
        false => transmitter.audience.contains(audience),
    };
    if !token.audience.iter().any(is_ours) {
        let said = quote(&token.audience.join(", "));
        let detail = format!("the audience is {said}, this SP is {}", quote(&sp.entity_id));
        return Err(Refusal::new(&reason::EVENT_AUDIENCE_MISMATCH, detail));
    }
    let skew = policy.clock_skew;
    if token.issued > now + skew || now > token.issued + MAX_AGE + skew {
        let detail = format!("it was issued {} s ago", (now - token.issued).0);
        return Err(Refusal::new(&reason::EVENT_STALE, detail));
    }
    Ok(token)
}

/// Does what one event says.
async fn heed<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    provider: &provider::Idp,
    token: &SecurityEventToken,
    event: &Event,
    known: &Known,
) -> Result<Option<Refusal>, Refusal> {
    let entity_id = provider.entity_id.as_str();
    let told = SecurityEvent {
        id: &token.id,
        uri: &event.uri,
        entity_id,
        name_id: None,
        sessions: None,
        outcome: Outcome::NoEffect,
    };
    if event.effect == Effect::Verification {
        let (idp, name) = (quote(entity_id), &sp.name);
        visit.server.note(&format!(
            "the security events of {idp} come to saml_sp \"{name}\": its transmitter asked whether they do"
        ));
    }
    if event.effect != Effect::EndsSessions {
        sp.tell(visit, entity_id, What::SecurityEvent(told));
        return Ok(None);
    }
    if let Some(why) = &known.unknown {
        let (id, name) = (quote(&token.id), &sp.name);
        visit.server.warn(&format!(
            "security event {id} of type {} at saml_sp \"{name}\" {why}: nobody was logged out for it",
            quote(&event.uri)
        ));
        let unknown = SecurityEvent { outcome: Outcome::SubjectUnknown, ..told };
        sp.tell(visit, entity_id, What::SecurityEvent(unknown));
    }
    let mut unheard = None;
    for name_id in &known.name_ids {
        let request = logout(provider, token, event, name_id, known, visit.now);
        let (ended, heard) = log_out(visit, sp, entity_id, &request, Cause::Event(told)).await?;
        if ended.is_repeated {
            let (name_id, outcome) = (Some(name_id.as_str()), Outcome::Repeated);
            let repeated = SecurityEvent { name_id, outcome, ..told };
            sp.tell(visit, entity_id, What::SecurityEvent(repeated));
        }
        unheard = unheard.or_else(|| heard.err());
    }
    Ok(unheard)
}

/// The logout that the IdP could have asked for when it happened.
fn logout(
    provider: &provider::Idp,
    token: &SecurityEventToken,
    event: &Event,
    name_id: &str,
    known: &Known,
    now: UnixTime,
) -> LogoutRequest {
    let policy = &provider.policy;
    LogoutRequest {
        // IDs of LogoutRequests have no blank (Core 1.3.4).
        id: format!("SET {} {}", event.uri, token.id),
        issuer: provider.entity_id.clone(),
        name_id: NameId { value: name_id.to_owned(), ..NameId::default() },
        session_indexes: known.session_index.iter().cloned().collect(),
        issue_instant: event.at.unwrap_or(token.issued).min(now),
        not_on_or_after: now,
        replay_until: token.issued + MAX_AGE + policy.clock_skew + policy.clock_skew,
        tombstone_until: now + policy.max_assertion_age + policy.clock_skew,
        signed: true,
    }
}

fn malformed(why: impl Into<String>) -> Refusal {
    Refusal::new(&reason::EVENT_MALFORMED, why)
}

fn too_large() -> Refusal {
    malformed(format!("it is longer than {TOKEN_MOST} bytes"))
}

fn unauthorized() -> Refusal {
    let detail =
        "Authorization is not what \"events_bearer_file\" wants, or there is no transmitter";
    Refusal::new(&reason::EVENT_UNAUTHORIZED, detail)
}

/// As RFC 8935 2.4 calls it; `None` = it is not the transmitter's to mend.
pub(crate) fn error_code(reason: &'static Reason) -> Option<&'static str> {
    let codes = [
        (&reason::EVENT_UNAUTHORIZED, "authentication_failed"),
        (&reason::EVENT_MALFORMED, "invalid_request"),
        (&reason::EVENT_STALE, "invalid_request"),
        (&reason::EVENT_ISSUER_UNKNOWN, "invalid_issuer"),
        (&reason::EVENT_KEY_INVALID, "invalid_key"),
        (&reason::EVENT_AUDIENCE_MISMATCH, "invalid_audience"),
    ];
    codes.into_iter().find(|(known, _)| *known == reason).map(|(_, code)| code)
}

fn failure(code: &'static str, refusal: Refusal) -> Reply {
    let text = json!({ "err": code, "description": refusal.reason().meaning() });
    let status = refusal.status();
    let reply = Reply::json(status, format!("{text}\n"));
    let reply = reply.with_header("Content-Language", "en".to_owned());
    match status {
        401 => reply.with_header("WWW-Authenticate", "Bearer".to_owned()),
        _ => reply,
    }
    .because(refusal)
}
