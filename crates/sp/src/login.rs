//! Starting a login: an AuthnRequest to the IdP, and what must be remembered sealed in a cookie.

mod hints;

use std::rc::Rc;

use clock::UnixTime;
use http::{Headers, browser};
use identity::RequestedAuthnContext;
use pages::{About, Circumstances, Reply};
use saml::authn_request::{AuthnRequest, Outgoing};
use saml::provider::RequestPolicy;
use saml::reason;
use saml::refusal::Refusal;
use session::{AwaitedChoice, LoginCookie, PendingLogin, PostToken, StoreKey, surplus};

pub(crate) use self::hints::{Arguments, Hints};
use crate::awaited_post;
use crate::begun::{Begun, Sent};
use crate::idp::Idp;
use crate::idp_choice::{self, Asked};
use crate::random;
use crate::recorded::Asking;
use crate::session_store::SessionStore;
use crate::sp::{Sp, sealing_failed};
use crate::visit::{Visit, signing_failed};

/// Who is to bring the request to the IdP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    /// A browser, with a person in front of it.
    Browser,
    /// The same, at the address of the page that it wanted, whose fragment is to be kept.
    DeepLink,
    /// A program that does the Enhanced Client or Proxy profile (Profiles 4.2). Nobody can choose an IdP on a
    /// page there, or be asked for another authentication context afterwards.
    Ecp,
}

/// A login to start.
pub(crate) struct Login<'a> {
    pub client: Client,
    /// Who is asked; `None` = whoever is found.
    pub idp: Option<Rc<Idp>>,
    /// Who is asked when the person has chosen nobody.
    pub hinted: Option<Rc<Idp>>,
    /// Absolute and checked.
    pub return_url: String,
    pub force_authn: bool,
    pub passive: bool,
    /// `None` = what the IdP's `authn_context` says.
    pub authn_context: Option<RequestedAuthnContext>,
    /// How many contexts of that the IdP did not have, when this login goes on where others ended.
    pub refused_contexts: u8,
    /// The session that such a login was to replace.
    pub replaces: Option<StoreKey>,
    /// The form that is to be sent once more at the end.
    pub post: Option<PostToken>,
    pub hints: Hints<'a>,
}

impl Login<'_> {
    /// Sends the client to the IdP, once its message is signed, or first to where one is chosen. Nothing of it is stored on the
    /// server before somebody has authenticated, but a form that was sent.
    ///
    /// # Errors
    /// The IdP is disabled, has no metadata yet, or what is past its time; a hint is none; the browser goes round in a loop, or libcrypto fails.
    pub(crate) fn start<S: SessionStore>(
        self,
        sp: &Sp<S>,
        r: &impl Headers,
        circumstances: &Circumstances,
        now: UnixTime,
    ) -> Result<Begun, Refusal> {
        refuse_loop(sp, r, now)?;
        let asked = match self.idp.clone() {
            Some(idp) => idp,
            None if self.client == Client::Ecp => sp.default_idp()?,
            None => match idp_choice::find(sp, r, self.hinted.clone(), || self.awaited_choice(sp))?
            {
                Asked::Idp(idp) => idp,
                Asked::Person(reply) => {
                    let reply = match self.client {
                        Client::DeepLink => reply.keeping_fragment(),
                        Client::Browser | Client::Ecp => reply,
                    };
                    // Nobody has asked for a passive one: it changes nothing of what waits.
                    if self.passive {
                        return Ok(reply.into());
                    }
                    let (post, page) = (self.post, &self.return_url);
                    return awaited_post::remember(sp, r, post, page, now, reply).map(Begun::from);
                }
            },
        };
        asked.check_enabled()?;
        let flaw = || asked.flaw().unwrap_or_else(|| sp.idps.awaited());
        let idp = asked.current().ok_or_else(flaw)?;
        idp.check_validity(now)?;
        let id = random::id();
        circumstances.set_request_id(&id);
        let says = &idp.policy.request;
        let (authn_context, preference) = self.asked_context(says);
        let extra_arguments = self.hints.extra_arguments(says)?;
        let subject = self.hints.subject(says)?;
        let return_url = sp.at_home(self.return_url);
        let request = AuthnRequest {
            id: &id,
            issue_instant: now,
            sp_entity_id: &sp.entity_id,
            acs_url: sp.endpoints.acs(),
            origin: sp.origin_number(),
            force_authn: self.force_authn,
            passive: self.passive,
            authn_context: authn_context.as_ref(),
            subject: subject.as_deref(),
            relay_state: &relay_state(sp, &id, &return_url)?,
            extra_arguments: &extra_arguments,
        };
        let (client, signer) = (self.client, sp.signer());
        let draft = match client {
            Client::Ecp => {
                request.draft_paos(&idp, signer.as_ref()).map(|it| it.map(Sent::ToProgram))
            }
            _ => request.draft(&idp, signer.as_ref()).map(|it| it.map(Sent::ToBrowser)),
        };
        let draft = draft.map_err(signing_failed)?;
        let asking = circumstances.diagnosis.diary().map(|_| Asking {
            id: id.clone(),
            idp: asked.name().to_owned(),
            entity_id: idp.entity_id.clone(),
            passive: self.passive,
            force_authn: self.force_authn,
            authn_context: authn_context.clone(),
            return_url: return_url.clone(),
        });
        let pending = PendingLogin {
            request_id: id,
            idp: asked.name().to_owned(),
            return_url,
            issue_instant: now,
            expires: now + sp.request_lifetime,
            force_authn: self.force_authn,
            passive: self.passive,
            authn_context,
            preference,
            replaces: sp.session_keys(r).next().or(self.replaces),
            post: self.post,
            answered: false,
        };
        let cookies = remember(sp, r, &pending, now)?;
        let is_framed = browser::is_framed(r);
        Ok(Begun::unsigned(draft, move |sent, circumstances| {
            let sent = sent.map_err(signing_failed)?;
            if let Some(asking) = asking {
                asking.tell(circumstances, &sent);
            }
            let reply = match (sent, client) {
                (Sent::ToProgram(envelope), _) => Reply::paos(envelope),
                (Sent::ToBrowser(sent), Client::Browser) if is_framed => framed_reply(sent),
                (Sent::ToBrowser(sent), client) => reply(sent, client == Client::DeepLink),
            };
            Ok(reply.with_cookies(cookies))
        }))
    }

    /// As [`Login::start`], for a visit to an endpoint.
    ///
    /// # Errors
    /// As there, or signing failed.
    pub(crate) async fn send<S: SessionStore>(
        self,
        sp: &Sp<S>,
        visit: &Visit,
    ) -> Result<Reply, Refusal> {
        let begun = self.start(sp, &visit.head, &visit.circumstances, visit.now)?;
        begun.reply(&*visit.server, &visit.circumstances).await
    }

    /// The login as it is without its IdP.
    ///
    /// # Errors
    /// A hint is none.
    pub(crate) fn awaited_choice<S>(&self, sp: &Sp<S>) -> Result<AwaitedChoice, Refusal> {
        let all = sp.idps.blocks().filter(|block| !sp.idps.is_disabled(&block.name));
        let all = all.map(|block| &block.policy.request);
        Ok(AwaitedChoice {
            return_url: sp.at_home(self.return_url.clone()),
            force_authn: self.force_authn,
            passive: self.passive,
            authn_context: self.authn_context.clone(),
            hints: self.hints.kept(all)?,
        })
    }

    /// What is asked for, and which of the IdP's preferences it is, when others may follow.
    fn asked_context(&self, says: &RequestPolicy) -> (Option<RequestedAuthnContext>, Option<u8>) {
        match (&self.authn_context, &says.authn_context) {
            (Some(asked), _) => (Some(asked.clone()), None),
            (None, Some(preferred)) => (
                preferred.after(self.refused_contexts.into()),
                (preferred.in_turn && self.client != Client::Ecp).then_some(self.refused_contexts),
            ),
            (None, None) => (None, None),
        }
    }
}

/// A browser that logged in again and again without its session coming back would go on for ever.
fn refuse_loop<S>(sp: &Sp<S>, r: &impl Headers, now: UnixTime) -> Result<(), Refusal> {
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

/// Names the page once more, for when the cookie gets lost; a page of another site, not at all.
fn relay_state<S: SessionStore>(sp: &Sp<S>, id: &str, return_url: &str) -> Result<String, Refusal> {
    if !return_url.starts_with('/') {
        return Ok(id.to_owned());
    }
    let relay_state = sp.sessions.secrets()?.relay_state(&sp.id, id, return_url);
    relay_state.map_err(|e| sealing_failed(&e))
}

fn reply(outgoing: Outgoing, keeps_fragment: bool) -> Reply {
    match outgoing {
        Outgoing::Redirect(url) if keeps_fragment => Reply::redirect(302, url).keeping_fragment(),
        Outgoing::Redirect(url) => Reply::redirect(302, url),
        Outgoing::Post { action, fields } => {
            Reply::html(200, pages::post_form(About::SignIn, &action, &fields, keeps_fragment))
        }
    }
}

/// In a frame the form goes off as well: nothing on it is worth a click of somebody else's.
fn framed_reply(outgoing: Outgoing) -> Reply {
    match outgoing {
        Outgoing::Redirect(url) => Reply::redirect(302, url),
        Outgoing::Post { action, fields } => {
            Reply::frameable_html(200, pages::post_form(About::SignIn, &action, &fields, false))
        }
    }
}

/// The attempt's cookie, one per attempt so that tabs do not disturb each other, behind those that end what
/// would not fit a header any more.
fn remember<S: SessionStore>(
    sp: &Sp<S>,
    r: &impl Headers,
    pending: &PendingLogin,
    now: UnixTime,
) -> Result<Vec<String>, Refusal> {
    let sealed = pending
        .seal_cookie(sp.sessions.secrets()?, &sp.id, random::bytes())
        .map_err(|e| sealing_failed(&e))?;
    let others = sp.login_cookies(r, now)?;
    let states: Vec<LoginCookie> = others.iter().map(|(_, cookie)| *cookie).collect();
    let len = sp.cookies.request_name(&pending.request_id).len() + sealed.len();
    let surplus = surplus(&states, len, sp.cookies.foreign_requests(r));
    let others = surplus.into_iter().filter_map(|place| others.get(place));
    let mut cookies: Vec<_> = others.map(|(name, _)| sp.cookies.clear_request(name)).collect();
    cookies.push(sp.cookies.set_request(&pending.request_id, &sealed, sp.request_lifetime));
    Ok(cookies)
}
