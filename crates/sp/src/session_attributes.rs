//! `session_attributes`: what `saml_session` shows of a session's attributes.

use std::collections::BTreeMap;

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
            Self::All => all(live),
            Self::Named(names) => {
                let found = |name: &'a String| {
                    let values = live.attributes.find(name.as_bytes())?;
                    Some((name.as_str(), values.iter().map(String::as_str).collect()))
                };
                names.iter().filter_map(found).collect()
            }
        }
    }
}

/// Some IdPs send each value as an attribute of its own.
fn all(live: &LiveSession) -> BTreeMap<&str, Vec<&str>> {
    let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for attribute in &live.session.attributes {
        let values = attribute.values.iter().map(String::as_str);
        all.entry(&attribute.name).or_default().extend(values);
    }
    all
}
