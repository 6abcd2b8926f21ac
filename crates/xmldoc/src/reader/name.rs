//! Qualified names (xml-names 4).
use crate::GateError;

/// `prefix:local`, the prefix empty when there is none.
#[derive(Clone, Copy)]
pub(crate) struct Name<'a> {
    /// As it is written.
    pub(crate) raw: &'a str,
    pub(crate) prefix: &'a str,
    pub(crate) local: &'a str,
}

impl<'a> Name<'a> {
    /// The name that `text` starts with.
    pub(super) fn at_start_of(text: &'a str) -> Result<Self, GateError> {
        const BROKEN: GateError = GateError::Malformed("a name");
        let (mut length, mut colon, mut all) = (text.len(), 0, 0);
        for (at, b) in text.bytes().enumerate() {
            let class = class_of(b);
            if class & NAME == 0 {
                if class != COLON || colon > 0 || at == 0 {
                    length = at;
                    break;
                }
                colon = at;
            }
            all |= class;
        }
        let raw = text.get(..length).ok_or(BROKEN)?;
        let (prefix, local) = match colon {
            0 => ("", raw),
            _ => (raw.get(..colon).ok_or(BROKEN)?, raw.get(colon + 1..).ok_or(BROKEN)?),
        };
        let is_good =
            |name: &str| starts_name(name) && (all & HIGH == 0 || name.chars().all(may_follow));
        if is_good(local) && (colon == 0 || is_good(prefix)) {
            Ok(Self { raw, prefix, local })
        } else {
            Err(BROKEN)
        }
    }
}

/// Is its first character one that a name may start with?
fn starts_name(text: &str) -> bool {
    match text.bytes().next().map(class_of) {
        Some(class) if class & HIGH == 0 => class & START != 0,
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

/// Does the text go on with what may stand in a name?
pub(super) fn continues_name(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| class_of(b) & NAME != 0)
}

fn class_of(b: u8) -> u8 {
    CLASSES.get(usize::from(b)).copied().unwrap_or_default()
}

/// A letter or `_`; these, a digit, `-`, `.`, or part of a character above ASCII; the latter; `:`.
const START: u8 = 1;
const NAME: u8 = 2;
const HIGH: u8 = 4;
const COLON: u8 = 8;

static CLASSES: [u8; 256] = {
    let mut table = [NAME | HIGH; 256];
    let mut b = 0_u8;
    while b < 128 {
        let class = match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => START | NAME,
            b'0'..=b'9' | b'-' | b'.' => NAME,
            b':' => COLON,
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
