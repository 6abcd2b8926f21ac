//! Attributes by the names an administrator writes: `$saml_attr_mail` and the like.

use std::hash::{DefaultHasher, Hasher};

use hashbrown::HashTable;
use identity::{Attribute, normalise, uri_tail};

use crate::memory::allocation;
use crate::selection::Alias;

/// What somebody wrote for an attribute, made ready to be looked for often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeName {
    given: Box<str>,
    normal: Box<str>,
    hash: u64,
}

impl AttributeName {
    /// As it would follow `$saml_attr_`, or as an IdP spells it.
    pub fn new(name: &str) -> Self {
        let normal = normalise(name);
        let mut hasher = DefaultHasher::new();
        hasher.write(normal.as_bytes());
        Self { given: name.into(), normal: normal.into(), hash: hasher.finish() }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.given
    }

    /// In the form in which names are compared.
    pub fn normal(&self) -> &str {
        &self.normal
    }

    fn size(&self) -> usize {
        allocation(self.given.len()) + allocation(self.normal.len())
    }

    #[inline]
    fn is(&self, other: &Self) -> bool {
        self.hash == other.hash && self.normal == other.normal
    }
}

/// Which of a session's attributes a name means.
///
/// Precedence: the alias of that name, a Name that is spelled exactly so, a FriendlyName that is; then
/// whatever is the same without regard to case and to what no variable's name can hold: a Name, the
/// last part of a Name that is a URI, a FriendlyName; within each, the first in document order. An
/// alias speaks for its name alone: when the session has none of its attributes, there is no value,
/// whatever else bears that name. Attributes that repeat one Name are one attribute with all the
/// values.
#[derive(Clone, Debug, Default)]
pub(crate) struct AttributeIndex {
    /// `None` for an alias with no attribute.
    places: HashTable<(AttributeName, Option<usize>)>,
    /// Names without alias that fit two attributes.
    rivals: Vec<Rivals>,
}

/// Two attributes that one variable could mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rivals {
    variable_name: AttributeName,
    /// The Name of the attribute that the variable is.
    pub chosen: Box<str>,
    /// The Name of the next one.
    pub other: Box<str>,
}

impl AttributeIndex {
    /// Of the attributes that a session keeps.
    pub(crate) fn new(merged: &[Merged<'_>], aliases: &[Alias]) -> Self {
        let mut names = Vec::with_capacity(aliases.len() + merged.len() * 2);
        for alias in aliases {
            names.push((normalise(&alias.name), find_attribute(merged, &alias.names)));
        }
        // In the order of precedence; the stable sort below keeps it.
        let is_exact = |name: &&str| normalise(name) == **name;
        add_names(&mut names, merged, |attribute| Some(attribute.name).filter(is_exact));
        add_names(&mut names, merged, |attribute| attribute.friendly_name.filter(is_exact));
        add_names(&mut names, merged, |attribute| Some(attribute.name));
        add_names(&mut names, merged, |attribute| uri_tail(attribute.name));
        add_names(&mut names, merged, |attribute| attribute.friendly_name);
        names.sort_by(|left, right| left.0.cmp(&right.0));
        let rivals = rivals(&names, merged, aliases);
        names.dedup_by(|later, earlier| later.0 == earlier.0);
        let mut places = HashTable::with_capacity(names.len());
        for (name, place) in names {
            let name = AttributeName::new(&name);
            places.insert_unique(name.hash, (name, place), |(name, _)| name.hash);
        }
        Self { places, rivals }
    }

    /// The place among the distinct Names of the attribute that `name` means.
    #[inline]
    pub(crate) fn find(&self, name: &AttributeName) -> Option<usize> {
        self.places.find(name.hash, |(known, _)| known.is(name)).and_then(|(_, place)| *place)
    }

    /// Another attribute that `name` could mean as well: whoever made the configuration should say which.
    pub(crate) fn rivals(&self, name: &AttributeName) -> Option<&Rivals> {
        self.rivals.iter().find(|rivals| rivals.variable_name.is(name))
    }

    /// Bytes that it takes besides its own.
    pub(crate) fn size(&self) -> usize {
        let names = self.places.iter().map(|(name, _)| name.size());
        let rivals = self.rivals.iter().map(|rivals| {
            let others = allocation(rivals.chosen.len()) + allocation(rivals.other.len());
            size_of::<Rivals>() + rivals.variable_name.size() + others
        });
        self.places.allocation_size() + names.sum::<usize>() + rivals.sum::<usize>()
    }
}

/// `names` in the order of precedence within each name.
fn rivals(
    names: &[(String, Option<usize>)],
    merged: &[Merged<'_>],
    aliases: &[Alias],
) -> Vec<Rivals> {
    let name_of = |place: Option<usize>| Some(merged.get(place?)?.name.into());
    let of_one_name = names.chunk_by(|left, right| left.0 == right.0);
    let rivals_in = |same: &[(String, Option<usize>)]| {
        let (variable_name, chosen) = same.first()?;
        let (_, other) = same.iter().find(|(_, place)| place != chosen)?;
        if aliases.iter().any(|alias| normalise(&alias.name) == *variable_name) {
            return None;
        }
        Some(Rivals {
            variable_name: AttributeName::new(variable_name),
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
    pub(crate) friendly_name: Option<&'a str>,
    parts: Vec<&'a [String]>,
}

impl Merged<'_> {
    pub(crate) fn values(&self) -> impl Iterator<Item = &String> {
        self.parts.iter().copied().flatten()
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
    names: &mut Vec<(String, Option<usize>)>,
    merged: &[Merged<'a>],
    name_of: impl Fn(&Merged<'a>) -> Option<&'a str>,
) {
    for (place, attribute) in merged.iter().enumerate() {
        // A name of separators or foreign letters alone would stand for any other such name.
        if let Some(name) = name_of(attribute)
            && name.bytes().any(|byte| byte.is_ascii_alphanumeric())
        {
            names.push((normalise(name), Some(place)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoded::DecodedSession;
    use crate::memory::Memory;
    use crate::record::Session;
    use crate::record::tests::{attribute, typical};
    use crate::shape::Shapes;

    fn index(attributes: Vec<Attribute>, aliases: &[(&str, &[&str])]) -> DecodedSession {
        let aliases: Vec<_> = aliases.iter().map(|(name, of)| Alias::plain(name, of)).collect();
        let session = Session { attributes, ..typical() };
        DecodedSession::of(&session, &Shapes::new(&aliases, &Memory::default()))
    }

    fn found<'a>(session: &'a DecodedSession, name: &str) -> Option<Vec<&'a str>> {
        Some(session.values(&AttributeName::new(name))?.collect())
    }

    fn rivals<'a>(session: &'a DecodedSession, name: &str) -> Option<&'a Rivals> {
        session.rivals(&AttributeName::new(name))
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
        let of_mail = rivals(&plain, "mail").unwrap();
        assert_eq!((&*of_mail.chosen, &*of_mail.other), ("mail", "MAIL"));
        assert_eq!(rivals(&plain, "MAIL"), Some(of_mail));
        assert_eq!(rivals(&plain, "sn"), None);
        assert_eq!(rivals(&index(attributes.clone(), &[("mail", &["MAIL"])]), "mail"), None);
        assert_eq!(rivals(&index(attributes, &[("mail", &["absent"])]), "mail"), None);
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
