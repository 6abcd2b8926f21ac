//! One refusal: its reason, and the values that disagree.

use std::fmt;

use crate::reason;
pub use crate::reason::{Blame, Reason};
use crate::shown_text::shown;

/// Longest foreign text in a log line, characters.
const QUOTE_MAX: usize = 200;
/// Longest text of an IdP on a page, characters.
const WORDS_MAX: usize = 300;

/// Who sent what was refused, as far as it says itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sender {
    /// Anybody: scanners, search engines.
    #[default]
    Stranger,
    /// An IdP of this SP by the Issuer, or a browser that a login or logout of this SP is under way in.
    Known,
}

/// Why a message or a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    reason: &'static Reason,
    detail: String,
    words: Option<String>,
}

impl Refusal {
    /// `detail` goes into the log: foreign text in it must have passed [`quote`].
    pub fn new(reason: &'static Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), words: None }
    }

    /// With what the IdP, whose signature covers it, says to the person.
    pub(crate) fn with_words(self, words: &str) -> Self {
        Self { words: shown(words, WORDS_MAX), ..self }
    }

    /// What the IdP says to the person.
    pub fn words(&self) -> Option<&str> {
        self.words.as_deref()
    }

    /// What nobody outside is to blame for; `what` failed, for the log.
    pub fn internal(what: &str) -> Self {
        Self::new(&reason::INTERNAL_ERROR, what)
    }

    /// The line of the table.
    pub fn reason(&self) -> &'static Reason {
        self.reason
    }

    /// Stable and public, e.g. `audience_mismatch`.
    pub fn code(&self) -> &'static str {
        self.reason.code()
    }

    /// Who can mend it.
    pub fn blame(&self) -> Blame {
        self.reason.blame()
    }

    /// The HTTP status of the answer, as [`Reason::status`].
    pub fn status(&self) -> u16 {
        self.reason.status()
    }

    /// Must whoever reads only errors, as nginx logs by default, hear of it? Of what people stumble
    /// over, yes; not of strangers' noise, which is theirs to mend.
    pub fn is_error(&self, sender: Sender) -> bool {
        self.blame() != Blame::Client || sender == Sender::Known
    }

    /// Must somebody look at once? Two implementations disagree on a signature, and one of them is wrong.
    pub fn is_alert(&self) -> bool {
        self.reason == &reason::SECOND_VERIFIER_DISAGREES
    }

    /// One sentence for the user's page.
    pub fn meaning(&self) -> &'static str {
        self.reason.meaning()
    }

    /// The values that disagree, for the log only: "the Audience is …, this SP is …".
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What to change and where, for the log only.
    pub fn advice(&self) -> &'static str {
        self.reason.advice()
    }
}

/// One log line: code, detail, advice.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.code(), self.detail, self.advice())
    }
}

impl std::error::Error for Refusal {}

/// Foreign text, safe inside a log line: in quotes, with control characters, quotes, backslashes and
/// invisible characters escaped, cut after 200 characters.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len().min(QUOTE_MAX) + 2);
    quoted.push('"');
    for c in text.chars().take(QUOTE_MAX) {
        match c {
            '\'' => quoted.push(c),
            _ => quoted.extend(c.escape_debug()),
        }
    }
    if text.chars().nth(QUOTE_MAX).is_some() {
        quoted.push('…');
    }
    quoted.push('"');
    quoted
}

/// Like [`quote`], or `absent`.
pub fn quote_option(text: Option<&str>) -> String {
    text.map_or_else(|| "absent".to_owned(), quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_reads_as_one_line() {
        let refusal = Refusal::new(&reason::STORE_FULL, "zone \"sessions\"");
        assert_eq!(
            refusal.to_string(),
            "store_full: zone \"sessions\"; enlarge the zone of saml_session_store"
        );
        assert_eq!(refusal.code(), "store_full");
        assert_eq!(refusal.blame(), Blame::Server);
        assert_eq!(refusal.status(), 503);
        assert_eq!(refusal.detail(), "zone \"sessions\"");
        assert_eq!(refusal.meaning(), "The session store is full.");
        assert_eq!(refusal.reason(), &reason::STORE_FULL);
    }

    #[test]
    fn a_fault_of_our_own_says_what_failed() {
        let refusal = Refusal::internal("a panic");
        assert_eq!((refusal.code(), refusal.status()), ("internal_error", 503));
        assert_eq!(refusal.detail(), "a panic");
    }

    #[test]
    fn only_strangers_make_noise() {
        for reason in reason::REASONS {
            let refusal = Refusal::new(reason, "x");
            assert!(refusal.is_error(Sender::Known), "{refusal}");
            let is_strangers = refusal.blame() == Blame::Client;
            assert_eq!(refusal.is_error(Sender::Stranger), !is_strangers, "{refusal}");
        }
    }

    #[test]
    fn quoted_text_cannot_forge_a_log_line() {
        assert_eq!(
            quote("a\r\n[alert] \"x\" \\ \u{1b}[2J\u{202e}\0"),
            r#""a\r\n[alert] \"x\" \\ \u{1b}[2J\u{202e}\0""#
        );
        assert_eq!(quote("it's é"), "\"it's é\"");
    }

    #[test]
    fn quoted_text_is_bounded() {
        assert_eq!(quote(&"a".repeat(200)).chars().count(), 202);
        let cut = quote(&"é".repeat(201));
        assert_eq!(cut.chars().count(), 203);
        assert!(cut.ends_with("é…\""));
    }

    #[test]
    fn an_absent_value_is_named() {
        assert_eq!(quote_option(None), "absent");
        assert_eq!(quote_option(Some("x")), "\"x\"");
    }
}
