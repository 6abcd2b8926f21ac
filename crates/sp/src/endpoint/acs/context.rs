//! The IdP has no authentication context as it was asked for: the next one of `authn_context` is asked
//! for, when there is one.

use pages::Reply;
use saml::refusal::{Refusal, quote};
use session::PendingLogin;

use crate::login::{Arguments, Client, Hints, Login};
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::Visit;

/// Begins the login that goes on where `pending` ended; `None` = nothing is left to ask for. Which of the
/// contexts was asked for is counted in the sealed cookie and only grows, so that each gets its turn once.
pub(super) async fn ask_for_next<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    pending: &PendingLogin,
) -> Option<Result<Reply, Refusal>> {
    let refused_contexts = pending.preference?.checked_add(1)?;
    let idp = sp.idps.called(&pending.idp)?;
    let current = idp.current()?;
    let preferred = current.policy.request.authn_context.as_ref()?;
    let next = preferred.after(refused_contexts.into())?;
    visit.server.note(&format!(
        "saml_idp {} has no authentication context as it was asked for by {}; it is asked for {} now",
        quote(idp.name()),
        quote(&pending.request_id),
        quote(&next.classes.join(" "))
    ));
    let login = Login {
        client: Client::Browser,
        idp: Some(idp),
        hinted: None,
        return_url: pending.return_url.clone(),
        force_authn: pending.force_authn,
        passive: pending.passive,
        authn_context: None,
        refused_contexts,
        replaces: pending.replaces,
        post: pending.post.clone(),
        hints: Hints { arguments: Arguments::NONE, variables: &visit.variables },
    };
    let reply = login.send(sp, visit).await;
    let cookie = sp.cookies.clear_request(&sp.cookies.request_name(&pending.request_id));
    Some(reply.map(|reply| reply.with_cookie(cookie)))
}
