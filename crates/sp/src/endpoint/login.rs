//! `saml_login`: starts a login by link; `return` says where it ends, `idp` at whom, `login_hint` whose
//! it is.

use std::rc::Rc;

use identity::{Comparison, RequestedAuthnContext};
use pages::Reply;
use saml::reason;
use saml::refusal::{Refusal, quote};

use super::embedded::{Frames, refuse_embedded};
use super::return_argument::return_argument;
use crate::idp::Idp;
use crate::login::{Arguments, Client, Hints, Login};
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::Visit;

/// Classes that a link may ask for.
const MAX_CLASSES: usize = 8;

pub(super) async fn answer<S: SessionStore>(visit: &Visit, sp: &Sp<S>) -> Result<Reply, Refusal> {
    refuse_embedded(&visit.head, Frames::Any)?;
    asked(visit, sp)?.send(sp, visit).await
}

/// The login that the address asks for.
pub(super) fn asked<'a, S>(visit: &'a Visit, sp: &Sp<S>) -> Result<Login<'a>, Refusal> {
    Ok(Login {
        client: Client::Browser,
        idp: idp(visit, sp)?,
        hinted: visit.head.argument("login_hint").and_then(|hint| sp.idps.of_address(&hint)),
        return_url: return_argument(visit, sp)?.unwrap_or_else(|| sp.login_redirect.clone()),
        force_authn: flag(visit, "force_authn"),
        passive: flag(visit, "passive"),
        authn_context: authn_context(visit)?,
        refused_contexts: 0,
        replaces: None,
        post: None,
        hints: Hints { arguments: Arguments::Opened(&visit.head), variables: &visit.variables },
    })
}

fn idp<S>(visit: &Visit, sp: &Sp<S>) -> Result<Option<Rc<Idp>>, Refusal> {
    let Some(name) = visit.head.argument("idp") else { return Ok(None) };
    sp.idps.called(&name).map(Some).ok_or_else(|| {
        let detail = format!("the \"idp\" argument is {}, and no IdP of this SP", quote(&name));
        Refusal::new(&reason::ARGUMENT_INVALID, detail)
    })
}

/// `force_authn=1` and the like.
pub(super) fn flag(visit: &Visit, name: &str) -> bool {
    visit.head.argument(name).is_some_and(|value| value == "1")
}

/// `authn_context=URI` (repeatable) and `comparison=…`, as `auth_saml_authn_context` puts them into
/// the login URL of a 401. Locations enforce what they want, so a link can only ask.
fn authn_context(visit: &Visit) -> Result<Option<RequestedAuthnContext>, Refusal> {
    let classes: Vec<String> = visit
        .head
        .arguments("authn_context")
        .take(MAX_CLASSES)
        .map(|class| class.into_owned())
        .collect();
    let name = visit.head.argument("comparison");
    let comparison = name.as_deref().map_or(Some(Comparison::Exact), Comparison::from_name);
    match (classes.is_empty(), comparison) {
        (true, _) => Ok(None),
        (false, Some(comparison)) => Ok(Some(RequestedAuthnContext { classes, comparison })),
        (false, None) => Err(Refusal::new(
            &reason::ARGUMENT_INVALID,
            format!("the \"comparison\" argument is {}", quote(&name.unwrap_or_default())),
        )),
    }
}
