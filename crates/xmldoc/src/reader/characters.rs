//! What characters a document is of (XML 1.0 2.2).
use crate::GateError;

/// What may stand before a document (XML 1.0 4.3.3).
pub(crate) const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// The text of a document in which each character may stand in XML 1.0.
pub(crate) struct Characters<'a> {
    pub(crate) text: &'a str,
    /// Is there any control character, such as a line end?
    pub(super) has_controls: bool,
}

impl<'a> Characters<'a> {
    /// A text each character of which XML 1.0 lets stand.
    ///
    /// # Errors
    /// It has another one.
    pub(crate) fn check(text: &'a str) -> Result<Self, GateError> {
        let (characters, bytes) = (Self::of(text), text.as_bytes());
        let control = |b: u8| b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r');
        // As below.
        let has_others = || bytes.iter().fold(false, |found, b| found | control(*b));
        if characters.has_controls && has_others() {
            // UTF-16 of ASCII is valid UTF-8, with a NUL in every second place.
            let nul = bytes.contains(&0);
            return Err(if nul {
                GateError::NotUtf8
            } else {
                GateError::Malformed("a control character")
            });
        }
        let noncharacter = |w: &[u8]| matches!(w, [0xEF, 0xBF, 0xBE | 0xBF]);
        if memchr::memchr(0xEF, bytes).is_some() && bytes.windows(3).any(noncharacter) {
            return Err(GateError::Malformed("the character U+FFFE or U+FFFF"));
        }
        Ok(characters)
    }

    /// Those of a text that is known to be good.
    pub(crate) fn of(text: &'a str) -> Self {
        // No early end: so the loop runs on many bytes at a time.
        let has_controls = text.bytes().fold(false, |found, b| found | (b < b' '));
        Self { text, has_controls }
    }
}
