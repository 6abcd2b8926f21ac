//! An XML tree to be changed at will.

use std::fmt::Write;

use xmldoc::{Document, Element, Limits};

pub const P: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
pub const A: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
pub const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
pub const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
pub const FOREIGN: &str = "urn:x";

/// All are declared on the root, so that a prefix means the same everywhere.
const PREFIXES: &[(&str, &str)] = &[
    ("samlp", P),
    ("saml", A),
    ("ds", DS),
    ("xsi", XSI),
    ("x", FOREIGN),
    ("xs", "http://www.w3.org/2001/XMLSchema"),
    ("ec", "http://www.w3.org/2001/10/xml-exc-c14n#"),
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub namespace: String,
    pub name: String,
    /// Namespace, name, value.
    pub attributes: Vec<(String, String, String)>,
    /// Stands before the children.
    pub text: String,
    pub children: Vec<Self>,
}

impl Node {
    pub fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            attributes: Vec::new(),
            text: String::new(),
            children: Vec::new(),
        }
    }

    pub fn parse(xml: &str) -> Self {
        let document = Document::parse(xml.as_bytes(), &Limits::default()).unwrap();
        Self::copy(&document.trusted_root())
    }

    fn copy(element: &Element) -> Self {
        let attributes = element.attributes.iter();
        let attribute =
            attributes.map(|a| (a.namespace.to_string(), a.name.to_string(), a.value.to_string()));
        Self {
            attributes: attribute.collect(),
            text: element.text.to_string(),
            children: element.children.iter().map(Self::copy).collect(),
            ..Self::new(&element.namespace, &element.name)
        }
    }

    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    pub fn to_xml(&self) -> String {
        let mut xml = String::new();
        self.write(&mut xml, true);
        xml
    }

    fn write(&self, xml: &mut String, is_root: bool) {
        let name = qualified(&self.namespace, &self.name);
        let _ = write!(xml, "<{name}");
        for (prefix, uri) in PREFIXES.iter().filter(|_| is_root) {
            let _ = write!(xml, " xmlns:{prefix}=\"{uri}\"");
        }
        for (namespace, name, value) in &self.attributes {
            let _ = write!(xml, " {}=\"{}\"", qualified(namespace, name), escaped(value));
        }
        let _ = write!(xml, ">{}", escaped(&self.text));
        self.children.iter().for_each(|child| child.write(xml, false));
        let _ = write!(xml, "</{name}>");
    }

    /// Calls `change` on every node, children first.
    pub fn each(&mut self, change: &mut impl FnMut(&mut Self)) {
        self.children.iter_mut().for_each(|child| child.each(change));
        change(self);
    }

    /// How many nodes there are.
    pub fn size(&self) -> usize {
        1 + self.children.iter().map(Self::size).sum::<usize>()
    }

    /// The node of this number, counted from the root down.
    pub fn nth(&mut self, number: usize) -> Option<&mut Self> {
        if number == 0 {
            return Some(self);
        }
        let mut before = 1;
        for child in &mut self.children {
            let size = child.size();
            if number < before + size {
                return child.nth(number - before);
            }
            before += size;
        }
        None
    }
}

fn qualified(namespace: &str, name: &str) -> String {
    match PREFIXES.iter().find(|(_, uri)| *uri == namespace) {
        Some((prefix, _)) => format!("{prefix}:{name}"),
        None if namespace == "http://www.w3.org/XML/1998/namespace" => format!("xml:{name}"),
        None => {
            assert_eq!(namespace, "", "no prefix");
            name.to_owned()
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;").replace('\r', "&#13;")
}
