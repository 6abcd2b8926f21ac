//! Qualified names (xml-names 4).
use crate::GateError;
use crate::outline::Name;

/// The name that stands there.
pub(super) fn name_at(text: &str, start: usize) -> Result<Name, GateError> {
    const BROKEN: GateError = GateError::Malformed("a name");
    let bytes = text.as_bytes().get(start..).unwrap_or_default();
    let mut is_ascii = true;
    let mut part = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        let plain = rest.iter().position(|b| class_of(*b) & PLAIN == 0).unwrap_or(rest.len());
        if rest.get(plain).is_none_or(u8::is_ascii) {
            return from + plain;
        }
        is_ascii = false;
        let is_end = |b: &u8| b.is_ascii() && class_of(*b) & PLAIN == 0;
        from + rest.iter().position(is_end).unwrap_or(rest.len())
    };
    let (mut prefix, mut length) = (0, part(0));
    if length > 0 && bytes.get(length) == Some(&b':') {
        prefix = length;
        length = part(prefix + 1);
    }
    let name = Name { start, prefix, length };
    let is_good = |part: &str| starts_name(part) && (is_ascii || part.chars().all(may_follow));
    if is_good(name.local(text)) && (prefix == 0 || is_good(name.prefix(text))) {
        Ok(name)
    } else {
        Err(BROKEN)
    }
}

/// Is its first character one that a name may start with?
fn starts_name(text: &str) -> bool {
    match text.bytes().next() {
        Some(b) if b.is_ascii() => class_of(b) & START != 0,
        Some(_) => text.starts_with(may_start),
        None => false,
    }
}

/// NameStartChar (xml 2.3) but for the colon.
fn may_start(c: char) -> bool {
    match u8::try_from(c).ok().filter(u8::is_ascii) {
        Some(b) => class_of(b) & START != 0,
        None => {
            matches!(c, '\u{c0}'..='\u{2ff}' if c != '\u{d7}' && c != '\u{f7}')
                || matches!(c,
                    '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}'
                    | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}'
                    | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
        }
    }
}

/// NameChar (xml 2.3) but for the colon.
fn may_follow(c: char) -> bool {
    may_start(c)
        || matches!(c, '0'..='9' | '-' | '.' | '\u{b7}')
        || matches!(c, '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

/// Is it a byte of what may stand in a name?
pub(super) fn continues_name(b: u8) -> bool {
    class_of(b) & PLAIN != 0 || !b.is_ascii()
}

fn class_of(b: u8) -> u8 {
    CLASSES.get(usize::from(b)).copied().unwrap_or_default()
}

/// A letter or `_`; these, a digit, `-` or `.`. Nothing above ASCII is either.
const START: u8 = 1;
const PLAIN: u8 = 2;

static CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut b = 0_u8;
    while b < 128 {
        let class = match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => START | PLAIN,
            b'0'..=b'9' | b'-' | b'.' => PLAIN,
            _ => 0,
        };
        #[expect(clippy::indexing_slicing, reason = "at compile time; `get_mut` is not const")]
        {
            table[b as usize] = class;
        }
        b += 1;
    }
    table
};
