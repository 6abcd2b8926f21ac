//! The one rule for what an IdP says to people: how it is called, what went wrong.

/// In one line, of so many characters at most; `None` = nothing is left.
pub(crate) fn shown(text: &str, max: usize) -> Option<String> {
    let is_shown = |c: &char| !c.is_control() && !is_bidi_control(*c);
    let words: Vec<String> = text
        .split_whitespace()
        .map(|word| word.chars().filter(is_shown).collect())
        .filter(|word: &String| !word.is_empty())
        .collect();
    let text: String = words.join(" ").chars().take(max).collect();
    (!text.is_empty()).then_some(text)
}

/// What would turn the text around it as well (UAX 9 2).
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_line_of_what_can_be_seen() {
        let text = " not\r\n\u{202e}assigned \u{85}\u{2066} to\0 you\u{1b} ";
        assert_eq!(shown(text, 300).as_deref(), Some("not assigned to you"));
        assert_eq!(shown(text, 5).as_deref(), Some("not a"));
        assert_eq!(shown(" \u{202e} \n", 300), None);
    }
}
