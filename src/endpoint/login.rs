//! `saml_login`: starts a login by link; `return` says where it ends, `idp` at whom.

use std::rc::Rc;

use identity::{Comparison, RequestedAuthnContext};
use ngx::http::Request;
use saml::reason;
use saml::refusal::{Refusal, quote};

use super::{Answer, Frames, refuse_embedded, return_argument};
use crate::clock::now;
use crate::config::Sp;
use crate::login::Login;
use crate::request;
use crate::sp::Idp;

/// Classes that a link may ask for.
const MAX_CLASSES: usize = 8;

pub fn start(r: &mut Request, sp: &Rc<Sp>) -> Result<Answer, Refusal> {
    refuse_embedded(r, Frames::Any)?;
    let login = Login {
        sp,
        idp: idp(r, sp)?,
        return_url: return_argument(r, sp)?.unwrap_or_else(|| sp.login_redirect.clone()),
        force_authn: flag(r, "force_authn"),
        passive: flag(r, "passive"),
        authn_context: authn_context(r)?,
    };
    Ok(Answer::Now(login.start(r, now())?))
}

fn idp(r: &Request, sp: &Sp) -> Result<Option<Rc<Idp>>, Refusal> {
    let Some(name) = request::argument(r, "idp") else { return Ok(None) };
    let idp = sp.idp_named(&name).ok_or_else(|| {
        Refusal::new(
            &reason::ARGUMENT_INVALID,
            format!("the \"idp\" argument is {}, and no IdP of this SP", quote(&name)),
        )
    })?;
    Ok(Some(idp))
}

/// `force_authn=1` and the like.
fn flag(r: &Request, name: &str) -> bool {
    request::argument(r, name).is_some_and(|value| value == "1")
}

/// `authn_context=URI` (repeatable) and `comparison=…`, as `auth_saml_authn_context` puts them into
/// the login URL of a 401. Locations enforce what they want, so a link can only ask.
fn authn_context(r: &Request) -> Result<Option<RequestedAuthnContext>, Refusal> {
    let classes: Vec<String> = request::arguments(r, "authn_context")
        .take(MAX_CLASSES)
        .map(|class| class.into_owned())
        .collect();
    let name = request::argument(r, "comparison");
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
