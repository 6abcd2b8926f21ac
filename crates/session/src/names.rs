//! Attributes by the names an administrator writes: `$saml_attr_mail` and the like.

use std::borrow::Cow;

use identity::{Attribute, normalise, uri_tail};

use crate::record::Session;
use crate::selection::Alias;

/// The values of a session's attributes, found by variable name.
///
/// Precedence: the alias of that name, a Name that is spelled exactly so, a FriendlyName that is; then
/// whatever is the same without regard to case and to what no variable's name can hold: a Name, the
/// last part of a Name that is a URI, a FriendlyName; within each, the first in document order. An
/// alias speaks for its name alone: when the session has none of its attributes, there is no value,
/// whatever else bears that name. Attributes that repeat one Name are one attribute with all the
/// values.
#[derive(Clone, Debug, Default)]
pub struct AttributeIndex {
    values: Vec<Vec<String>>,
    /// Normalised name → place in `values`, `None` for an alias with no attribute; sorted by name.
    names: Vec<(Box<str>, Option<usize>)>,
    /// Names without alias that fit two attributes.
    rivals: Vec<Rivals>,
}

/// Two attributes that one variable could mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rivals {
    variable_name: Box<str>,
    /// The Name of the attribute that the variable is.
    pub chosen: Box<str>,
    /// The Name of the next one.
    pub other: Box<str>,
}

impl AttributeIndex {
    /// Of the attributes that a session keeps.
    pub fn new(session: &Session, aliases: &[Alias]) -> Self {
        let merged = merge(&session.attributes);
        let mut names = Vec::with_capacity(aliases.len() + merged.len() * 2);
        for alias in aliases {
            names.push((normalise(&alias.name).into(), find_attribute(&merged, &alias.names)));
        }
        // In the order of precedence; the stable sort below keeps it.
        let is_exact = |name: &&str| normalise(name) == **name;
        add_names(&mut names, &merged, |attribute| Some(attribute.name).filter(is_exact));
        add_names(&mut names, &merged, |attribute| attribute.friendly_name.filter(is_exact));
        add_names(&mut names, &merged, |attribute| Some(attribute.name));
        add_names(&mut names, &merged, |attribute| uri_tail(attribute.name));
        add_names(&mut names, &merged, |attribute| attribute.friendly_name);
        names.sort_by(|left, right| left.0.cmp(&right.0));
        let rivals = rivals(&names, &merged, aliases);
        names.dedup_by(|later, earlier| later.0 == earlier.0);
        let values = merged.iter().map(Merged::to_values).collect();
        Self { values, names, rivals }
    }

    /// The values under `variable_name`, the variable's name without its prefix. An attribute may
    /// be there and have no value.
    pub fn find(&self, variable_name: &[u8]) -> Option<&[String]> {
        let wanted = normalised(variable_name);
        let found = self.names.binary_search_by(|(name, _)| name.as_bytes().cmp(&wanted)).ok()?;
        let (_, place) = self.names.get(found)?;
        self.values.get((*place)?).map(Vec::as_slice)
    }

    /// Another attribute that `variable_name` could mean as well: whoever made the configuration
    /// should say which.
    pub fn rivals(&self, variable_name: &[u8]) -> Option<&Rivals> {
        if self.rivals.is_empty() {
            return None;
        }
        let wanted = normalised(variable_name);
        self.rivals.iter().find(|rivals| rivals.variable_name.as_bytes() == &*wanted)
    }
}

/// `names` in the order of precedence within each name.
fn rivals(
    names: &[(Box<str>, Option<usize>)],
    merged: &[Merged<'_>],
    aliases: &[Alias],
) -> Vec<Rivals> {
    let name_of = |place: Option<usize>| Some(merged.get(place?)?.name.into());
    let of_one_name = names.chunk_by(|left, right| left.0 == right.0);
    let rivals_in = |same: &[(Box<str>, Option<usize>)]| {
        let (variable_name, chosen) = same.first()?;
        let (_, other) = same.iter().find(|(_, place)| place != chosen)?;
        if aliases.iter().any(|alias| normalise(&alias.name) == **variable_name) {
            return None;
        }
        Some(Rivals {
            variable_name: variable_name.clone(),
            chosen: name_of(*chosen)?,
            other: name_of(*other)?,
        })
    };
    of_one_name.filter_map(rivals_in).collect()
}

/// One attribute, put together from all that have its Name. Some IdPs send each role or group as
/// an attribute of its own.
pub(crate) struct Merged<'a> {
    pub(crate) name: &'a str,
    friendly_name: Option<&'a str>,
    parts: Vec<&'a [String]>,
}

impl Merged<'_> {
    pub(crate) fn values(&self) -> impl Iterator<Item = &String> {
        self.parts.iter().copied().flatten()
    }

    fn to_values(&self) -> Vec<String> {
        self.values().cloned().collect()
    }
}

/// The attributes by distinct Name, in the order in which each Name first appears.
pub(crate) fn merge(attributes: &[Attribute]) -> Vec<Merged<'_>> {
    let mut places = std::collections::HashMap::with_capacity(attributes.len());
    let mut merged: Vec<Merged<'_>> = Vec::with_capacity(attributes.len());
    for attribute in attributes {
        let place = *places.entry(attribute.name.as_str()).or_insert(merged.len());
        match merged.get_mut(place) {
            Some(first) => {
                first.parts.push(&attribute.values);
                first.friendly_name = first.friendly_name.or(attribute.friendly_name.as_deref());
            }
            None => merged.push(Merged {
                name: &attribute.name,
                friendly_name: attribute.friendly_name.as_deref(),
                parts: vec![&attribute.values],
            }),
        }
    }
    merged
}

fn find_attribute(merged: &[Merged<'_>], wanted: &[String]) -> Option<usize> {
    wanted.iter().find_map(|wanted| {
        merged
            .iter()
            .position(|attribute| attribute.name == wanted)
            .or_else(|| merged.iter().position(|it| it.friendly_name == Some(wanted)))
    })
}

fn add_names<'a>(
    names: &mut Vec<(Box<str>, Option<usize>)>,
    merged: &[Merged<'a>],
    name_of: impl Fn(&Merged<'a>) -> Option<&'a str>,
) {
    for (place, attribute) in merged.iter().enumerate() {
        // A name of separators or foreign letters alone would stand for any other such name.
        if let Some(name) = name_of(attribute)
            && name.bytes().any(|byte| byte.is_ascii_alphanumeric())
        {
            names.push((normalise(name).into(), Some(place)));
        }
    }
}

fn normalised(variable_name: &[u8]) -> Cow<'_, [u8]> {
    let is_normal = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    if variable_name.iter().all(is_normal) {
        Cow::Borrowed(variable_name)
    } else {
        Cow::Owned(normalise(&String::from_utf8_lossy(variable_name)).into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::{attribute, typical};

    fn index(attributes: Vec<Attribute>, aliases: &[(&str, &[&str])]) -> AttributeIndex {
        let aliases: Vec<_> = aliases.iter().map(|(name, of)| Alias::plain(name, of)).collect();
        AttributeIndex::new(&Session { attributes, ..typical() }, &aliases)
    }

    fn found<'a>(index: &'a AttributeIndex, name: &str) -> Option<Vec<&'a str>> {
        let values = index.find(name.as_bytes())?;
        Some(values.iter().map(String::as_str).collect())
    }

    #[test]
    fn an_attribute_is_found_by_name_tail_and_friendly_name() {
        let index = index(typical().attributes, &[]);
        let mail = Some(vec!["jane.doe@example.com"]);
        assert_eq!(found(&index, "urn_oid_0_9_2342_19200300_100_1_3"), mail);
        assert_eq!(found(&index, "mail"), mail);
        assert_eq!(found(&index, "MAIL"), mail);
        assert_eq!(found(&index, "emailaddress"), mail);
        assert_eq!(found(&index, "0_9_2342_19200300_100_1_3"), mail);
        assert_eq!(found(&index, "edupersonscopedaffiliation").unwrap().len(), 2);
        assert_eq!(found(&index, "empty"), Some(vec![]));
        assert_eq!(found(&index, "nothing"), None);
        assert_eq!(found(&index, ""), None);
        assert_eq!(index.find(b"\xff\xfe"), None);
    }

    #[test]
    fn the_stronger_kind_of_name_wins_whatever_the_order() {
        let attributes = vec![
            attribute("w", Some("MAIL"), &["friendly"]),
            attribute("http://a/mail", None, &["tail"]),
            attribute("http://b#mail", None, &["second tail"]),
            attribute("Mail", None, &["name"]),
            attribute("MAIL", None, &["second name"]),
            attribute("x", Some("mail"), &["exact friendly"]),
            attribute("mail", None, &["exact name"]),
            attribute("y", None, &["alias"]),
        ];
        let of = |attributes: &[Attribute], aliases| {
            found(&index(attributes.to_vec(), aliases), "mail").unwrap().join("")
        };
        assert_eq!(of(&attributes, &[("mail", &["absent", "y", "x"])]), "alias");
        assert_eq!(of(&attributes, &[]), "exact name");
        assert_eq!(of(&attributes[..6], &[]), "exact friendly");
        assert_eq!(of(&attributes[..5], &[]), "name");
        assert_eq!(of(&attributes[..3], &[]), "tail");
        assert_eq!(of(&attributes[..1], &[]), "friendly");
    }

    #[test]
    fn two_attributes_under_one_name_are_rivals_unless_an_alias_decides() {
        let attributes = vec![
            attribute("MAIL", None, &["a"]),
            attribute("mail", Some("mail"), &["b"]),
            attribute("urn:oid:2.5.4.4", Some("sn"), &["c"]),
            attribute("mail", None, &["d"]),
        ];
        let plain = index(attributes.clone(), &[]);
        let rivals = plain.rivals(b"mail").unwrap();
        assert_eq!((&*rivals.chosen, &*rivals.other), ("mail", "MAIL"));
        assert_eq!(plain.rivals(b"MAIL"), Some(rivals));
        assert_eq!(plain.rivals(b"sn"), None);
        assert_eq!(index(attributes.clone(), &[("mail", &["MAIL"])]).rivals(b"mail"), None);
        assert_eq!(index(attributes, &[("mail", &["absent"])]).rivals(b"mail"), None);
    }

    #[test]
    fn an_alias_names_attributes_by_name_or_friendly_name() {
        let attributes = typical().attributes;
        let index = index(attributes, &[("User-Name", &["uid"]), ("sur", &["urn:oid:2.5.4.4"])]);
        assert_eq!(found(&index, "user_name"), Some(vec!["jdoe"]));
        assert_eq!(found(&index, "sur"), Some(vec!["Doe"]));
    }

    #[test]
    fn an_alias_without_its_attribute_does_not_fall_to_another() {
        let attributes = vec![attribute("https://elsewhere/groups", None, &["admin"])];
        let index = index(attributes, &[("groups", &["https://corp/groups"])]);
        assert_eq!(found(&index, "groups"), None);
        assert_eq!(found(&index, "https___elsewhere_groups"), Some(vec!["admin"]));
    }

    #[test]
    fn attributes_that_repeat_a_name_are_one() {
        let attributes = vec![
            attribute("Role", None, &["a"]),
            attribute("mail", None, &["m"]),
            attribute("Role", Some("roles"), &["b", "c"]),
        ];
        let index = index(attributes, &[]);
        assert_eq!(found(&index, "role"), Some(vec!["a", "b", "c"]));
        assert_eq!(found(&index, "roles"), Some(vec!["a", "b", "c"]));
    }

    #[test]
    fn a_name_with_no_ascii_letter_is_found_by_alias_only() {
        let attributes = vec![attribute("имя", None, &["Жанна"])];
        let index = index(attributes, &[("first", &["имя"])]);
        assert_eq!(found(&index, "___"), None);
        assert_eq!(found(&index, "first"), Some(vec!["Жанна"]));
    }
}
