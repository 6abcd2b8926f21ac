//! Which prefix means which namespace, element by element.
use std::borrow::Cow;

use super::Name;
use crate::GateError;

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// Canonicalisation repeats a URI in every element that uses it, and looks through all that are in
/// scope: without these bounds a message of 256 KiB makes gigabytes, before any signature counts.
const LONGEST_URI: usize = 256;
const MOST_IN_SCOPE: usize = 128;

#[derive(Default)]
pub(super) struct Scope<'a> {
    /// Prefix and URI, innermost last.
    declared: Vec<(&'a str, Cow<'a, str>)>,
    /// How many of `declared` each open element found.
    open: Vec<usize>,
}

impl<'a> Scope<'a> {
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    pub(super) fn open(&mut self) {
        self.open.push(self.declared.len());
    }

    pub(super) fn close(&mut self) {
        if let Some(before) = self.open.pop() {
            self.declared.truncate(before);
        }
    }

    pub(super) fn declare(&mut self, prefix: &'a str, uri: Cow<'a, str>) -> Result<(), GateError> {
        if uri.is_empty() {
            return Err(GateError::Namespace("is empty"));
        }
        if !is_absolute(&uri) {
            return Err(GateError::Namespace("is relative"));
        }
        if uri.len() > LONGEST_URI {
            return Err(GateError::Namespace("is longer than 256 bytes"));
        }
        if self.declared.len() >= MOST_IN_SCOPE {
            return Err(GateError::Namespace("is one of more than 128 in scope"));
        }
        if (prefix == "xml") != (uri == XML) || prefix == "xmlns" || uri == XMLNS {
            return Err(GateError::Namespace("or its prefix is reserved"));
        }
        self.declared.push((prefix, uri));
        Ok(())
    }

    pub(super) fn element(&self, name: Name<'_>) -> Result<&str, GateError> {
        self.look_up(name.prefix)
    }

    /// An attribute without prefix is in no namespace, whatever the default is (xml-names 6.2).
    pub(super) fn attribute(&self, name: Name<'_>) -> Result<&str, GateError> {
        if name.prefix.is_empty() { Ok("") } else { self.look_up(name.prefix) }
    }

    fn look_up(&self, prefix: &str) -> Result<&str, GateError> {
        match self.declared.iter().rev().find(|(declared, _)| *declared == prefix) {
            Some((_, uri)) => Ok(uri),
            None if prefix.is_empty() => Ok(""),
            None if prefix == "xml" => Ok(XML),
            None => Err(GateError::Namespace("of a prefix is not declared")),
        }
    }
}

/// Has the URI a scheme (RFC 3986 3.1)?
fn is_absolute(uri: &str) -> bool {
    let Some((scheme, _)) = uri.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}
