//! What the schemas let stand where (saml-schema-protocol-2.0, saml-schema-assertion-2.0).
//!
//! An element or attribute that the schema does not allow where it stands is refused. What is let
//! through all the same is listed, with reasons, in `tests/differential/tolerance.rs`.

mod models;

use xmldoc::Element;

use self::models::{Attributes, Child, Content, MODELS, Model, Rule};
use super::clock::{optional_instant, required_instant};
use crate::namespace::{ASSERTION, PROTOCOL};
use crate::reason;
use crate::refusal::{Refusal, quote};

/// A message (without the Assertions in it) or an Assertion is built as its schema says.
pub(crate) fn check(element: &Element) -> Result<(), Refusal> {
    let Some(model) = Model::of(element) else { return Ok(()) };
    attributes(element, model.attributes)?;
    match &model.content {
        Content::Any => return Ok(()),
        Content::Text if element.children.is_empty() => return Ok(()),
        Content::Text => allowed(element, &[], false)?,
        Content::Children(children) => {
            no_text(element)?;
            allowed(element, children, false)?;
        }
        Content::Open(children) => {
            no_text(element)?;
            allowed(element, children, true)?;
        }
    }
    for choice in model.choices {
        choice.check(element)?;
    }
    element.children.iter().filter(|child| !is_judged_alone(child)).try_for_each(check)
}

/// An Assertion is, from the bytes of its own signature, and so is the Response of an ArtifactResponse.
fn is_judged_alone(child: &Element) -> bool {
    child.is(ASSERTION, "Assertion") || child.is(PROTOCOL, "Response")
}

/// Each attribute is one that the element may have, and reads as its type.
///
/// Those of foreign namespaces are let through: SAML reads none of them.
fn attributes(element: &Element, rules: Attributes) -> Result<(), Refusal> {
    let unknown =
        element.attributes.iter().filter(|attribute| attribute.namespace.is_empty()).find(
            |attribute| {
                let found = attribute.name.as_str();
                !rules.iter().any(|(name, _)| *name == found)
            },
        );
    if let Some(unknown) = unknown {
        let detail = format!("the {} has the attribute {}", element.name, quote(&unknown.name));
        return Err(Refusal::new(&reason::STRUCTURE, detail));
    }
    for (name, rule) in rules {
        match rule {
            Rule::Text => {}
            Rule::Required if element.attribute(name).is_some() => {}
            Rule::Required => {
                let detail = format!("the {} has no {name}", element.name);
                return Err(Refusal::new(&reason::STRUCTURE, detail));
            }
            Rule::Instant => drop(optional_instant(element, name)?),
            Rule::RequiredInstant => drop(required_instant(element, name)?),
            Rule::Count => count(element, name)?,
        }
    }
    Ok(())
}

/// xs:nonNegativeInteger.
fn count(element: &Element, name: &str) -> Result<(), Refusal> {
    let good = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match element.attribute(name) {
        Some(text) if !good(text) => {
            let detail = format!("the {name} of the {} is {}", element.name, quote(text));
            Err(Refusal::new(&reason::STRUCTURE, detail))
        }
        _ => Ok(()),
    }
}

impl Model {
    fn of(element: &Element) -> Option<&'static Self> {
        let (namespace, name) = (element.namespace.as_str(), element.name.as_str());
        MODELS.iter().find(|model| model.name == name && model.namespace == namespace)
    }
}

impl models::Choice {
    /// At most one of the names stands, or exactly one.
    fn check(&self, element: &Element) -> Result<(), Refusal> {
        let one_of = |child: &&Element| {
            child.namespace == ASSERTION && self.names.contains(&child.name.as_str())
        };
        let count = element.children.iter().filter(one_of).count();
        if count >= self.min && count <= self.max {
            return Ok(());
        }
        let detail = format!("the {} holds {count} of {}", element.name, self.names.join(", "));
        Err(Refusal::new(&reason::STRUCTURE, detail))
    }
}

/// Each child is one that `parent` may hold, and not too often.
fn allowed(parent: &Element, children: &[Child], open: bool) -> Result<(), Refusal> {
    for child in &parent.children {
        let (namespace, name) = (child.namespace.as_str(), child.name.as_str());
        match children.iter().find(|model| model.name == name && model.namespace == namespace) {
            Some(model) if model.max == usize::MAX => {}
            Some(model) => {
                let count = parent.children_named(model.namespace, model.name).count();
                if count > model.max {
                    let detail = format!("the {} has {count} {} elements", parent.name, child.name);
                    return Err(Refusal::new(&reason::STRUCTURE, detail));
                }
            }
            None if open && child.namespace != ASSERTION && child.namespace != PROTOCOL => {}
            None => {
                let found = format!("{{{}}}{}", child.namespace, child.name);
                let detail = format!("the {} holds {}", parent.name, quote(&found));
                return Err(Refusal::new(&reason::STRUCTURE, detail));
            }
        }
    }
    Ok(())
}

/// Character data between elements is layout only.
fn no_text(element: &Element) -> Result<(), Refusal> {
    // The first look is cheap and mostly the last.
    if element.text.is_empty() {
        return Ok(());
    }
    let text = element.text.trim_matches([' ', '\t', '\r', '\n']);
    if text.is_empty() {
        return Ok(());
    }
    let detail = format!("the {} holds text: {}", element.name, quote(text));
    Err(Refusal::new(&reason::STRUCTURE, detail))
}
