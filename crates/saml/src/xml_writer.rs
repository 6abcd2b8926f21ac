//! Writes XML: every value is escaped, every element is closed, by construction.

use std::fmt::Write;

/// An element under construction; names are ours, values may be anybody's.
pub(crate) struct Tag {
    name: &'static str,
    attributes: String,
    content: String,
}

impl Tag {
    /// `name` is the qualified name, e.g. `saml:Issuer`.
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, attributes: String::new(), content: String::new() }
    }

    /// An element that holds only text.
    pub(crate) fn with_text(name: &'static str, text: &str) -> Self {
        Self::new(name).text(text)
    }

    /// Adds an attribute.
    pub(crate) fn attribute(mut self, name: &'static str, value: &str) -> Self {
        self.attributes.push(' ');
        self.attributes.push_str(name);
        self.attributes.push_str("=\"");
        escape_into(&mut self.attributes, value);
        self.attributes.push('"');
        self
    }

    /// Adds an attribute when there is a value.
    pub(crate) fn attribute_if(self, name: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.attribute(name, value),
            None => self,
        }
    }

    /// Adds character data.
    pub(crate) fn text(mut self, text: &str) -> Self {
        escape_into(&mut self.content, text);
        self
    }

    /// Adds a child element.
    pub(crate) fn child(mut self, child: Self) -> Self {
        child.write_into(&mut self.content);
        self
    }

    /// Adds child elements in order.
    pub(crate) fn children(self, children: impl IntoIterator<Item = Self>) -> Self {
        children.into_iter().fold(self, Self::child)
    }

    /// Adds an element that is written already.
    pub(crate) fn verbatim(mut self, element: &str) -> Self {
        self.content.push_str(element);
        self
    }

    /// The element as text, without an XML declaration.
    pub(crate) fn into_xml(self) -> String {
        let mut xml = String::new();
        self.write_into(&mut xml);
        xml
    }

    fn write_into(&self, out: &mut String) {
        out.push('<');
        out.push_str(self.name);
        out.push_str(&self.attributes);
        if self.content.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        out.push_str(&self.content);
        out.push_str("</");
        out.push_str(self.name);
        out.push('>');
    }
}

/// One escape for text and attributes. Blanks other than space become references, or a parser would
/// normalise them away; what no XML 1.0 document can hold becomes U+FFFD.
pub(crate) fn escape_into(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "&#{};", u32::from(c));
            }
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_nest_in_order() {
        let xml = Tag::new("a")
            .attribute("x", "1")
            .attribute_if("y", None)
            .attribute_if("z", Some("2"))
            .child(Tag::with_text("b", "t"))
            .children([Tag::new("c"), Tag::with_text("d", "")])
            .into_xml();
        assert_eq!(xml, r#"<a x="1" z="2"><b>t</b><c/><d/></a>"#);
    }

    #[test]
    fn values_cannot_leave_their_place() {
        let hostile = "\"><x y='&amp;'>]]>\t\r\n\0\u{1b}\u{ffff}é😀";
        let escaped =
            "&quot;&gt;&lt;x y='&amp;amp;'&gt;]]&gt;&#9;&#13;&#10;\u{fffd}\u{fffd}\u{fffd}é😀";
        assert_eq!(
            Tag::new("a").attribute("x", hostile).text(hostile).into_xml(),
            format!("<a x=\"{escaped}\">{escaped}</a>")
        );
    }
}
