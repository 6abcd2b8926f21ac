//! Documents full of what canonicalisation is about, the same ones in each run.
use std::fmt::Write;

/// xorshift64.
pub(in crate::canonical) struct Random(u64);

impl Random {
    pub(in crate::canonical) fn new(seed: u64) -> Self {
        // Neighbouring seeds must not give neighbouring numbers.
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(in crate::canonical) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end.max(1)
    }

    pub(in crate::canonical) fn pick<'t>(&mut self, list: &[&'t str]) -> &'t str {
        list[self.below(list.len())]
    }
}

const PREFIXES: &[&str] = &["", "a", "b", "c"];
const URIS: &[&str] = &["urn:1", "urn:2", "urn:3", "URN:2", "urn:\u{e9}"];
const LOCALS: &[&str] = &["x", "y", "z", "Y", "x-1", "\u{e9}"];
const TEXTS: &[&str] = &[
    "t",
    " ",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "&amp;",
    "&lt;",
    "&gt;",
    "&#13;",
    "&#10;",
    "&#9;",
    "&#x1F600;",
    ">",
    "]]",
    "\"",
    "'",
    "\u{e9}",
    "\u{85}",
    "\u{2028}",
    "&quot;",
    "&apos;",
];
const MARKUP: &[&str] = &[
    "<!-- c -->",
    "<!---->",
    "<!--\r\n&<>\r-->",
    "<![CDATA[]]>",
    "<![CDATA[<&>\r\n\"]]>",
    "<![CDATA[]]]]>",
];

/// A document; nearly all of them pass the gate.
pub(in crate::canonical) fn document(random: &mut Random) -> String {
    let mut xml = String::new();
    xml.push_str(random.pick(&["", "", "<?xml version='1.0'?>\r\n", "<!-- before -->\n"]));
    let mut writer = Writer { xml, random, budget: 30 };
    writer.element(&[], 0);
    let mut xml = writer.xml;
    xml.push_str(random.pick(&["", "\r\n", "<!-- after -->"]));
    xml
}

/// The document with a few bytes lost, doubled or put in.
pub(in crate::canonical) fn mutant(xml: &str, random: &mut Random) -> String {
    let mut bytes = xml.as_bytes().to_vec();
    for _ in 0..=random.below(3) {
        let (at, other) = (random.below(bytes.len()), random.below(bytes.len()));
        match random.below(4) {
            0 => drop(bytes.remove(at)),
            1 => bytes.insert(at, bytes[other]),
            2 => {
                let piece = [TEXTS, MARKUP, &[" xmlns=''", " xmlns:a='urn:2'", " b='&#10;'"]];
                let piece = piece[random.below(3)];
                let piece = random.pick(piece);
                bytes.splice(at..at, piece.bytes());
            }
            _ => {
                let piece = bytes[at.min(other)..at.max(other)].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

struct Writer<'r> {
    xml: String,
    random: &'r mut Random,
    /// Elements that may still come.
    budget: usize,
}

impl Writer<'_> {
    /// `scope`: prefixes that are declared around it.
    fn element(&mut self, scope: &[&'static str], depth: usize) {
        self.budget = self.budget.saturating_sub(1);
        let mut scope = scope.to_vec();
        let mut parts = self.declarations(&mut scope);
        let prefix = self.prefix(&scope);
        let name = format!("{prefix}{}", self.random.pick(LOCALS));
        parts.extend(self.attributes(&scope));
        // Declarations need not come first.
        for at in 0..parts.len() {
            parts.swap(at, self.random.below(at + 1));
        }
        let space = self.random.pick(&["", "", " ", "\r\n"]);
        let _ = write!(self.xml, "<{name}{}{space}", parts.concat());
        if self.random.below(4) == 0 {
            self.xml.push_str("/>");
            return;
        }
        self.xml.push('>');
        for _ in 0..self.random.below(6) {
            match self.random.below(5) {
                0 => self.xml.push_str(self.random.pick(TEXTS)),
                1 => self.xml.push_str(self.random.pick(MARKUP)),
                _ if self.budget > 0 && depth < 12 => self.element(&scope, depth + 1),
                _ => {}
            }
        }
        let _ = write!(self.xml, "</{name}{space}>");
    }

    fn declarations(&mut self, scope: &mut Vec<&'static str>) -> Vec<String> {
        let mut parts = Vec::new();
        for prefix in PREFIXES {
            if self.random.below(3) > 0 {
                continue;
            }
            let uri = match (*prefix, self.random.below(3)) {
                ("", 0) => "",
                _ => self.random.pick(URIS),
            };
            let colon = if prefix.is_empty() { "" } else { ":" };
            parts.push(format!(" xmlns{colon}{prefix}='{uri}'"));
            scope.push(prefix);
        }
        if self.random.below(20) == 0 {
            parts.push(" xmlns:xml='http://www.w3.org/XML/1998/namespace'".to_owned());
        }
        parts
    }

    /// With its colon.
    fn prefix(&mut self, scope: &[&'static str]) -> String {
        let prefix = self.random.pick(&[&["", "xml"], scope].concat());
        match prefix {
            "" => String::new(),
            "xml" if self.random.below(4) > 0 => String::new(),
            prefix => format!("{prefix}:"),
        }
    }

    fn attributes(&mut self, scope: &[&'static str]) -> Vec<String> {
        let mut parts: Vec<(String, String)> = Vec::new();
        for _ in 0..self.random.below(4) {
            let prefix = self.prefix(scope);
            let local = self.random.pick(LOCALS);
            if parts.iter().any(|(_, other)| other == local) {
                continue; // perhaps of the same namespace
            }
            let quote = self.random.pick(&["\"", "'"]);
            let mut value = String::new();
            for _ in 0..self.random.below(4) {
                value.push_str(self.random.pick(TEXTS));
            }
            let other = if quote == "'" { "\"" } else { "'" };
            let value = value.replace(quote, other);
            let equals = self.random.pick(&["=", "=", " = ", "\n="]);
            let space = self.random.pick(&[" ", "\t", "\r\n"]);
            parts.push((
                format!("{space}{prefix}{local}{equals}{quote}{value}{quote}"),
                local.to_owned(),
            ));
        }
        parts.into_iter().map(|(part, _)| part).collect()
    }
}
