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
        let (first, rest) = ncname(text).ok_or(BROKEN)?;
        let Some(rest) = rest.strip_prefix(':') else {
            return Ok(Self { raw: first, prefix: "", local: first });
        };
        let (local, _) = ncname(rest).ok_or(BROKEN)?;
        let raw = text.get(..first.len() + 1 + local.len()).ok_or(BROKEN)?;
        Ok(Self { raw, prefix: first, local })
    }
}

/// A name without colon, and what follows.
fn ncname(text: &str) -> Option<(&str, &str)> {
    if matches!(text.as_bytes(), [] | [b'0'..=b'9' | b'-' | b'.', ..]) {
        return None;
    }
    if !text.chars().next().is_some_and(may_start) {
        return None;
    }
    let (name, rest) = text.split_at_checked(ncname_length(text))?;
    let good = !name.is_empty() && (name.is_ascii() || name.chars().all(may_follow));
    good.then_some((name, rest))
}

/// NameStartChar (xml 2.3) above ASCII; what is below has been judged.
fn may_start(c: char) -> bool {
    c.is_ascii()
        || matches!(c, '\u{c0}'..='\u{2ff}' if c != '\u{d7}' && c != '\u{f7}')
        || matches!(c,
            '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}'
            | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}'
            | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
}

/// NameChar (xml 2.3) above ASCII; what is below has been judged.
fn may_follow(c: char) -> bool {
    may_start(c) || matches!(c, '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

/// How many bytes from the start are letters, digits, `_`, `-` or `.`, or lie above ASCII.
pub(super) fn ncname_length(text: &str) -> usize {
    let may_stand = |b: u8| NAME.get(usize::from(b)).is_some_and(|may| *may);
    text.bytes().position(|b| !may_stand(b)).unwrap_or(text.len())
}

const NAME: [bool; 256] = {
    let mut table = [true; 256];
    let mut b = 0_u8;
    while b < 128 {
        #[expect(clippy::indexing_slicing, reason = "at compile time; `get_mut` is not const")]
        {
            table[b as usize] = b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        }
        b += 1;
    }
    table
};
