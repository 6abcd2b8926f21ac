//! A document as people read it who look for a mistake: a line for each tag, without what would let
//! somebody use it again.
use std::borrow::Cow;

use openssl::sha::sha256;

use crate::outline::{DSIG, Node, Piece};
use crate::{Document, base64_binary};

/// Lines of one document; more are left out.
const MOST_LINES: usize = 500;

/// Bytes of all of them together.
const MOST_BYTES: usize = 48 << 10;

/// Characters of one value.
const MOST_OF_VALUE: usize = 1000;

/// Elements whose text is nobody's to read, by their local names whatever the namespace: with a signature's
/// value what it covers could be sent once more.
const MASKED: [&str; 5] =
    ["SignatureValue", "CipherValue", "Artifact", "RelayState", "authTokenHash"];

/// What names a session at the IdP, as an element and as an attribute: its beginning tells it from others.
const SESSION_INDEX: &str = "SessionIndex";

/// How much of it is shown.
const BEGINNING: usize = 4;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How deep it stands; the root at 0.
    pub depth: usize,
    /// A tag, a text, or an element that has nothing but text in it.
    pub text: String,
    /// `ID`, on the line of a start tag that has one.
    pub id: Option<String>,
    /// It is of a `ds:Signature`, which its own signature does not cover.
    pub is_signature: bool,
    /// It is the last line of an element.
    pub closes: bool,
}

impl Document {
    /// All of it, unverified. Long documents are cut, with a line that says so.
    pub fn picture(&self) -> Vec<Line> {
        let mut painter = Painter::default();
        if let Some(root) = self.root() {
            painter.element(root, 0, false);
        }
        if painter.is_full {
            let text = "… the rest is left out, it is too long to be kept".to_owned();
            painter.lines.push(Line { depth: 0, text, id: None, is_signature: true, closes: true });
        }
        painter.lines
    }
}

#[derive(Default)]
struct Painter {
    lines: Vec<Line>,
    bytes: usize,
    is_full: bool,
}

impl Painter {
    /// Recursion is bounded by the gate's depth.
    fn element(&mut self, node: Node<'_>, depth: usize, in_signature: bool) {
        let is_signature = in_signature || node.is(DSIG, "Signature");
        let id = node.attribute("ID").map(Cow::into_owned);
        let name = node.place.name.raw(node.text);
        let tag = format!("<{name}{}", attributes(node));
        let text = node.own_text();
        if let Some(masked) = mask(node.name(), &text) {
            return self.line(depth, format!("{tag}>[{masked}]</{name}>"), id, is_signature, true);
        }
        let text = shown(text.trim());
        if node.place.children == 0 {
            let whole = match text.as_str() {
                "" => format!("{tag}/>"),
                text => format!("{tag}>{text}</{name}>"),
            };
            self.line(depth, whole, id, is_signature, true);
        } else {
            self.line(depth, format!("{tag}>"), id, is_signature, false);
            if !text.is_empty() {
                self.line(depth + 1, text, None, is_signature, false);
            }
            node.children().for_each(|child| self.element(child, depth + 1, is_signature));
            self.line(depth, format!("</{name}>"), None, is_signature, true);
        }
        if node.content().any(|piece| matches!(piece, Piece::Comment(_))) {
            let said = format!("<!-- a comment in {name} -->");
            self.line(depth + 1, said, None, true, false);
        }
    }

    fn line(
        &mut self,
        depth: usize,
        text: String,
        id: Option<String>,
        is_signature: bool,
        closes: bool,
    ) {
        self.is_full |= self.lines.len() >= MOST_LINES || self.bytes + text.len() > MOST_BYTES;
        if !self.is_full {
            self.bytes += text.len();
            self.lines.push(Line { depth, text, id, is_signature, closes });
        }
    }
}

/// Declarations first, then attributes.
fn attributes(node: Node<'_>) -> String {
    let mut written = String::new();
    for declaration in node.declarations() {
        let prefix = declaration.prefix.of(node.text);
        let colon = if prefix.is_empty() { "" } else { ":" };
        let uri = shown(declaration.uri.of(node.text));
        written.push_str(&format!(" xmlns{colon}{prefix}=\"{uri}\""));
    }
    for attribute in node.attributes() {
        let value = attribute.value.read(node.text);
        let local = attribute.name.local(node.text);
        let value =
            mask(local, &value).map_or_else(|| shown(&value), |masked| format!("[{masked}]"));
        written.push_str(&format!(" {}=\"{value}\"", attribute.name.raw(node.text)));
    }
    written
}

/// What stands in the place of a value, when it is one to hide.
fn mask(name: &str, value: &str) -> Option<String> {
    let count = value.chars().count();
    if MASKED.contains(&name) {
        return Some(format!("masked, {count} characters"));
    }
    if name == SESSION_INDEX {
        // Of a short one the beginning would be much of it.
        let kept = if count > 4 * BEGINNING { BEGINNING } else { 0 };
        let beginning: String = value.trim_start().chars().take(kept).collect();
        return Some(format!(
            "{}masked, {count} characters",
            match kept {
                0 => String::new(),
                _ => format!("{}…, ", shown(&beginning)),
            }
        ));
    }
    // It is in the metadata, and there are few who read Base64.
    let der = (name == "X509Certificate").then(|| base64_binary::decode(value)).flatten()?;
    let digest: String = sha256(&der).iter().map(|octet| format!("{octet:02x}")).collect();
    Some(format!("a certificate, SHA-256 {digest}"))
}

/// Foreign text in one line: escaped as in XML, and what cannot be seen as it is written in Rust.
fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(MOST_OF_VALUE));
    for c in text.chars().take(MOST_OF_VALUE) {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' | '\\' => shown.push(c),
            c => shown.extend(c.escape_debug()),
        }
    }
    if text.chars().nth(MOST_OF_VALUE).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn lines(xml: &str) -> Vec<String> {
        let document = Document::parse(xml, &Limits::default()).unwrap();
        let lines = document.picture();
        lines.iter().map(|line| format!("{}{}", " ".repeat(line.depth), line.text)).collect()
    }

    #[test]
    fn each_tag_has_a_line_and_text_stays_with_its_own() {
        let xml = "<a xmlns='urn:a' xmlns:p=\"urn:p\" ID='_1'>\n  <p:b c='1&lt;2'>x &amp; y</p:b>\n <d/>tail</a>";
        assert_eq!(
            lines(xml),
            [
                "<a xmlns=\"urn:a\" xmlns:p=\"urn:p\" ID=\"_1\">",
                " tail",
                " <p:b c=\"1&lt;2\">x &amp; y</p:b>",
                " <d/>",
                "</a>"
            ]
        );
    }

    #[test]
    fn nothing_that_could_be_used_again_is_in_it() {
        let xml = "<r xmlns:d='http://www.w3.org/2000/09/xmldsig#'><d:Signature><d:DigestValue>digest</d:DigestValue>\
                   <d:SignatureValue>\n se<!-- x -->cret\n</d:SignatureValue><d:X509Certificate>AAAA</d:X509Certificate>\
                   </d:Signature><CipherValue>secret</CipherValue><x:CipherValue xmlns:x='urn:x'>secret<y>child-of-it</y>\
                   </x:CipherValue><SessionIndex>abcdsecretsecretsecret</SessionIndex><SessionIndex>secret</SessionIndex>\
                   <s SessionIndex='abcdsecretsecretsecret' RelayState='secret'/><Artifact>secret</Artifact></r>";
        let all = lines(xml).join("\n");
        assert!(!all.contains("secret") && !all.contains("child-of-it"), "{all}");
        assert!(all.contains("<d:DigestValue>digest</d:DigestValue>"), "{all}");
        assert!(all.contains("a certificate, SHA-256 709e80c88487a2411e1ee4dfb9f22a86"), "{all}");
        assert!(all.contains("SessionIndex=\"[abcd…, masked, 22 characters]\""), "{all}");
        assert!(all.contains("<SessionIndex>[masked, 6 characters]</SessionIndex>"), "{all}");
    }

    #[test]
    fn what_a_signature_does_not_cover_of_its_own_element_is_marked() {
        let xml = "<r ID='_1' xmlns:d='http://www.w3.org/2000/09/xmldsig#'><d:Signature><d:a/></d:Signature><b/></r>";
        let document = Document::parse(xml, &Limits::default()).unwrap();
        let marks: Vec<bool> = document.picture().iter().map(|line| line.is_signature).collect();
        assert_eq!(marks, [false, true, true, true, false, false]);
        assert_eq!(document.picture()[0].id.as_deref(), Some("_1"));
    }

    #[test]
    fn it_is_bounded_and_what_cannot_be_seen_is_written() {
        let many = format!("<r>{}</r>", "<a/>".repeat(1000));
        assert_eq!(lines(&many).len(), MOST_LINES + 1);
        let long = format!("<r><a>{}</a></r>", "\u{202e}".repeat(2000));
        assert!(lines(&long)[1].starts_with(" <a>\\u{202e}\\u{202e}"));
        assert!(lines(&long)[1].ends_with("…</a>"));
        let deep = format!("<r>{}</r>", format!("<a>{}</a>", "x".repeat(1000)).repeat(100));
        assert!(lines(&deep).join("").len() < MOST_BYTES + 1000);
    }
}
