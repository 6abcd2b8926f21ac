//! Random changes, the same ones in every run.

use crate::node::{A, DS, FOREIGN, Node, P, XSI};

/// xorshift64*.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        high as usize % bound.max(1)
    }

    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.below(list.len()))
    }
}

const ELEMENTS: &[(&str, &str)] = &[
    (A, "Advice"),
    (A, "Assertion"),
    (A, "AssertionIDRef"),
    (A, "Attribute"),
    (A, "AttributeStatement"),
    (A, "AttributeValue"),
    (A, "Audience"),
    (A, "AudienceRestriction"),
    (A, "AuthenticatingAuthority"),
    (A, "AuthnContext"),
    (A, "AuthnContextClassRef"),
    (A, "AuthnContextDecl"),
    (A, "AuthnContextDeclRef"),
    (A, "AuthnStatement"),
    (A, "AuthzDecisionStatement"),
    (A, "BaseID"),
    (A, "Condition"),
    (A, "Conditions"),
    (A, "EncryptedID"),
    (A, "Issuer"),
    (A, "NameID"),
    (A, "OneTimeUse"),
    (A, "ProxyRestriction"),
    (A, "Statement"),
    (A, "Subject"),
    (A, "SubjectConfirmation"),
    (A, "SubjectConfirmationData"),
    (A, "SubjectLocality"),
    (A, "Surprise"),
    (P, "Extensions"),
    (P, "LogoutRequest"),
    (P, "LogoutResponse"),
    (P, "Response"),
    (P, "SessionIndex"),
    (P, "Status"),
    (P, "StatusCode"),
    (P, "StatusDetail"),
    (P, "StatusMessage"),
    (P, "Surprise"),
    (DS, "KeyInfo"),
    (FOREIGN, "Surprise"),
    ("", "Surprise"),
];

const ATTRIBUTES: &[(&str, &str)] = &[
    ("", "Address"),
    ("", "AuthnInstant"),
    ("", "Consent"),
    ("", "Count"),
    ("", "DNSName"),
    ("", "Destination"),
    ("", "Format"),
    ("", "FriendlyName"),
    ("", "ID"),
    ("", "InResponseTo"),
    ("", "IssueInstant"),
    ("", "Method"),
    ("", "Name"),
    ("", "NameFormat"),
    ("", "NameQualifier"),
    ("", "NotBefore"),
    ("", "NotOnOrAfter"),
    ("", "Reason"),
    ("", "Recipient"),
    ("", "SPNameQualifier"),
    ("", "SPProvidedID"),
    ("", "SessionIndex"),
    ("", "SessionNotOnOrAfter"),
    ("", "Surprise"),
    ("", "Value"),
    ("", "Version"),
    (FOREIGN, "Surprise"),
    (XSI, "nil"),
    (XSI, "type"),
];

const VALUES: &[&str] = &[
    "",
    " ",
    "x",
    "_x1",
    "1x",
    "true",
    "0",
    "-1",
    "2.0",
    "2026-11-21T11:35:00Z",
    "2026-11-21T11:35:00.123+00:00",
    "2026-13-21T11:35:00Z",
    "24:00",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:entity",
    "https://idp.example.org/metadata",
    "https://app.example.com/saml/metadata",
    "https://app.example.com/saml/acs",
    "not a URI % at all",
    "xs:string",
];

/// One change somewhere in the tree.
pub fn mutate(root: &mut Node, random: &mut Random) {
    let place = random.below(root.size());
    match random.below(12) {
        0 => remove(root, place, random),
        1 => duplicate(root, place, random),
        2 => move_elsewhere(root, place, random),
        3 | 4 => insert(root, place, random),
        5 => rename(root, place, random),
        6 => swap(root, place, random),
        7 => remove_attribute(root, place, random),
        8 | 9 => add_attribute(root, place, random),
        10 => change_value(root, place, random),
        _ => change_text(root, place, random),
    }
}

fn remove(root: &mut Node, place: usize, random: &mut Random) {
    take(root, place, random);
}

/// Takes a child of the node at `place` out.
fn take(root: &mut Node, place: usize, random: &mut Random) -> Option<Node> {
    let parent = root.nth(place)?;
    let child = random.below(parent.children.len());
    (child < parent.children.len()).then(|| parent.children.remove(child))
}

fn duplicate(root: &mut Node, place: usize, random: &mut Random) {
    let Some(parent) = root.nth(place) else { return };
    let child = random.below(parent.children.len());
    if let Some(mut copy) = parent.children.get(child).cloned() {
        // Two equal IDs would be refused before the structure is looked at.
        copy.each(&mut |node| node.attributes.retain(|(_, name, _)| name != "ID"));
        parent.children.insert(child, copy);
    }
}

fn move_elsewhere(root: &mut Node, place: usize, random: &mut Random) {
    let Some(node) = take(root, place, random) else { return };
    put(root, node, random);
}

fn put(root: &mut Node, node: Node, random: &mut Random) {
    let place = random.below(root.size());
    if let Some(parent) = root.nth(place) {
        let at = random.below(parent.children.len() + 1);
        parent.children.insert(at, node);
    }
}

fn insert(root: &mut Node, place: usize, random: &mut Random) {
    let Some((namespace, name)) = random.pick(ELEMENTS) else { return };
    let mut node = Node::new(namespace, name);
    if random.below(2) == 0 {
        node.text = value(random);
    }
    if random.below(3) == 0 {
        let (namespace, name) = attribute(random);
        node.attributes.push((namespace, name, value(random)));
    }
    if let Some(parent) = root.nth(place) {
        let at = random.below(parent.children.len() + 1);
        parent.children.insert(at, node);
    }
}

fn rename(root: &mut Node, place: usize, random: &mut Random) {
    let (Some(node), Some((namespace, name))) = (root.nth(place), random.pick(ELEMENTS)) else {
        return;
    };
    node.namespace = (*namespace).to_owned();
    node.name = (*name).to_owned();
}

fn swap(root: &mut Node, place: usize, random: &mut Random) {
    let Some(parent) = root.nth(place) else { return };
    let count = parent.children.len();
    if count > 1 {
        parent.children.swap(random.below(count), random.below(count));
    }
}

fn remove_attribute(root: &mut Node, place: usize, random: &mut Random) {
    let Some(node) = root.nth(place) else { return };
    let at = random.below(node.attributes.len());
    if at < node.attributes.len() {
        node.attributes.remove(at);
    }
}

fn add_attribute(root: &mut Node, place: usize, random: &mut Random) {
    let Some(node) = root.nth(place) else { return };
    let (namespace, name) = attribute(random);
    if !node.attributes.iter().any(|a| a.0 == namespace && a.1 == name) {
        node.attributes.push((namespace, name, value(random)));
    }
}

fn change_value(root: &mut Node, place: usize, random: &mut Random) {
    let Some(node) = root.nth(place) else { return };
    let at = random.below(node.attributes.len());
    if let Some(attribute) = node.attributes.get_mut(at) {
        attribute.2 = value(random);
    }
}

fn change_text(root: &mut Node, place: usize, random: &mut Random) {
    if let Some(node) = root.nth(place) {
        node.text = value(random);
    }
}

fn attribute(random: &mut Random) -> (String, String) {
    let (namespace, name) = random.pick(ATTRIBUTES).copied().unwrap_or_default();
    (namespace.to_owned(), name.to_owned())
}

fn value(random: &mut Random) -> String {
    random.pick(VALUES).copied().unwrap_or_default().to_owned()
}
