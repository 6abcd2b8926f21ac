//! `saml_logout`: ends the session of this SP.

use std::rc::Rc;

use nginx_sys::{ngx_int_t, ngx_time};
use ngx::http::Request;
use saml::reason;
use saml::refusal::Refusal;

use super::return_argument;
use crate::config::Sp;
use crate::page;
use crate::reply::Reply;
use crate::request;

pub fn finish(r: &mut Request, sp: &Rc<Sp>) -> Result<ngx_int_t, Refusal> {
    refuse_cross_site(r)?;
    let target = return_argument(r, sp)?.or_else(|| sp.logout_redirect.clone());
    if let Some(live) = sp.session_of(r, ngx_time()) {
        sp.sessions.remove(live.key());
    }
    let reply = match target {
        Some(url) => Reply::redirect(303, url),
        None => Reply::html(200, page::logged_out()),
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
