//! Security events that are asked for, where no transmitter can push them (RFC 8936): each token is heard as if it
//! had come to `saml_events` of each SP that has the IdP, and is acknowledged when what it says is stored.

use std::mem;
use std::rc::Rc;

use saml::reason;
use saml::refusal::{Refusal, quote};
use secevent::{PollAnswer, PollReport, RefusedToken};

use crate::back_channel::Post;
use crate::endpoint::{PolledToken, error_code, hear};
use crate::event::{Event, What};
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::transmitter::EventPoll;
use crate::visit::Visit;

/// Tokens of one answer.
const TOKENS_MOST: usize = 16;
/// Requests of one turn, the last of which only says what has become of tokens.
const REQUESTS_MOST: usize = 16;
/// Bytes of an answer: so many tokens, as long as any is taken.
const ANSWER_MOST: usize = 1 << 20;

const HEADERS: &[(&str, &str)] = &[
    ("Content-Type", "application/json"),
    ("Accept", "application/json"),
    ("Content-Language", "en"),
];

/// What is polled, and for whom.
pub struct Polled<'a, S> {
    /// The name of the `saml_idp` whose transmitter it is.
    pub idp: &'a str,
    /// How it is asked.
    pub poll: &'a EventPoll,
    /// The SPs that have the IdP, each at one of its origins.
    pub sps: &'a [Rc<Sp<S>>],
}

/// What became of one token at all SPs.
enum Fate {
    /// All whom it is for have done what it says.
    Taken,
    /// It is nothing to any of them.
    Refused(&'static str, Refusal),
    /// It has to come again.
    Later(Refusal),
}

impl<S: SessionStore> Polled<'_, S> {
    /// Asks until there is nothing left, and hears each token. `visit` makes the visit that would have brought it;
    /// nothing more is begun when `goes_on` says no. Gives whether there may be more.
    ///
    /// # Errors
    /// The transmitter did not answer as RFC 8936 has it, or a token could not be heard and has to come again: a
    /// sentence.
    pub async fn turn(
        &self,
        visit: impl Fn() -> Visit,
        goes_on: impl Fn() -> bool,
    ) -> Result<bool, String> {
        let mut report = PollReport::default();
        for number in 1..=REQUESTS_MOST {
            let most = if number < REQUESTS_MOST && goes_on() { TOKENS_MOST } else { 0 };
            if most == 0 && report.is_empty() {
                return Ok(true);
            }
            let answer = self.ask(mem::take(&mut report).request(most), most).await?;
            let mut later = None;
            for (id, token) in &answer.tokens {
                // What is left comes again.
                if !goes_on() {
                    break;
                }
                match self.hear(&visit, &PolledToken { idp: self.idp, id, token }).await {
                    Fate::Taken => report.acknowledged.push(id.clone()),
                    Fate::Refused(error, refusal) => {
                        let (id, description) = (id.clone(), refusal.meaning());
                        report.refused.push(RefusedToken { id, error, description });
                    }
                    Fate::Later(refusal) => later = Some(refusal),
                }
            }
            if let Some(refusal) = later {
                if !report.is_empty() {
                    self.ask(report.request(0), 0).await?;
                }
                return Err(format!("a token has to come again: {refusal}"));
            }
            if answer.tokens.is_empty() {
                // Whoever says that there is more, and gives nothing, is asked another time.
                return Ok(most == 0 && answer.more);
            }
        }
        Ok(true)
    }

    async fn ask(&self, body: String, most: usize) -> Result<PollAnswer, String> {
        let EventPoll { url, authorization, way, .. } = self.poll;
        let (url, authorization) = (url.clone(), authorization.clone());
        let max_answer = ANSWER_MOST;
        let post = Post { url, headers: HEADERS, authorization, body, max_answer };
        let answer = way.post(post).await?;
        if answer.status != 200 {
            return Err(format!("the answer has the HTTP status {}", answer.status));
        }
        let object = jwt::object(&answer.body);
        let answer = object.and_then(|object| PollAnswer::read(object, most));
        answer.map_err(|why| format!("the answer is none of RFC 8936: {why}"))
    }

    /// By each SP: whoever it is for has to have it. What all of them refuse is refused.
    async fn hear(&self, visit: &impl Fn() -> Visit, token: &PolledToken<'_>) -> Fate {
        let (mut is_taken, mut refused, mut later) = (false, Vec::new(), None);
        for sp in self.sps {
            let visit = visit();
            sp.heed(visit.now);
            match hear(&visit, sp, token).await {
                Ok(()) => is_taken = true,
                Err(refusal) => match error_code(refusal.reason()) {
                    Some(code) => refused.push((sp, visit, code, refusal)),
                    None => {
                        self.tell(sp, &visit, token, &refusal);
                        later = Some(refusal);
                    }
                },
            }
        }
        // One stream may serve several SPs, and each token be for some of them.
        if is_taken || later.is_some() {
            refused.retain(|(.., refusal)| refusal.reason() != &reason::EVENT_AUDIENCE_MISMATCH);
        }
        for (sp, visit, _, refusal) in &refused {
            self.tell(sp, visit, token, refusal);
        }
        match (later, refused.into_iter().next()) {
            (Some(refusal), _) => Fate::Later(refusal),
            (None, Some((_, _, code, refusal))) if !is_taken => Fate::Refused(code, refusal),
            _ => Fate::Taken,
        }
    }

    /// As a refusal is told that answers a request.
    fn tell(&self, sp: &Sp<S>, visit: &Visit, token: &PolledToken<'_>, refusal: &Refusal) {
        let request_id = visit.circumstances.request_id();
        let what = What::Refusal(refusal.code());
        visit.server.tell(&Event { sp: &sp.name, idp: self.idp, request_id, what });
        visit.server.warn(&format!(
            "security event {} of saml_idp \"{}\" at saml_sp \"{}\": {refusal}, request id: {request_id}",
            quote(token.id),
            self.idp,
            sp.name
        ));
    }
}
