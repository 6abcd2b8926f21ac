//! Structure, judged twice: whatever we accept must also be valid to xmllint with the OASIS schemas.
//!
//! Valid Responses, LogoutRequests and LogoutResponses are mutated at random (the same ones in every run), signed as they then are, and
//! given to both. What we accept although the schema does not is listed in `tolerance.rs`, each
//! deviation with the mending that makes it valid, and nothing else may remain.

mod logout;
mod mutation;
mod node;
mod response;
mod schema;
mod tolerance;

use std::collections::BTreeMap;

use mutation::{Random, mutate};
use node::Node;
use response::{Signed, accepts, sign, sign_root, valid_responses};
use schema::Schema;

const MUTANTS: u64 = 3000;

#[test]
fn what_we_accept_is_valid() {
    let mutants: Vec<String> = (0..MUTANTS).filter_map(mutant).collect();
    compare(&mutants, accepts);
}

#[test]
fn what_we_accept_of_logout_messages_is_valid() {
    let mutants: Vec<String> = (0..MUTANTS).filter_map(logout_mutant).collect();
    compare(&mutants, logout::accepts);
}

fn compare(mutants: &[String], accepts: fn(&str) -> bool) {
    let Some(schema) = Schema::find() else { return };
    let accepted: Vec<String> = mutants.iter().filter(|xml| accepts(xml)).cloned().collect();
    assert!(accepted.len() > 400, "only {} of {} accepted", accepted.len(), mutants.len());
    assert!(accepted.len() < mutants.len() / 2, "{} of {} accepted", accepted.len(), mutants.len());

    let invalid = schema.invalid(&accepted);
    let mended: Vec<String> = invalid.iter().map(|xml| mended(xml)).collect();
    let wrong = schema.invalid(&mended);
    if let Some(xml) = wrong.first() {
        panic!(
            "{} accepted, {} of them neither valid nor tolerated; the first, mended:\n{xml}\n{}",
            accepted.len(),
            wrong.len(),
            schema.complaint(xml)
        );
    }
    eprintln!(
        "{} mutants, {} accepted, {} of these by tolerance: {:?}",
        mutants.len(),
        accepted.len(),
        invalid.len(),
        tolerances_used(&invalid)
    );
}

#[test]
fn valid_responses_are_accepted() {
    let Some(schema) = Schema::find() else { return };
    for response in valid_responses() {
        for signed in [Signed::Response, Signed::Assertion] {
            let xml = sign(&response, signed).unwrap();
            assert!(accepts(&xml), "{xml}");
            assert!(
                schema.invalid(std::slice::from_ref(&xml)).is_empty(),
                "{}",
                schema.complaint(&xml)
            );
        }
    }
}

#[test]
fn valid_logout_messages_are_accepted() {
    let Some(schema) = Schema::find() else { return };
    for message in logout::valid_messages() {
        let xml = sign_root(&message).unwrap();
        assert!(logout::accepts(&xml), "{xml}");
        assert!(
            schema.invalid(std::slice::from_ref(&xml)).is_empty(),
            "{}",
            schema.complaint(&xml)
        );
    }
}

/// A tolerance that no mutant needs is none.
#[test]
fn every_tolerance_is_needed() {
    let Some(schema) = Schema::find() else { return };
    for (tolerance, xml) in tolerance::witnesses() {
        assert!(accepts(&xml), "{}: refused\n{xml}", tolerance.name);
        assert_eq!(
            schema.invalid(std::slice::from_ref(&xml)).len(),
            1,
            "{}: valid\n{xml}",
            tolerance.name
        );
        let mended = mended(&xml);
        assert!(
            schema.invalid(std::slice::from_ref(&mended)).is_empty(),
            "{}",
            schema.complaint(&mended)
        );
    }
}

/// The mutant of this number, signed; `None` when there is nothing left to sign.
fn mutant(number: u64) -> Option<String> {
    let mut random = Random::new(number);
    let response = changed(&valid_responses(), &mut random)?;
    let signed = if random.below(2) == 0 { Signed::Response } else { Signed::Assertion };
    sign(&response, signed)
}

fn logout_mutant(number: u64) -> Option<String> {
    sign_root(&changed(&logout::valid_messages(), &mut Random::new(number))?)
}

/// One of the messages, changed once or a few times.
fn changed(messages: &[Node], random: &mut Random) -> Option<Node> {
    let mut message = random.pick(messages)?.clone();
    for _ in 0..=random.below(3) {
        mutate(&mut message, random);
    }
    Some(message)
}

fn mended(xml: &str) -> String {
    let mut node = Node::parse(xml);
    for tolerance in tolerance::TOLERANCES {
        node.each(&mut |node| (tolerance.mend)(node));
    }
    node.to_xml()
}

/// How many documents each tolerance changes.
fn tolerances_used(documents: &[String]) -> BTreeMap<&'static str, usize> {
    let mut used = BTreeMap::new();
    for xml in documents {
        let node = Node::parse(xml);
        for tolerance in tolerance::TOLERANCES {
            let mut mended = node.clone();
            mended.each(&mut |node| (tolerance.mend)(node));
            *used.entry(tolerance.name).or_default() += usize::from(mended != node);
        }
    }
    used
}
