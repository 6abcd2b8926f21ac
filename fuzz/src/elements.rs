//! Comparing what two readers made of one document.
use xmldoc::Element;

/// Attributes in a fixed order: canonical XML has its own.
pub fn sorted(mut element: Element) -> Element {
    element.attributes.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    element.children = element.children.into_iter().map(sorted).collect();
    element
}
