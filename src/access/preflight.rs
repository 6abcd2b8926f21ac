//! CORS preflights, which never have a session (`auth_saml_preflight`).

use http::cors;
use nginx_sys::NGX_HTTP_OPTIONS;
use ngx::http::Request;
use pages::Reply;
use sp::Preflight;

use crate::module::Protection;
use crate::request::headers;

/// What is done about a CORS preflight.
pub enum Verdict {
    /// It is none, or to be treated like anything else.
    Ordinary,
    /// Let it go to the application.
    Pass,
    /// This module answers it.
    Answer(Reply),
}

/// Judges one request by `auth_saml_preflight`.
#[inline]
pub fn preflight(r: &Request, protection: &Protection) -> Verdict {
    if protection.preflight == Preflight::Off || r.as_ref().method != NGX_HTTP_OPTIONS as usize {
        return Verdict::Ordinary;
    }
    judge(r, protection)
}

fn judge(r: &Request, protection: &Protection) -> Verdict {
    if !is_preflight(r) {
        return Verdict::Ordinary;
    }
    if protection.preflight == Preflight::Pass {
        return Verdict::Pass;
    }
    match cors::permission(headers(r), &protection.cors_origins) {
        Some(fields) => Verdict::Answer(Reply::no_content().with_headers(fields)),
        None => Verdict::Ordinary,
    }
}

fn is_preflight(r: &Request) -> bool {
    let headers_in = &r.as_ref().headers_in;
    headers_in.content_length_n <= 0 && headers_in.chunked() == 0 && cors::is_preflight(headers(r))
}
