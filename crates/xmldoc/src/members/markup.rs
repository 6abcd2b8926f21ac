//! XML's markup as it comes, good or not: enough to tell where an element ends.
use memchr::{memchr, memchr3};

use crate::GateError;
use crate::outline::Span;

/// A piece of markup, and where it stands.
pub(super) enum Piece<'a> {
    Start(Tag<'a>),
    /// An end tag's name.
    End(&'a str),
    Instruction,
    /// A comment, a CDATA section, or what the gate lets nobody write.
    Other,
}

/// A start tag, or an empty element's.
pub(super) struct Tag<'a> {
    /// As it is written.
    pub(super) name: &'a str,
    /// All behind the name.
    attributes: &'a str,
    pub(super) is_empty: bool,
}

pub(super) const UNMATCHED: GateError =
    GateError::Malformed("an end tag that closes no open element");
const UNCLOSED: GateError = GateError::Malformed("markup that is never closed");

/// Goes from markup to markup; text between is passed over.
pub(super) struct Markup<'a> {
    text: &'a str,
    /// Where the last piece begins, and where the next one is looked for.
    last: usize,
    position: usize,
}

impl<'a> Markup<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, last: 0, position: 0 }
    }

    /// Bytes that have been read.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// The line of the last piece, counted from 1.
    pub(super) fn line(&self) -> usize {
        let before = self.text.as_bytes().get(..self.last).unwrap_or_default();
        1 + before.iter().filter(|b| **b == b'\n').count()
    }

    /// The next piece; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(Piece<'a>, Span)>, GateError> {
        let rest = self.text.get(self.position..).unwrap_or_default();
        let Some(at) = memchr(b'<', rest.as_bytes()) else {
            self.position = self.text.len();
            return Ok(None);
        };
        self.position += at;
        self.last = self.position;
        let markup = rest.get(at..).unwrap_or_default();
        let (piece, length) = piece(markup).ok_or(UNCLOSED)?;
        let span = Span { start: self.position, end: self.position + length };
        self.position = span.end;
        Ok(Some((piece, span)))
    }

    /// Reads to the end of the element whose start tag was read last.
    pub(super) fn skip(&mut self, tag: &Tag<'a>) -> Result<(), GateError> {
        let mut open = vec![tag.name];
        while !(tag.is_empty || open.is_empty()) {
            let next = self.next()?;
            match next.ok_or(GateError::Malformed("an element that is never closed"))?.0 {
                Piece::Start(inner) if !inner.is_empty => open.push(inner.name),
                Piece::End(name) if open.pop() != Some(name) => return Err(UNMATCHED),
                _ => {}
            }
        }
        Ok(())
    }
}

impl<'a> Tag<'a> {
    /// Names and raw values, up to the first that is broken.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut rest = self.attributes;
        std::iter::from_fn(move || {
            let (name, after) = rest.split_once('=')?;
            let after = after.trim_ascii_start();
            let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            let (value, after) = after.get(1..)?.split_once(quote)?;
            rest = after;
            Some((name.trim_ascii(), value))
        })
    }

    /// The raw value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.attributes().find(|(found, _)| *found == name).map(|(_, value)| value)
    }
}

/// The piece that the text starts with, and its length; `None` when it has no end.
fn piece(text: &str) -> Option<(Piece<'_>, usize)> {
    let up_to = |end: &str, from: usize| Some(from + text.get(from..)?.find(end)? + end.len());
    if text.starts_with("<!--") {
        Some((Piece::Other, up_to("-->", 4)?))
    } else if text.starts_with("<![CDATA[") {
        Some((Piece::Other, up_to("]]>", 9)?))
    } else if text.starts_with("<!") {
        Some((Piece::Other, up_to(">", 2)?))
    } else if text.starts_with("<?") {
        Some((Piece::Instruction, up_to("?>", 2)?))
    } else if text.starts_with("</") {
        let length = up_to(">", 2)?;
        let name = text.get(2..length - 1)?.trim_ascii_end();
        Some((Piece::End(name), length))
    } else {
        let length = tag_length(text)?;
        let inside = text.get(1..length - 1)?;
        let (inside, is_empty) = match inside.strip_suffix('/') {
            Some(inside) => (inside, true),
            None => (inside, false),
        };
        let end = inside.find(|c: char| c.is_ascii_whitespace()).unwrap_or(inside.len());
        let (name, attributes) = inside.split_at_checked(end)?;
        Some((Piece::Start(Tag { name, attributes, is_empty }), length))
    }
}

/// Up to the `>` that is in no quotes.
fn tag_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        at += memchr3(b'>', b'"', b'\'', bytes.get(at..)?)?;
        match *bytes.get(at)? {
            b'>' => return Some(at + 1),
            quote => at += memchr(quote, bytes.get(at + 1..)?)? + 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(xml: &str) -> Result<String, GateError> {
        let (mut markup, mut pieces) = (Markup::new(xml), String::new());
        while let Some((piece, span)) = markup.next()? {
            pieces.push_str(&match piece {
                Piece::Start(tag) => {
                    let attributes: String =
                        tag.attributes().map(|(name, value)| format!(",{name}={value}")).collect();
                    format!("{}{attributes}{}", tag.name, if tag.is_empty { "/" } else { "" })
                }
                Piece::End(name) => format!("^{name}"),
                Piece::Instruction => "?".to_owned(),
                Piece::Other => format!("!{}", span.end - span.start),
            });
            pieces.push(' ');
        }
        Ok(pieces)
    }

    #[test]
    fn every_piece_ends_where_xml_says() {
        for (xml, expected) in [
            ("a<b c='>' d = \">'\"\n/>e", "b,c=>,d=>'/ "),
            ("<b\tc='1' d e='2'></b >", "b,c=1,d e=2 ^b "),
            ("<!--<b>--><![CDATA[<b>]]]><?b > ?><!DOCTYPE b>", "!10 !16 ? !12 "),
            ("<b c=1 d='2'/></>", "b/ ^ "),
            ("<\u{e9} \u{e9}='\u{e9}'/>", "\u{e9},\u{e9}=\u{e9}/ "),
        ] {
            assert_eq!(pieces(xml).as_deref(), Ok(expected), "{xml}");
        }
        for xml in ["<", "<b", "<b c='>", "<b c='1'", "<!--", "<!-->", "<![CDATA[>", "<?b>", "</b"]
        {
            assert_eq!(pieces(xml), Err(UNCLOSED), "{xml}");
        }
    }

    #[test]
    fn an_element_ends_with_its_own_end_tag() {
        for (xml, rest) in [
            ("<a><a/><b></b><a></a></a>c", Some("c")),
            ("<a/>c</a>", Some("c</a>")),
            ("<a><!--</a>--></a >c", Some("c")),
            ("<a><b></a></b>", None),
            ("<a><b></b>", None),
        ] {
            let mut markup = Markup::new(xml);
            let Ok(Some((Piece::Start(tag), _))) = markup.next() else { panic!("{xml}") };
            let skipped = markup.skip(&tag).ok();
            assert_eq!(skipped.and_then(|()| xml.get(markup.position()..)), rest, "{xml}");
        }
    }
}
