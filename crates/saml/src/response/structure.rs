//! What the schemas let stand where (saml-schema-protocol-2.0, saml-schema-assertion-2.0).
//!
//! An element that the schema does not allow where it stands is refused; the order is not looked
//! at, because IdPs in use get it wrong and nothing here is read by position.

use xmldoc::Element;

use crate::namespace::{ASSERTION, PROTOCOL, XMLDSIG};
use crate::reason;
use crate::refusal::{Refusal, quote};

/// What an element may hold. An element without a model may hold anything and is never read.
struct Model {
    namespace: &'static str,
    name: &'static str,
    content: Content,
}

enum Content {
    /// Character data only.
    Text,
    /// These child elements only.
    Children(&'static [Child]),
    /// These child elements, and any of other namespaces.
    Open(&'static [Child]),
}

struct Child {
    namespace: &'static str,
    name: &'static str,
    max: usize,
}

const fn one(namespace: &'static str, name: &'static str) -> Child {
    Child { namespace, name, max: 1 }
}

const fn many(namespace: &'static str, name: &'static str) -> Child {
    Child { namespace, name, max: usize::MAX }
}

const fn protocol(name: &'static str, content: Content) -> Model {
    Model { namespace: PROTOCOL, name, content }
}

const fn assertion(name: &'static str, content: Content) -> Model {
    Model { namespace: ASSERTION, name, content }
}

use Content::{Children, Open, Text};

const MODELS: &[Model] = &[
    protocol(
        "Response",
        Children(&[
            one(ASSERTION, "Issuer"),
            one(XMLDSIG, "Signature"),
            one(PROTOCOL, "Extensions"),
            one(PROTOCOL, "Status"),
            many(ASSERTION, "Assertion"),
            many(ASSERTION, "EncryptedAssertion"),
        ]),
    ),
    protocol(
        "Status",
        Children(&[
            one(PROTOCOL, "StatusCode"),
            one(PROTOCOL, "StatusMessage"),
            one(PROTOCOL, "StatusDetail"),
        ]),
    ),
    protocol("StatusCode", Children(&[one(PROTOCOL, "StatusCode")])),
    assertion(
        "Assertion",
        Children(&[
            one(ASSERTION, "Issuer"),
            one(XMLDSIG, "Signature"),
            one(ASSERTION, "Subject"),
            one(ASSERTION, "Conditions"),
            one(ASSERTION, "Advice"),
            many(ASSERTION, "Statement"),
            many(ASSERTION, "AuthnStatement"),
            many(ASSERTION, "AuthzDecisionStatement"),
            many(ASSERTION, "AttributeStatement"),
        ]),
    ),
    assertion("Issuer", Text),
    assertion("NameID", Text),
    assertion(
        "Subject",
        Children(&[
            one(ASSERTION, "BaseID"),
            one(ASSERTION, "NameID"),
            one(ASSERTION, "EncryptedID"),
            many(ASSERTION, "SubjectConfirmation"),
        ]),
    ),
    assertion(
        "SubjectConfirmation",
        Children(&[
            one(ASSERTION, "BaseID"),
            one(ASSERTION, "NameID"),
            one(ASSERTION, "EncryptedID"),
            one(ASSERTION, "SubjectConfirmationData"),
        ]),
    ),
    // Foreign conditions may stand in for saml:Condition; the rule on conditions refuses them by name.
    assertion(
        "Conditions",
        Open(&[
            many(ASSERTION, "Condition"),
            many(ASSERTION, "AudienceRestriction"),
            one(ASSERTION, "OneTimeUse"),
            one(ASSERTION, "ProxyRestriction"),
        ]),
    ),
    assertion("AudienceRestriction", Children(&[many(ASSERTION, "Audience")])),
    assertion("ProxyRestriction", Children(&[many(ASSERTION, "Audience")])),
    assertion("OneTimeUse", Children(&[])),
    assertion("Audience", Text),
    assertion(
        "AuthnStatement",
        Children(&[one(ASSERTION, "SubjectLocality"), one(ASSERTION, "AuthnContext")]),
    ),
    assertion("SubjectLocality", Children(&[])),
    assertion(
        "AuthnContext",
        Children(&[
            one(ASSERTION, "AuthnContextClassRef"),
            one(ASSERTION, "AuthnContextDecl"),
            one(ASSERTION, "AuthnContextDeclRef"),
            many(ASSERTION, "AuthenticatingAuthority"),
        ]),
    ),
    assertion("AuthnContextClassRef", Text),
    assertion("AuthnContextDeclRef", Text),
    assertion("AuthenticatingAuthority", Text),
    assertion(
        "AttributeStatement",
        Children(&[many(ASSERTION, "Attribute"), many(ASSERTION, "EncryptedAttribute")]),
    ),
    assertion("Attribute", Children(&[many(ASSERTION, "AttributeValue")])),
];

/// A Response (without the Assertions in it) or an Assertion is built as its schema says.
pub fn check(element: &Element) -> Result<(), Refusal> {
    let model = MODELS.iter().find(|model| element.is(model.namespace, model.name));
    let Some(model) = model else { return Ok(()) };
    match &model.content {
        Text if element.children.is_empty() => return Ok(()),
        Text => allowed(element, &[], false)?,
        Children(children) => {
            no_text(element)?;
            allowed(element, children, false)?;
        }
        Open(children) => {
            no_text(element)?;
            allowed(element, children, true)?;
        }
    }
    // An Assertion is judged on its own, from the bytes of its own signature.
    element.children.iter().filter(|child| !child.is(ASSERTION, "Assertion")).try_for_each(check)
}

/// Each child is one that `parent` may hold, and not too often.
fn allowed(parent: &Element, children: &[Child], open: bool) -> Result<(), Refusal> {
    for child in &parent.children {
        let model = children.iter().find(|model| child.is(model.namespace, model.name));
        match model {
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
    let text = element.text.trim();
    if text.is_empty() {
        return Ok(());
    }
    let detail = format!("the {} holds text: {}", element.name, quote(text));
    Err(Refusal::new(&reason::STRUCTURE, detail))
}
