//! The one name by which an application knows somebody: `user SOURCE…`.

use std::borrow::Cow;

use crate::decoded::DecodedSession;
use crate::names::AttributeName;

/// The NameID format of names that last for one login (Core 8.3.8).
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

/// Where user names come from, the preferred first.
#[derive(Clone, Debug)]
pub struct UserSources(Vec<UserSource>);

/// One source of user names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserSource {
    /// The first value of an attribute, found as its variable is.
    Attribute(AttributeName),
    /// The NameID, unless it is transient.
    NameId,
    /// The NameID when it is transient: the user is another one at each login.
    TransientNameId,
    /// All of these together; nothing when one of them has no value.
    Template(Vec<Piece>),
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// As it stands there.
    Text(String),
    /// `$saml_name_id`.
    NameId,
    /// `$saml_attr_NAME`: the first value.
    Attribute(AttributeName),
}

impl UserSources {
    /// In the order in which they are asked.
    pub fn new(sources: Vec<UserSource>) -> Self {
        Self(sources)
    }

    /// The name of whose session it is, as the first source with a value says it: never empty.
    pub fn user<'a>(&'a self, session: &'a DecodedSession) -> Option<Cow<'a, str>> {
        self.0.iter().find_map(|source| source.value(session))
    }

    /// Names of the attributes that are asked for.
    pub fn attributes(&self) -> impl Iterator<Item = &AttributeName> {
        self.0.iter().flat_map(|source| {
            let (alone, pieces) = match source {
                UserSource::Attribute(name) => (Some(name), &[][..]),
                UserSource::Template(pieces) => (None, pieces.as_slice()),
                UserSource::NameId | UserSource::TransientNameId => (None, &[][..]),
            };
            let in_template = pieces.iter().filter_map(|piece| match piece {
                Piece::Attribute(name) => Some(name),
                Piece::Text(_) | Piece::NameId => None,
            });
            alone.into_iter().chain(in_template)
        })
    }
}

impl Default for UserSources {
    /// The NameID, of whatever format.
    fn default() -> Self {
        Self(vec![UserSource::NameId, UserSource::TransientNameId])
    }
}

impl UserSource {
    /// `name_id`, `transient_name_id`, a template with `$saml_name_id` or `$saml_attr_NAME` in it, or the
    /// name of an attribute.
    ///
    /// # Errors
    /// Why a template is none.
    pub fn new(word: &str) -> Result<Self, String> {
        match word {
            "" => Err("is empty".to_owned()),
            "name_id" => Ok(Self::NameId),
            "transient_name_id" => Ok(Self::TransientNameId),
            _ if word.contains('$') => template(word).map(Self::Template),
            name => Ok(Self::Attribute(AttributeName::new(name))),
        }
    }

    fn value<'a>(&'a self, session: &'a DecodedSession) -> Option<Cow<'a, str>> {
        match self {
            Self::Attribute(name) => first_value(session, name).map(Cow::Borrowed),
            Self::NameId => lasting_name(session).map(Cow::Borrowed),
            Self::TransientNameId => {
                let name = session.name_id();
                (is_transient(session) && !name.is_empty()).then_some(Cow::Borrowed(name))
            }
            Self::Template(pieces) => {
                let value = |piece: &'a Piece| match piece {
                    Piece::Text(text) => Some(text.as_str()),
                    Piece::NameId => lasting_name(session),
                    Piece::Attribute(name) => first_value(session, name),
                };
                pieces.iter().map(value).collect::<Option<String>>().map(Cow::Owned)
            }
        }
    }
}

fn first_value<'a>(session: &'a DecodedSession, name: &AttributeName) -> Option<&'a str> {
    session.values(name)?.find(|value| !value.is_empty())
}

fn lasting_name(session: &DecodedSession) -> Option<&str> {
    let name = session.name_id();
    (!is_transient(session) && !name.is_empty()).then_some(name)
}

fn is_transient(session: &DecodedSession) -> bool {
    session.name_id_format() == Some(TRANSIENT)
}

fn template(text: &str) -> Result<Vec<Piece>, String> {
    let mut parts = text.split('$');
    let mut pieces = Vec::new();
    let push_text = |pieces: &mut Vec<Piece>, text: &str| {
        if !text.is_empty() {
            pieces.push(Piece::Text(text.to_owned()));
        }
    };
    push_text(&mut pieces, parts.next().unwrap_or_default());
    for part in parts {
        let (name, rest) = match part.strip_prefix('{') {
            Some(braced) => braced.split_once('}').ok_or("has a \"${\" without its \"}\"")?,
            None => {
                let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let end = part.find(|c| !is_of_name(c)).unwrap_or(part.len());
                part.split_at_checked(end).unwrap_or((part, ""))
            }
        };
        pieces.push(variable(name).ok_or_else(|| {
            format!("has \"${name}\": $saml_name_id and $saml_attr_NAME alone are known there")
        })?);
        push_text(&mut pieces, rest);
    }
    Ok(pieces)
}

fn variable(name: &str) -> Option<Piece> {
    let name = name.to_ascii_lowercase();
    if name == "saml_name_id" {
        return Some(Piece::NameId);
    }
    let attribute = name.strip_prefix("saml_attr_").filter(|name| !name.is_empty())?;
    Some(Piece::Attribute(AttributeName::new(attribute)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;
    use crate::record::Session;
    use crate::record::tests::{attribute, typical};
    use crate::selection::Alias;
    use crate::shape::Shapes;

    fn decoded(session: &Session) -> DecodedSession {
        let aliases = [Alias::plain("login", &["uid"])];
        DecodedSession::of(session, &Shapes::new(&aliases, &Memory::default()))
    }

    fn sources(words: &[&str]) -> UserSources {
        UserSources::new(words.iter().map(|word| UserSource::new(word).unwrap()).collect())
    }

    fn user(words: &[&str], session: &Session) -> Option<String> {
        sources(words).user(&decoded(session)).map(Cow::into_owned)
    }

    fn lasting(name: &str) -> Session {
        let mut session = typical();
        session.name_id.value = name.to_owned();
        session.name_id.format = None;
        session
    }

    #[test]
    fn the_first_source_with_a_value_says_it() {
        let jane = lasting("jane");
        for (words, expected) in [
            (&["subject-id", "eppn", "uid", "name_id"][..], Some("jdoe")),
            (&["login"], Some("jdoe")),
            (&["urn:oid:2.5.4.4"], Some("Doe")),
            (&["empty", "groups"], Some("0d3c8e1a-7b5f-4f6e-9a2d-1c0b9e8f7a6d")),
            (&["nothing", "name_id"], Some("jane")),
            (&["nothing", "empty"], None),
            (&["nothing", "transient_name_id"], None),
        ] {
            assert_eq!(user(words, &jane).as_deref(), expected, "{words:?}");
        }
        let attributes = vec![attribute("uid", None, &["", "second"])];
        let session = Session { attributes, ..jane };
        assert_eq!(
            user(&["uid"], &session).as_deref(),
            Some("second"),
            "an empty one says nothing"
        );
    }

    #[test]
    fn a_template_has_a_value_when_all_of_it_has() {
        let jane = lasting("jane");
        for (word, expected) in [
            ("$saml_attr_uid@corp", Some("jdoe@corp")),
            ("x-${saml_attr_uid}y$SAML_name_id", Some("x-jdoeyjane")),
            ("$saml_attr_nothing@corp", None),
            ("$saml_attr_uid$saml_attr_empty", None),
        ] {
            assert_eq!(user(&[word], &jane).as_deref(), expected, "{word}");
        }
        assert_eq!(user(&["$saml_name_id"], &typical()), None, "transient");
        let attributes = vec![attribute("uid", None, &["$saml_name_id"])];
        let session = Session { attributes, ..jane };
        assert_eq!(user(&["$saml_attr_uid"], &session).as_deref(), Some("$saml_name_id"));
    }

    #[test]
    fn a_transient_name_is_no_user_unless_somebody_says_so() {
        let transient = typical();
        let name = transient.name_id.value.as_str();
        assert_eq!(user(&["name_id"], &transient), None);
        assert_eq!(user(&["name_id", "transient_name_id"], &transient).as_deref(), Some(name));
        let of_default =
            |session| UserSources::default().user(&decoded(session)).map(Cow::into_owned);
        assert_eq!(of_default(&transient).as_deref(), Some(name));
        assert_eq!(of_default(&lasting("jane")).as_deref(), Some("jane"));
    }

    #[test]
    fn what_is_no_source_is_told() {
        for (word, why) in [
            ("", "is empty"),
            ("${saml_attr_x", "has a \"${\" without its \"}\""),
            ("a$", "has \"$\": $saml_name_id and $saml_attr_NAME alone are known there"),
            (
                "$saml_attr_",
                "has \"$saml_attr_\": $saml_name_id and $saml_attr_NAME alone are known there",
            ),
            ("$http_x", "has \"$http_x\": $saml_name_id and $saml_attr_NAME alone are known there"),
        ] {
            assert_eq!(UserSource::new(word), Err(why.to_owned()), "{word}");
        }
    }

    #[test]
    fn the_attributes_that_are_asked_for_are_known() {
        let sources =
            sources(&["eppn", "name_id", "a$saml_attr_uid-$saml_attr_o", "transient_name_id"]);
        let names: Vec<_> = sources.attributes().map(AttributeName::as_str).collect();
        assert_eq!(names, ["eppn", "uid", "o"]);
    }
}
