//! The ticket of a form that was kept over a login: made when that has succeeded, and looked at when the browser sends
//! it.

use http::Headers;
use saml::reason;
use saml::refusal::Refusal;
use session::{PostTicket, PostToken, StoreKey};

use crate::random;
use crate::session_store::SessionStore;
use crate::sp::{Sp, sealing_failed};

/// The text of a ticket for the form of `post`, in the session at `session`; `target` is the path and query to which
/// the form goes.
///
/// # Errors
/// The store has no secret yet, or libcrypto fails.
pub(crate) fn ticket<S: SessionStore>(
    sp: &Sp<S>,
    post: PostToken,
    session: StoreKey,
    target: &str,
) -> Result<String, Refusal> {
    let ticket = PostTicket::new(post, session, target);
    let sealed = ticket.seal(sp.sessions.secrets()?, &sp.id, random::bytes());
    sealed.map_err(|e| sealing_failed(&e))
}

/// The form of a ticket that came in the session at `session` to path and query `target`.
///
/// # Errors
/// No page of this site has sent it, it is none of ours, or another session's or page's.
pub fn admit_ticket<S: SessionStore>(
    sp: &Sp<S>,
    head: &impl Headers,
    session: StoreKey,
    target: &str,
    ticket: &[u8],
) -> Result<PostToken, Refusal> {
    let refused = |why: &str| Err(Refusal::new(&reason::PRESERVED_POST_REFUSED, why));
    if !sp.is_sent_by_own_page(head) {
        return refused("its ticket comes from no page of this site (Sec-Fetch-Site, Origin)");
    }
    let Some(ticket) = PostTicket::open(sp.sessions.secrets()?, &sp.id, ticket) else {
        return refused("its ticket is none of ours");
    };
    if ticket.session != session {
        return refused("its ticket is another session's");
    }
    if !ticket.is_for(target) {
        return refused("its ticket is another page's");
    }
    Ok(ticket.token)
}
