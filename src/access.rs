//! The access phase: cookie → session → go on, or start a login.
//!
//! Each `declined()` below lets a request through; docs/validation.md lists them all.

mod begun;
mod challenge;
mod form;
mod preflight;

use std::rc::Rc;
use std::task::Poll;

use clock::UnixTime;
use diagnosis::Entry;
use nginx_sys::{
    NGX_AGAIN, NGX_DECLINED, NGX_DONE, NGX_HTTP_SATISFY_ANY, NGX_LOG_INFO, NGX_OK, ngx_int_t,
};
use ngx::http::{HttpModuleLocationConf, NgxHttpCoreModule, Request};
use ngx::ngx_log_error;
use saml::reason::{self, Reason};
use saml::refusal::Refusal;
use sp::{Challenge, Idp, LOGINS_MAX_AGE, LiveSession, Mode, Unmet};

use self::challenge::{FAILED, refuse, with_challenge};
use self::form::{keep_post, refuse_ticket, restore};
use self::preflight::{Verdict, preflight};
use crate::clock::now;
use crate::context::{Closed, Context, Opened};
use crate::entrance::{Entrance, entrance, forget_session, wanted_idp};
use crate::module::{Protection, SamlModule, is_nothing_of_ours};
use crate::request::{SentHeaders, headers};
use crate::sessions::Sessions;
use crate::{
    core_dump, preserved_post, remote_user, respond, response_header, server_variable,
    upstream_cookies,
};

/// Before the access phase, of subrequests too, which have none: after nginx's limits, whose keys may be cookies.
/// What comes later, the access modules of others among it, sees the request as it goes upstream.
pub fn prepare(r: &mut Request) -> ngx_int_t {
    core_dump::note_work();
    let done = [remote_user::before_access, handle_subrequest, upstream_cookies::take_away];
    let mut steps = done.into_iter().map(|step| step(r));
    steps.find(|rc| *rc != declined()).unwrap_or_else(declined)
}

/// Does [`prepare`] nothing? A file of this host goes nowhere.
#[inline]
pub fn has_nothing_to_prepare(r: &Request) -> bool {
    is_nothing_of_ours(r) && r.as_ref().content_handler.is_none()
}

/// Decides about one request.
pub fn handle(r: &mut Request) -> ngx_int_t {
    let Some(conf) = SamlModule::location_conf(r) else { return FAILED };
    let special = Context::of(r).and_then(Context::known_special);
    // Before an internal redirect another location may have asked nginx's other modules.
    drop(special.and_then(|special| special.closed.take()));
    let is_special = special.is_some();
    // Endpoints are never protected by themselves: a login could not end.
    if conf.location().endpoint.is_some() {
        return declined();
    }
    let protection = match conf.protection_at(r) {
        Ok(Some(protection)) => protection,
        Ok(None) => return declined(),
        Err(refusal) => return refuse_host(r, &refusal),
    };
    if is_special && let Some(status) = begun::resume(r, protection) {
        return status;
    }
    match preflight(r, protection) {
        Verdict::Ordinary => {}
        Verdict::Pass => {
            forget_session(r);
            return declined();
        }
        Verdict::Answer(reply) => return respond::send(r, &reply),
    }
    let ticket = match preserved_post::ticket(r, &protection.sp) {
        Poll::Pending => return NGX_DONE as ngx_int_t,
        Poll::Ready(Err(status)) => return status,
        Poll::Ready(Ok(ticket)) => ticket,
    };
    let now = now();
    let idp = match wanted_idp(r, protection) {
        Ok(idp) => idp,
        Err(refusal) => return refuse(r, protection, &refusal),
    };
    match entrance(r, protection, idp.as_deref(), now) {
        Poll::Pending => NGX_AGAIN as ngx_int_t,
        Poll::Ready(Err(refusal)) => refuse(r, protection, &refusal),
        Poll::Ready(Ok(Entrance::Member(live))) => {
            let restored = ticket.map(|ticket| restore(r, protection, &live, &ticket, now));
            restored.flatten().unwrap_or_else(|| admit(r, protection, live, now))
        }
        // It stands for a form, and must reach nobody in its place.
        Poll::Ready(Ok(ref entrance))
            if ticket.is_some() && (satisfies_any(r) || !is_denied(entrance)) =>
        {
            without_session(r);
            refuse_ticket(r, protection)
        }
        Poll::Ready(Ok(Entrance::Visitor { has_session })) => {
            without_session(r);
            let may_get_one = !has_session && protection.mode == Mode::Passive;
            if may_get_one { ask_passively(r, protection, idp, now) } else { declined() }
        }
        Poll::Ready(Ok(Entrance::Closed(closed))) => {
            without_session(r);
            keep_out(r, protection, idp, closed, now)
        }
    }
}

fn is_denied(entrance: &Entrance) -> bool {
    matches!(entrance, Entrance::Closed(Closed::Denied(_)))
}

fn without_session(r: &mut Request) {
    forget_session(r);
    remote_user::no_session(r, satisfies_any(r));
}

fn keep_out(
    r: &mut Request,
    protection: &Protection,
    idp: Option<Rc<Idp>>,
    closed: Closed,
    now: UnixTime,
) -> ngx_int_t {
    if !satisfies_any(r) {
        return turn_away(r, protection, idp, &closed, now);
    }
    // Another access module may still grant: the status makes nginx ask it.
    let Some(context) = Context::of_or_new(r) else { return FAILED };
    let status = closed.status();
    context.special().closed.replace(Some(closed));
    status
}

/// The last access handler of all: with `satisfy any` it runs when no module has granted, and only
/// then is a login asked for.
pub fn handle_last(r: &mut Request) -> ngx_int_t {
    let Some(conf) = SamlModule::location_conf(r) else { return FAILED };
    let protection = match conf.protection_at(r) {
        Ok(Some(protection)) => Rc::clone(protection),
        Ok(None) => return declined(),
        Err(refusal) => return refuse_host(r, &refusal),
    };
    if let Some(status) = begun::resume(r, &protection) {
        return status;
    }
    let special = Context::of(r).and_then(Context::known_special);
    let Some(closed) = special.and_then(|special| special.closed.take()) else {
        return declined();
    };
    let idp = match wanted_idp(r, &protection) {
        Ok(idp) => idp,
        Err(refusal) => return refuse(r, &protection, &refusal),
    };
    let status = turn_away(r, &protection, idp, &closed, now());
    if status == NGX_AGAIN as ngx_int_t || status == NGX_DONE as ngx_int_t {
        // It comes here once more.
        let Some(context) = Context::of(r) else { return FAILED };
        context.special().closed.replace(Some(closed));
    }
    status
}

/// nginx runs no access phase for subrequests, so this runs before it: a protected location must
/// not open itself to `auth_request` or an SSI include. Nobody can be sent to a login from here;
/// 401 is what `auth_request` understands.
#[inline]
pub fn handle_subrequest(r: &mut Request) -> ngx_int_t {
    if r.is_main() { declined() } else { guard_subrequest(r) }
}

fn guard_subrequest(r: &mut Request) -> ngx_int_t {
    let Some(conf) = SamlModule::location_conf(r) else { return FAILED };
    let protection = conf.protection_at(r).map(|protection| protection.cloned());
    let Some(protection) = protection.transpose() else { return declined() };
    if conf.location().endpoint.is_some() {
        return declined();
    }
    if Context::of(r).is_some_and(|context| context.is_notice.get()) {
        return declined();
    }
    // Who is known here is not who is known to the main request, which may have another SP.
    if Context::of_subrequest(r).is_none() {
        return FAILED;
    }
    let protection = match protection {
        Ok(protection) => protection,
        Err(refusal) => {
            forget_session(r);
            return respond::refuse_subrequest(r, &refusal, refusal.status());
        }
    };
    let entrance = match wanted_idp(r, &protection) {
        Ok(idp) => entrance(r, &protection, idp.as_deref(), now()),
        Err(refusal) => Poll::Ready(Err(refusal)),
    };
    let (live, status) = match entrance {
        Poll::Pending => return NGX_AGAIN as ngx_int_t,
        Poll::Ready(Err(refusal)) => {
            return respond::refuse_subrequest(r, &refusal, refusal.status());
        }
        Poll::Ready(Ok(Entrance::Member(live))) => (Some(live), declined()),
        Poll::Ready(Ok(Entrance::Visitor { .. })) => (None, declined()),
        Poll::Ready(Ok(Entrance::Closed(Closed::Denied(unmet)))) => {
            tell_person(r, &unmet);
            (None, respond::refuse_subrequest(r, &unmet.refusal(), unmet.line.status))
        }
        Poll::Ready(Ok(Entrance::Closed(closed))) => (None, closed.status()),
    };
    let opened = Opened::new(r, &protection);
    let Some(context) = Context::of_subrequest(r) else {
        return FAILED;
    };
    match live {
        Some(live) => context.admit(opened, &protection, live),
        None => drop(context.session.take()),
    }
    status
}

fn declined() -> ngx_int_t {
    NGX_DECLINED as ngx_int_t
}

/// Lets them in as they are, unless their IdP may know them. What already goes wrong, or another access module
/// may let in, is no page to come back to.
fn ask_passively(
    r: &mut Request,
    protection: &Protection,
    idp: Option<Rc<Idp>>,
    now: UnixTime,
) -> ngx_int_t {
    if satisfies_any(r) || r.as_ref().error_page() != 0 {
        return declined();
    }
    let variables = server_variable::values(r, protection.sp.variables());
    let reason = &reason::AUTHENTICATION_REQUIRED;
    let ask = |challenge: Challenge<'_, Sessions, SentHeaders>| challenge.ask_passively(now);
    match with_challenge(r, protection, idp, reason, &variables, ask) {
        Some(Some(begun)) => begun::conclude(r, protection, begun),
        Some(None) => declined(),
        None => FAILED,
    }
}

fn admit(
    r: &mut Request,
    protection: &Protection,
    live: Rc<LiveSession>,
    now: UnixTime,
) -> ngx_int_t {
    let cookies = &protection.sp.cookies;
    // Older sessions have outlived the cookie, and a browser that came without it gets none; looking for it costs
    // every request.
    if !live.has_come_back.get() && now - live.session.created <= LOGINS_MAX_AGE {
        // The session came back: there is no loop.
        match cookies.logins(headers(r)) {
            Some(_) => drop(response_header::add(r, "Set-Cookie", &cookies.clear_logins())),
            None => live.has_come_back.set(true),
        }
    }
    if let (Some(value), true) = (protection.cache_control.header(), r.is_main()) {
        // What a member sees is for no shared cache, and not for the next user of the browser.
        response_header::add_static(r, "Cache-Control", value);
    }
    let Some(context) = Context::of_or_new(r) else {
        return FAILED;
    };
    context.admit(Opened::new(r, protection), protection, live);
    NGX_OK as ngx_int_t
}

/// Answers who is not let in.
fn turn_away(
    r: &mut Request,
    protection: &Protection,
    idp: Option<Rc<Idp>>,
    closed: &Closed,
    now: UnixTime,
) -> ngx_int_t {
    match closed {
        Closed::Challenge(reason) => challenge(r, protection, idp, reason, now),
        Closed::Denied(unmet) => deny(r, protection, idp, unmet, now),
    }
}

fn deny(
    r: &mut Request,
    protection: &Protection,
    idp: Option<Rc<Idp>>,
    unmet: &Unmet,
    now: UnixTime,
) -> ngx_int_t {
    let answer = |challenge: Challenge<'_, Sessions, SentHeaders>| challenge.deny(unmet, now);
    let reason = &reason::REQUIREMENT_NOT_MET;
    let Some(reply) = with_challenge(r, protection, idp, reason, &[], answer) else {
        return FAILED;
    };
    tell_person(r, unmet);
    respond::send(r, &reply)
}

/// Who it is, and what they have instead of what a rule asks for: for an administrator who looks for it.
fn tell_person(r: &Request, unmet: &Unmet) {
    if let Some(person) = unmet.person() {
        ngx_log_error!(NGX_LOG_INFO, r.log(), "saml: {}", person);
        if let Some(diary) = Context::of(r).and_then(Context::diary) {
            diary.add(Entry::new("rule", vec![("not met".to_owned(), person)]));
        }
    }
}

/// Asks for a login, or says for what `reason` nobody gets in.
fn challenge(
    r: &mut Request,
    protection: &Protection,
    idp: Option<Rc<Idp>>,
    reason: &'static Reason,
    now: UnixTime,
) -> ngx_int_t {
    let post = match keep_post(r, protection, idp.clone(), now) {
        Poll::Pending => return NGX_DONE as ngx_int_t,
        Poll::Ready(Err(status)) => return status,
        Poll::Ready(Ok(post)) => post,
    };
    let variables = server_variable::values(r, protection.sp.variables());
    let answer = |challenge: Challenge<'_, Sessions, SentHeaders>| {
        Challenge { post, ..challenge }.answer(now)
    };
    match with_challenge(r, protection, idp, reason, &variables, answer) {
        Some(Ok(begun)) => begun::conclude(r, protection, begun),
        Some(Err(refusal)) => refuse(r, protection, &refusal),
        None => FAILED,
    }
}

/// The SP is not there, so that nobody has a session, and there is no page to come back to.
fn refuse_host(r: &mut Request, refusal: &Refusal) -> ngx_int_t {
    forget_session(r);
    respond::refuse_host(r, refusal)
}

fn satisfies_any(r: &Request) -> bool {
    NgxHttpCoreModule::location_conf(r)
        .is_some_and(|core| core.satisfy == NGX_HTTP_SATISFY_ANY as usize)
}
