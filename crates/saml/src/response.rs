//! Accepting a Response: the Web Browser SSO profile (Profiles 4.1.4).

mod asked;
mod assertion;
mod attributes;
mod authn;
mod conditions;
mod in_response_to;
mod scope;
mod status;
mod subject;

use clock::UnixTime;
use identity::{Attribute, NameId};
use xmldoc::Document;

pub use self::asked::Asked;
use crate::identity_text;
use crate::message::clock::Clock;
use crate::message::destination::destination;
use crate::message::envelope::{Envelope, Voucher};
use crate::message::status::Status;
pub use crate::message::status::Verdict;
use crate::message::{Expected, Message, encryption, header, structure};
use crate::namespace;
use crate::refusal::Refusal;

/// A parsed Response of which nothing has been believed yet.
pub struct ReceivedResponse(Message);

/// Who has logged in: everything read from verified bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Issuer of the assertion: the IdP that the keys are of.
    pub idp_entity_id: String,
    /// Who it is, decrypted when it came as an EncryptedID.
    pub name_id: NameId,
    /// SessionIndex: what the IdP calls its session, by which it may end ours (Core 2.7.2).
    pub session_index: Option<String>,
    /// AuthnInstant: when they gave the IdP their credentials, by its clock.
    pub authn_instant: UnixTime,
    /// AuthnContextClassRef, a URI: how they did (Core 2.7.2.2).
    pub authn_context: Option<String>,
    /// SessionNotOnOrAfter: when our session must have ended; it has not come yet.
    pub session_not_on_or_after: Option<UnixTime>,
    /// In the order of their first appearance, each Name once.
    pub attributes: Vec<Attribute>,
    /// ID of the assertion, which lets somebody in once (Profiles 4.1.4.5).
    pub assertion_id: String,
    /// IssueInstant of the assertion: a logout after it ends what it began.
    pub issue_instant: UnixTime,
    /// Until when the assertion ID must be remembered against replay (skew included): as long as it is
    /// valid, and not too old.
    pub replay_until: UnixTime,
}

impl ReceivedResponse {
    pub(crate) fn new(message: Message) -> Self {
        Self(message)
    }

    pub(crate) fn document(&self) -> &Document {
        &self.0.document
    }

    /// InResponseTo of the Response, unverified: finds the pending login.
    pub fn in_response_to(&self) -> Option<String> {
        self.0.attribute("InResponseTo")
    }

    /// Issuer of the Response, or of its Assertion when the Response has none (Profiles 4.1.4.2),
    /// unverified: finds the IdP of an unsolicited Response, which [`Self::accept`] then compares with
    /// what that IdP has signed.
    pub fn issuer(&self) -> Option<String> {
        self.0.issuer().or_else(|| {
            let document = &self.0.document;
            let issuer = document.text_in_child(namespace::ASSERTION, "Assertion", "Issuer")?;
            Some(identity_text::trim(&issuer).to_owned())
        })
    }

    /// Does it say that nobody was signed in, unverified? It is believed nothing else then.
    pub fn says_failure(&self) -> bool {
        let status = Status::of(self.0.document.envelope());
        status.is_ok_and(|status| status.code.is_some_and(|code| code != namespace::STATUS_SUCCESS))
    }

    /// What it says of a login that failed, unverified.
    pub fn verdict(&self) -> Option<Verdict> {
        let status = Status::of(self.0.document.envelope()).ok()?;
        Verdict::of(&status)
    }

    /// Would it be decrypted before any signature has shown that it is the IdP's? Then each failure is
    /// a private key operation that a stranger may have asked for.
    pub fn is_unvouched_ciphertext(&self) -> bool {
        let Message { document, voucher, .. } = &self.0;
        let is_signed =
            voucher.as_ref().is_some_and(Voucher::is_signed) || document.root_is_signed();
        let holds_ciphertext =
            || document.envelope().child(namespace::ASSERTION, "EncryptedAssertion").is_some();
        !is_signed && holds_ciphertext()
    }

    /// May some of it be encrypted for this SP?
    pub fn holds_ciphertext(&self) -> bool {
        self.0.document.holds_ciphertext()
    }

    /// Verifies and validates (Core 3.2.2, Core 2.3.3, Profiles 4.1.4.3).
    ///
    /// `asked` is the request of this browser that the Response must answer; `None` = unsolicited. The
    /// caller must still claim `assertion_id` until `replay_until`.
    ///
    /// # Errors
    ///
    /// The first rule that the Response breaks.
    pub fn accept(
        self,
        expected: &Expected<'_>,
        asked: Option<Asked<'_>>,
    ) -> Result<Login, Refusal> {
        let (idp, url) = (expected.idp, expected.url);
        let Message { document, voucher, limits, .. } = self.0;
        let clock = Clock::of(expected);
        let is_fetched = matches!(voucher, Some(Voucher::ArtifactResponse(_)));
        let examiner = expected.examiner();
        expected.see(&document);
        examiner
            .check("the IdP's metadata is not past its end", idp.check_validity(expected.now))?;

        let envelope = Envelope::read("Response", &document, voucher, idp, examiner);
        let envelope = examiner.check("signature of the Response, if it has one", envelope)?;
        // First, so that what an IdP writes around its error hides the error from nobody.
        examiner.check("Status", status::success(&envelope))?;
        examiner.check("structure of the Response", structure::check(&envelope))?;
        examiner.check("Version of the Response", header::version(&envelope))?;
        examiner.check("ID of the Response", header::id(&envelope))?;
        examiner.check("IssueInstant of the Response", header::issue_instant(&envelope, &clock))?;
        examiner.check("Issuer of the Response", header::issuer_if_present(&envelope, idp))?;
        let at = destination(&envelope, is_fetched, url, "the ACS URL of this SP is");
        examiner.check("Destination", at)?;
        let answered = in_response_to::in_response_to(&envelope, asked, idp);
        let answered = examiner.check("InResponseTo of the Response", answered)?;

        let decryption = encryption::decryption(expected, &limits);
        let assertion = assertion::assertion(&document, envelope, idp, &decryption, examiner);
        let assertion = examiner.check("one Assertion, decrypted and signed", assertion)?;
        let assertion = encryption::inside(assertion, &decryption);
        let assertion = examiner.check("encrypted NameID and attributes", assertion)?;
        examiner.check("structure of the Assertion", structure::check(&assertion))?;
        examiner.check("Version of the Assertion", header::version(&assertion))?;
        let assertion_id = examiner.check("ID of the Assertion", header::id(&assertion))?;
        let issue_instant = header::issue_instant(&assertion, &clock);
        let issue_instant = examiner.check("IssueInstant of the Assertion", issue_instant)?;
        examiner.check("Issuer of the Assertion", header::issuer(&assertion, idp))?;

        let subject = subject::confirm(&assertion, url, asked, answered, &clock);
        let (name_id, confirmed_until) = examiner.check("Subject and its confirmation", subject)?;
        let valid_until = conditions::check(&assertion, expected.sp_entity_id, &clock);
        let valid_until = examiner.check("Conditions and Audience", valid_until)?;
        let max_age = idp.policy.max_assertion_age;
        let age = header::recent(&assertion, issue_instant, max_age, &clock);
        examiner.check("age of the Assertion", age)?;
        let authn = authn::statement(&assertion, asked, idp.policy.max_authn_age, &clock);
        let authn = examiner.check("AuthnStatement", authn)?;
        let attributes = examiner.check("attributes", attributes::read(&assertion))?;
        examiner.check("scopes of attributes", scope::check(&attributes, idp))?;

        Ok(Login {
            idp_entity_id: idp.entity_id.clone(),
            name_id,
            session_index: authn.session_index,
            authn_instant: authn.instant,
            authn_context: authn.context,
            session_not_on_or_after: authn.session_not_on_or_after,
            attributes,
            assertion_id,
            issue_instant,
            replay_until: clock
                .later(valid_until.unwrap_or(confirmed_until).max(confirmed_until))
                .min(clock.last_accepted(issue_instant, max_age)),
        })
    }
}
