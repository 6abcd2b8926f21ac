//! `saml_logout`: ends the session of this SP.

use std::rc::Rc;

use nginx_sys::{NGX_HTTP_GET, NGX_HTTP_HEAD, NGX_HTTP_POST, ngx_int_t, ngx_time};
use ngx::http::Request;
use saml::reason;
use saml::refusal::Refusal;

use super::{method_not_allowed, return_argument};
use crate::config::Sp;
use crate::page;
use crate::reply::Reply;
use crate::request;

pub fn finish(r: &mut Request, sp: &Rc<Sp>) -> Result<ngx_int_t, Refusal> {
    if r.as_ref().method & (NGX_HTTP_GET | NGX_HTTP_HEAD | NGX_HTTP_POST) as usize == 0 {
        return Err(method_not_allowed(r, "GET or POST"));
    }
    refuse_cross_site(r)?;
    let target = return_argument(r, sp)?.or_else(|| sp.logout_redirect.clone());
    for token in sp.cookies.session_tokens(r) {
        sp.sessions.remove(&token, ngx_time());
    }
    let reply = match target {
        Some(url) => Reply::redirect(303, url),
        None => {
            Reply::html(200, page::logged_out()).with_header("Content-Security-Policy", page::csp())
        }
    };
    Ok(reply.with_cookie(sp.cookies.clear_session()).send(r))
}

/// Another site may not log people out: browsers say where a request comes from (Fetch Metadata).
fn refuse_cross_site(r: &Request) -> Result<(), Refusal> {
    match request::header(r, "sec-fetch-site") {
        Some(b"cross-site") => Err(Refusal::new(
            &reason::LOGOUT_CROSS_SITE,
            "the browser says Sec-Fetch-Site: cross-site",
        )),
        _ => Ok(()),
    }
}
