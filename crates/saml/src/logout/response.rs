//! Accepting a LogoutResponse (Core 3.7.2, Profiles 4.4.4.2).

use clock::Seconds;
use xmldoc::{Document, Element};

use super::opened::{Opened, open};
use crate::message::clock::Clock;
use crate::message::in_response_to::answers_another;
use crate::message::status::Status;
use crate::message::{Expected, Message};
use crate::namespace::{STATUS_PARTIAL_LOGOUT, STATUS_SUCCESS};
use crate::reason;
use crate::refusal::{Refusal, quote};

const NAME: &str = "LogoutResponse";

/// How old a LogoutResponse may be, from its IssueInstant.
pub const AGE_MOST: Seconds = Seconds(600);

/// A parsed LogoutResponse of which nothing has been believed yet.
pub struct ReceivedLogoutResponse(Message);

/// What the IdP says it has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutOutcome {
    /// Logged out at the IdP, and wherever the IdP had logged the user in.
    Complete,
    /// Logged out at the IdP, but not everywhere (Core 3.7.3.2): somebody should tell the person.
    Partial,
}

impl ReceivedLogoutResponse {
    pub(crate) fn new(message: Message) -> Self {
        Self(message)
    }

    pub(crate) fn document(&self) -> &Document {
        &self.0.document
    }

    /// Issuer, unverified: finds the IdP.
    pub fn issuer(&self) -> Option<String> {
        self.0.issuer()
    }

    /// Destination, unverified: says to which of our addresses it was sent.
    pub fn destination(&self) -> Option<String> {
        self.0.attribute("Destination")
    }

    /// InResponseTo, unverified: finds the pending logout.
    pub fn in_response_to(&self) -> Option<String> {
        self.0.attribute("InResponseTo")
    }

    /// Verifies and validates.
    ///
    /// `asked` is the ID of our LogoutRequest; `None` when nobody here waits for the answer, because
    /// it came from server to server (authentik) and no cookie with it.
    ///
    /// # Errors
    ///
    /// The first rule that the LogoutResponse breaks; `logout_failed` when the IdP says that it did
    /// not log the user out.
    pub fn accept(
        self,
        expected: &Expected<'_>,
        asked: Option<&str>,
    ) -> Result<LogoutOutcome, Refusal> {
        let clock = Clock::of(expected);
        let response = open(self.0, NAME, expected, &clock, unsigned)?;
        let examiner = expected.examiner();
        examiner.check("age", recent(&response, &clock))?;
        examiner.check("InResponseTo", answers(&response, asked))?;
        examiner.check("Status", outcome(&response))
    }
}

/// With the status: some IdPs do not sign their errors, and the error is what the reader needs.
fn unsigned(response: &Element) -> Refusal {
    let status = Status::of(response).map(|status| status.to_string());
    let detail = format!(
        "the LogoutResponse is not signed, require_signed_logout is on; {}",
        status.unwrap_or_else(|refusal| refusal.detail().to_owned())
    );
    Refusal::new(&reason::LOGOUT_RESPONSE_UNSIGNED, detail)
}

fn recent(response: &Opened, clock: &Clock) -> Result<(), Refusal> {
    if clock.has_surely_come(response.issue_instant + AGE_MOST) {
        let issued = clock.disagreement(response, "IssueInstant");
        let detail = format!("{issued}; a LogoutResponse is good for {AGE_MOST} s");
        return Err(Refusal::new(&reason::LOGOUT_RESPONSE_STALE, detail));
    }
    Ok(())
}

/// InResponseTo is our request.
fn answers(response: &Element, asked: Option<&str>) -> Result<(), Refusal> {
    let Some(asked) = asked else { return Ok(()) };
    match response.attribute("InResponseTo") {
        Some(found) if found == asked => Ok(()),
        Some(found) => Err(answers_another(NAME, found, asked)),
        None => {
            let detail = format!("the {NAME} has no InResponseTo, the request is {}", quote(asked));
            Err(Refusal::new(&reason::IN_RESPONSE_TO_MISSING, detail))
        }
    }
}

/// PartialLogout stands under Success with some IdPs, under Responder with others.
fn outcome(response: &Element) -> Result<LogoutOutcome, Refusal> {
    let status = Status::of(response)?;
    match (status.code, status.nested) {
        (_, Some(STATUS_PARTIAL_LOGOUT)) => Ok(LogoutOutcome::Partial),
        (Some(STATUS_SUCCESS), _) => Ok(LogoutOutcome::Complete),
        _ => Err(Refusal::new(&reason::LOGOUT_FAILED, status.to_string())),
    }
}
