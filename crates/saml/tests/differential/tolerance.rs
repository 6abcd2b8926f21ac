//! What we accept although the schema does not, and why that cannot harm.

use crate::node::{A, Node, P};
use crate::response::{Signed, sign, valid_responses};

/// One deviation, with the mending that makes it valid.
pub struct Tolerance {
    pub name: &'static str,
    /// Who does it, and why it is harmless.
    pub why: &'static str,
    pub mend: fn(&mut Node),
    /// Makes a valid Response deviate.
    deviate: fn(&mut Node),
}

pub const TOLERANCES: &[Tolerance] = &[
    Tolerance {
        name: "order of elements",
        why: "Auth0 and dex write some elements out of order, and others put the Signature after the \
              Status; no element is read by its position",
        mend: put_in_order,
        deviate: |node| {
            if node.is(A, "Assertion") {
                node.children.reverse();
            }
        },
    },
    Tolerance {
        name: "foreign attributes",
        why: "xsi:type, xsi:schemaLocation, xml:lang and vendors' own attributes; SAML reads no \
              attribute with a namespace but xsi:nil of an AttributeValue",
        mend: |node| node.attributes.retain(|(namespace, ..)| namespace.is_empty()),
        deviate: |node| {
            if node.is(A, "NameID") {
                let xml = "http://www.w3.org/XML/1998/namespace";
                node.attributes.push((xml.to_owned(), "lang".to_owned(), "en".to_owned()));
            }
        },
    },
    Tolerance {
        name: "content that is never read",
        why: "a StatusMessage with markup, Advice and Extensions with anything in them: such content is \
              dropped unread, and an Assertion in it is refused but in Advice, where it may be",
        mend: |node| {
            node.children.retain(|child| !is_unread(child));
            if node.is(A, "SubjectConfirmationData") {
                node.children.clear();
                node.text.clear();
            }
            if node.is(A, "AuthnContextDecl") {
                node.children.clear();
            }
        },
        deviate: |node| {
            if node.is(P, "Status") {
                node.children.retain(|child| !child.is(P, "StatusMessage"));
                let mut message = Node::new(P, "StatusMessage");
                message.children.push(Node::new("urn:x", "b"));
                node.children.push(message);
            }
        },
    },
    Tolerance {
        name: "content of AttributeValue",
        why: "its type is whatever xsi:type says, often a type that nobody declares; here it is text, \
              and the text of nested elements",
        mend: |node| {
            if node.is(A, "AttributeValue") {
                node.children.clear();
                node.text.clear();
            }
        },
        deviate: |node| {
            if node.is(A, "AttributeValue") {
                node.children.push(Node::new(A, "NameID"));
                node.children.push(Node::new(A, "Conditions"));
                node.children.push(Node::new(A, "AudienceRestriction"));
            }
        },
    },
    Tolerance {
        name: "empty AttributeStatement",
        why: "IdPs send it for a user who has no attribute; it says nothing",
        mend: |node| {
            node.children.retain(|c| !(c.is(A, "AttributeStatement") && c.children.is_empty()));
        },
        deviate: |node| {
            if node.is(A, "AttributeStatement") {
                node.children.clear();
                node.text.clear();
            }
        },
    },
    Tolerance {
        name: "IDs that are no names",
        why: "some IdPs begin an ID with a digit; IDs are compared as strings, and that of a signed \
              element must be plain letters, digits and _-.:",
        mend: |node| {
            for (_, name, value) in &mut node.attributes {
                if name == "ID" || name == "InResponseTo" {
                    value.retain(|c| c.is_ascii_alphanumeric() || c == '_');
                    value.insert(0, '_');
                }
            }
        },
        deviate: |node| {
            for (_, name, value) in &mut node.attributes {
                if name == "ID" {
                    value.insert(0, '1');
                }
            }
        },
    },
    Tolerance {
        name: "URIs that are none",
        why: "there are entityIDs and attribute formats that are no URIs; they are compared as \
              strings, letter by letter",
        mend: |node| {
            if node.namespace == A && URI_ELEMENTS.contains(&node.name.as_str()) {
                node.text = "urn:mended".to_owned();
            }
            for (namespace, name, value) in &mut node.attributes {
                if namespace.is_empty() && URI_ATTRIBUTES.contains(&name.as_str()) {
                    *value = "urn:mended".to_owned();
                }
            }
        },
        deviate: |node| {
            if node.is(A, "AuthenticatingAuthority") {
                node.text = "2026:%zz".to_owned();
            }
        },
    },
];

const URI_ELEMENTS: &[&str] =
    &["Audience", "AuthenticatingAuthority", "AuthnContextClassRef", "AuthnContextDeclRef"];
const URI_ATTRIBUTES: &[&str] =
    &["Consent", "Destination", "Format", "Method", "NameFormat", "Recipient", "Value"];

/// No data is taken from these.
fn is_unread(node: &Node) -> bool {
    let assertion = ["Advice", "AuthzDecisionStatement", "Statement", "BaseID"];
    let protocol = ["Extensions", "StatusDetail", "StatusMessage"];
    node.namespace == A && assertion.contains(&node.name.as_str())
        || node.namespace == P && protocol.contains(&node.name.as_str())
}

/// The sequences of the schema; names in one row of `|` may mix.
const ORDER: &[(&str, &[&str])] = &[
    ("Response", &["Issuer", "Signature", "Extensions", "Status", "Assertion"]),
    (
        "LogoutRequest",
        &["Issuer", "Signature", "Extensions", "BaseID|NameID|EncryptedID", "SessionIndex"],
    ),
    ("LogoutResponse", &["Issuer", "Signature", "Extensions", "Status"]),
    ("Status", &["StatusCode", "StatusMessage", "StatusDetail"]),
    (
        "Assertion",
        &[
            "Issuer",
            "Signature",
            "Subject",
            "Conditions",
            "Advice",
            "Statement|AuthnStatement|AuthzDecisionStatement|AttributeStatement",
        ],
    ),
    ("Subject", &["BaseID|NameID", "SubjectConfirmation"]),
    ("SubjectConfirmation", &["BaseID|NameID", "SubjectConfirmationData"]),
    ("AuthnStatement", &["SubjectLocality", "AuthnContext"]),
    (
        "AuthnContext",
        &[
            "AuthnContextClassRef",
            "AuthnContextDecl|AuthnContextDeclRef",
            "AuthenticatingAuthority",
        ],
    ),
];

fn put_in_order(node: &mut Node) {
    let Some((_, order)) = ORDER.iter().find(|(name, _)| *name == node.name) else { return };
    node.children.sort_by_key(|child| {
        order.iter().position(|row| row.split('|').any(|name| name == child.name))
    });
}

/// Each tolerance with a Response that needs it.
pub fn witnesses() -> Vec<(&'static Tolerance, String)> {
    let witness = |tolerance: &'static Tolerance| {
        let [_, mut response] = valid_responses();
        response.each(&mut |node| (tolerance.deviate)(node));
        (tolerance, sign(&response, Signed::Response).unwrap())
    };
    TOLERANCES.iter().map(witness).collect()
}

#[test]
fn every_tolerance_has_a_reason() {
    assert!(TOLERANCES.iter().all(|tolerance| tolerance.why.len() > 40));
}
