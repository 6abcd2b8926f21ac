//! Accepting a LogoutRequest (Core 3.7.1, Profiles 4.4.4.1).

use clock::{Seconds, UnixTime};
use identity::NameId;
use xmldoc::{Decryption, Document, Element};

use super::opened::{Opened, open};
use crate::identity_text;
use crate::message::clock::{Clock, optional_instant};
use crate::message::{Expected, Message, encryption, name_id, structure};
use crate::namespace::{ASSERTION, PROTOCOL};
use crate::provider::LogoutBinding;
use crate::reason;
use crate::refusal::{Refusal, quote};

const NAME: &str = "LogoutRequest";

/// How long a LogoutRequest without NotOnOrAfter (authentik's) is good, from its IssueInstant: longer than any IdP's retries, short enough to remember its ID.
pub const LIFETIME_WITHOUT_END: Seconds = Seconds(600);

/// How long a LogoutRequest is good at most, whatever its NotOnOrAfter says, from its IssueInstant: so long its ID must be remembered, or it could be replayed.
pub const LIFETIME_MOST: Seconds = Seconds(86_400);

/// SessionIndexes in one LogoutRequest: several times what a person collects who logs in anew all day
/// while the session at the IdP goes on. An IdP that means more than that means all, and names none.
/// Each costs room in the store, that of a message which anybody may send where signatures are not
/// required.
pub const SESSION_INDEXES_MOST: usize = 256;

/// A parsed LogoutRequest of which nothing has been believed yet.
pub struct ReceivedLogoutRequest(Message);

/// Who is to be logged out: everything read from verified bytes, when it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutRequest {
    /// The same one again must get the same answer, and do nothing more.
    pub id: String,
    /// entityID of the IdP that ends its sessions, as the Issuer says it.
    pub issuer: String,
    /// Whose sessions end, decrypted when it came as an EncryptedID.
    pub name_id: NameId,
    /// Empty: all sessions of the NameID.
    pub session_indexes: Vec<String>,
    /// IssueInstant, by the IdP's clock: sessions of later assertions stay.
    pub issue_instant: UnixTime,
    /// Until when the request means something: its own NotOnOrAfter, bounded by
    /// [`LIFETIME_MOST`], or [`LIFETIME_WITHOUT_END`] after its IssueInstant.
    pub not_on_or_after: UnixTime,
    /// Until when `id` must be remembered against replay (skew included).
    pub replay_until: UnixTime,
    /// The last second in which an assertion issued before this request could still be accepted, by
    /// the clock here: since then it is older than max_assertion_age.
    pub tombstone_until: UnixTime,
    /// `false`: the IdP's `require_signed_logout` is off, and anybody may have sent it.
    pub signed: bool,
}

impl ReceivedLogoutRequest {
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

    /// How it came, and how it wants to be answered.
    pub fn came_by(&self) -> LogoutBinding {
        self.0.came_by
    }

    /// May some of it be encrypted for this SP?
    pub fn holds_ciphertext(&self) -> bool {
        self.0.document.holds_ciphertext()
    }

    /// Verifies and validates.
    ///
    /// The caller must still look whether `id` has been answered before.
    ///
    /// # Errors
    ///
    /// The first rule that the LogoutRequest breaks.
    pub fn accept(self, expected: &Expected<'_>) -> Result<LogoutRequest, Refusal> {
        let clock = Clock::of(expected);
        let limits = self.0.limits;
        let decryption = encryption::decryption(expected, &limits);

        let examiner = expected.examiner();
        let request = open(self.0, NAME, expected, &clock, unsigned)?;
        let end = in_time(&request, &clock);
        let not_on_or_after = examiner.check("NotOnOrAfter and age", end)?;
        let session_indexes = session_indexes(&request);
        let addressee = Addressee::of(&request);
        let request = LogoutRequest {
            id: request.id.clone(),
            issuer: expected.idp.entity_id.clone(),
            session_indexes,
            issue_instant: request.issue_instant,
            not_on_or_after,
            replay_until: clock.later(not_on_or_after),
            tombstone_until: clock
                .last_accepted(request.issue_instant, expected.idp.policy.max_assertion_age),
            signed: request.is_signed(),
            name_id: examiner.check("NameID", subject(request, &decryption))?,
        };
        examiner.check("it is for this SP", addressee.is_us(&request, expected))?;
        Ok(request)
    }
}

impl LogoutRequest {
    /// Not more SessionIndexes than [`SESSION_INDEXES_MOST`]. It is not asked in
    /// [`ReceivedLogoutRequest::accept`], so that the IdP gets an answer that it understands.
    ///
    /// # Errors
    /// There are more: the request must fail as a whole, for nobody would know which sessions live on.
    pub fn few_sessions(&self) -> Result<(), Refusal> {
        let count = self.session_indexes.len();
        if count <= SESSION_INDEXES_MOST {
            return Ok(());
        }
        let detail = format!(
            "the LogoutRequest names {count} SessionIndexes, {SESSION_INDEXES_MOST} at most are taken"
        );
        Err(Refusal::new(&reason::SESSION_INDEXES_TOO_MANY, detail))
    }
}

/// How a signed request says for whom it is.
enum Addressee {
    /// By its Destination, or nobody has signed it.
    Destination,
    /// By a NameID that only this SP can read.
    EncryptedId,
    /// By nothing but its NameID.
    NameId,
}

impl Addressee {
    fn of(request: &Opened) -> Self {
        let has_destination = request.attribute("Destination").is_some_and(|url| !url.is_empty());
        if has_destination || !request.is_signed() {
            Self::Destination
        } else if request.child(ASSERTION, "EncryptedID").is_some() {
            Self::EncryptedId
        } else {
            Self::NameId
        }
    }

    /// What the IdP signed for another SP must not log out a user here, whoever brings it: without
    /// Destination (SOAP) the NameID must be one for this SP (Core 8.3.7, SPNameQualifier).
    fn is_us(&self, request: &LogoutRequest, expected: &Expected<'_>) -> Result<(), Refusal> {
        let qualifier = request.name_id.sp_name_qualifier.as_deref();
        match self {
            Self::Destination | Self::EncryptedId => Ok(()),
            Self::NameId if qualifier == Some(expected.sp_entity_id) => Ok(()),
            Self::NameId => Err(Refusal::new(
                &reason::DESTINATION_MISSING,
                format!(
                    "the signed LogoutRequest has no Destination, and the SPNameQualifier of its NameID \
                     is {}, this SP is {}",
                    quote(qualifier.unwrap_or_default()),
                    quote(expected.sp_entity_id)
                ),
            )),
        }
    }
}

fn unsigned(_: &Element) -> Refusal {
    Refusal::new(
        &reason::LOGOUT_REQUEST_UNSIGNED,
        "the LogoutRequest is not signed, require_signed_logout is on",
    )
}

/// Until when the request is good, and it still is.
fn in_time(request: &Opened, clock: &Clock) -> Result<UnixTime, Refusal> {
    let end = optional_instant(request, "NotOnOrAfter")?;
    if end.is_some_and(|end| clock.has_surely_come(end)) {
        let detail = clock.disagreement(request, "NotOnOrAfter");
        return Err(Refusal::new(&reason::LOGOUT_REQUEST_EXPIRED, detail));
    }
    let lifetime = if end.is_some() { LIFETIME_MOST } else { LIFETIME_WITHOUT_END };
    let last = request.issue_instant + lifetime;
    if clock.has_surely_come(last) {
        let detail = format!(
            "{}; a LogoutRequest {} NotOnOrAfter is good for {lifetime} s",
            clock.disagreement(request, "IssueInstant"),
            if end.is_some() { "with" } else { "without" }
        );
        return Err(Refusal::new(&reason::LOGOUT_REQUEST_STALE, detail));
    }
    Ok(end.map_or(last, |end| end.min(last)))
}

/// Without the empty ones, which name no session.
fn session_indexes(request: &Element) -> Vec<String> {
    let elements = request.children_named(PROTOCOL, "SessionIndex");
    let indexes = elements.map(|index| identity_text::trim(&index.text));
    indexes.filter(|index| !index.is_empty()).map(str::to_owned).collect()
}

/// NameID, or what EncryptedID decrypts to. The only thing left is to decrypt: what any of the other
/// rules refuses costs no private key operation.
fn subject(request: Opened, decryption: &Decryption<'_>) -> Result<NameId, Refusal> {
    if request.child(ASSERTION, "EncryptedID").is_none() {
        return read_name_id(&request);
    }
    let Some(request) = request.into_verified() else {
        let detail = "the LogoutRequest is not signed, and its NameID is encrypted";
        return Err(Refusal::new(&reason::LOGOUT_REQUEST_UNSIGNED, detail));
    };
    let request = encryption::inside(request, decryption)?;
    structure::check(&request)?;
    read_name_id(&request)
}

fn read_name_id(request: &Element) -> Result<NameId, Refusal> {
    let missing = |detail: String| Err(Refusal::new(&reason::LOGOUT_NAME_ID_MISSING, detail));
    match request.child(ASSERTION, "NameID") {
        Some(found) if !found.text.trim().is_empty() => Ok(name_id::read(found)),
        Some(found) => {
            missing(format!("the NameID of the LogoutRequest is {}", quote(&found.text)))
        }
        None if request.child(ASSERTION, "BaseID").is_some() => {
            missing("the LogoutRequest has a BaseID, which nobody here understands".to_owned())
        }
        None => missing("the LogoutRequest has no NameID".to_owned()),
    }
}
