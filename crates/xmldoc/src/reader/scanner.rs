//! XML's markup, piece by piece and without a DTD (XML 1.0 2 and 3).
//!
//! Hand-written, because a general parser's pieces cost more than all of xmlsec1's own parse.
use std::borrow::Cow;

use memchr::{memchr2, memchr3};

use super::name::{Name, continues_name};
use super::reference;
use super::white_space;
use crate::GateError;

/// What stands between here and the next piece.
pub(super) enum Token<'a> {
    /// `<name`; [`Scanner::in_tag`] reads on.
    Open(Name<'a>),
    /// `</`; [`Scanner::end_tag`] reads on.
    Close,
    /// Never empty, and without any CR.
    Text(&'a str),
    /// CR LF, or CR alone: one LF (XML 1.0 2.11).
    LineEnd,
    CharacterData(&'a str),
    /// What a reference stands for.
    Character(char),
    Comment(&'a str),
    End,
}

/// What comes next in a start tag.
pub(super) enum InTag<'a> {
    Attribute(Name<'a>, Cow<'a, str>),
    /// `>`, or `/>` of an empty element.
    End {
        empty: bool,
    },
}

pub(super) const UNMATCHED: GateError =
    GateError::Malformed("an end tag that closes no open element");
const UNCLOSED: GateError = GateError::Malformed("markup that is never closed");
const BROKEN_DECLARATION: GateError = GateError::Malformed("a broken XML declaration");
const BROKEN_TAG: GateError = GateError::Malformed("a broken start tag");

pub(super) struct Scanner<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, rest: text }
    }

    /// Bytes that have been read.
    pub(super) fn position(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    /// Reads on from there, which must not be in the middle of a character.
    pub(super) fn seek(&mut self, position: usize) {
        self.rest = self.text.get(position..).unwrap_or_default();
    }

    pub(super) fn token(&mut self) -> Result<Token<'a>, GateError> {
        match self.rest.as_bytes() {
            [] => Ok(Token::End),
            [b'<', b'/', ..] => {
                self.take(2);
                Ok(Token::Close)
            }
            [b'<', b'!', ..] => self.declaration_like(),
            [b'<', b'?', ..] => Err(self.instruction()),
            [b'<', ..] => {
                self.take(1);
                self.name().map(Token::Open)
            }
            [b'&', ..] => self.reference(),
            [b'\r', ..] => {
                self.take(1);
                // Its absence is as good.
                let _ = self.skip("\n");
                Ok(Token::LineEnd)
            }
            text => {
                let end = memchr3(b'<', b'&', b'\r', text).unwrap_or(text.len());
                Ok(Token::Text(self.take(end)))
            }
        }
    }

    /// The next attribute of a start tag, its value normalised, or the tag's end. A value that is
    /// borrowed has no white space but blanks, no `&` and no `<`.
    pub(super) fn in_tag(&mut self) -> Result<InTag<'a>, GateError> {
        let spaced = self.space();
        match self.rest.as_bytes() {
            [b'>', ..] => {
                self.take(1);
                Ok(InTag::End { empty: false })
            }
            [b'/', b'>', ..] => {
                self.take(2);
                Ok(InTag::End { empty: true })
            }
            [] => Err(UNCLOSED),
            _ if !spaced => Err(BROKEN_TAG),
            _ => self.attribute().map(|(name, value)| InTag::Attribute(name, value)),
        }
    }

    /// The rest of `</name>`.
    pub(super) fn end_tag(&mut self, name: &str) -> Result<(), GateError> {
        self.skip(name).ok_or(UNMATCHED)?;
        self.space();
        self.skip(">").ok_or(UNMATCHED)
    }

    /// `<?xml … ?>`, which may stand at the very start only (XML 1.0 production 23).
    pub(super) fn xml_declaration(&mut self) -> Result<(), GateError> {
        let Some(rest) = self.rest.strip_prefix("<?xml") else { return Ok(()) };
        if continues_name(rest) {
            return Err(GateError::ProcessingInstruction);
        }
        self.rest = rest;
        if self.pseudo_attribute("version")?.ok_or(BROKEN_DECLARATION)? != "1.0" {
            return Err(GateError::Malformed("another version than XML 1.0"));
        }
        let encoding = self.pseudo_attribute("encoding")?;
        if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("utf-8")) {
            return Err(GateError::NotUtf8);
        }
        let standalone = self.pseudo_attribute("standalone")?;
        if standalone.is_some_and(|standalone| !matches!(standalone, "yes" | "no")) {
            return Err(BROKEN_DECLARATION);
        }
        self.space();
        self.skip("?>").ok_or(BROKEN_DECLARATION)
    }

    fn pseudo_attribute(&mut self, name: &str) -> Result<Option<&'a str>, GateError> {
        let before = self.rest;
        if !self.space() || !self.rest.starts_with(name) {
            self.rest = before;
            return Ok(None);
        }
        let (found, value) = self.attribute()?;
        match value {
            // References mean nothing here.
            Cow::Borrowed(value) if found.raw == name => Ok(Some(value)),
            _ => Err(BROKEN_DECLARATION),
        }
    }

    fn attribute(&mut self) -> Result<(Name<'a>, Cow<'a, str>), GateError> {
        const BROKEN: GateError = GateError::Malformed("a broken attribute");
        let name = self.name()?;
        self.space();
        self.skip("=").ok_or(BROKEN)?;
        self.space();
        let quote = match self.rest.as_bytes() {
            [quote @ (b'"' | b'\''), ..] => *quote,
            _ => return Err(BROKEN),
        };
        self.take(1);
        let value = self.value(quote)?;
        self.take(1);
        Ok((name, value))
    }

    /// An attribute's value up to its closing quote.
    fn value(&mut self, quote: u8) -> Result<Cow<'a, str>, GateError> {
        let bytes = self.rest.as_bytes();
        let end = memchr3(quote, b'<', b'&', bytes).ok_or(UNCLOSED)?;
        let has_reference = bytes.get(end) == Some(&b'&');
        let end = if has_reference { memchr2(quote, b'<', bytes).ok_or(UNCLOSED)? } else { end };
        if bytes.get(end) == Some(&b'<') {
            return Err(GateError::Malformed("`<` in an attribute value"));
        }
        let raw = self.take(end);
        // No early end: so the loop runs on many bytes at a time.
        if has_reference || raw.bytes().fold(false, |found, b| found | (b < b' ')) {
            return white_space::attribute_value(raw).map(Cow::Owned);
        }
        Ok(Cow::Borrowed(raw))
    }

    /// A qualified name (xml-names 4).
    fn name(&mut self) -> Result<Name<'a>, GateError> {
        let name = Name::at_start_of(self.rest)?;
        self.take(name.raw.len());
        Ok(name)
    }

    /// `&name;`
    fn reference(&mut self) -> Result<Token<'a>, GateError> {
        self.take(1);
        let bytes = self.rest.as_bytes();
        let end = memchr3(b';', b'<', b'&', bytes).ok_or(GateError::Entity)?;
        let name = self.take(end);
        self.skip(";").ok_or(GateError::Entity)?;
        reference::resolve(name).map(Token::Character)
    }

    /// `<!`: a comment or a CDATA section; all else needs a DTD.
    fn declaration_like(&mut self) -> Result<Token<'a>, GateError> {
        if self.skip("<!--").is_some() {
            let end = self.rest.find("--").ok_or(UNCLOSED)?;
            let text = self.take(end);
            self.skip("-->").ok_or(GateError::Malformed("`--` in a comment"))?;
            return Ok(Token::Comment(text));
        }
        if self.skip("<![CDATA[").is_some() {
            let end = self.rest.find("]]>").ok_or(UNCLOSED)?;
            let text = self.take(end);
            self.take("]]>".len());
            return Ok(Token::CharacterData(text));
        }
        Err(GateError::Doctype)
    }

    /// `<?`
    fn instruction(&self) -> GateError {
        match self.rest.strip_prefix("<?xml") {
            Some(rest) if !continues_name(rest) => {
                GateError::Malformed("an XML declaration that is not at the start")
            }
            _ => GateError::ProcessingInstruction,
        }
    }

    /// Steps over white space; was there any?
    fn space(&mut self) -> bool {
        let is_space = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
        let bytes = self.rest.as_bytes();
        if !bytes.first().is_some_and(is_space) {
            return false;
        }
        let length = bytes.iter().position(|b| !is_space(b)).unwrap_or(bytes.len());
        self.take(length);
        length > 0
    }

    fn skip(&mut self, expected: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(expected)?;
        Some(())
    }

    /// Steps over `length` bytes, which end before or after an ASCII character.
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All pieces of `xml`, written out plainly.
    fn pieces(xml: &str) -> Result<String, GateError> {
        let mut scanner = Scanner::new(xml);
        scanner.xml_declaration()?;
        let mut pieces = String::new();
        loop {
            let piece = match scanner.token()? {
                Token::Open(name) => format!("<{}", name.raw),
                Token::Close => {
                    scanner.end_tag("e")?;
                    "/".to_owned()
                }
                Token::Text(text) => format!("t({text})"),
                Token::CharacterData(text) => format!("c({text})"),
                Token::Character(c) => format!("r({c})"),
                Token::LineEnd => "n".to_owned(),
                Token::Comment(text) => format!("!({text})"),
                Token::End => return Ok(pieces),
            };
            pieces.push_str(&piece);
            while piece.starts_with('<') {
                match scanner.in_tag()? {
                    InTag::Attribute(name, value) => {
                        pieces.push_str(&format!(" {}={value}", name.raw));
                    }
                    InTag::End { empty } => {
                        pieces.push_str(if empty { "/>" } else { ">" });
                        break;
                    }
                }
            }
        }
    }

    #[test]
    fn each_piece_ends_where_xml_says() {
        for (xml, expected) in [
            ("<e>a&amp;b</e>", "<e>t(a)r(&)t(b)/"),
            ("<e \t\r\n x = 'a\"b' y=\"a'>b\"\n/>", "<e x=a\"b y=a'>b/>"),
            ("<e x='&lt;&#65;\u{e9}' p:y=''></e >", "<e x=<A\u{e9} p:y=>/"),
            ("<!--a-b--><e/><!---->", "!(a-b)<e/>!()"),
            ("<e>a\r\nb\rc\n\r\r</e>", "<e>t(a)nt(b)nt(c\n)nn/"),
            ("<e x='a\r\nb\rc\td&#13;' y=\"a\nb\"/>", "<e x=a b c d\r y=a b/>"),
            ("<e><![CDATA[<&]]]]></e>", "<e>c(<&]])/"),
            ("<?xml version='1.0'?><e/>", "<e/>"),
            ("<?xml\nversion = \"1.0\" encoding='UTF-8' standalone='no' ?>\n<e/>", "t(\n)<e/>"),
            ("<\u{e9}.-_1/>", "<\u{e9}.-_1/>"),
        ] {
            assert_eq!(pieces(xml).as_deref(), Ok(expected), "{xml}");
        }
    }

    #[test]
    fn broken_pieces_are_refused() {
        for (xml, code) in [
            ("<e x='1'y='2'/>", "xml_malformed"),
            ("<e / >", "xml_malformed"),
            ("<e x>", "xml_malformed"),
            ("<e x='1", "xml_malformed"),
            ("<e x='&lt;", "xml_malformed"),
            ("<e x='a&lt;<'/>", "xml_malformed"),
            ("<e x='&;<'/>", "xml_malformed"),
            ("<?xml version='1&#46;0'?><e/>", "xml_malformed"),
            ("<?xml version='1.0' encodings='utf-8'?><e/>", "xml_malformed"),
            ("< e/>", "xml_malformed"),
            ("<e></f>", "xml_malformed"),
            ("<e></ e>", "xml_malformed"),
            ("<e></e x='1'>", "xml_malformed"),
            ("<e></ef>", "xml_malformed"),
            ("<!-->", "xml_malformed"),
            ("<!--->", "xml_malformed"),
            ("<!----->", "xml_malformed"),
            ("<![CDATA[]]", "xml_malformed"),
            ("<![cdata[]]>", "xml_doctype"),
            ("<!>", "xml_doctype"),
            ("<e>&a<b;</e>", "xml_entity"),
            ("<e x='&a'/>", "xml_entity"),
            ("&;", "xml_entity"),
            ("<?xml?><e/>", "xml_malformed"),
            ("<?xml encoding='UTF-8'?><e/>", "xml_malformed"),
            ("<?xml version='1.0' standalone='maybe'?><e/>", "xml_malformed"),
            ("<?xml version='1.0' standalone='no' encoding='UTF-8'?><e/>", "xml_malformed"),
            ("<?xml version='1.0'encoding='UTF-8'?><e/>", "xml_malformed"),
            ("<?xml version='1.0' versio='1.0'?><e/>", "xml_malformed"),
            ("<?xml version='1.0' encoding='UTF-16'?><e/>", "xml_not_utf8"),
            ("<?xml-x version='1.0'?><e/>", "xml_processing_instruction"),
            ("<?xml2 version='1.0'?><e/>", "xml_processing_instruction"),
            ("<e/><?xml version='1.0'?>", "xml_malformed"),
        ] {
            assert_eq!(pieces(xml).map_err(|e| e.code()), Err(code), "{xml}");
        }
    }
}
