//! The access phase: cookie → session → go on, or start a login.
//!
//! Each `declined()` below lets a request through; docs/validation.md lists them all.

mod preflight;

use std::rc::Rc;
use std::task::Poll;

use clock::UnixTime;
use http::return_url::LENGTH_MAX;
use http::{browser, escape_target};
use nginx_sys::{
    NGX_AGAIN, NGX_DECLINED, NGX_HTTP_GET, NGX_HTTP_HEAD, NGX_HTTP_INTERNAL_SERVER_ERROR,
    NGX_HTTP_POST, NGX_HTTP_SATISFY_ANY, NGX_HTTP_UNAUTHORIZED, NGX_LOG_WARN, NGX_OK, ngx_int_t,
};
use ngx::http::{HttpModuleLocationConf, NgxHttpCoreModule, Request};
use ngx::ngx_log_error;
use pages::{Purpose, Reply, json};
use saml::reason;
use saml::refusal::Refusal;

use crate::SamlModule;
use crate::clock::now;
use crate::config::{ForceAuthn, LOGINS_MAX_AGE, Mode, Protection, Sp, Unauthenticated};
use crate::context::Context;
use crate::live_session::{AtHand, Found, LiveSession};
use crate::login::Login;
use crate::remote_user;
use crate::request::headers;
use crate::respond;
use crate::response_header;
use crate::suspend::{self, Departure, Started};

/// Longest path and query that a login comes back to, bytes: it travels in a cookie.
const MAX_RETURN_URI: usize = 2000;

const FAILED: ngx_int_t = NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t;

/// Decides about one request.
pub fn handle(r: &mut Request) -> ngx_int_t {
    let Some(conf) = SamlModule::location_conf(r) else { return FAILED };
    if let Some(context) = Context::of(r) {
        // Before an internal redirect another location may have asked nginx's other modules.
        context.is_unknown.set(false);
    }
    // Endpoints are never protected by themselves: a login could not end.
    if conf.location().endpoint.is_some() {
        return declined();
    }
    let Some(protection) = conf.location().protection.clone() else { return declined() };
    match preflight::judge(r, &protection) {
        preflight::Verdict::Ordinary => {}
        preflight::Verdict::Pass => {
            forget_session(r);
            return declined();
        }
        preflight::Verdict::Answered(rc) => return rc,
    }
    let now = now();
    let session = match session_of(r, &protection, now) {
        Poll::Pending => return NGX_AGAIN as ngx_int_t,
        Poll::Ready(Err(refusal)) => return refuse_page(r, &protection, &refusal),
        Poll::Ready(Ok(session)) => session,
    };
    if let Some(live) = session {
        return admit(r, &protection, live);
    }
    forget_session(r);
    remote_user::no_session(r, satisfies_any(r));
    match protection.mode {
        Mode::Optional => declined(),
        Mode::Require if satisfies_any(r) => {
            // Another access module may still grant: the status makes nginx ask it.
            let Some(context) = Context::of_or_new(r) else { return FAILED };
            context.is_unknown.set(true);
            NGX_HTTP_UNAUTHORIZED as ngx_int_t
        }
        Mode::Require => challenge(r, &protection, now),
    }
}

/// The last access handler of all: with `satisfy any` it runs when no module has granted, and only
/// then is a login asked for.
pub fn handle_last(r: &mut Request) -> ngx_int_t {
    let Some(conf) = SamlModule::location_conf(r) else { return FAILED };
    let Some(protection) = conf.location().protection.clone() else { return declined() };
    if Context::of(r).is_some_and(|context| context.is_unknown.take()) {
        return challenge(r, &protection, now());
    }
    declined()
}

/// What another location admitted before an internal redirect does not hold here.
fn forget_session(r: &Request) {
    if let Some(context) = Context::of(r) {
        context.session.borrow_mut().take();
    }
}

/// nginx runs no access phase for subrequests, so this runs before it: a protected location must
/// not open itself to `auth_request` or an SSI include. Nobody can be sent to a login from here;
/// 401 is what `auth_request` understands.
pub fn handle_subrequest(r: &mut Request) -> ngx_int_t {
    if r.is_main() {
        return declined();
    }
    let Some(conf) = SamlModule::location_conf(r) else { return FAILED };
    let Some(protection) = conf.location().protection.clone() else { return declined() };
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
    let live = match session_of(r, &protection, now()) {
        Poll::Pending => return NGX_AGAIN as ngx_int_t,
        Poll::Ready(Err(refusal)) => return respond::refuse_subrequest(r, &refusal),
        Poll::Ready(Ok(session)) => session,
    };
    let is_refused = live.is_none() && protection.mode == Mode::Require;
    let Some(context) = Context::of_subrequest(r) else {
        return FAILED;
    };
    *context.session.borrow_mut() = live.map(|live| (protection.sp.clone(), live));
    if is_refused { NGX_HTTP_UNAUTHORIZED as ngx_int_t } else { declined() }
}

fn declined() -> ngx_int_t {
    NGX_DECLINED as ngx_int_t
}

/// The session that opens this location; pending while memcached is asked.
fn session_of(r: &Request, protection: &Protection, now: UnixTime) -> Poll<Found> {
    look_up(r, &protection.sp, now)
        .map(|found| found.map(|session| session.filter(|live| suits(live, protection, now))))
}

fn look_up(r: &Request, sp: &Rc<Sp>, now: UnixTime) -> Poll<Found> {
    if let Some(found) = looked_up(r, sp) {
        return found;
    }
    if let AtHand::Known(session) = sp.session_at_hand(r, now) {
        return Poll::Ready(Ok(session));
    }
    let Some(context) = Context::of_or_new(r) else {
        return Poll::Ready(Err(Refusal::internal("nginx has no memory for the request")));
    };
    let tokens: Vec<_> = sp.cookies.session_tokens(r).collect();
    let asked = Rc::clone(sp);
    let asking = async move { asked.find_session(&tokens, now).await };
    match suspend::start(r, Departure::Ends, asking) {
        Started::Done(found) => {
            Poll::Ready(found.unwrap_or_else(|| Err(Refusal::internal("a panic"))))
        }
        Started::Waiting(suspension) => {
            *context.look_up.borrow_mut() = Some((Rc::clone(sp), suspension));
            Poll::Pending
        }
    }
}

/// What the look-up that this request has waited for found; `None` = it waits for none.
fn looked_up(r: &Request, sp: &Rc<Sp>) -> Option<Poll<Found>> {
    let mut slot = Context::of(r)?.look_up.borrow_mut();
    let (_, suspension) = match slot.as_ref()? {
        // A client that left has nginx go to its `post_action` meanwhile.
        (asked, _) if !Rc::ptr_eq(asked, sp) => {
            *slot = None;
            return None;
        }
        waiting => waiting,
    };
    match suspension.take(r) {
        // Something else woke the request.
        None => Some(Poll::Pending),
        Some(found) => {
            *slot = None;
            Some(Poll::Ready(found.unwrap_or_else(|| Err(Refusal::internal("a panic")))))
        }
    }
}

/// Does the session fulfil the location's rules?
pub fn suits(live: &LiveSession, protection: &Protection, now: UnixTime) -> bool {
    // With `idp=` the location wants this IdP's users, not those of another.
    if protection.idp.as_ref().is_some_and(|idp| !idp.is_entity(&live.session.idp)) {
        return false;
    }
    let class = live.session.authn_context.as_deref();
    if protection.authn_context.as_ref().is_some_and(|asked| !asked.is_met_by(class)) {
        return false;
    }
    match protection.force_authn {
        ForceAuthn::Age(age) => now - live.session.authn_instant <= age,
        ForceAuthn::Off | ForceAuthn::On => true,
    }
}

fn admit(r: &mut Request, protection: &Protection, live: Rc<LiveSession>) -> ngx_int_t {
    let cookies = &protection.sp.cookies;
    // Older sessions have outlived the cookie; looking for it costs every request.
    let is_new = now() - live.session.created <= LOGINS_MAX_AGE;
    if is_new && cookies.logins(r).is_some() {
        // The session came back: there is no loop.
        response_header::add(r, "Set-Cookie", &cookies.clear_logins());
    }
    if let (Some(value), true) = (protection.cache_control.header(), r.is_main()) {
        // What a member sees is for no shared cache, and not for the next user of the browser.
        response_header::add_static(r, "Cache-Control", value);
    }
    let Some(context) = Context::of_or_new(r) else {
        return FAILED;
    };
    *context.session.borrow_mut() = Some((protection.sp.clone(), live));
    NGX_OK as ngx_int_t
}

fn challenge(r: &mut Request, protection: &Protection, now: UnixTime) -> ngx_int_t {
    let redirects = match protection.unauthenticated {
        Unauthenticated::Redirect => true,
        Unauthenticated::Status401 => false,
        Unauthenticated::Auto => is_get(r) && browser::navigates(headers(r)),
    };
    let ends_in_frame = browser::is_framed(headers(r)) && !protection.sp.cookies.reach_frames();
    if !redirects || ends_in_frame {
        return unauthorized(r, protection);
    }
    let login = Login {
        sp: &protection.sp,
        idp: protection.idp.clone(),
        return_url: wanted_page(r, &protection.sp),
        force_authn: protection.force_authn != ForceAuthn::Off,
        passive: false,
        authn_context: protection.authn_context.clone(),
    };
    match login.start(r, now) {
        Ok(reply) => respond::send(r, &reply),
        Err(refusal) => refuse_page(r, protection, &refusal),
    }
}

/// Who tries again wants the page that they wanted.
fn refuse_page(r: &mut Request, protection: &Protection, refusal: &Refusal) -> ngx_int_t {
    if let (true, Some(context)) = (is_get(r), Context::of_or_new(r)) {
        *context.circumstances().start_again.borrow_mut() = Some(wanted_page(r, &protection.sp));
    }
    respond::refuse(r, refusal, &Purpose::default())
}

/// Where the login comes back to. It travels in a cookie, so that a long query has to stay behind. The
/// page is at `base_url`, whatever host was asked, and there its path may be a handler's.
fn wanted_page(r: &Request, sp: &Sp) -> String {
    let uri = escape_target(r.as_ref().unparsed_uri.as_bytes());
    let path = uri.split('?').next().unwrap_or_default();
    let limit = MAX_RETURN_URI.min(LENGTH_MAX.saturating_sub(sp.base_url.len()));
    let kept = [uri.as_str(), path, "/"].into_iter().find(|kept| kept.len() <= limit);
    let kept = kept.unwrap_or("/");
    if kept.len() < uri.len() {
        ngx_log_error!(
            NGX_LOG_WARN,
            r.log(),
            "saml: the login comes back to \"{kept}\" without the rest of the address, which is \
             {} bytes long and may be {limit}",
            uri.len()
        );
    }
    let url = format!("{}{kept}", sp.base_url);
    sp.return_targets.check(&url).unwrap_or_else(|| sp.login_redirect.clone())
}

fn is_get(r: &Request) -> bool {
    r.as_ref().method & (NGX_HTTP_GET | NGX_HTTP_HEAD) as usize != 0
}

/// 401, as those can use it who will read it.
fn unauthorized(r: &mut Request, protection: &Protection) -> ngx_int_t {
    let refusal = Refusal::new(&reason::AUTHENTICATION_REQUIRED, "no session");
    let Some(context) = Context::of_or_new(r) else { return FAILED };
    context.error.set(Some(refusal.code()));
    let status = refusal.status();
    let realm = format!("SAML realm=\"{}\"", protection.sp.base_url);
    let login_url = protection.login_url();
    let asks_for_page = asks_for_page(r, protection);
    let reply = if asks_for_page && browser::is_framed(headers(r)) {
        // The page itself begins the login when it is opened outside of the frame.
        let page = if is_get(r) { wanted_page(r, &protection.sp) } else { sign_in_url(protection) };
        Reply::frameable_html(status, pages::sign_in_outside_of_frame(&page))
    } else if asks_for_page {
        Reply::html(status, pages::sign_in_and_send_again(&sign_in_url(protection)))
    } else {
        let request_id = context.circumstances().request_id();
        let json = json::refusal(refusal.code(), request_id, login_url.as_deref());
        Reply::json(status, json)
    };
    let reply = reply.with_header("WWW-Authenticate", realm);
    respond::send(r, &preflight::share(r, protection, reply).replaceable())
}

/// Will a person see the answer: of a navigation, or of a form that was sent?
fn asks_for_page(r: &Request, protection: &Protection) -> bool {
    protection.unauthenticated != Unauthenticated::Status401
        && (is_get(r) || r.as_ref().method == NGX_HTTP_POST as usize)
        && browser::navigates(headers(r))
}

/// Where a person can sign in: without a `saml_login`, the page at which logins end.
fn sign_in_url(protection: &Protection) -> String {
    protection.login_url().unwrap_or_else(|| protection.sp.login_redirect.clone())
}

fn satisfies_any(r: &Request) -> bool {
    NgxHttpCoreModule::location_conf(r)
        .is_some_and(|core| core.satisfy == NGX_HTTP_SATISFY_ANY as usize)
}
