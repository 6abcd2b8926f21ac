//! What administrators and operators read.

/// Is it a line that somebody can read?
pub fn is_sentence(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_control)
}
