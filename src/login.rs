//! Starting a login: an AuthnRequest to the IdP, and what must be remembered sealed in a cookie.

use std::rc::Rc;

use ngx::http::Request;
use saml::authn_context::RequestedAuthnContext;
use saml::authn_request::{AuthnRequest, Outgoing};
use saml::reason;
use saml::refusal::Refusal;
use session::{AskedContext, PendingLogin};

use crate::config::Sp;
use crate::context::Context;
use crate::page;
use crate::random;
use crate::reply::Reply;

/// Logins that one browser may have under way; beyond, the oldest is dropped.
const MAX_PENDING: usize = 5;

/// A login to start.
pub struct Login<'a> {
    pub sp: &'a Rc<Sp>,
    /// Index into the SP's IdPs.
    pub idp: usize,
    /// Absolute and checked.
    pub return_url: String,
    pub force_authn: bool,
    pub passive: bool,
    pub authn_context: Option<RequestedAuthnContext>,
}

impl Login<'_> {
    /// Sends the browser to the IdP. Nothing is stored on the server before somebody has
    /// authenticated.
    pub fn start(self, r: &Request, now: i64) -> Result<Reply, Refusal> {
        let sp = self.sp;
        refuse_loop(r, sp, now)?;
        let idp = sp.idps.get(self.idp).ok_or_else(|| sp.no_idp())?;
        let id = random::id();
        if let Some(context) = Context::of_or_new(r) {
            context.set_request_id(&id);
        }
        let outgoing = AuthnRequest {
            id: &id,
            issue_instant: now,
            sp_entity_id: &sp.entity_id,
            acs_url: &sp.endpoints.acs,
            force_authn: self.force_authn,
            passive: self.passive,
            authn_context: self.authn_context.as_ref(),
            relay_state: &id,
        }
        .send(&idp.provider, sp.signer().as_ref())
        .map_err(|e| Refusal::new(&reason::SIGNING_FAILED, e.0))?;
        let pending = PendingLogin {
            request_id: id,
            idp: idp.name.clone(),
            return_url: self.return_url,
            issue_instant: now,
            expires: now.saturating_add(sp.request_lifetime),
            force_authn: self.force_authn,
            passive: self.passive,
            authn_context: self.authn_context.map(|context| AskedContext {
                comparison: context.comparison.as_str().to_owned(),
                classes: context.classes,
            }),
            replaces: sp.session_keys(r).next(),
            answered: false,
        };
        remember(r, sp, &pending, now, reply(outgoing))
    }
}

/// A browser that logged in again and again without its session coming back would go on for ever.
fn refuse_loop(r: &Request, sp: &Sp, now: i64) -> Result<(), Refusal> {
    match sp.cookies.logins(r) {
        Some(logins) if logins.is_loop(now) => Err(Refusal::new(
            &reason::LOGIN_LOOP,
            format!(
                "{} logins of one browser within a minute brought no session back",
                logins.count
            ),
        )),
        _ => Ok(()),
    }
}

fn reply(outgoing: Outgoing) -> Reply {
    match outgoing {
        Outgoing::Redirect(url) => Reply::redirect(302, url),
        Outgoing::Post { action, fields } => {
            Reply::html(200, page::post_form("Signing in", &action, &fields))
        }
    }
}

/// Sets the attempt's cookie, one per attempt so that tabs do not disturb each other.
fn remember(
    r: &Request,
    sp: &Sp,
    pending: &PendingLogin,
    now: i64,
    mut reply: Reply,
) -> Result<Reply, Refusal> {
    let mut others = sp.pending_logins(r, now)?;
    // Cookies that open no more go first, then answered logins, then the oldest.
    others.sort_by_key(|(_, pending)| pending.as_ref().map(|p| (!p.answered, p.issue_instant)));
    let surplus = (others.len() + 1).saturating_sub(MAX_PENDING);
    for (name, _) in others.iter().take(surplus) {
        reply = reply.with_cookie(sp.cookies.clear_request(name));
    }
    let sealed = pending
        .seal_cookie(sp.sessions.store.secrets()?, &sp.id, random::bytes())
        .map_err(|e| Refusal::new(&reason::SEALING_FAILED, e.to_string()))?;
    let cookie = sp.cookies.set_request(&pending.request_id, &sealed, sp.request_lifetime);
    Ok(reply.with_cookie(cookie))
}
