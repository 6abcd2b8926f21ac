//! Connections to IdPs that strangers ask for, with artifacts of their own making: bounded for each client,
//! and in this worker. A login under way here is all it takes to ask, and anybody can begin one.

use std::cell::RefCell;

use saml::reason;
use saml::refusal::Refusal;
use session::{Budget, Spent};

use crate::visit::Visit;

thread_local! {
    static BUDGET: RefCell<Budget> = RefCell::default();
}

/// Takes what one artifact costs.
///
/// # Errors
/// `artifact_limit`; nothing was taken then.
pub(crate) fn take(visit: &Visit) -> Result<(), Refusal> {
    let (client, now) = (visit.client, visit.server.monotonic());
    BUDGET.with_borrow_mut(|budget| budget.take(client, now)).map_err(limit)
}

/// The IdP has a Response for it: it was no stranger's.
pub(crate) fn give_back(visit: &Visit) {
    BUDGET.with_borrow_mut(|budget| budget.give_back(visit.client));
}

fn limit(spent: Spent) -> Refusal {
    let whose = match spent {
        Spent::Client => "this client has sent",
        Spent::Worker => "this worker has got",
    };
    let detail = format!(
        "{whose} so many artifacts in a row for which no IdP had a Response that no more are tried for now"
    );
    Refusal::new(&reason::ARTIFACT_LIMIT, detail)
}
