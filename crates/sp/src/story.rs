//! Which story a request belongs to (`saml_debug`): that of its cookie, that of the message it answers, or one that
//! begins because of the client's address.

use clock::UnixTime;
use diagnosis::{Facts, LIFETIME, Origin, Owner, Story, StoryId};
use http::Headers;
use openssl::sha::sha256;
use pages::Circumstances;
use session::DebugPass;

use crate::challenge::Challenge;
use crate::protection::{Protection, WantedIdp};
use crate::random;
use crate::recorded::{fact, request};
use crate::session_store::SessionStore;
use crate::sp::Sp;

/// An administrator, by the name that the server knows; `None` = by none.
pub(crate) fn owner(operator: &str) -> Option<Owner> {
    let named = [b"saml_debug\0".as_slice(), operator.as_bytes()].concat();
    (!operator.is_empty()).then(|| Owner(sha256(&named)))
}

/// A pass for a story that begins now.
pub(crate) fn new_pass(owner: Option<Owner>, now: UnixTime) -> DebugPass {
    let owner = owner.map(|Owner(owner)| owner);
    DebugPass { story: random::bytes(), owner, until: now + LIFETIME }
}

impl<S: SessionStore> Sp<S> {
    /// The story of a pass, as it is on this host.
    pub(crate) fn story_of(&self, pass: &DebugPass, address: String) -> Story {
        Story {
            id: StoryId(pass.story),
            origin: pass.owner.map_or(Origin::Address(address), |owner| Origin::Link(Owner(owner))),
            sp: self.name.clone(),
            begun: UnixTime::from_secs(pass.until.as_secs() - LIFETIME.0),
            entries: 0,
        }
    }

    /// The cookie of a pass, as long as that is good.
    pub(crate) fn debug_cookie(&self, pass: &DebugPass, now: UnixTime) -> Option<String> {
        let secrets = self.sessions.secrets().ok()?;
        let sealed = pass.seal_cookie(secrets, &self.id, random::bytes()).ok()?;
        Some(self.cookies.set_debug(&sealed, pass.until - now))
    }

    /// Goes on in the story of the browser, by the cookie that it has been given. `may_go_on` says whether those with
    /// a link (`true`), or of an address, are told of here.
    pub(crate) fn join_by_cookie(
        &self,
        circumstances: &Circumstances,
        head: &impl Headers,
        now: UnixTime,
        may_go_on: impl Fn(bool) -> bool,
    ) {
        let diagnosis = &circumstances.diagnosis;
        let (Some(asked), None) = (diagnosis.asked(), diagnosis.diary()) else { return };
        let Ok(secrets) = self.sessions.secrets() else { return };
        let mut values = self.cookies.debug_values(head);
        let pass = values.find_map(|sealed| DebugPass::open_cookie(secrets, &self.id, sealed, now));
        if let Some(pass) = pass.filter(|pass| may_go_on(pass.owner.is_some())) {
            // Another host may have begun it.
            diagnosis.begin(&self.story_of(&pass, asked.client()), None);
        }
    }

    /// Begins a story when the location records clients of this address.
    pub(crate) fn join_by_address(&self, circumstances: &Circumstances, now: UnixTime) {
        let diagnosis = &circumstances.diagnosis;
        let (Some(asked), None) = (diagnosis.asked(), diagnosis.diary()) else { return };
        if asked.scope.has(asked.address) {
            let pass = new_pass(None, now);
            diagnosis.begin(&self.story_of(&pass, asked.client()), self.debug_cookie(&pass, now));
        }
    }

    /// What the browser's cookies are good for.
    pub(crate) fn cookie_facts(&self, head: &impl Headers) -> Facts {
        let count = |count: usize| count.to_string();
        vec![
            fact("cookies of sessions", count(self.session_keys(head).count())),
            fact("cookies of logins under way", count(self.cookies.requests(head).count())),
        ]
    }
}

impl<S: SessionStore, H: Headers> Challenge<'_, S, H> {
    /// Tells the story of who was not let in, if there is one.
    pub fn record(&self, now: UnixTime) {
        let (sp, circumstances) = (&self.protection.sp, self.circumstances);
        let Some(asked) = circumstances.diagnosis.asked() else { return };
        let scope = &asked.scope;
        sp.join_by_cookie(circumstances, self.head, now, |by_link| match by_link {
            true => scope.link,
            false => scope.has(asked.address),
        });
        sp.join_by_address(circumstances, now);
        request(circumstances, self.head, || {
            let mut facts = sp.cookie_facts(self.head);
            facts.extend(protection_facts(self.protection));
            let reason = format!("{}: {}", self.reason.code(), self.reason.meaning());
            facts.push(fact("not let in", reason));
            facts
        });
    }
}

fn protection_facts<S>(protection: &Protection<S>) -> Facts {
    let idp = match &protection.idp {
        WantedIdp::Any => "any".to_owned(),
        WantedIdp::One(idp) => idp.name().to_owned(),
        WantedIdp::OfEntity(entity_id) => entity_id.clone(),
        WantedIdp::OfVariable(name) => format!("${name}"),
    };
    let mut facts = vec![
        fact("saml_sp", protection.sp.name.as_str()),
        fact("idp", idp),
        fact("auth_saml_mode", format!("{:?}", protection.mode).to_lowercase()),
        fact("auth_saml_force_authn", format!("{:?}", protection.force_authn).to_lowercase()),
    ];
    if let Some(asked) = &protection.authn_context {
        facts.push(fact("auth_saml_authn_context", asked.classes.join(" ")));
    }
    facts
}
