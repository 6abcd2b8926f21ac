//! Comparing what two readers made of one document.
use xmldoc::Element;

/// Attributes in a fixed order: canonical XML has its own.
pub fn sorted(mut element: Element) -> Element {
    element.attributes.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    element.children = element.children.into_iter().map(sorted).collect();
    element
}

/// Is it the same as what libxml2 has read?
pub fn is_as_in_libxml2(ours: &Element, theirs: libxml2::Node<'_>) -> bool {
    let attributes = ours.attributes.iter();
    let mut text = String::new();
    let mut children = ours.children.iter();
    for child in theirs.content() {
        match child {
            libxml2::Child::Element(theirs) => {
                if !children.next().is_some_and(|ours| is_as_in_libxml2(ours, theirs)) {
                    return false;
                }
            }
            libxml2::Child::Text(piece) => text.push_str(piece),
            libxml2::Child::Other => {}
        }
    }
    theirs.is(&ours.namespace, &ours.name)
        && children.next().is_none()
        && *text == *ours.text
        && attributes
            .map(|a| (a.namespace.as_str(), a.name.as_str(), a.value.as_str()))
            .eq(theirs.attributes().collect::<Vec<_>>().iter().map(|(n, l, v)| (*n, *l, &**v)))
}
