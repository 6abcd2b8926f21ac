//! Private key operations that strangers ask for: bounded for each client, and in this worker.

use std::cell::RefCell;

use saml::message::Expected;
use saml::reason::{self, Reason};
use saml::refusal::Refusal;
use saml::response::{Asked, Login, ReceivedResponse};
use session::{Budget, Spent};

use crate::visit::Visit;

thread_local! {
    static BUDGET: RefCell<Budget> = RefCell::default();
}

/// What costs nothing: found out before any private key is used. All people of an office whose IdP is
/// set up wrongly shall read what is wrong. What an IdP has signed and somebody sends again is not free:
/// it would be as often as they like.
const FREE: [&Reason; 5] = [
    &reason::DESTINATION_MISMATCH,
    &reason::RESPONSE_UNSIGNED,
    &reason::ENCRYPTION_STRUCTURE,
    &reason::ENCRYPTION_ALGORITHM,
    &reason::ENCRYPTION_CBC_UNSIGNED,
];

/// Accepts a Response within the client's budget, of which only what may have been decrypted in vain is
/// paid.
///
/// # Errors
/// As [`ReceivedResponse::accept`], or `decryption_limit` before anything is decrypted.
pub(crate) fn accept(
    visit: &Visit,
    response: ReceivedResponse,
    expected: &Expected<'_>,
    asked: Option<Asked<'_>>,
) -> Result<Login, Refusal> {
    if expected.decryption_keys.is_empty() || !response.is_unvouched_ciphertext() {
        return response.accept(expected, asked);
    }
    let (client, now) = (visit.client, visit.server.monotonic());
    BUDGET.with_borrow_mut(|budget| budget.take(client, now)).map_err(limit)?;
    let outcome = response.accept(expected, asked);
    let is_free = match &outcome {
        Ok(_) => true,
        Err(refusal) => FREE.contains(&refusal.reason()),
    };
    if is_free {
        BUDGET.with_borrow_mut(|budget| budget.give_back(client));
    }
    outcome
}

fn limit(spent: Spent) -> Refusal {
    let whose = match spent {
        Spent::Client => "this client has sent",
        Spent::Worker => "this worker has got",
    };
    let detail = format!(
        "{whose} so many encrypted Assertions in a row that do not decrypt or verify, in Responses \
         that are not signed, that no more are tried for now"
    );
    Refusal::new(&reason::DECRYPTION_LIMIT, detail)
}
