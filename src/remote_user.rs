//! `$remote_user`: nginx reads it from the client's Authorization header, whoever wrote that. Where
//! an SP decides, it is the user of the session, or who `auth_basic` let in there, or nobody.

use nginx_sys::{
    NGX_DECLINED, NGX_ERROR, NGX_HTTP_INTERNAL_SERVER_ERROR, NGX_HTTP_MAX_URI_CHANGES, NGX_OK,
    ngx_conf_t, ngx_http_request_t, ngx_int_t, ngx_str_t, ngx_variable_value_t,
};
use ngx::http::{HttpModuleLocationConf, Request};

use crate::context::Context;
use crate::core_variable;
use crate::entry::enter;
use crate::module::SamlModule;
use crate::variables;

/// Puts our getter before nginx's, in preconfiguration.
pub fn take_over(cf: &mut ngx_conf_t) -> Option<()> {
    let variable = core_variable::find(cf, "remote_user")?;
    let nginx: Getter = variable.get_handler?;
    variable.data = nginx as usize;
    variable.get_handler = Some(get);
    Some(())
}

type Getter =
    unsafe extern "C" fn(*mut ngx_http_request_t, *mut ngx_variable_value_t, usize) -> ngx_int_t;

/// Before the access phase of a location: who an earlier location knew, or only read from the
/// header, is forgotten, so that whom nginx knows afterwards `auth_basic` has let in here. No access
/// phase asks about subrequests; who is not protected has the user of the main request.
pub fn before_access(r: &mut Request) -> ngx_int_t {
    let since = r.as_ref().uri_changes();
    let context = match (is_protected(r), r.is_main()) {
        (true, true) => Context::of_or_new(r),
        (true, false) => Context::of_subrequest(r),
        (false, true) if is_decided(r) => Context::of(r),
        (false, _) => return NGX_DECLINED as ngx_int_t,
    };
    let Some(context) = context else { return NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t };
    context.user_since.set(Some(since));
    forget_header(r);
    NGX_DECLINED as ngx_int_t
}

/// The access phase found no session. Under `satisfy any` it asked us because `auth_basic` had
/// refused whom the header names, or is not there.
pub fn no_session(r: &mut Request, satisfies_any: bool) {
    if satisfies_any {
        forget_header(r);
    }
}

/// Who has been let in to the location of `r` by name: by a session, or by `auth_basic`, and not whom a client merely
/// says to be. `None` = nobody.
pub fn verified(r: &Request) -> Option<String> {
    let name = if is_protected(r) || is_decided(r) {
        variables::user(r).unwrap_or_else(|| checked_user(r).to_string())
    } else if r.as_ref().uri_changes() == NGX_HTTP_MAX_URI_CHANGES + 1 {
        // Only `auth_basic` writes it, and here no other location has had it do so: `$remote_user` leaves no trace.
        r.as_ref().headers_in.user.to_string()
    } else {
        String::new()
    };
    Some(name).filter(|name| !name.is_empty())
}

fn is_protected(r: &Request) -> bool {
    SamlModule::location_conf(r).is_some_and(|conf| conf.location().protection.is_some())
}

/// Did an SP decide who this is in a location that led here?
fn is_decided(r: &Request) -> bool {
    Context::of(r).is_some_and(|context| context.user_since.get().is_some())
}

fn forget_header(r: &mut Request) {
    let headers = &mut r.as_mut().headers_in;
    headers.user = ngx_str_t::empty();
    headers.passwd = ngx_str_t::empty();
}

unsafe extern "C" fn get(
    r: *mut ngx_http_request_t,
    v: *mut ngx_variable_value_t,
    data: usize,
) -> ngx_int_t {
    // SAFETY: nginx passes a live request and value.
    let (r, v) = unsafe { (Request::from_ngx_http_request(r), &mut *v) };
    enter(NGX_ERROR as ngx_int_t, || {
        if is_protected(r) || is_decided(r) { ours(r, v) } else { nginx_own(r, v, data) }
    })
}

fn ours(r: &Request, v: &mut ngx_variable_value_t) -> ngx_int_t {
    let name = match variables::user(r) {
        // SAFETY: the pool is the live request's.
        Some(name) => match unsafe { ngx_str_t::from_bytes(r.as_ref().pool, name.as_bytes()) } {
            Some(name) => name,
            None => return NGX_ERROR as ngx_int_t,
        },
        None => checked_user(r),
    };
    match core_variable::give(v, name) {
        None => return NGX_ERROR as ngx_int_t,
        Some(()) if name.len == 0 => v.set_not_found(1),
        Some(()) => {}
    }
    NGX_OK as ngx_int_t
}

/// Whom `auth_basic` has let in here; empty before the access phase has begun.
fn checked_user(r: &Request) -> ngx_str_t {
    let since = Context::of(r).and_then(|context| context.user_since.get());
    if r.is_main() && since != Some(r.as_ref().uri_changes()) {
        return ngx_str_t::empty();
    }
    r.as_ref().headers_in.user
}

/// nginx's own answer. It leaves no trace: what it reads from the header nobody has checked.
fn nginx_own(r: &mut Request, v: &mut ngx_variable_value_t, data: usize) -> ngx_int_t {
    let headers = &r.as_ref().headers_in;
    let (user, passwd) = (headers.user, headers.passwd);
    // SAFETY: `take_over` put the address of nginx's getter there, which is never null.
    let nginx = unsafe { std::mem::transmute::<usize, Getter>(data) };
    // SAFETY: nginx's getter of this variable takes no data, and what nginx passed to ours.
    let rc = unsafe { nginx(r.as_mut(), v, 0) };
    let headers = &mut r.as_mut().headers_in;
    (headers.user, headers.passwd) = (user, passwd);
    rc
}
