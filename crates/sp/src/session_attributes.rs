//! `session_attributes`: what `saml_session` shows of a session's attributes.

use std::collections::BTreeMap;

use session::AttributeName;

use crate::live_session::LiveSession;

/// The attributes that the browser of a session may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionAttributes {
    /// All that the session keeps, by their Names.
    All,
    /// Those that are found by these names, as their variables are.
    Named(Vec<String>),
}

impl SessionAttributes {
    /// Names and values. What the session does not have is left out.
    pub(crate) fn of<'a>(&'a self, live: &'a LiveSession) -> BTreeMap<&'a str, Vec<&'a str>> {
        match self {
            Self::All => {
                live.session.attributes().map(|(name, values)| (name, values.collect())).collect()
            }
            Self::Named(names) => {
                let found = |name: &'a String| {
                    let values = live.session.values(&AttributeName::new(name))?;
                    Some((name.as_str(), values.collect()))
                };
                names.iter().filter_map(found).collect()
            }
        }
    }
}
