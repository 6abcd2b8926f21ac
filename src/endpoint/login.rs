//! `saml_login`: starts a login by link; `return` says where it ends, `idp` at whom.

use std::rc::Rc;

use nginx_sys::{NGX_HTTP_GET, NGX_HTTP_HEAD, ngx_int_t, ngx_time};
use ngx::http::Request;
use saml::reason;
use saml::refusal::{Refusal, quote};

use super::{method_not_allowed, return_argument};
use crate::config::Sp;
use crate::login::Login;
use crate::request;

pub fn start(r: &mut Request, sp: &Rc<Sp>) -> Result<ngx_int_t, Refusal> {
    if r.as_ref().method & (NGX_HTTP_GET | NGX_HTTP_HEAD) as usize == 0 {
        return Err(method_not_allowed(r, "GET"));
    }
    let login = Login {
        sp,
        idp: idp(r, sp)?,
        return_url: return_argument(r, sp)?.unwrap_or_else(|| sp.login_redirect.clone()),
        force_authn: false,
    };
    Ok(login.start(r, ngx_time())?.send(r))
}

fn idp(r: &Request, sp: &Sp) -> Result<usize, Refusal> {
    let Some(name) = request::argument(r, "idp") else { return Ok(0) };
    sp.idp_named(&name).ok_or_else(|| {
        Refusal::new(&reason::IDP_UNKNOWN, format!("the \"idp\" argument is {}", quote(&name)))
    })
}
