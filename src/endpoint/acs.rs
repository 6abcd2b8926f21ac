//! `saml_acs`: the Assertion Consumer Service. A Response comes in, a session goes out.

use std::rc::Rc;

use nginx_sys::{ngx_int_t, ngx_time};
use ngx::http::Request;
use saml::authn_context::{Comparison, RequestedAuthnContext};
use saml::binding::{decode_post, decode_redirect};
use saml::message::{Received, receive, receive_redirect};
use saml::reason;
use saml::refusal::{Refusal, quote};
use saml::response::{Asked, Expected, Login, ReceivedResponse};
use session::{Logins, PendingError, PendingLogin, Session, SessionToken, StoreKey};
use xmldoc::Limits;

use crate::config::{Idp, Sp};
use crate::context::Context;
use crate::page;
use crate::random;
use crate::reply::Reply;
use crate::request::{self, BodyError};
use crate::store::{Kind, StoreError};

/// Refuses a body that is declared too large before it is read.
pub fn check_length(r: &Request, sp: &Sp) -> Result<(), Refusal> {
    let declared = usize::try_from(r.as_ref().headers_in.content_length_n).unwrap_or(0);
    if declared > body_limit(sp) { Err(too_large(sp)) } else { Ok(()) }
}

/// Consumes the Response of a form (HTTP-POST) that nginx has read whole.
pub fn consume_form(r: &mut Request, sp: &Rc<Sp>) -> Result<ngx_int_t, Refusal> {
    let form = request::body(r, body_limit(sp)).map_err(|e| match e {
        BodyError::TooLarge => too_large(sp),
        BodyError::Unreadable => {
            Refusal::new(&reason::BODY_UNREADABLE, "nginx's temporary file cannot be read back")
        }
    })?;
    let content_type = request::header(r, "content-type").and_then(|v| std::str::from_utf8(v).ok());
    let message = decode_post(content_type, &form, sp.max_message_size)?;
    let received = receive(&message.xml, &limits(sp))?;
    consume(r, sp, received, message.relay_state.as_deref())
}

/// Consumes the Response of a query (HTTP-Redirect): some IdPs answer so by default.
pub fn consume_query(r: &mut Request, sp: &Rc<Sp>) -> Result<ngx_int_t, Refusal> {
    let message = decode_redirect(r.as_ref().args.as_bytes(), sp.max_message_size)?;
    let relay_state = message.relay_state.clone();
    let received = receive_redirect(message, &limits(sp))?;
    consume(r, sp, received, relay_state.as_deref())
}

fn consume(
    r: &mut Request,
    sp: &Rc<Sp>,
    received: Received,
    relay_state: Option<&str>,
) -> Result<ngx_int_t, Refusal> {
    let now = ngx_time();
    let Received::Response(response) = received;
    let reply = match response.in_response_to() {
        Some(request_id) => answered(r, sp, response, &request_id, now)?,
        None => unsolicited(r, sp, response, relay_state, now)?,
    };
    Ok(reply.send(r))
}

fn limits(sp: &Sp) -> Limits {
    Limits { bytes: sp.max_message_size, ..Limits::default() }
}

/// The Response answers an AuthnRequest: one of this browser's?
fn answered(
    r: &Request,
    sp: &Rc<Sp>,
    response: ReceivedResponse,
    request_id: &str,
    now: i64,
) -> Result<Reply, Refusal> {
    let pending = pending_login(r, sp, request_id, now)?;
    if let Some(context) = Context::of_or_new(r) {
        context.set_request_id(request_id);
    }
    if pending.answered {
        // The Back button posts the form again. This browser's own cookie says where that login
        // went; whether there still is a session is asked there.
        return Ok(go_on(sp, pending.return_url));
    }
    let idp = idp_named(sp, &pending.idp)?;
    let authn_context = pending.authn_context.as_ref().map(|asked| RequestedAuthnContext {
        classes: asked.classes.clone(),
        comparison: Comparison::from_name(&asked.comparison).unwrap_or_default(),
    });
    let asked = Asked {
        id: &pending.request_id,
        issue_instant: pending.issue_instant,
        force_authn: pending.force_authn,
        authn_context: authn_context.as_ref(),
    };
    match response.accept(&expected(sp, idp, Some(asked), now)) {
        Ok(login) => {
            claim(sp, idp, &login, Some(&pending), now)?;
            if let Some(old) = pending.replaces {
                sp.sessions.remove(old);
            }
            let reply = establish(r, sp, login, pending.return_url.clone(), now)?;
            remember_answer(sp, pending, now, reply)
        }
        Err(refusal) if pending.passive && refusal.code() == reason::NO_PASSIVE.code() => {
            // As asked: the IdP did not bother the user, who goes on without a session.
            let cookie = sp.cookies.clear_request(&sp.cookies.request_name(request_id));
            Ok(go_on(sp, pending.return_url).with_cookie(cookie))
        }
        Err(refusal) => Err(refusal),
    }
}

/// Keeps the login's cookie as the memory of where it went, for the Back button.
fn remember_answer(
    sp: &Sp,
    pending: PendingLogin,
    now: i64,
    reply: Reply,
) -> Result<Reply, Refusal> {
    let answered = PendingLogin { answered: true, replaces: None, authn_context: None, ..pending };
    let sealed = answered
        .seal_cookie(sp.sessions.store.secrets()?, random::bytes())
        .map_err(|e| Refusal::new(&reason::SEALING_FAILED, e.to_string()))?;
    let left = answered.expires.saturating_sub(now);
    Ok(reply.with_cookie(sp.cookies.set_request(&answered.request_id, &sealed, left)))
}

/// An IdP-initiated login (Profiles 4.1.5): its RelayState may name a page of ours.
fn unsolicited(
    r: &Request,
    sp: &Rc<Sp>,
    response: ReceivedResponse,
    relay_state: Option<&str>,
    now: i64,
) -> Result<Reply, Refusal> {
    let idp = idp_of_issuer(sp, &response)?;
    if !idp.provider.policy.allow_unsolicited {
        // Before any signature is looked at: strangers must not make us compute.
        return Err(Refusal::new(
            &reason::UNSOLICITED,
            format!("the Response has no InResponseTo, allow_unsolicited is off for {}", idp.name),
        ));
    }
    let login = response.accept(&expected(sp, idp, None, now))?;
    claim(sp, idp, &login, None, now)?;
    let landing =
        relay_state.and_then(|url| sp.return_url(url)).unwrap_or_else(|| sp.login_redirect.clone());
    establish(r, sp, login, landing, now)
}

fn pending_login(
    r: &Request,
    sp: &Sp,
    request_id: &str,
    now: i64,
) -> Result<PendingLogin, Refusal> {
    let mut refusal = Refusal::new(
        &reason::REQUEST_UNKNOWN,
        format!("InResponseTo is {}, no login of this browser has that ID", quote(request_id)),
    );
    for value in sp.cookies.request_values(r, request_id) {
        match PendingLogin::open_cookie(sp.sessions.store.secrets()?, &sp.name, value, now) {
            Ok(pending) if pending.request_id == request_id => return Ok(pending),
            Err(PendingError::Expired) => {
                refusal = Refusal::new(
                    &reason::REQUEST_EXPIRED,
                    format!(
                        "the login {} took longer than request_lifetime, {} s",
                        quote(request_id),
                        sp.request_lifetime
                    ),
                );
            }
            Ok(_) | Err(PendingError::Invalid) => {}
        }
    }
    Err(refusal)
}

fn idp_named<'a>(sp: &'a Sp, name: &str) -> Result<&'a Idp, Refusal> {
    sp.idp_named(name).and_then(|index| sp.idps.get(index)).ok_or_else(|| {
        Refusal::new(
            &reason::IDP_UNKNOWN,
            format!("the login began at saml_idp {}, which is no longer configured", quote(name)),
        )
    })
}

fn idp_of_issuer<'a>(sp: &'a Sp, response: &ReceivedResponse) -> Result<&'a Idp, Refusal> {
    let issuer = response.issuer().unwrap_or_default();
    sp.idps.iter().find(|idp| idp.provider.entity_id == issuer).ok_or_else(|| {
        Refusal::new(
            &reason::IDP_UNKNOWN,
            format!("the Issuer is {}, no \"idp\" of saml_sp \"{}\"", quote(&issuer), sp.name),
        )
    })
}

fn expected<'a>(sp: &'a Sp, idp: &'a Idp, request: Option<Asked<'a>>, now: i64) -> Expected<'a> {
    Expected {
        sp_entity_id: &sp.entity_id,
        acs_url: &sp.endpoints.acs,
        idp: &idp.provider,
        decryption_keys: &sp.decryption_keys,
        request,
        now,
    }
}

/// Claims the assertion, and the request it answers, once for all workers: whoever comes second is
/// a replay.
fn claim(
    sp: &Sp,
    idp: &Idp,
    login: &Login,
    pending: Option<&PendingLogin>,
    now: i64,
) -> Result<(), Refusal> {
    let issuer = idp.provider.entity_id.as_str();
    if !claim_once(sp, &["assertion", issuer, &login.assertion_id], login.replay_until, now)? {
        return Err(Refusal::new(
            &reason::ASSERTION_REPLAYED,
            format!("the assertion {} was used before", quote(&login.assertion_id)),
        ));
    }
    let Some(pending) = pending else { return Ok(()) };
    if !claim_once(sp, &["request", issuer, &pending.request_id], pending.expires, now)? {
        return Err(Refusal::new(
            &reason::REQUEST_ANSWERED,
            format!("the login {} was answered before", quote(&pending.request_id)),
        ));
    }
    Ok(())
}

fn claim_once(sp: &Sp, name: &[&str], until: i64, now: i64) -> Result<bool, Refusal> {
    let store = &sp.sessions.store;
    let key = StoreKey::of_name(name);
    // One second more: expiry is exclusive.
    let until = until.max(now).saturating_add(1);
    store
        .shared
        .add(Kind::Replay, key.as_bytes(), b"", until, now)
        .map_err(|e| store_refusal(sp, &e))
}

/// Makes the session, under a token that nobody has seen before.
fn establish(
    r: &Request,
    sp: &Sp,
    login: Login,
    landing: String,
    now: i64,
) -> Result<Reply, Refusal> {
    if let Some(old) = sp.session_of(r, now) {
        sp.sessions.remove(old.key());
    }
    let token = SessionToken::from_random(random::bytes());
    let session = session(sp, login, landing.clone(), now);
    sp.sessions.create(&token, &session, now).map_err(|e| store_refusal(sp, &e))?;
    let logins = Logins::after_login(sp.cookies.logins(r), now);
    Ok(go_on(sp, landing)
        .with_cookie(sp.cookies.set_session(&token))
        .with_cookie(sp.cookies.set_logins(logins)))
}

/// Sends the browser to its page. A redirect goes on being the IdP's cross-site request, to which a
/// `SameSite=Strict` cookie does not belong; a page of our own starts anew.
fn go_on(sp: &Sp, landing: String) -> Reply {
    if sp.cookies.survive_redirects() {
        return Reply::redirect(303, landing);
    }
    Reply::html(200, page::go_on(&landing))
}

fn session(sp: &Sp, login: Login, landing: String, now: i64) -> Session {
    let end = now.saturating_add(sp.sessions.rules.lifetime);
    Session {
        idp: login.idp_entity_id,
        name_id: session::NameId {
            value: login.name_id.value,
            format: login.name_id.format,
            name_qualifier: login.name_id.name_qualifier,
            sp_name_qualifier: login.name_id.sp_name_qualifier,
        },
        session_index: login.session_index,
        authn_instant: login.authn_instant,
        authn_context: login.authn_context,
        assertion_id: login.assertion_id,
        sp: sp.name.clone(),
        created: now,
        expires: login.session_not_on_or_after.map_or(end, |idp_end| end.min(idp_end)),
        landing,
        attributes: login
            .attributes
            .into_iter()
            .map(|a| session::Attribute {
                name: a.name,
                friendly_name: a.friendly_name,
                values: a.values,
            })
            .collect(),
    }
}

fn store_refusal(sp: &Sp, error: &StoreError) -> Refusal {
    Refusal::new(
        &reason::STORE_FULL,
        format!("saml_session_store \"{}\": {error}", sp.sessions.store.name),
    )
}

/// Base64 is a third more than the XML, percent-encoding some more; RelayState and strangers' fields
/// have room too.
fn body_limit(sp: &Sp) -> usize {
    sp.max_message_size.saturating_mul(2).saturating_add(16 << 10)
}

fn too_large(sp: &Sp) -> Refusal {
    Refusal::new(
        &reason::MESSAGE_TOO_LARGE,
        format!("the form is larger than max_message_size {} allows", sp.max_message_size),
    )
}
