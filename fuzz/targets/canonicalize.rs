//! Three canonicalisers make the same octets of every element: ours, libxml2's and bergshamra's.
#![no_main]

use bergshamra_c14n::C14nMode;
use bergshamra_xml::NodeSet;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use libxml2::{Canonical, Node, Tree};
use xmldoc::fuzz_support::{Choice, canonicalise};

const PREFIX_LISTS: &[&str] = &["", "saml", "#default", "ds #default saml", "xs xsi none samlp"];

fuzz_target!(|xml: &str| {
    let mut choice = Choice { element: 0, without: None, prefixes: "", with_comments: false };
    if canonicalise(xml.as_bytes(), &choice).is_none() {
        return;
    }
    let tree = Tree::parse(xml.as_bytes()).expect("it has passed the gate");
    let mut elements = Vec::new();
    elements_of(tree.root().expect("it has one"), &mut elements);
    // A small change of the document is another choice.
    let number = xml.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31) ^ u32::from(byte));
    let number = number as usize;
    choice.element = number % elements.len();
    choice.without = (number & 256 == 0).then_some(number >> 9 & 3);
    choice.prefixes = PREFIX_LISTS[(number >> 12) % PREFIX_LISTS.len()];
    choice.with_comments = number & 1 << 20 == 0;
    let ours = canonicalise(xml.as_bytes(), &choice).expect("it did so before");
    if let Some(theirs) = by_libxml2(elements[choice.element], &choice) {
        assert_eq!(ours, theirs, "libxml2, {choice:?}");
    } else {
        assert!(has_other_names_than_uris(&elements), "libxml2 fails, {choice:?}");
    }
    // bergshamra's parser leaves the white space in attribute values as it is (XML 1.0 3.3.3).
    let plain = xml.replace(['\t', '\n', '\r'], " ");
    if let Some(theirs) = by_bergshamra(&plain, &choice) {
        let ours = canonicalise(plain.as_bytes(), &choice);
        assert_eq!(ours.as_deref(), Some(&*theirs), "bergshamra, {choice:?}");
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    fuzz::xml_mutator::mutate(data, size, max_size, seed)
});

/// In document order.
fn elements_of<'tree>(element: Node<'tree>, all: &mut Vec<Node<'tree>>) {
    all.push(element);
    element.elements().for_each(|child| elements_of(child, all));
}

fn by_libxml2(element: Node<'_>, choice: &Choice<'_>) -> Option<String> {
    let without = choice.without.and_then(|number| element.elements().nth(number));
    let Choice { prefixes, with_comments, .. } = *choice;
    let octets = Canonical { element, without, prefixes, with_comments }.octets(usize::MAX)?;
    Some(String::from_utf8(octets).expect("UTF-8"))
}

/// libxml2 canonicalises nothing where a namespace's name is no URI by RFC 3986.
fn has_other_names_than_uris(elements: &[Node<'_>]) -> bool {
    let is_other = |(_, uri): &(String, String)| !libxml2::is_uri(uri);
    elements.iter().any(|element| element.namespaces_in_scope().iter().any(is_other))
}

/// `None` where it cannot parse.
fn by_bergshamra(xml: &str, choice: &Choice<'_>) -> Option<String> {
    let document = uppsala::parse(xml).ok()?;
    let is_element = |id: &uppsala::NodeId| document.element(*id).is_some();
    let element = document.descendants(document.root()).into_iter().filter(is_element);
    let element = element.into_iter().nth(choice.element)?;
    let mut chosen = if choice.with_comments {
        NodeSet::tree_with_comments(element, &document)
    } else {
        NodeSet::tree_without_comments(element, &document)
    };
    let children = document.children(element);
    let without = choice.without.and_then(|n| children.into_iter().filter(is_element).nth(n));
    if let Some(without) = without {
        chosen = chosen.subtract(&NodeSet::tree_with_comments(without, &document));
    }
    let mode =
        if choice.with_comments { C14nMode::ExclusiveWithComments } else { C14nMode::Exclusive };
    let prefixes: Vec<&str> = choice.prefixes.split_ascii_whitespace().collect();
    let octets = bergshamra_c14n::canonicalize_doc(&document, mode, Some(&chosen), &prefixes);
    Some(String::from_utf8(octets.ok()?).expect("UTF-8"))
}
