//! Accepting an ArtifactResponse (Core 3.5.2, Profiles 5.4.2), up to the Response in it.

use clock::Seconds;
use xmldoc::{Document, Element, Limits};

use crate::message::clock::Clock;
use crate::message::destination::destination;
use crate::message::envelope::{Envelope, Resolved, Voucher};
use crate::message::in_response_to::answers_another;
use crate::message::status::Status;
use crate::message::{Expected, Message, header, structure};
use crate::namespace::{ASSERTION, PROTOCOL, STATUS_SUCCESS, XMLDSIG};
use crate::provider::LogoutBinding;
use crate::reason;
use crate::refusal::{Refusal, quote};
use crate::response::ReceivedResponse;

const NAME: &str = "ArtifactResponse";

/// How old an ArtifactResponse may be, from its IssueInstant: some IdPs make it when they make the
/// artifact.
pub const AGE_MOST: Seconds = Seconds(600);

/// The answer to an ArtifactResolve, of which nothing has been believed yet.
pub struct ReceivedArtifactResponse {
    document: Document,
    limits: Limits,
}

impl ReceivedArtifactResponse {
    /// Reads the body of the IdP's HTTP answer.
    ///
    /// # Errors
    /// `xml_…` when it is no acceptable XML, `soap_…` when it is no envelope with one message or says that
    /// the IdP failed, `message_unexpected` when that is no ArtifactResponse.
    pub fn parse(body: &[u8], limits: &Limits) -> Result<Self, Refusal> {
        let document = Document::parse_soap(body, limits)?;
        if !document.root_is(PROTOCOL, NAME) {
            return Err(unexpected(document.envelope()));
        }
        Ok(Self { document, limits: *limits })
    }

    /// Validates the ArtifactResponse, and verifies its signature when it has one. `expected.idp` is the
    /// IdP that was asked, by the ArtifactResolve whose ID is `asked`.
    ///
    /// What comes out is believed no more than if a browser had brought it: it must be that IdP's, and a
    /// signature must cover its Assertion, be it that of the ArtifactResponse around it.
    ///
    /// # Errors
    /// The first rule that the ArtifactResponse breaks; `artifact_unknown` when there is nothing in it.
    pub fn accept(self, expected: &Expected<'_>, asked: &str) -> Result<ReceivedResponse, Refusal> {
        let (idp, clock) = (expected.idp, Clock::of(expected));
        let examiner = expected.examiner();
        expected.see(&self.document);
        examiner
            .check("the IdP's metadata is not past its end", idp.check_validity(expected.now))?;
        let envelope = Envelope::read(NAME, &self.document, None, idp, examiner);
        let envelope =
            examiner.check("signature of the ArtifactResponse, if it has one", envelope)?;
        examiner.check("Status of the ArtifactResponse", success(&envelope))?;
        examiner.check("one Response in it", one_response(&envelope))?;
        examiner.check("structure of the ArtifactResponse", structure::check(&envelope))?;
        examiner.check("Version of the ArtifactResponse", header::version(&envelope))?;
        examiner.check("ID of the ArtifactResponse", header::id(&envelope))?;
        examiner.check("age of the ArtifactResponse", recent(&envelope, &clock))?;
        examiner.check("Issuer of the ArtifactResponse", header::issuer(&envelope, idp))?;
        let at = destination(&envelope, true, expected.url, "the ACS URL of this SP is");
        examiner.check("Destination of the ArtifactResponse", at)?;
        examiner.check("InResponseTo of the ArtifactResponse", answers(&envelope, asked))?;
        let response = match envelope {
            Envelope::Signed(verified) => {
                Some(verified.into_child(PROTOCOL, "Response").ok_or_else(empty)?)
            }
            Envelope::Unsigned(_) => None,
        };
        let document = self.document.into_only_child(PROTOCOL, "Response").ok_or_else(empty)?;
        let resolved = Resolved { idp: idp.entity_id.clone(), response };
        Ok(ReceivedResponse::new(Message {
            document,
            voucher: Some(Voucher::ArtifactResponse(Box::new(resolved))),
            came_by: LogoutBinding::Soap,
            limits: self.limits,
        }))
    }
}

/// The top-level StatusCode is Success (Core 3.2.2.2).
fn success(response: &Element) -> Result<(), Refusal> {
    let status = Status::of(response)?;
    if status.code == Some(STATUS_SUCCESS) {
        return Ok(());
    }
    Err(Refusal::new(&reason::ARTIFACT_NOT_RESOLVED, status.to_string()))
}

/// It brings one message, and that is a Response. Success without any says that there is no message of
/// this artifact, or none any more (Core 3.5.3).
fn one_response(response: &Element) -> Result<(), Refusal> {
    let mut messages = response.children.iter().filter(|child| !is_of_the_answer(child));
    let (first, second) = (messages.next(), messages.next());
    match (first, second) {
        (None, _) => Err(empty()),
        (Some(one), None) if one.is(PROTOCOL, "Response") => Ok(()),
        (Some(other), None) => Err(unexpected(other)),
        (Some(_), Some(_)) => {
            let count = messages.count() + 2;
            let detail = format!("the {NAME} holds {count} messages");
            Err(Refusal::new(&reason::STRUCTURE, detail))
        }
    }
}

/// What an ArtifactResponse has besides (Core 3.2.2).
fn is_of_the_answer(child: &Element) -> bool {
    [(ASSERTION, "Issuer"), (XMLDSIG, "Signature"), (PROTOCOL, "Extensions"), (PROTOCOL, "Status")]
        .iter()
        .any(|(namespace, name)| child.is(namespace, name))
}

/// IssueInstant is neither in the future nor long ago.
fn recent(response: &Element, clock: &Clock) -> Result<(), Refusal> {
    let issue_instant = header::issue_instant(response, clock)?;
    if clock.has_surely_come(issue_instant + AGE_MOST) {
        let issued = clock.disagreement(response, "IssueInstant");
        let detail = format!("{issued}; an {NAME} is good for {AGE_MOST} s");
        return Err(Refusal::new(&reason::ARTIFACT_RESPONSE_STALE, detail));
    }
    Ok(())
}

/// InResponseTo is our ArtifactResolve.
fn answers(response: &Element, asked: &str) -> Result<(), Refusal> {
    match response.attribute("InResponseTo") {
        Some(found) if found == asked => Ok(()),
        Some(found) => Err(answers_another(NAME, found, asked)),
        None => {
            let detail = format!("the {NAME} has no InResponseTo, the request is {}", quote(asked));
            Err(Refusal::new(&reason::IN_RESPONSE_TO_MISSING, detail))
        }
    }
}

fn empty() -> Refusal {
    let detail = format!("the {NAME} says Success and holds no message");
    Refusal::new(&reason::ARTIFACT_UNKNOWN, detail)
}

fn unexpected(found: &Element) -> Refusal {
    let found = format!("{{{}}}{}", found.namespace, found.name);
    let detail = format!("the answer to the ArtifactResolve holds {}", quote(&found));
    Refusal::new(&reason::MESSAGE_UNEXPECTED, detail)
}
