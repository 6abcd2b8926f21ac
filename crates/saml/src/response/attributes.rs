//! AttributeStatement: what the IdP says about the user (Core 2.7.3).

use std::collections::HashMap;

use identity::Attribute;
use xmldoc::Element;

use crate::identity_text;
use crate::namespace::{ASSERTION, XSI};
use crate::reason;
use crate::refusal::Refusal;

/// All attributes in the order of their first appearance; values of one Name are merged.
pub(super) fn read(assertion: &Element) -> Result<Vec<Attribute>, Refusal> {
    let statements = || assertion.children_named(ASSERTION, "AttributeStatement");
    let count = statements().map(|statement| statement.children.len()).sum();
    let (mut attributes, mut places) = (Vec::with_capacity(count), HashMap::with_capacity(count));
    for element in statements().flat_map(|statement| &statement.children) {
        let name = name(element)?;
        let place = *places.entry(name).or_insert(attributes.len());
        if place == attributes.len() {
            attributes.push(Attribute { name: name.to_owned(), ..Attribute::default() });
        }
        let Some(attribute) = attributes.get_mut(place) else { continue };
        if attribute.friendly_name.is_none() {
            attribute.friendly_name = element.attribute("FriendlyName").map(str::to_owned);
        }
        attribute.values.extend(values(element));
    }
    Ok(attributes)
}

/// Name; an attribute without one is refused, because a rule may ask that it be absent.
fn name(attribute: &Element) -> Result<&str, Refusal> {
    match attribute.attribute("Name") {
        Some(name) if !name.is_empty() => Ok(name),
        _ => Err(Refusal::new(&reason::STRUCTURE, "an Attribute has no Name")),
    }
}

fn values(attribute: &Element) -> impl Iterator<Item = String> {
    attribute
        .children_named(ASSERTION, "AttributeValue")
        .filter(|value| !matches!(value.attribute_ns(XSI, "nil"), Some("true" | "1")))
        .map(whole_text)
}

/// The text of an AttributeValue and of what is nested in it (a NameID), whose ends are layout.
fn whole_text(value: &Element) -> String {
    let mut text = identity_text::trim(&value.text).to_owned();
    for child in &value.children {
        text.push_str(&whole_text(child));
    }
    text
}
