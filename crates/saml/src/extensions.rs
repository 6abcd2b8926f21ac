//! samlp:Extensions (Core 3.2.1): what an administrator adds to requests by a file of their own.

use std::fmt;

use xmldoc::{Document, Element, Limits, XmlError};

use crate::namespace::{PROTOCOL, XMLDSIG};

/// Bytes: it goes into a URL with each request.
const MAX_BYTES: usize = 8 << 10;

/// A `samlp:Extensions` element that can stand in any request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extensions(String);

/// Why a text is no such element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExtensionsError {
    /// More than 8 KiB.
    TooLarge,
    /// Not UTF-8, not well-formed, or what no message may hold.
    Xml(XmlError),
    /// Its root is another element.
    Root(String),
    /// It says nothing, or in attributes and text, which it may not have.
    Content,
    /// One of its elements is of SAML's own protocol, or of no namespace.
    Child(String),
    /// A signature of its own, which would stand beside that of the request.
    Signature,
}

impl Extensions {
    /// Reads a file that holds the element, which is sent as it stands there.
    ///
    /// # Errors
    /// The schema does not allow it (an IdP that validates would refuse each request), or it is no XML.
    pub fn parse(octets: &[u8]) -> Result<Self, ExtensionsError> {
        // A byte order mark, as editors of Windows write it.
        let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
        if octets.len() > MAX_BYTES {
            return Err(ExtensionsError::TooLarge);
        }
        let document = Document::parse(octets, &Limits::default()).map_err(ExtensionsError::Xml)?;
        let root = document.trusted_root();
        if (root.namespace.as_str(), root.name.as_str()) != (PROTOCOL, "Extensions") {
            return Err(ExtensionsError::Root(root.name.to_string()));
        }
        let is_bare = root.attributes.is_empty() && root.text.trim().is_empty();
        if !is_bare || root.children.is_empty() {
            return Err(ExtensionsError::Content);
        }
        if has_signature(&root) {
            return Err(ExtensionsError::Signature);
        }
        let of_others = |namespace: &str| !namespace.is_empty() && namespace != PROTOCOL;
        match root.children.into_iter().find(|child| !of_others(child.namespace.as_str())) {
            Some(child) => Err(ExtensionsError::Child(child.name.to_string())),
            None => Ok(Self(element(&String::from_utf8_lossy(octets)).to_owned())),
        }
    }

    /// The element, as the file has it.
    pub(crate) fn as_xml(&self) -> &str {
        &self.0
    }
}

/// At any depth, which the reader has bounded.
fn has_signature(element: &Element) -> bool {
    element.namespace == XMLDSIG || element.children.iter().any(has_signature)
}

/// What follows the XML declaration, which may stand at the beginning of a document alone.
fn element(text: &str) -> &str {
    let behind = text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>"));
    behind.map_or(text, |(_, behind)| behind).trim()
}

impl fmt::Display for ExtensionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("it is larger than 8 KiB"),
            Self::Xml(error) => error.fmt(f),
            Self::Root(name) => write!(
                f,
                "its root element is {name}, and must be Extensions of the namespace {PROTOCOL}"
            ),
            Self::Content => f.write_str(
                "Extensions must hold one element or more, and neither attributes nor text",
            ),
            Self::Signature => f.write_str("no signature may stand in it"),
            Self::Child(name) => write!(
                f,
                "the element {name} in it must have a namespace, and another than SAML's protocol"
            ),
        }
    }
}

impl std::error::Error for ExtensionsError {}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "<samlp:Extensions \
                        xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
                        <eidas:SPType xmlns:eidas=\"http://eidas.europa.eu/saml-extensions\">public\
                        </eidas:SPType></samlp:Extensions>";

    #[test]
    fn the_element_stays_as_it_is() {
        for (before, after) in [("", ""), ("<?xml version=\"1.0\"?>\n", "\n"), ("\u{feff}", "")] {
            let extensions = Extensions::parse(format!("{before}{GOOD}{after}").as_bytes());
            assert_eq!(extensions.unwrap().as_xml(), GOOD, "{before:?}");
        }
    }

    #[test]
    fn what_no_request_may_hold_is_refused() {
        let with = |inside: &str| {
            let xml =
                format!("<Extensions xmlns=\"{PROTOCOL}\" xmlns:x=\"urn:x\">{inside}</Extensions>");
            Extensions::parse(xml.as_bytes()).map_err(|error| error.to_string())
        };
        assert!(with("<x:a/>").is_ok());
        for (inside, sentence) in [
            ("", "must hold one element or more"),
            ("text<x:a/>", "neither attributes nor text"),
            ("<x:a/><Status/>", "the element Status in it must have a namespace"),
            ("<a xmlns=\"\"/>", "the element a in it must have a namespace"),
            (
                "<x:a><Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/></x:a>",
                "no signature may stand in it",
            ),
            ("<x:a></x:b>", ""),
            ("<?php ?><x:a/>", ""),
            ("<y:a/>", ""),
        ] {
            let error = with(inside).unwrap_err();
            assert!(error.contains(sentence), "{inside}: {error}");
        }
        for (xml, sentence) in [
            ("<samlp:Extensions/>", ""),
            ("<Extensions xmlns='urn:x'><a/></Extensions>", "its root element is Extensions"),
            ("<a/>", "its root element is a"),
            ("", ""),
        ] {
            let error = Extensions::parse(xml.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(sentence), "{xml}: {error}");
        }
        let long = with(&format!("<x:a>{}</x:a>", "a".repeat(MAX_BYTES))).unwrap_err();
        assert_eq!(long, "it is larger than 8 KiB");
        let attribute = GOOD.replacen(" xmlns", " Lang=\"en\" xmlns", 1);
        assert_eq!(Extensions::parse(attribute.as_bytes()), Err(ExtensionsError::Content));
    }
}
