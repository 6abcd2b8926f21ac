//! XML's markup, piece by piece and without a DTD (XML 1.0 2 and 3).
//!
//! Hand-written, because a general parser's pieces cost more than all of xmlsec1's own parse.
use memchr::{memchr2, memchr3};

use super::Characters;
use super::name::{continues_name, name_at};
use super::reference;
use super::white_space;
use crate::GateError;
use crate::outline::{Name, Span, Value};

/// What stands between here and the next piece.
pub(super) enum Token {
    /// `<name`; [`Scanner::in_tag`] reads on.
    Open(Name),
    /// `</`; [`Scanner::end_tag`] reads on.
    Close,
    /// Never empty, and without any CR.
    Text(Span),
    /// CR LF, or CR alone: one LF (XML 1.0 2.11).
    LineEnd,
    CharacterData(Span),
    /// What a reference stands for.
    Character(char),
    Comment(Span),
    End,
}

/// What comes next in a start tag.
pub(super) enum InTag {
    Attribute(Name, Value),
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
    /// Bytes that have been read; always at the start of a character.
    position: usize,
    /// Is there any control character, such as a line end, at all?
    has_controls: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(characters: &Characters<'a>) -> Self {
        let Characters { text, has_controls } = *characters;
        Self { text, position: 0, has_controls }
    }

    /// Bytes that have been read.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    pub(super) fn token(&mut self) -> Result<Token, GateError> {
        match self.rest() {
            [] => Ok(Token::End),
            [b'<', b'/', ..] => {
                self.position += 2;
                Ok(Token::Close)
            }
            [b'<', b'!', ..] => self.declaration_like(),
            [b'<', b'?', ..] => Err(self.instruction()),
            [b'<', ..] => {
                self.position += 1;
                self.name().map(Token::Open)
            }
            [b'&', ..] => self.reference(),
            [b'\r', ..] => {
                self.position += 1;
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

    /// The next attribute of a start tag, or the tag's end.
    pub(super) fn in_tag(&mut self) -> Result<InTag, GateError> {
        let spaced = self.space();
        match self.rest() {
            [b'>', ..] => {
                self.position += 1;
                Ok(InTag::End { empty: false })
            }
            [b'/', b'>', ..] => {
                self.position += 2;
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
        if self.skip("<?xml").is_none() {
            return Ok(());
        }
        if self.rest().first().is_some_and(|b| continues_name(*b)) {
            return Err(GateError::ProcessingInstruction);
        }
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
        let before = self.position;
        if !self.space() || !self.rest().starts_with(name.as_bytes()) {
            self.position = before;
            return Ok(None);
        }
        let (found, value) = self.attribute()?;
        // References mean nothing here.
        if value.is_plain && found.raw(self.text) == name {
            return Ok(Some(value.span.of(self.text)));
        }
        Err(BROKEN_DECLARATION)
    }

    fn attribute(&mut self) -> Result<(Name, Value), GateError> {
        const BROKEN: GateError = GateError::Malformed("a broken attribute");
        let name = self.name()?;
        self.space();
        self.skip("=").ok_or(BROKEN)?;
        self.space();
        let quote = match self.rest() {
            [quote @ (b'"' | b'\''), ..] => *quote,
            _ => return Err(BROKEN),
        };
        self.position += 1;
        let value = self.value(quote)?;
        self.position += 1;
        Ok((name, value))
    }

    /// An attribute's value up to its closing quote.
    fn value(&mut self, quote: u8) -> Result<Value, GateError> {
        let rest = self.rest();
        let end = memchr3(quote, b'<', b'&', rest).ok_or(UNCLOSED)?;
        let has_reference = rest.get(end) == Some(&b'&');
        let end = if has_reference { memchr2(quote, b'<', rest).ok_or(UNCLOSED)? } else { end };
        if rest.get(end) == Some(&b'<') {
            return Err(GateError::Malformed("`<` in an attribute value"));
        }
        let span = self.take(end);
        let raw = span.of(self.text);
        if has_reference {
            // Can all of them be resolved?
            white_space::attribute_value(raw)?;
        }
        // No early end: so the loop runs on many bytes at a time.
        let has_controls = || raw.bytes().fold(false, |found, b| found | (b < b' '));
        let is_plain = !(has_reference || self.has_controls && has_controls());
        Ok(Value { span, is_plain })
    }

    /// A qualified name (xml-names 4).
    fn name(&mut self) -> Result<Name, GateError> {
        let name = name_at(self.text, self.position)?;
        self.position = name.end();
        Ok(name)
    }

    /// `&name;`
    fn reference(&mut self) -> Result<Token, GateError> {
        self.position += 1;
        let end = memchr3(b';', b'<', b'&', self.rest()).ok_or(GateError::Entity)?;
        let name = self.take(end).of(self.text);
        self.skip(";").ok_or(GateError::Entity)?;
        reference::resolve(name).map(Token::Character)
    }

    /// `<!`: a comment or a CDATA section; all else needs a DTD.
    fn declaration_like(&mut self) -> Result<Token, GateError> {
        if self.skip("<!--").is_some() {
            let text = self.up_to("--")?;
            self.skip("-->").ok_or(GateError::Malformed("`--` in a comment"))?;
            return Ok(Token::Comment(text));
        }
        if self.skip("<![CDATA[").is_some() {
            let text = self.up_to("]]>")?;
            self.position += "]]>".len();
            return Ok(Token::CharacterData(text));
        }
        Err(GateError::Doctype)
    }

    /// `<?`
    fn instruction(&self) -> GateError {
        match self.rest().strip_prefix(b"<?xml") {
            Some(rest) if !rest.first().is_some_and(|b| continues_name(*b)) => {
                GateError::Malformed("an XML declaration that is not at the start")
            }
            _ => GateError::ProcessingInstruction,
        }
    }

    /// Steps over white space; was there any?
    fn space(&mut self) -> bool {
        let is_space = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
        let before = self.position;
        while self.rest().first().is_some_and(is_space) {
            self.position += 1;
        }
        self.position > before
    }

    fn skip(&mut self, expected: &str) -> Option<()> {
        let is_next = self.rest().starts_with(expected.as_bytes());
        is_next.then(|| self.position += expected.len())
    }

    /// Steps over what comes before `end`.
    fn up_to(&mut self, end: &str) -> Result<Span, GateError> {
        let rest = self.text.get(self.position..).unwrap_or_default();
        rest.find(end).map(|length| self.take(length)).ok_or(UNCLOSED)
    }

    /// Steps over `length` bytes, which end before or after an ASCII character.
    fn take(&mut self, length: usize) -> Span {
        let start = self.position;
        self.position += length;
        Span { start, end: self.position }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.position..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All pieces of `xml`, written out plainly.
    fn pieces(xml: &str) -> Result<String, GateError> {
        let mut scanner = Scanner::new(&Characters::of(xml));
        scanner.xml_declaration()?;
        let mut pieces = String::new();
        loop {
            let piece = match scanner.token()? {
                Token::Open(name) => format!("<{}", name.raw(xml)),
                Token::Close => {
                    scanner.end_tag("e")?;
                    "/".to_owned()
                }
                Token::Text(text) => format!("t({})", text.of(xml)),
                Token::CharacterData(text) => format!("c({})", text.of(xml)),
                Token::Character(c) => format!("r({c})"),
                Token::LineEnd => "n".to_owned(),
                Token::Comment(text) => format!("!({})", text.of(xml)),
                Token::End => return Ok(pieces),
            };
            pieces.push_str(&piece);
            while piece.starts_with('<') {
                match scanner.in_tag()? {
                    InTag::Attribute(name, value) => {
                        let raw = value.span.of(xml);
                        let read = white_space::attribute_value(raw)?;
                        assert!(!value.is_plain || read == raw, "{raw}");
                        pieces.push_str(&format!(" {}={read}", name.raw(xml)));
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
