//! What a session is to know of somebody's attributes, and what the administrator hears of the rest.

use std::fmt::Write;
use std::mem;

use identity::Attribute;
use saml::reason;
use saml::refusal::{Refusal, quote};
use saml::response::Login;
use session::{Cut, Kept, Session};

use crate::live_session::LiveSession;
use crate::session_rules::SessionRules;
use crate::sp::Sp;
use crate::visit::Visit;

/// Names that one line of the log has at most.
const MOST_NAMES: usize = 8;

/// Refuses who is in more groups than Entra ID sends, where `on_group_overage refuse` says so.
pub(super) fn check_overage(rules: &SessionRules, login: &Login) -> Result<(), Refusal> {
    match overage(&login.attributes) {
        Some(name) if rules.refuse_group_overage => Err(Refusal::new(
            &reason::GROUP_OVERAGE,
            format!("{} sent {} instead of groups", quote(&login.idp_entity_id), quote(name)),
        )),
        _ => Ok(()),
    }
}

/// Leaves the session what the SP's settings want of its attributes.
pub(super) fn select(rules: &SessionRules, session: &mut Session) -> News {
    let overage = overage(&session.attributes).map(str::to_owned);
    let Kept { attributes, cut, left_out } =
        rules.attributes.of(mem::take(&mut session.attributes));
    session.attributes = attributes;
    let has_user = has_user(rules, session);
    News { idp: session.idp.clone(), cut, left_out, overage, has_user }
}

fn has_user(rules: &SessionRules, session: &Session) -> bool {
    if rules.user.attributes().next().is_some() {
        return LiveSession::untraceable(session, rules).user(rules).is_some();
    }
    // Most SPs ask for the NameID alone, for which no attributes need be sorted.
    let of_name_id = Session { name_id: session.name_id.clone(), ..Session::default() };
    LiveSession::untraceable(&of_name_id, rules).user(rules).is_some()
}

/// What the log says of a login that was accepted: names and counts, no values.
pub(super) struct News {
    idp: String,
    cut: Vec<Cut>,
    left_out: Vec<String>,
    /// The attribute that came instead of groups.
    overage: Option<String>,
    has_user: bool,
}

impl News {
    /// Tells each that there is.
    pub(super) fn tell<S>(&self, visit: &Visit, sp: &Sp<S>) {
        let (idp, id) = (quote(&self.idp), visit.circumstances.request_id());
        if let Some(name) = &self.overage {
            visit.server.warn(&format!(
                "groups_overage: {idp} sent {} instead of groups, as Entra ID does for who is in more than \
                 150: no rule on groups sees them (login {id}); {}",
                quote(name),
                reason::GROUP_OVERAGE.advice()
            ));
        }
        if !self.has_user {
            visit.server.warn(&format!(
                "user_missing: no source of \"user\" in saml_sp \"{}\" has a value for the login {id} at \
                 {idp}: $saml_user and $remote_user are empty in its session",
                sp.name
            ));
        }
        if let Some(less) = self.less() {
            visit.server.note(&format!(
                "the session of the login {id} at {idp} {less}, as \"attribute\" and \"attribute_filter\" \
                 of saml_sp \"{}\" say",
                sp.name
            ));
        }
    }

    /// What the session has not got.
    fn less(&self) -> Option<String> {
        let cut = self
            .cut
            .iter()
            .map(|Cut { name, kept, of }| format!("{kept} of {of} values of {}", quote(name)));
        let left_out = self.left_out.iter().map(|name| quote(name));
        let count = self.left_out.len();
        let told = match (listed(cut), listed(left_out)) {
            (None, None) => return None,
            (Some(cut), None) => format!("keeps {cut}"),
            (None, Some(names)) => format!("is without {count} attributes ({names})"),
            (Some(cut), Some(names)) => {
                format!("keeps {cut} and is without {count} attributes ({names})")
            }
        };
        Some(told)
    }
}

/// The first of them; `None` = there is none.
fn listed(words: impl ExactSizeIterator<Item = String>) -> Option<String> {
    let more = words.len().saturating_sub(MOST_NAMES);
    let mut list = words.take(MOST_NAMES).collect::<Vec<_>>().join(", ");
    if more > 0 {
        // Writing to a String cannot fail.
        let _ = write!(list, " and {more} more");
    }
    Some(list).filter(|list| !list.is_empty())
}

/// The attribute by which Entra ID says that it leaves out groups, because there are too many: where to
/// ask for them, or that there are some.
fn overage(attributes: &[Attribute]) -> Option<&str> {
    let mut names = attributes.iter().map(|attribute| attribute.name.as_str());
    names.find(|name| {
        let of_microsoft = name.strip_prefix("http://schemas.microsoft.com/");
        let last = of_microsoft.and_then(|path| path.rsplit('/').next());
        matches!(last, Some("groups.link" | "hasgroups"))
    })
}
