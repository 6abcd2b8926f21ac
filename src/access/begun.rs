//! A login that has begun: its request waits while the message is signed.

use std::rc::Rc;

use nginx_sys::{NGX_AGAIN, ngx_int_t};
use ngx::http::Request;
use pages::Reply;
use saml::refusal::Refusal;
use sp::Begun;

use super::challenge::{FAILED, refuse};
use crate::context::{Context, Waiting};
use crate::errand::server;
use crate::module::Protection;
use crate::suspend::{self, Started};
use crate::{core_dump, respond};

/// Sends the answer, now or when the message is signed.
#[cold]
pub fn conclude(r: &mut Request, protection: &Protection, begun: Begun) -> ngx_int_t {
    let unsigned = match begun {
        Begun::Answered(reply) => return respond::send(r, &reply),
        Begun::Unsigned(unsigned) => unsigned,
    };
    let Some(context) = Context::of_or_new(r) else { return FAILED };
    let circumstances = Rc::clone(context.circumstances());
    let signing = async move { unsigned.reply(&*server(), &circumstances).await };
    match suspend::start(r, signing) {
        Started::Done(outcome) => answer(r, protection, outcome),
        Started::Waiting(suspension) => {
            let waiting = Waiting::Signature(r.as_ref().uri_changes(), suspension);
            context.special().waiting.replace(Some(waiting));
            NGX_AGAIN as ngx_int_t
        }
    }
}

/// Goes on with a request that waits for that; `None` = it does not.
#[cold]
pub fn resume(r: &mut Request, protection: &Protection) -> Option<ngx_int_t> {
    let special = Context::of(r)?.known_special()?;
    let mut waiting = special.waiting.borrow_mut();
    let Some(Waiting::Signature(visit, suspension)) = &*waiting else { return None };
    let outcome = match suspension.take(r) {
        // A client that left has nginx go to its `post_action` meanwhile.
        _ if *visit != r.as_ref().uri_changes() => None,
        // Something else woke the request.
        None => return Some(NGX_AGAIN as ngx_int_t),
        outcome => outcome,
    };
    *waiting = None;
    drop(waiting);
    outcome.map(|outcome| answer(r, protection, outcome))
}

/// Keys were used, since the request was let wait.
fn answer(
    r: &mut Request,
    protection: &Protection,
    outcome: Option<Result<Reply, Refusal>>,
) -> ngx_int_t {
    core_dump::note_work();
    match outcome.unwrap_or_else(|| Err(Refusal::internal("a panic"))) {
        Ok(reply) => respond::send(r, &reply),
        Err(refusal) => refuse(r, protection, &refusal),
    }
}
