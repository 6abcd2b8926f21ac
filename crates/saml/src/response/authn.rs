//! AuthnStatement: how and when the user logged in at the IdP (Core 2.7.2).

use clock::{Seconds, UnixTime};
use identity::RequestedAuthnContext;
use xmldoc::Element;

use super::asked::Asked;
use crate::identity_text;
use crate::instant;
use crate::message::clock::{Clock, optional_instant, required_instant};
use crate::message::header::uri;
use crate::namespace::ASSERTION;
use crate::reason;
use crate::refusal::{Refusal, quote, quote_option};

/// What an accepted AuthnStatement says.
pub(super) struct Authn {
    pub instant: UnixTime,
    pub session_index: Option<String>,
    pub session_not_on_or_after: Option<UnixTime>,
    /// AuthnContextClassRef.
    pub context: Option<String>,
}

/// The first AuthnStatement that passes; when none does, why the first failed.
pub(super) fn statement(
    assertion: &Element,
    asked: Option<Asked<'_>>,
    max_age: Option<Seconds>,
    clock: &Clock,
) -> Result<Authn, Refusal> {
    let mut first_refusal = None;
    for statement in assertion.children_named(ASSERTION, "AuthnStatement") {
        match read(statement, asked, max_age, clock) {
            Ok(authn) => return Ok(authn),
            Err(refusal) => first_refusal = first_refusal.or(Some(refusal)),
        }
    }
    Err(first_refusal.unwrap_or_else(|| {
        Refusal::new(&reason::AUTHN_STATEMENT_MISSING, "the Assertion has no AuthnStatement")
    }))
}

fn read(
    statement: &Element,
    asked: Option<Asked<'_>>,
    max_age: Option<Seconds>,
    clock: &Clock,
) -> Result<Authn, Refusal> {
    let instant = required_instant(statement, "AuthnInstant")?;
    not_in_the_future(statement, instant, clock)?;
    fresh(statement, instant, asked, clock)?;
    young(statement, instant, max_age, clock)?;
    context_as_asked(statement, asked)?;
    Ok(Authn {
        instant,
        session_index: session_index(statement),
        session_not_on_or_after: session_end(statement, clock)?,
        context: class_ref(statement).map(str::to_owned),
    })
}

fn not_in_the_future(statement: &Element, instant: UnixTime, clock: &Clock) -> Result<(), Refusal> {
    if clock.may_have_come(instant) {
        return Ok(());
    }
    let detail = clock.disagreement(statement, "AuthnInstant");
    Err(Refusal::new(&reason::AUTHN_INSTANT_FUTURE, detail))
}

/// With ForceAuthn the user logged in after we asked (Core 3.4.1).
fn fresh(
    statement: &Element,
    authn_instant: UnixTime,
    asked: Option<Asked<'_>>,
    clock: &Clock,
) -> Result<(), Refusal> {
    let Some(asked) = asked.filter(|asked| asked.force_authn) else { return Ok(()) };
    if authn_instant >= clock.earlier(asked.issue_instant) {
        return Ok(());
    }
    let detail = format!(
        "the AuthnInstant is {}, the request with ForceAuthn was made at {}",
        quote_option(statement.attribute("AuthnInstant")),
        instant::format(asked.issue_instant)
    );
    Err(Refusal::new(&reason::AUTHN_NOT_FRESH, detail))
}

/// The login at the IdP is not older than max_authn_age.
fn young(
    statement: &Element,
    authn_instant: UnixTime,
    max_age: Option<Seconds>,
    clock: &Clock,
) -> Result<(), Refusal> {
    let Some(max_age) = max_age else { return Ok(()) };
    if authn_instant >= clock.earlier(clock.now - max_age) {
        return Ok(());
    }
    let detail =
        format!("{}, max_authn_age is {max_age} s", clock.disagreement(statement, "AuthnInstant"));
    Err(Refusal::new(&reason::AUTHN_TOO_OLD, detail))
}

/// The AuthnContext is what the request asked for (Core 3.3.2.2.1).
fn context_as_asked(statement: &Element, asked: Option<Asked<'_>>) -> Result<(), Refusal> {
    let Some(asked) = asked.and_then(|asked| asked.authn_context) else {
        return Ok(());
    };
    let class = class_ref(statement);
    if asked.is_met_by(class) {
        return Ok(());
    }
    Err(Refusal::new(&reason::AUTHN_CONTEXT_MISMATCH, disagreement(asked, class)))
}

/// "the AuthnContextClassRef is …, asked for was exact of …".
fn disagreement(asked: &RequestedAuthnContext, class: Option<&str>) -> String {
    let classes: Vec<String> = asked.classes.iter().map(|class| quote(class)).collect();
    format!(
        "the AuthnContextClassRef is {}, asked for was {} of {}",
        quote_option(class),
        asked.comparison.as_str(),
        classes.join(", ")
    )
}

/// SessionNotOnOrAfter has not come. No skew: a session that ends at once would only loop.
fn session_end(statement: &Element, clock: &Clock) -> Result<Option<UnixTime>, Refusal> {
    let end = optional_instant(statement, "SessionNotOnOrAfter")?;
    if end.is_some_and(|end| end <= clock.now) {
        let detail = clock.disagreement(statement, "SessionNotOnOrAfter");
        return Err(Refusal::new(&reason::AUTHN_SESSION_EXPIRED, detail));
    }
    Ok(end)
}

/// Read as a LogoutRequest's is; an empty one names no session.
fn session_index(statement: &Element) -> Option<String> {
    let index = identity_text::trim(statement.attribute("SessionIndex")?);
    (!index.is_empty()).then(|| index.to_owned())
}

fn class_ref(statement: &Element) -> Option<&str> {
    let context = statement.child(ASSERTION, "AuthnContext")?;
    context.child(ASSERTION, "AuthnContextClassRef").map(uri)
}
