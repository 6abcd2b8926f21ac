//! `auth_saml_mode passive`: who gets in without a session is signed in all the same when their IdP knows them, and
//! it may show them nothing to find out (Core 3.4.1, IsPassive).
//!
//! It must not go round in circles, whatever the browser, the IdP or the network does. So the browser first shows
//! that it keeps a cookie: the page is asked for once more, with an argument that says so. Who comes with the
//! argument and without the cookie goes in; who comes with the cookie has it say from then on that the IdP was
//! asked, and goes to the IdP.

use clock::UnixTime;
use http::{Headers, browser};
use pages::Reply;
use saml::refusal::Refusal;

use super::{Challenge, MAX_RETURN_URI, Method};
use crate::begun::Begun;
use crate::idp_choice;
use crate::login::{Arguments, Client, Hints, Login};
use crate::passive_try::PassiveTry;
use crate::protection::ForceAuthn;
use crate::session_store::SessionStore;

/// The argument of a page that was asked for once more.
const ASKED_AGAIN: &str = "saml_passive=1";

impl<S: SessionStore, H: Headers> Challenge<'_, S, H> {
    /// The way to the IdP for a person without a session who need not have one, unless it was asked lately.
    /// `None` = they go in as they are, as programs, frames and browsers without cookies do.
    pub fn ask_passively(&self, now: UnixTime) -> Option<Begun> {
        if !self.is_persons() || self.is_for_person_to_choose() {
            return None;
        }
        let (page, was_asked_again) = without_mark(self.target);
        let page = self.whole_page(&page)?;
        match self.protection.sp.cookies.passive_try(self.head) {
            None if was_asked_again => None,
            None => self.ask_again().map(Begun::from),
            Some(PassiveTry::Prepared) => Some(self.ask_idp(page, was_asked_again, now)),
            Some(PassiveTry::Made | PassiveTry::Unwanted) => None,
        }
    }

    /// Does a person go there, at top level? Over https their browser says so itself: what else names HTML in
    /// its `Accept` may be a crawler.
    fn is_persons(&self) -> bool {
        let says_so = self.head.has("sec-fetch-mode") || !self.protection.sp.cookies.are_secure();
        self.method == Method::Get
            && says_so
            && browser::navigates(self.head)
            && !browser::is_framed(self.head)
    }

    /// Then nobody can be asked silently.
    fn is_for_person_to_choose(&self) -> bool {
        self.idp.is_none() && idp_choice::is_on_page(&self.protection.sp, self.head)
    }

    /// The page, to come back to. Nobody loses a part of its address for what they have not asked for.
    fn whole_page(&self, target: &str) -> Option<String> {
        let sp = &self.protection.sp;
        let fits = target.len() + "?".len() + ASKED_AGAIN.len() <= MAX_RETURN_URI;
        fits.then(|| sp.return_targets.check(&format!("{}{target}", sp.base_url))).flatten()
    }

    fn ask_again(&self) -> Option<Reply> {
        let sp = &self.protection.sp;
        let separator = if self.target.contains('?') { '&' } else { '?' };
        let marked = format!("{}{}{separator}{ASKED_AGAIN}", sp.base_url, self.target);
        let reply = Reply::redirect(302, sp.return_targets.check(&marked)?);
        let reply = if sp.keep_fragment { reply.keeping_fragment() } else { reply };
        Some(reply.with_cookie(self.remembering(PassiveTry::Prepared)))
    }

    /// Whatever becomes of it, the cookie goes along by which it is not done again. What keeps it from beginning
    /// is for the log: nobody has asked for it.
    fn ask_idp(&self, page: String, was_asked_again: bool, now: UnixTime) -> Begun {
        let Self { protection, head, circumstances, .. } = self;
        // The page that was asked for first has kept the fragment.
        let keeps_fragment = protection.sp.keep_fragment && !was_asked_again;
        let login = Login {
            client: if keeps_fragment { Client::DeepLink } else { Client::Browser },
            idp: self.idp.clone(),
            hinted: None,
            return_url: page.clone(),
            // Not for an age: that of the IdP's own session may do, and fresh credentials cannot be had silently.
            force_authn: protection.force_authn == ForceAuthn::On,
            passive: true,
            authn_context: protection.authn_context.clone(),
            refused_contexts: 0,
            replaces: None,
            post: None,
            hints: Hints { arguments: Arguments::NONE, variables: self.variables },
        };
        let begun = login.start(&protection.sp, *head, circumstances, now);
        let cookie = self.remembering(PassiveTry::Made);
        let go_in = move |begun: Result<Reply, Refusal>| {
            let go_on = |refusal| Reply::redirect(302, page).because(refusal);
            begun.unwrap_or_else(go_on).with_cookie(cookie)
        };
        match begun {
            Ok(begun) => begun.map(go_in),
            Err(refusal) => go_in(Err(refusal)).into(),
        }
    }

    /// However long the IdP takes to answer, the browser comes back with it.
    fn remembering(&self, what: PassiveTry) -> String {
        let sp = &self.protection.sp;
        sp.cookies.set_passive_try(what, sp.passive_retry.max(sp.request_lifetime))
    }
}

/// Path and query as they were asked for first, and whether this is the second time.
fn without_mark(target: &str) -> (String, bool) {
    let Some((path, query)) = target.split_once('?') else { return (target.to_owned(), false) };
    let mut kept: Vec<&str> = query.split('&').collect();
    if kept.last() != Some(&ASKED_AGAIN) {
        return (target.to_owned(), false);
    }
    kept.pop();
    match kept.is_empty() {
        true => (path.to_owned(), true),
        false => (format!("{path}?{}", kept.join("&")), true),
    }
}

#[cfg(test)]
mod tests;
