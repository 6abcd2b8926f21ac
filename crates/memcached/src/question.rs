//! A command that is asked again and again, as it goes out.

use crate::command::Command;
use crate::key::Key;

/// The text of a command without a value, up to its opaque token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question(Box<[u8]>);

impl Question {
    /// [`Command::check`].
    pub fn check(key: Key) -> Self {
        // The codec refuses keys over 250 bytes, which `Key` never has.
        let mut text = Command::check(key).meta.encode().unwrap_or_default();
        text.truncate(text.trim_ascii_end().len());
        Self(text.into())
    }

    /// As it goes out.
    pub fn as_text(&self) -> &[u8] {
        &self.0
    }
}
