//! nginx's syntax, as far as the tests use it.

use std::iter::Peekable;
use std::rc::Rc;
use std::str::CharIndices;

use settings::{Line, Place};

/// A directive, and what its braces hold.
pub(crate) struct Statement {
    pub(crate) words: Vec<String>,
    pub(crate) place: Place,
    pub(crate) block: Vec<Self>,
}

impl Statement {
    /// As nginx gives it to a setter.
    pub(crate) fn line(&self) -> Line<'_> {
        let mut words = self.words.iter().map(String::as_str);
        let name = words.next().unwrap();
        Line { name, args: words.collect(), place: self.place.clone() }
    }

    pub(crate) fn name(&self) -> &str {
        &self.words[0]
    }
}

/// The statements of a file called `nginx.conf`.
pub(crate) fn read(text: &str) -> Vec<Statement> {
    let mut reader =
        Reader { text, rest: text.char_indices().peekable(), file: "nginx.conf".into() };
    let statements = reader.block();
    assert!(reader.rest.next().is_none(), "a brace too many");
    statements
}

struct Reader<'t> {
    text: &'t str,
    rest: Peekable<CharIndices<'t>>,
    file: Rc<str>,
}

impl Reader<'_> {
    /// Up to the closing brace, which stays, or to the end.
    fn block(&mut self) -> Vec<Statement> {
        let mut statements = Vec::new();
        let mut words: Vec<String> = Vec::new();
        let mut line = 0;
        while let Some(&(at, c)) = self.rest.peek() {
            if words.is_empty() {
                line = self.text[..at].matches('\n').count() + 1;
            }
            match c {
                '}' => break,
                c if c.is_whitespace() => drop(self.rest.next()),
                '{' | ';' => {
                    self.rest.next();
                    let block = if c == '{' { self.block() } else { Vec::new() };
                    if c == '{' {
                        assert_eq!(self.rest.next().map(|(_, c)| c), Some('}'), "no end");
                    }
                    let place = Place { file: Rc::clone(&self.file), line };
                    statements.push(Statement { words: std::mem::take(&mut words), place, block });
                }
                _ => words.push(self.word()),
            }
        }
        assert!(words.is_empty(), "no semicolon after {words:?}");
        statements
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        if self.rest.next_if(|(_, c)| *c == '"').is_some() {
            word.extend(std::iter::from_fn(|| {
                self.rest.next_if(|(_, c)| *c != '"').map(|(_, c)| c)
            }));
            self.rest.next();
            return word;
        }
        let is_end = |c: char| c.is_whitespace() || ";{".contains(c);
        word.extend(std::iter::from_fn(|| self.rest.next_if(|(_, c)| !is_end(*c)).map(|(_, c)| c)));
        word
    }
}
