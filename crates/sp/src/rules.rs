//! Who may enter a location with a session: the rules of its lines, and which of them a session does not
//! keep.

use std::rc::Rc;

use saml::metadata::ErrorCode;
use saml::reason;
use saml::refusal::{Refusal, quote};
use session::{AttributeRule, Values};

use crate::idp::Idp;
use crate::idps::{FederatedIdps, Idps};
use crate::live_session::LiveSession;
use crate::rule_line::RuleLine;

/// Values of a person that a log line names.
const MAX_TOLD: usize = 8;

/// The rules of a location; a request must keep all of them.
#[derive(Default)]
pub struct Rules {
    /// `auth_saml_require_idp`.
    pub idps: Option<Rule<Vec<AllowedIdp>>>,
    /// `auth_saml_require_attribute`.
    pub attributes: Vec<Rule<Rc<AttributeRule>>>,
    /// `auth_saml_require`.
    pub variables: Vec<Rule<Vec<Variable>>>,
}

/// A rule, and the line that it was given by.
#[derive(Clone)]
pub struct Rule<T> {
    /// What it demands.
    pub demand: T,
    /// The same line for all locations that inherit it.
    pub line: Rc<RuleLine>,
}

/// Whose users a rule lets in.
#[derive(Clone)]
pub enum AllowedIdp {
    /// Those of a block's IdP.
    One(Rc<Idp>),
    /// Those of the IdP of that entityID.
    OfEntity(String),
    /// Those of any IdP of a federation that has no block of its own.
    OfFederation(Rc<FederatedIdps>),
}

/// A variable of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Without `$`.
    pub name: String,
    /// The number by which the server knows it.
    pub index: usize,
}

/// Has a variable a value that is not empty and not `0`?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// No.
    Not,
    /// It has one for this request.
    Now,
    /// It has, and as long as the session lives: nothing else goes into it.
    WithSession,
}

/// A rule that is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// Which.
    pub line: Rc<RuleLine>,
    /// What is missing, without a value of the person.
    missing: String,
    /// Who it is and what they have instead; empty = that is not known.
    person: String,
    /// What the IdP does not say of them; `None` = it is not the IdP's to say.
    lack: Option<Lack>,
}

/// What an IdP does not say of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lack {
    /// The IdP.
    pub(crate) entity_id: String,
    /// Is there no such attribute, or not the value?
    pub(crate) code: ErrorCode,
}

impl Rules {
    /// Do they ask for what only a session has?
    #[inline]
    pub fn want_session(&self) -> bool {
        self.idps.is_some() || !self.attributes.is_empty()
    }

    /// The first rule on its IdP and its attributes that a session does not keep. `idps` are those of its SP.
    #[inline]
    pub fn unmet(&self, live: &LiveSession, idps: &Idps) -> Option<Unmet> {
        if self.want_session() { self.unmet_of_session(live, idps) } else { None }
    }

    fn unmet_of_session(&self, live: &LiveSession, idps: &Idps) -> Option<Unmet> {
        self.unmet_idp(live, idps).or_else(|| self.unmet_attribute(live))
    }

    fn unmet_idp(&self, live: &LiveSession, idps: &Idps) -> Option<Unmet> {
        let rule = self.idps.as_ref()?;
        let idp = live.session.idp();
        if rule.demand.iter().any(|allowed| allowed.is(idp, idps)) {
            return None;
        }
        Some(Unmet {
            line: Rc::clone(&rule.line),
            missing: format!("the session is of {}", quote(idp)),
            person: quote(live.session.name_id()),
            lack: None,
        })
    }

    fn unmet_attribute(&self, live: &LiveSession) -> Option<Unmet> {
        // Lines of one level come together, and are inherited together: the first stands for all.
        let first = Rc::as_ptr(&self.attributes.first()?.line);
        if live.kept_rules.get() == first {
            return None;
        }
        for rule in &self.attributes {
            let values = live.session.values(rule.demand.name());
            if !rule.demand.is_met_by(values.clone()) {
                return Some(unmet_by(rule, live, values));
            }
        }
        live.kept_rules.set(first);
        None
    }

    /// The first rule on variables that is not kept, by what the server says of each. `live` is the session
    /// that is judged, if there is one; what holds as long as it lives is asked once.
    pub fn unmet_variable(
        &self,
        live: Option<&LiveSession>,
        holds: impl Fn(&Variable) -> Holds,
    ) -> Option<Unmet> {
        // As in `unmet_attribute`.
        let first = Rc::as_ptr(&self.variables.first()?.line);
        if live.is_some_and(|live| live.kept_variables.get() == first) {
            return None;
        }
        let mut lasts = true;
        for rule in &self.variables {
            for variable in &rule.demand {
                match holds(variable) {
                    Holds::WithSession => {}
                    Holds::Now => lasts = false,
                    Holds::Not => return Some(unmet_by_variable(rule, variable)),
                }
            }
        }
        if let (Some(live), true) = (live, lasts) {
            live.kept_variables.set(first);
        }
        None
    }
}

fn unmet_by_variable(rule: &Rule<Vec<Variable>>, variable: &Variable) -> Unmet {
    Unmet {
        line: Rc::clone(&rule.line),
        missing: format!("${} is empty or 0", variable.name),
        person: String::new(),
        lack: None,
    }
}

fn unmet_by(
    rule: &Rule<Rc<AttributeRule>>,
    live: &LiveSession,
    values: Option<Values<'_>>,
) -> Unmet {
    let (missing, code) = match &values {
        None => ("the session has no such attribute".to_owned(), ErrorCode::Identification),
        Some(values) => {
            let count = values.len();
            let missing = format!("the attribute has {count} value(s), which do not suffice");
            (missing, ErrorCode::Authorization)
        }
    };
    let mut person = quote(live.session.name_id());
    for value in values.unwrap_or_default().take(MAX_TOLD) {
        person.push_str(", with ");
        person.push_str(&quote(value));
    }
    let lack = Some(Lack { entity_id: live.session.idp().to_owned(), code });
    Unmet { line: Rc::clone(&rule.line), missing, person, lack }
}

impl AllowedIdp {
    fn is(&self, entity_id: &str, idps: &Idps) -> bool {
        match self {
            Self::One(idp) => idp.is_entity(entity_id),
            Self::OfEntity(allowed) => allowed == entity_id,
            Self::OfFederation(federation) => idps.is_of_federation(federation, entity_id),
        }
    }
}

impl Unmet {
    /// For the log: which rule, and what is missing.
    pub fn refusal(&self) -> Refusal {
        let detail = format!("{} is not met: {}", self.line.text, self.missing);
        Refusal::new(&reason::REQUIREMENT_NOT_MET, detail)
    }

    pub(crate) fn lack(&self) -> Option<&Lack> {
        self.lack.as_ref()
    }

    /// For the log of who reads `info`: whom it keeps out, and up to eight values that they have instead.
    pub fn person(&self) -> Option<String> {
        let text = &self.line.text;
        (!self.person.is_empty()).then(|| format!("{text} is not met by {}", self.person))
    }
}

#[cfg(test)]
mod tests;
