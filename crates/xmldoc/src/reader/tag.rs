//! A start tag whose prefixes are understood.
use std::borrow::Cow;

use super::name::Name;
use super::scope::{Namespace, Scope};

/// An attribute that is no namespace declaration.
pub(crate) struct Attribute<'a> {
    pub(crate) name: Name<'a>,
    /// Normalised (XML 1.0 3.3.3); borrowed when that changes nothing, so that it has no `&`, no `<`
    /// and no white space but blanks.
    pub(crate) value: Cow<'a, str>,
    pub(super) namespace: Namespace,
}

impl<'a> Attribute<'a> {
    /// In no namespace yet.
    pub(super) fn new(name: Name<'a>, value: Cow<'a, str>) -> Self {
        Self { name, value, namespace: Namespace::None }
    }
}

/// A start tag, or the tag of an empty element.
pub(crate) struct StartTag<'a, 't> {
    pub(crate) name: Name<'a>,
    /// Where its `<` is in the text, in bytes.
    pub(crate) at: usize,
    /// Just behind its `>`.
    pub(crate) end: usize,
    /// In document order.
    pub(crate) attributes: &'t [Attribute<'a>],
    pub(super) namespace: Namespace,
    pub(super) scope: &'t Scope<'a, 't>,
}

impl<'a, 't> StartTag<'a, 't> {
    /// The element's namespace URI, empty when it is in none.
    pub(crate) fn namespace(&self) -> &'t str {
        self.scope.uri(self.namespace)
    }

    pub(crate) fn is(&self, namespace: &str, name: &str) -> bool {
        self.name.local == name && self.namespace() == namespace
    }

    /// An attribute's namespace URI, empty when it is in none.
    pub(crate) fn namespace_of(&self, attribute: &Attribute<'a>) -> &'t str {
        self.scope.uri(attribute.namespace)
    }

    /// What the prefix (empty: the default namespace) means here; `None` when it is not declared.
    pub(crate) fn meaning_of(&self, prefix: &str) -> Option<&'t str> {
        self.scope.meaning_of(prefix)
    }

    /// Has it namespace declarations of its own?
    pub(crate) fn declares(&self) -> bool {
        self.scope.innermost_declares()
    }

    /// Prefixes and their URIs, innermost last; a prefix may come again.
    pub(crate) fn in_scope(&self) -> impl Iterator<Item = (&'t str, &'t str)> {
        self.scope.in_scope()
    }
}
