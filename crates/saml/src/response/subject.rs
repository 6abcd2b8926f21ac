//! Subject: who it is, and that the bearer may say so (Core 2.4, Profiles 4.1.4.2).

use clock::UnixTime;
use identity::NameId;
use xmldoc::Element;

use super::asked::Asked;
use super::in_response_to::{Answered, answers_unknown};
use crate::message::clock::{Clock, optional_instant};
use crate::message::in_response_to::answers_another;
use crate::message::name_id;
use crate::namespace::{ASSERTION, BEARER};
use crate::reason;
use crate::refusal::{Refusal, quote, quote_option};
use http::is_address;

/// What every bearer confirmation is checked against.
struct Bearer<'a> {
    /// Of the ACS.
    url: &'a str,
    asked: Option<Asked<'a>>,
    answered: Answered,
    clock: &'a Clock,
}

/// One rule on a SubjectConfirmationData.
type Rule = fn(&Element, &Bearer<'_>) -> Result<(), Refusal>;

/// In order: of several confirmations, the one that came furthest tells why none passed.
const RULES: [Rule; 4] = [recipient, in_response_to, not_before, not_on_or_after];

/// The NameID, and the last NotOnOrAfter of a bearer confirmation.
pub(super) fn confirm(
    assertion: &Element,
    url: &str,
    asked: Option<Asked<'_>>,
    answered: Answered,
    clock: &Clock,
) -> Result<(NameId, UnixTime), Refusal> {
    let Some(subject) = assertion.child(ASSERTION, "Subject") else {
        return Err(Refusal::new(&reason::SUBJECT_MISSING, "the Assertion has no Subject"));
    };
    let name_id = identifier(subject)?;
    one_bearer(subject, &Bearer { url, asked, answered, clock })?;
    Ok((name_id, last_not_on_or_after(subject)))
}

/// The NameID of the Subject, as the IdP wrote it (Core 2.2.3).
fn identifier(subject: &Element) -> Result<NameId, Refusal> {
    let identifiers = ["BaseID", "NameID", "EncryptedID"];
    let count = subject.children.iter().filter(|c| identifiers.contains(&c.name.as_str())).count();
    if count > 1 {
        let detail = format!("the Subject has {count} identifiers");
        return Err(Refusal::new(&reason::STRUCTURE, detail));
    }
    let Some(found) = subject.child(ASSERTION, "NameID") else {
        return Err(Refusal::new(&reason::NAME_ID_MISSING, "the Subject has no NameID"));
    };
    if found.text.trim().is_empty() {
        let detail = format!("the NameID is {}", quote(&found.text));
        return Err(Refusal::new(&reason::NAME_ID_MISSING, detail));
    }
    Ok(name_id::read(found))
}

/// At least one bearer confirmation passes all rules.
fn one_bearer(subject: &Element, bearer: &Bearer<'_>) -> Result<(), Refusal> {
    let mut best: Option<(usize, Refusal)> = None;
    for data in bearer_data(subject) {
        let Err((rank, refusal)) = check(data, bearer) else { return Ok(()) };
        if best.as_ref().is_none_or(|(reached, _)| rank > *reached) {
            best = Some((rank, refusal));
        }
    }
    Err(best.map_or_else(|| no_bearer(subject), |(_, refusal)| refusal))
}

/// All rules on one confirmation; a failure tells how far it came.
fn check(data: &Element, bearer: &Bearer<'_>) -> Result<(), (usize, Refusal)> {
    for (rank, rule) in RULES.iter().enumerate() {
        rule(data, bearer).map_err(|refusal| (rank, refusal))?;
    }
    Ok(())
}

/// The SubjectConfirmationData of every bearer confirmation.
fn bearer_data(subject: &Element) -> impl Iterator<Item = &Element> {
    subject
        .children_named(ASSERTION, "SubjectConfirmation")
        .filter(|confirmation| confirmation.attribute("Method") == Some(BEARER))
        .filter_map(|confirmation| confirmation.child(ASSERTION, "SubjectConfirmationData"))
}

fn no_bearer(subject: &Element) -> Refusal {
    let methods: Vec<String> = subject
        .children_named(ASSERTION, "SubjectConfirmation")
        .take(4)
        .map(|confirmation| quote_option(confirmation.attribute("Method")))
        .collect();
    let detail = if methods.is_empty() {
        "the Subject has no SubjectConfirmation".to_owned()
    } else {
        format!(
            "no SubjectConfirmation has Method {} and SubjectConfirmationData, the Methods are: {}",
            quote(BEARER),
            methods.join(", ")
        )
    };
    Refusal::new(&reason::CONFIRMATION_MISSING, detail)
}

fn recipient(data: &Element, bearer: &Bearer<'_>) -> Result<(), Refusal> {
    let acs_url = bearer.url;
    match data.attribute("Recipient") {
        Some(recipient) if is_address(recipient, acs_url) => Ok(()),
        Some(recipient) => {
            let detail = format!(
                "the Recipient of the SubjectConfirmationData is {}, the ACS URL of this SP is {}",
                quote(recipient),
                quote(acs_url)
            );
            Err(Refusal::new(&reason::RECIPIENT_MISMATCH, detail))
        }
        None => {
            let detail = format!(
                "the SubjectConfirmationData has no Recipient, the ACS URL of this SP is {}",
                quote(acs_url)
            );
            Err(Refusal::new(&reason::RECIPIENT_MISSING, detail))
        }
    }
}

fn in_response_to(data: &Element, bearer: &Bearer<'_>) -> Result<(), Refusal> {
    const ELEMENT: &str = "SubjectConfirmationData";
    match (data.attribute("InResponseTo"), bearer.asked) {
        (Some(found), Some(asked)) if found == asked.id => Ok(()),
        (Some(found), Some(asked)) => Err(answers_another(ELEMENT, found, asked.id)),
        (Some(found), None) => Err(answers_unknown(ELEMENT, found)),
        (None, Some(asked)) if bearer.answered == Answered::NotYetProven => {
            let detail = format!(
                "neither the {ELEMENT} nor a signed Response has an InResponseTo, the request is {}",
                quote(asked.id)
            );
            Err(Refusal::new(&reason::IN_RESPONSE_TO_MISSING, detail))
        }
        (None, _) => Ok(()),
    }
}

/// Profiles 4.1.4.2 forbids IdPs to send it; one that has come refuses nobody.
fn not_before(data: &Element, bearer: &Bearer<'_>) -> Result<(), Refusal> {
    match optional_instant(data, "NotBefore")? {
        Some(start) if !bearer.clock.may_have_come(start) => {
            let detail = bearer.clock.disagreement(data, "NotBefore");
            Err(Refusal::new(&reason::CONFIRMATION_NOT_BEFORE, detail))
        }
        _ => Ok(()),
    }
}

fn not_on_or_after(data: &Element, bearer: &Bearer<'_>) -> Result<(), Refusal> {
    let Some(end) = optional_instant(data, "NotOnOrAfter")? else {
        return Err(Refusal::new(
            &reason::CONFIRMATION_WITHOUT_EXPIRY,
            "the SubjectConfirmationData has no NotOnOrAfter",
        ));
    };
    if bearer.clock.has_surely_come(end) {
        let detail = bearer.clock.disagreement(data, "NotOnOrAfter");
        return Err(Refusal::new(&reason::CONFIRMATION_EXPIRED, detail));
    }
    Ok(())
}

/// The last, not that of the confirmation which passed: a replay may use another one.
fn last_not_on_or_after(subject: &Element) -> UnixTime {
    bearer_data(subject)
        .filter_map(|data| optional_instant(data, "NotOnOrAfter").ok().flatten())
        .max()
        .unwrap_or(UnixTime::MIN)
}
