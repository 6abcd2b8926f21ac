//! Mutations of whole elements, as signature wrapping does it; bytes alone rarely stay well-formed.
use std::ops::Range;

use libfuzzer_sys::fuzzer_mutate;

use crate::seeds::MESSAGES;

const WRAPPERS: &[&str] = &[
    "saml:Assertion",
    "saml:Advice",
    "samlp:Extensions",
    "samlp:Response",
    "ds:Object",
    "ds:Signature",
    "ds:KeyInfo",
    "saml:AttributeValue",
];
const PIECES: &[&str] = &[
    "<!-- x -->",
    "<![CDATA[x]]>",
    "<![CDATA[]]>",
    "&#13;",
    "&amp;",
    "\r\n",
    "\t",
    " ID=\"_a1\"",
    " Id=\"_a1\"",
    " xml:id=\"_a1\"",
    " xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
    " xmlns=\"\"",
    " xmlns:saml=\"urn:x\"",
    " xmlns:ds=\"urn:x\"",
    " Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#WithComments\"",
    "é",
];

/// One mutation: of an element, or libFuzzer's own of bytes. Returns the new size.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut random = Random(u64::from(seed) | 1 << 32);
    let tree_like = random.below(2) == 0;
    let mutated = tree_like.then(|| mutate_elements(&data[..size], &mut random)).flatten();
    match mutated {
        Some(bytes) if bytes.len() <= max_size && bytes.len() <= data.len() => {
            data[..bytes.len()].copy_from_slice(&bytes);
            bytes.len()
        }
        _ => fuzzer_mutate(data, size, max_size),
    }
}

fn mutate_elements(xml: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    let found = elements(xml);
    let one = random.pick(&found)?.clone();
    let place = *random.pick(&boundaries(xml))?;
    Some(match random.below(8) {
        0 => splice(xml, one, b""),
        1 => splice(xml, place..place, &xml[one]),
        2 => moved(xml, one, place),
        3 => {
            let other = random.pick(&found)?.clone();
            splice(xml, one, &xml[other])
        }
        4 => {
            let donor = random.pick(MESSAGES)?.as_bytes();
            let other = random.pick(&elements(donor))?.clone();
            let target = if random.below(2) == 0 { place..place } else { one };
            splice(xml, target, &donor[other])
        }
        5 => {
            let name = random.pick(WRAPPERS)?;
            let (start, end) = (format!("<{name}>"), format!("</{name}>"));
            let wrapped = [start.as_bytes(), &xml[one.clone()], end.as_bytes()].concat();
            splice(xml, one, &wrapped)
        }
        6 => {
            let inside = one.start + random.below(one.len());
            splice(xml, inside..inside, random.pick(PIECES)?.as_bytes())
        }
        _ => {
            let name_end = xml[one.start + 1..].iter().position(|b| b" />".contains(b))?;
            let at = one.start + 1 + name_end;
            splice(xml, at..at, random.pick(PIECES)?.as_bytes())
        }
    })
}

/// From start tag to end tag, for each element whose tags pair up.
fn elements(xml: &[u8]) -> Vec<Range<usize>> {
    let (mut found, mut open) = (Vec::new(), Vec::new());
    for start in positions(xml, b'<') {
        let Some(length) = xml[start..].iter().position(|b| *b == b'>') else { break };
        let end = start + length + 1;
        match xml.get(start + 1) {
            Some(b'/') => found.extend(open.pop().map(|from| from..end)),
            Some(b'!' | b'?') | None => {}
            _ if xml[end - 2] == b'/' => found.push(start..end),
            _ => open.push(start),
        }
    }
    found
}

fn boundaries(xml: &[u8]) -> Vec<usize> {
    positions(xml, b'<').chain(positions(xml, b'>').map(|end| end + 1)).collect()
}

fn positions(xml: &[u8], byte: u8) -> impl Iterator<Item = usize> {
    xml.iter().enumerate().filter(move |(_, b)| **b == byte).map(|(index, _)| index)
}

fn splice(xml: &[u8], range: Range<usize>, piece: &[u8]) -> Vec<u8> {
    [&xml[..range.start], piece, &xml[range.end..]].concat()
}

fn moved(xml: &[u8], from: Range<usize>, to: usize) -> Vec<u8> {
    let piece = &xml[from.clone()];
    if to <= from.start {
        splice(&splice(xml, from, b""), to..to, piece)
    } else if to >= from.end {
        splice(&splice(xml, to..to, piece), from, b"")
    } else {
        xml.to_vec()
    }
}

/// xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % bound.max(1)
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.below(list.len()))
    }
}
