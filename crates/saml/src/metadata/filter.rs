//! Which IdPs of a federation are wanted.

use xmldoc::Element;

use super::entity::Entity;
use crate::identity_text;
use crate::namespace::{ASSERTION, ENTITY_ATTRIBUTES, METADATA_RPI};

/// Those for which all of the rules hold; without rules all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetadataFilter(pub Vec<MetadataRule>);

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataRule {
    /// It holds when the test does not.
    pub negated: bool,
    /// What is looked at.
    pub test: MetadataTest,
}

/// What an IdP must have: one of several values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataTest {
    /// Its entityID; `*` stands for any characters.
    EntityId(Vec<String>),
    /// RegistrationInfo's registrationAuthority (MDRPI 2.1).
    RegistrationAuthority(Vec<String>),
    /// An attribute of its EntityAttributes (MetaAttr 2.2).
    EntityAttribute {
        /// The attribute's Name.
        name: String,
        /// One of its values; none = whatever it says.
        values: Vec<String>,
    },
}

/// What of an entity rules look at.
pub(super) struct Traits<'a> {
    entity_id: &'a str,
    extensions: Vec<&'a Element>,
}

impl MetadataFilter {
    pub(super) fn keeps(&self, traits: &Traits<'_>) -> bool {
        self.0.iter().all(|rule| rule.test.holds(traits) != rule.negated)
    }
}

impl MetadataTest {
    fn holds(&self, traits: &Traits<'_>) -> bool {
        match self {
            Self::EntityId(patterns) => {
                patterns.iter().any(|pattern| is_match(pattern, traits.entity_id))
            }
            Self::RegistrationAuthority(wanted) => {
                traits.registration_authorities().any(|name| wanted.iter().any(|one| one == name))
            }
            Self::EntityAttribute { name, values } if values.is_empty() => {
                traits.values(name).next().is_some()
            }
            Self::EntityAttribute { name, values } => {
                traits.values(name).any(|value| values.iter().any(|one| one == value))
            }
        }
    }
}

impl<'a> Traits<'a> {
    pub(super) fn of(entity: &'a Entity) -> Self {
        Self { entity_id: &entity.entity_id, extensions: entity.extensions().collect() }
    }

    fn registration_authorities(&self) -> impl Iterator<Item = &'a str> {
        let infos = self.extensions.iter().filter(|one| one.is(METADATA_RPI, "RegistrationInfo"));
        infos.filter_map(|info| info.attribute("registrationAuthority")).map(str::trim)
    }

    /// The values of the attribute `name`. Those in an assertion are somebody else's word, and left out.
    fn values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let all =
            self.extensions.iter().filter(|one| one.is(ENTITY_ATTRIBUTES, "EntityAttributes"));
        let attributes = all.flat_map(|all| all.children_named(ASSERTION, "Attribute"));
        let named = attributes.filter(move |attribute| attribute.attribute("Name") == Some(name));
        let values = named.flat_map(|attribute| &attribute.children);
        let values = values.filter(|value| value.is(ASSERTION, "AttributeValue"));
        values.map(|value| identity_text::trim(&value.text))
    }
}

/// Is `text` as `pattern` says, in which `*` stands for any characters?
fn is_match(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::is_match;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, text, expected) in [
            ("https://idp", "https://idp", true),
            ("https://idp", "https://idp2", false),
            ("https://idp*", "https://idp2", true),
            ("*.example/idp", "https://a.example/idp", true),
            ("*.example/idp", "https://a.example/idp2", false),
            ("https://*.example/*", "https://a.b.example/idp", true),
            ("https://*.example/*", "http://a.example/idp", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("*a*b*", "xbxaxbx", true),
            ("*a*b*", "xbxax", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(is_match(pattern, text), expected, "{pattern} {text}");
        }
    }
}
