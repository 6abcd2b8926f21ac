//! The reader is the judge: whatever is accounted for, it reads just so.
use super::*;
use crate::canonical::octets::is_as_read;
use crate::canonical::tests::random::{Random, document};
use crate::canonical::{Canonical, Octets};
use crate::reader::{Characters, Outside, read};
use crate::{GateError, Limits, gate};

const CHANGES: &[u8] = b"<>&\"'/=: \t\n\ra;x!-?";

/// Random canonical octets with the writer's notes of them.
fn octets(random: &mut Random) -> Option<(String, Outline)> {
    let xml = document(random);
    let (text, outline) =
        gate::pass(xml.as_bytes(), &Limits::default(), &Outside::default()).ok()?;
    let element = outline.node(text, random.below(outline.places.len()))?;
    let canonical = Canonical { element, without: None, prefixes: "", with_comments: false };
    canonical.octets(1 << 20).map(Octets::into_parts)
}

/// One octet is another one, is gone, or stands twice.
fn changed(text: &str, random: &mut Random) -> Option<String> {
    let mut octets = text.as_bytes().to_vec();
    let at = random.below(octets.len());
    let new = CHANGES[random.below(CHANGES.len())];
    match random.below(3) {
        0 => octets[at] = new,
        1 => octets.insert(at, new),
        _ => drop(octets.remove(at)),
    }
    String::from_utf8(octets).ok()
}

/// A note that is off.
fn misled(outline: &Outline, random: &mut Random) -> Outline {
    let mut outline = outline.clone();
    let by = |number: usize, random: &mut Random| (number + random.below(3)).saturating_sub(1);
    let (piece, place) = (random.below(outline.pieces.len()), random.below(outline.places.len()));
    let attribute = random.below(outline.attributes.len());
    let declarations = outline.declarations.len();
    match random.below(9) {
        0 => drop(outline.pieces.remove(piece)),
        1 => outline.pieces.swap(piece, random.below(piece + 1)),
        2 => match &mut outline.pieces[piece] {
            Piece::Text(span) => span.end = by(span.end, random),
            Piece::Start(number) | Piece::End(number) => *number = by(*number, random),
            _ => {}
        },
        3 => outline.places[place].namespace = Namespace::Declared(random.below(declarations)),
        4 => outline.places[place].namespace = Namespace::None,
        5 => outline.places[place].parent = random.below(place + 1).checked_sub(1),
        6 => outline.places[place].name.prefix = random.below(3),
        7 => {
            if let Some(attribute) = outline.attributes.get_mut(attribute) {
                attribute.value.span.end = by(attribute.value.span.end, random);
                attribute.value.is_plain ^= random.below(2) == 0;
            }
        }
        _ => {
            let place = &mut outline.places[place];
            place.attributes.end = by(place.attributes.end, random);
            place.declarations.end = by(place.declarations.end, random);
        }
    }
    outline
}

/// The reader finds the same; or it does not let pass how something is called, wherever that stands.
fn assert_read(text: &str, outline: &Outline) {
    let found = read(&Characters::of(text), &Limits::NONE, &Outside::default());
    match found {
        Ok(found) => assert_eq!(found, *outline, "{text}"),
        Err(GateError::Namespace(_)) => {}
        Err(GateError::Malformed(what)) => {
            let names = ["a name", "a broken attribute", "an attribute twice in one element"];
            assert!(names.contains(&what), "{what}: {text}");
        }
        Err(error) => panic!("{error}: {text}"),
    }
}

#[test]
fn what_is_accounted_for_is_what_the_reader_finds() {
    let (mut random, mut refused, mut rounds) = (Random::new(1), 0, 0);
    while rounds < 20_000 {
        let Some((text, outline)) = octets(&mut random) else { continue };
        rounds += 1;
        assert!(is_accounted_for(&text, &outline) && is_as_read(&text, &outline), "{text}");
        for _ in 0..8 {
            let Some(other) = changed(&text, &mut random) else { continue };
            if is_accounted_for(&other, &outline) {
                assert_read(&other, &outline);
            } else {
                refused += 1;
            }
            let misled = misled(&outline, &mut random);
            if is_accounted_for(&text, &misled) {
                assert_read(&text, &misled);
            } else {
                refused += 1;
            }
        }
    }
    assert!(refused > 100_000, "{refused}");
}
