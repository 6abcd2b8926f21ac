//! The access phase: cookie → session → go on, or start a login.

use std::rc::Rc;

use nginx_sys::{
    NGX_DECLINED, NGX_HTTP_GET, NGX_HTTP_HEAD, NGX_HTTP_INTERNAL_SERVER_ERROR, NGX_HTTP_OPTIONS,
    NGX_HTTP_SATISFY_ANY, NGX_HTTP_UNAUTHORIZED, NGX_OK, ngx_int_t, ngx_time,
};
use ngx::http::{HttpModuleLocationConf, NgxHttpCoreModule, Request};
use saml::reason;
use saml::refusal::Refusal;

use crate::SamlModule;
use crate::config::{ForceAuthn, Mode, Protection, Unauthenticated};
use crate::context::Context;
use crate::live_session::LiveSession;
use crate::login::Login;
use crate::refuse;
use crate::reply::{self, Reply};
use crate::request;

/// Longest path and query that a login comes back to, bytes: it travels in a cookie.
const MAX_RETURN_URI: usize = 2000;

/// Decides about one request.
pub fn handle(r: &mut Request) -> ngx_int_t {
    let Some(conf) = SamlModule::location_conf(r) else { return declined() };
    // Endpoints are never protected by themselves: a login could not end.
    if conf.location().endpoint.is_some() {
        return declined();
    }
    let Some(protection) = conf.location().protection.clone() else { return declined() };
    if is_preflight(r) {
        return declined();
    }
    let now = ngx_time();
    match session_of(r, &protection, now) {
        Some(live) => admit(r, &protection, live),
        None if protection.mode == Mode::Optional => declined(),
        None => challenge(r, &protection, now),
    }
}

fn declined() -> ngx_int_t {
    NGX_DECLINED as ngx_int_t
}

/// A CORS preflight carries no cookies by definition (Fetch 4.8); the answer is the application's.
fn is_preflight(r: &Request) -> bool {
    r.as_ref().method == NGX_HTTP_OPTIONS as usize
        && request::header(r, "origin").is_some()
        && request::header(r, "access-control-request-method").is_some()
}

fn session_of(r: &Request, protection: &Protection, now: i64) -> Option<Rc<LiveSession>> {
    let sp = &protection.sp;
    let live = sp.session_of(r, now)?;
    let idp = sp.idps.get(protection.idp)?;
    // With `idp=` the location wants this IdP's users, not those of another.
    if protection.idp_is_demanded && live.session.idp != idp.provider.entity_id {
        return None;
    }
    match protection.force_authn {
        ForceAuthn::Age(age) if now - live.session.authn_instant > age => None,
        _ => Some(live),
    }
}

fn admit(r: &mut Request, protection: &Protection, live: Rc<LiveSession>) -> ngx_int_t {
    let cookies = &protection.sp.cookies;
    if cookies.logins(r).is_some() {
        // The session came back: there is no loop.
        reply::add_header(r, "Set-Cookie", &cookies.clear_logins());
    }
    let Some(context) = Context::of_or_new(r) else {
        return NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t;
    };
    *context.session.borrow_mut() = Some((protection.sp.clone(), live));
    NGX_OK as ngx_int_t
}

fn challenge(r: &mut Request, protection: &Protection, now: i64) -> ngx_int_t {
    let redirects = match protection.unauthenticated {
        Unauthenticated::Redirect => true,
        Unauthenticated::Status401 => false,
        Unauthenticated::Auto => is_get(r) && request::navigates(r),
    };
    if !redirects {
        return unauthorized(r, protection);
    }
    let login = Login {
        sp: &protection.sp,
        idp: protection.idp,
        return_url: format!(
            "{}{}",
            protection.sp.base_url,
            request::unparsed_uri(r, MAX_RETURN_URI)
        ),
        force_authn: protection.force_authn != ForceAuthn::Off,
    };
    match login.start(r, now) {
        Ok(reply) => reply.send(r),
        Err(refusal) => refuse::refuse(r, &refusal),
    }
}

fn is_get(r: &Request) -> bool {
    r.as_ref().method & (NGX_HTTP_GET | NGX_HTTP_HEAD) as usize != 0
}

/// 401 for programs, with the login URL that a person could follow.
fn unauthorized(r: &mut Request, protection: &Protection) -> ngx_int_t {
    let refusal = Refusal::new(&reason::AUTHENTICATION_REQUIRED, "no session");
    let Some(context) = Context::of_or_new(r) else {
        return NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t;
    };
    context.error.set(Some(refusal.code()));
    if satisfies_any(r) {
        // Another access module may still grant: only a status lets nginx ask it.
        return NGX_HTTP_UNAUTHORIZED as ngx_int_t;
    }
    let sp = &protection.sp;
    Reply::json(
        401,
        refuse::json(refusal.code(), context.request_id(), sp.endpoints.login.as_deref()),
    )
    .with_header("WWW-Authenticate", format!("SAML realm=\"{}\"", sp.base_url))
    .replaceable()
    .send(r)
}

fn satisfies_any(r: &Request) -> bool {
    NgxHttpCoreModule::location_conf(r)
        .is_some_and(|core| core.satisfy == NGX_HTTP_SATISFY_ANY as usize)
}
