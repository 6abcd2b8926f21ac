//! A piece of a text that many pieces share.
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::outline::Span;

/// A piece of a text, which it keeps alive: nothing is copied for it. Reads as a `str`.
#[derive(Clone, Default)]
pub struct Excerpt {
    /// `None` where there is nothing.
    text: Option<Arc<String>>,
    span: Span,
}

impl Excerpt {
    pub(crate) fn new(text: &Arc<String>, span: Span) -> Self {
        let text = (span.start < span.end).then(|| Arc::clone(text));
        Self { text, span }
    }

    /// It, as one reads it.
    pub fn as_str(&self) -> &str {
        self.text.as_ref().map_or("", |text| self.span.of(text))
    }
}

impl From<String> for Excerpt {
    fn from(text: String) -> Self {
        let span = Span { start: 0, end: text.len() };
        Self::new(&Arc::new(text), span)
    }
}

impl From<&str> for Excerpt {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl Deref for Excerpt {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Excerpt {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Excerpt {}

impl PartialOrd for Excerpt {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Excerpt {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other)
    }
}

impl PartialEq<str> for Excerpt {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Excerpt {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_its_piece_of_the_text_and_nothing_else() {
        let text = Arc::new("one two".to_owned());
        let [one, two, none] =
            [(0, 3), (4, 7), (3, 3)].map(|(start, end)| Excerpt::new(&text, Span { start, end }));
        assert_eq!((one.as_str(), two.as_str(), none.as_str()), ("one", "two", ""));
        assert_eq!((&two, two.len()), (&Excerpt::from("two"), 3));
        assert_eq!(none, Excerpt::default());
        assert!(one < two && one != *"two" && one == "one");
        assert_eq!(format!("{one} {two:?}"), "one \"two\"");
        // What is nothing keeps nothing alive.
        assert_eq!(Arc::strong_count(&text), 3);
    }
}
