//! Extensions of requests (Core 3.2.1) and of metadata (Metadata 2.2.1): what an administrator adds by a
//! file of their own.

use std::fmt;

use xmldoc::{Document, Element, Limits, XmlError};

use crate::namespace::{METADATA, PROTOCOL, XMLDSIG};

/// Bytes in a request: it goes into a URL with each.
const MAX_IN_REQUEST: usize = 8 << 10;

/// Bytes in metadata, of each place.
const MAX_IN_METADATA: usize = 64 << 10;

/// An `Extensions` element that can stand where it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extensions {
    element: String,
    /// Where its content begins.
    content: usize,
}

/// Why a text is no such element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExtensionsError {
    /// More than so many KiB.
    TooLarge(usize),
    /// Not UTF-8, not well-formed, or what no message may hold.
    Xml(XmlError),
    /// Its root is the element of this name, and must be of that namespace.
    Root(String, &'static str),
    /// It says nothing, or in attributes and text, which it may not have.
    Content,
    /// One of its elements has the namespace of what stands around it, this one, or none.
    Child(String, &'static str),
    /// A signature of its own, which would stand beside that of the whole.
    Signature,
}

impl Extensions {
    /// Reads a file with a `samlp:Extensions` element, which is sent as it stands there.
    ///
    /// # Errors
    /// The schema does not allow it (an IdP that validates would refuse each request), or it is no XML.
    pub fn of_request(octets: &[u8]) -> Result<Self, ExtensionsError> {
        Self::parse(octets, PROTOCOL, MAX_IN_REQUEST)
    }

    /// Reads a file with an `md:Extensions` element, which is published as it stands there.
    ///
    /// # Errors
    /// The schema does not allow it (an IdP that validates would refuse the metadata), or it is no XML.
    pub fn of_metadata(octets: &[u8]) -> Result<Self, ExtensionsError> {
        Self::parse(octets, METADATA, MAX_IN_METADATA)
    }

    fn parse(octets: &[u8], namespace: &'static str, most: usize) -> Result<Self, ExtensionsError> {
        // A byte order mark, as editors of Windows write it.
        let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
        if octets.len() > most {
            return Err(ExtensionsError::TooLarge(most >> 10));
        }
        let document = Document::parse(octets, &Limits::default()).map_err(ExtensionsError::Xml)?;
        let root = document.trusted_root();
        if (root.namespace.as_str(), root.name.as_str()) != (namespace, "Extensions") {
            return Err(ExtensionsError::Root(root.name.to_string(), namespace));
        }
        let is_bare = root.attributes.is_empty() && root.text.trim().is_empty();
        if !is_bare || root.children.is_empty() {
            return Err(ExtensionsError::Content);
        }
        if has_signature(&root) {
            return Err(ExtensionsError::Signature);
        }
        let of_others = |other: &str| !other.is_empty() && other != namespace;
        if let Some(child) = root.children.iter().find(|child| !of_others(&child.namespace)) {
            return Err(ExtensionsError::Child(child.name.to_string(), namespace));
        }
        let element = element(&String::from_utf8_lossy(octets)).to_owned();
        // Of namespaces alone, and no URI has the character by which the start tag ends.
        let content = element.find('>').ok_or(ExtensionsError::Content)? + 1;
        Ok(Self { element, content })
    }

    /// The element, as the file has it.
    pub(crate) fn as_xml(&self) -> &str {
        &self.element
    }

    /// The element with others at its beginning, which bring the namespaces that they use.
    pub(crate) fn with(&self, others: &str) -> String {
        let (start, content) = self.element.split_at(self.content);
        [start, others, content].concat()
    }
}

/// At any depth, which the reader has bounded.
fn has_signature(element: &Element) -> bool {
    element.namespace == XMLDSIG || element.children.iter().any(has_signature)
}

/// What follows the XML declaration, which may stand at the beginning of a document alone, and comments.
fn element(text: &str) -> &str {
    let behind = text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>"));
    let mut text = behind.map_or(text, |(_, behind)| behind).trim();
    while let Some((_, behind)) = text.strip_prefix("<!--").and_then(|rest| rest.split_once("-->"))
    {
        text = behind.trim_start();
    }
    text
}

impl fmt::Display for ExtensionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(most) => write!(f, "it is larger than {most} KiB"),
            Self::Xml(error) => error.fmt(f),
            Self::Root(name, namespace) => write!(
                f,
                "its root element is {name}, and must be Extensions of the namespace {namespace}"
            ),
            Self::Content => f.write_str(
                "Extensions must hold one element or more, and neither attributes nor text",
            ),
            Self::Signature => f.write_str("no signature may stand in it"),
            Self::Child(name, namespace) => write!(
                f,
                "the element {name} in it must have a namespace, and another than {namespace}"
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
        for (before, after) in [
            ("", ""),
            ("<?xml version=\"1.0\"?>\n", "\n"),
            ("\u{feff}", ""),
            ("<?xml version=\"1.0\"?>\n<!-- <a> --> <!-- > -->\n", ""),
        ] {
            let extensions = Extensions::of_request(format!("{before}{GOOD}{after}").as_bytes());
            assert_eq!(extensions.unwrap().as_xml(), GOOD, "{before:?}");
        }
    }

    #[test]
    fn what_no_request_may_hold_is_refused() {
        let with = |inside: &str| {
            let xml =
                format!("<Extensions xmlns=\"{PROTOCOL}\" xmlns:x=\"urn:x\">{inside}</Extensions>");
            Extensions::of_request(xml.as_bytes()).map_err(|error| error.to_string())
        };
        assert!(with("<x:a/>").is_ok());
        for (inside, sentence) in [
            ("", "must hold one element or more"),
            ("text<x:a/>", "neither attributes nor text"),
            ("<x:a/><Status/>", "the element Status in it must have a namespace, and another"),
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
            let error = Extensions::of_request(xml.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(sentence), "{xml}: {error}");
        }
        let long = with(&format!("<x:a>{}</x:a>", "a".repeat(MAX_IN_REQUEST))).unwrap_err();
        assert_eq!(long, "it is larger than 8 KiB");
        let attribute = GOOD.replacen(" xmlns", " Lang=\"en\" xmlns", 1);
        assert_eq!(Extensions::of_request(attribute.as_bytes()), Err(ExtensionsError::Content));
    }

    #[test]
    fn metadata_has_an_element_of_its_own_with_room_for_ours() {
        let own = "<y:b xmlns:y=\"urn:y\"/>";
        for (start, rest) in [
            (
                "<Extensions xmlns='urn:oasis:names:tc:SAML:2.0:metadata'>",
                "<a xmlns='urn:x'>t</a></Extensions>",
            ),
            (
                "<md:Extensions xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\"\n xmlns:x='urn:x' >",
                " <!-- > --><x:a v=\">\"/></md:Extensions >",
            ),
        ] {
            let file = [start, rest].concat();
            let extensions = Extensions::of_metadata(file.as_bytes()).unwrap();
            assert_eq!(extensions.as_xml(), file);
            assert_eq!(extensions.with(own), [start, own, rest].concat());
        }
        let error = Extensions::of_metadata(GOOD.as_bytes()).unwrap_err().to_string();
        assert!(
            error.ends_with("of the namespace urn:oasis:names:tc:SAML:2.0:metadata"),
            "{error}"
        );
        let own =
            "<Extensions xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\"><Company/></Extensions>";
        let error = Extensions::of_metadata(own.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("the element Company in it"), "{error}");
        let long = " ".repeat(MAX_IN_METADATA + 1);
        let error = Extensions::of_metadata(long.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "it is larger than 64 KiB");
    }
}
