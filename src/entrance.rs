//! What a location is to a request: open to its session, open to anybody, or closed, and why.

use std::rc::Rc;
use std::task::Poll;

use clock::UnixTime;
use nginx_sys::{NGX_HTTP_FORBIDDEN, NGX_HTTP_UNAUTHORIZED, ngx_int_t};
use ngx::http::Request;
use saml::reason::{self, Reason};
use saml::refusal::Refusal;
use sp::{Found, Idp, LiveSession, Mode};

use crate::clock::{monotonic, now};
use crate::context::{Closed, Context, Kept, Special, Waiting};
use crate::module::{Protection, Sp};
use crate::request::headers;
use crate::sessions::AtHand;
use crate::suspend::{self, Started};
use crate::variables::unmet_variable;
use crate::{rivals, server_variable};

/// What this location is to a browser.
pub enum Entrance {
    /// Open to its session.
    Member(Rc<LiveSession>),
    /// Open to anybody, with a session that does not count here or without one.
    Visitor { has_session: bool },
    /// To this one.
    Closed(Closed),
}

/// Looks for a session that opens this location; pending while memcached is asked.
pub fn entrance(
    r: &Request,
    protection: &Protection,
    idp: Option<&Idp>,
    now: UnixTime,
) -> Poll<Result<Entrance, Refusal>> {
    look_up(r, &protection.sp, now).map(|found| {
        let Some(live) = found? else {
            return judge_visitor(r, protection, false, &reason::AUTHENTICATION_REQUIRED);
        };
        match protection.objection(&live.session, idp, now) {
            Some(reason) => judge_visitor(r, protection, true, reason),
            None => judge_member(r, protection, live),
        }
    })
}

/// By the rules of the location, which a session must keep besides.
fn judge_member(
    r: &Request,
    protection: &Protection,
    live: Rc<LiveSession>,
) -> Result<Entrance, Refusal> {
    let context = context_to_judge(r)?;
    context.open_to.set(None);
    for rule in &protection.rules.attributes {
        rivals::warn(r, &live, rule.demand.name());
    }
    if let Some(unmet) = protection.unmet(&live) {
        return Ok(Entrance::Closed(Closed::Denied(unmet)));
    }
    if protection.rules.variables.is_empty() {
        return Ok(Entrance::Member(live));
    }
    *context.session.borrow_mut() = Some((Rc::clone(&protection.sp), Rc::clone(&live)));
    Ok(match unmet_variable(r, context, protection) {
        Some(unmet) => Entrance::Closed(Closed::Denied(unmet)),
        None => Entrance::Member(live),
    })
}

/// Without a session that counts here. With `auth_saml_mode optional` or `passive` they get in where no rule
/// needs one; for any other a login may help.
fn judge_visitor(
    r: &Request,
    protection: &Protection,
    has_session: bool,
    reason: &'static Reason,
) -> Result<Entrance, Refusal> {
    let closed = Ok(Entrance::Closed(Closed::Challenge(reason)));
    if protection.mode == Mode::Require || protection.rules.want_session() {
        return closed;
    }
    if protection.rules.variables.is_empty() {
        return Ok(Entrance::Visitor { has_session });
    }
    // They must not see what another location has found before.
    forget_session(r);
    match unmet_variable(r, context_to_judge(r)?, protection) {
        Some(_) => closed,
        None => Ok(Entrance::Visitor { has_session }),
    }
}

fn context_to_judge(r: &Request) -> Result<&Context, Refusal> {
    Context::of_or_new(r).ok_or_else(|| Refusal::internal("nginx has no memory for the request"))
}

/// What another location admitted before an internal redirect does not hold here.
pub fn forget_session(r: &Request) {
    if let Some(context) = Context::of(r) {
        context.session.borrow_mut().take();
        context.open_to.set(None);
    }
}

/// Looks for the session of the browser that sent `r`, by what operators had ordered when [`wanted_idp`] was asked;
/// pending while memcached is.
pub fn look_up(r: &Request, sp: &Rc<Sp>, now: UnixTime) -> Poll<Found> {
    if let Some(special) = Context::of(r).and_then(Context::known_special) {
        let found = kept(special, sp).map(Poll::Ready).or_else(|| looked_up(r, special, sp, now));
        if let Some(found) = found {
            return found;
        }
    }
    match at_hand(r, sp, now) {
        AtHand::Known(session) => Poll::Ready(Ok(session)),
        AtHand::Ask(Some(live)) => check(r, sp, live, now),
        AtHand::Ask(None) => find(r, sp, now),
    }
}

/// Asks whether what this worker has decoded is still what it was, and for all of it only when that cannot be said.
fn check(r: &Request, sp: &Rc<Sp>, live: Rc<LiveSession>, now: UnixTime) -> Poll<Found> {
    match suspend::ask(r, |tell| sp.sessions.check(&live, tell)) {
        Started::Done(is_same) => match checked(sp, &live, is_same, now) {
            Some(found) => Poll::Ready(found),
            None => find(r, sp, now),
        },
        Started::Waiting(suspension) => wait(r, Waiting::Check(Rc::clone(sp), live, suspension)),
    }
}

/// What that comes to; `None` = it cannot be said.
fn checked(sp: &Sp, live: &Rc<LiveSession>, is_same: Option<bool>, now: UnixTime) -> Option<Found> {
    let is_same = is_same == Some(true) && sp.sessions.admits_still(live, now) && sp.trusts(live);
    is_same.then(|| Ok(Some(Rc::clone(live))))
}

fn find(r: &Request, sp: &Rc<Sp>, now: UnixTime) -> Poll<Found> {
    let tokens: Vec<_> = sp.cookies.session_tokens(headers(r)).collect();
    let asked = Rc::clone(sp);
    match suspend::start(r, async move { asked.find_session(&tokens, now).await }) {
        Started::Done(found) => Poll::Ready(found.unwrap_or_else(panicked)),
        Started::Waiting(suspension) => wait(r, Waiting::LookUp(Rc::clone(sp), suspension)),
    }
}

fn wait(r: &Request, waiting: Waiting) -> Poll<Found> {
    let Some(context) = Context::of_or_new(r) else {
        return Poll::Ready(Err(Refusal::internal("nginx has no memory for the request")));
    };
    context.special().waiting.replace(Some(waiting));
    Poll::Pending
}

/// Spares the next look-up for `sp`, what is `found` now being what it would find.
pub fn keep(context: &Context, sp: &Rc<Sp>, found: Found) {
    context.special().kept.set(Some(Kept { sp: Rc::clone(sp), at: monotonic(), found }));
}

/// What was found while nginx's clock stands still: in this turn of the event loop, or for as long as
/// `timer_resolution` says. `limit_req` may have a request wait for long, and the session may have ended since.
fn kept(special: &Special, sp: &Rc<Sp>) -> Option<Found> {
    let kept = special.kept.take()?;
    (Rc::ptr_eq(&kept.sp, sp) && kept.at == monotonic()).then_some(kept.found)
}

/// The session of the browser that sent `r`, as far as this host knows.
fn at_hand(r: &Request, sp: &Sp, now: UnixTime) -> AtHand {
    for text in sp.cookies.session_texts(headers(r)) {
        match sp.sessions.at_hand(text, now) {
            AtHand::Known(Some(live)) if sp.trusts(&live) => return AtHand::Known(Some(live)),
            AtHand::Known(_) => {}
            ask @ AtHand::Ask(_) => return ask,
        }
    }
    AtHand::Known(None)
}

/// What the look-up that this request has waited for found; `None` = it waits for none.
fn looked_up(r: &Request, special: &Special, sp: &Rc<Sp>, now: UnixTime) -> Option<Poll<Found>> {
    let mut waiting = special.waiting.borrow_mut();
    let come = match &*waiting {
        Some(Waiting::Errand(_) | Waiting::Signature(..)) | None => return None,
        Some(Waiting::LookUp(asked, suspension)) if Rc::ptr_eq(asked, sp) => {
            suspension.take(r).map(|found| Some(found.unwrap_or_else(panicked)))
        }
        Some(Waiting::Check(asked, live, suspension)) if Rc::ptr_eq(asked, sp) => {
            suspension.take(r).map(|is_same| checked(sp, live, is_same, now))
        }
        // A client that left has nginx go to its `post_action` meanwhile.
        Some(Waiting::LookUp(..) | Waiting::Check(..)) => {
            *waiting = None;
            return None;
        }
    };
    // Else something else woke the request.
    let Some(found) = come else { return Some(Poll::Pending) };
    *waiting = None;
    drop(waiting);
    Some(found.map_or_else(|| find(r, sp, now), Poll::Ready))
}

fn panicked() -> Found {
    Err(Refusal::internal("a panic"))
}

/// The IdP whose users get in. First of all it hears what operators have ordered: once for each time that a request
/// is judged.
#[inline]
pub fn wanted_idp(r: &Request, protection: &Protection) -> Result<Option<Rc<Idp>>, Refusal> {
    protection.sp.heed(now());
    protection.wanted_idp(|name| server_variable::value(r, name))
}

impl Closed {
    /// What makes nginx ask its other access modules, and a subrequest's answer.
    pub fn status(&self) -> ngx_int_t {
        match self {
            Self::Challenge(_) => NGX_HTTP_UNAUTHORIZED as ngx_int_t,
            Self::Denied(unmet) if unmet.line.status == 401 => NGX_HTTP_UNAUTHORIZED as ngx_int_t,
            Self::Denied(_) => NGX_HTTP_FORBIDDEN as ngx_int_t,
        }
    }
}
