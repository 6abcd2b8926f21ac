//! A form that was sent without a session, and the ticket that stands for it afterwards
//! (`auth_saml_preserve_post`).

use std::rc::Rc;
use std::task::Poll;

use clock::UnixTime;
use nginx_sys::{NGX_AGAIN, ngx_int_t};
use ngx::http::Request;
use pages::Purpose;
use saml::reason;
use saml::refusal::Refusal;
use session::PostToken;
use sp::{Challenge, Idp, LiveSession};

use super::challenge::{FAILED, with_challenge};
use crate::module::Protection;
use crate::request::SentHeaders;
use crate::sessions::Sessions;
use crate::{preserved_post, respond};

/// Puts a kept form in the place of its ticket; `None` = it is there, and may go on.
pub fn restore(
    r: &mut Request,
    protection: &Protection,
    live: &LiveSession,
    ticket: &[u8],
    now: UnixTime,
) -> Option<ngx_int_t> {
    match preserved_post::restore(r, &protection.sp, live, ticket, now) {
        Poll::Pending => Some(NGX_AGAIN as ngx_int_t),
        Poll::Ready(Ok(())) => None,
        Poll::Ready(Err(refusal)) => Some(refuse_form(r, protection, &refusal)),
    }
}

/// Refuses a ticket without its session.
pub fn refuse_ticket(r: &mut Request, protection: &Protection) -> ngx_int_t {
    let detail = "its ticket comes without the session that it is for";
    refuse_form(r, protection, &Refusal::new(&reason::PRESERVED_POST_REFUSED, detail))
}

/// Who cannot send their form goes to its page, and fills it in again.
fn refuse_form(r: &mut Request, protection: &Protection, refusal: &Refusal) -> ngx_int_t {
    let wanted = |challenge: Challenge<'_, Sessions, SentHeaders>| challenge.remember_page();
    match with_challenge(r, protection, None, refusal.reason(), &[], wanted) {
        Some(()) => respond::refuse(r, refusal, &Purpose::default()),
        None => FAILED,
    }
}

/// Keeps the form that was sent, where that is wanted and can be done.
pub fn keep_post(
    r: &mut Request,
    protection: &Protection,
    idp: Option<Rc<Idp>>,
    now: UnixTime,
) -> Poll<Result<Option<PostToken>, ngx_int_t>> {
    if protection.preserve_post.is_none() {
        return Poll::Ready(Ok(None));
    }
    let (len, reason) = (preserved_post::len(r), &reason::AUTHENTICATION_REQUIRED);
    let is_kept = |challenge: Challenge<'_, Sessions, SentHeaders>| challenge.is_preservable(len);
    match with_challenge(r, protection, idp, reason, &[], is_kept) {
        None => Poll::Ready(Err(FAILED)),
        Some(false) => Poll::Ready(Ok(None)),
        Some(true) => preserved_post::keep(r, &protection.sp, now),
    }
}
