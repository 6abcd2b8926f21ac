//! The gate: what may not come any further.
mod error;

pub use error::GateError;

use crate::Limits;
use crate::outline::{Attribute, Outline};
use crate::reader::{self, BYTE_ORDER_MARK, Characters, Outside};

/// Refuses what no message may be; keeps nothing of the document.
///
/// # Errors
/// The first thing in it that is refused.
pub fn gate(bytes: &[u8], limits: &Limits) -> Result<(), GateError> {
    pass(bytes, limits, &Outside::default()).map(drop)
}

/// Lets a document through: gives its text, and where its pieces are.
///
/// Prefixes may be bound outside of it.
pub(crate) fn pass<'a>(
    bytes: &'a [u8],
    limits: &Limits,
    outside: &Outside<'a>,
) -> Result<(&'a str, Outline), GateError> {
    limits.hold(bytes.len())?;
    let text = std::str::from_utf8(bytes).map_err(|_| GateError::NotUtf8)?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    Ok((text, pass_text(text, limits, outside)?))
}

/// As [`pass`], for a text without byte order mark that is not too long.
pub(crate) fn pass_text(
    text: &str,
    limits: &Limits,
    outside: &Outside<'_>,
) -> Result<Outline, GateError> {
    let characters = Characters::check(text)?;
    let outline = reader::read(&characters, limits, outside)?;
    unique_ids(text, &outline)?;
    Ok(outline)
}

/// No two ID, Id and id attributes are the same.
fn unique_ids(text: &str, outline: &Outline) -> Result<(), GateError> {
    let is_id = |a: &&Attribute| matches!(a.name.local(text), "ID" | "Id" | "id");
    let ids = outline.attributes.iter().filter(is_id);
    let mut ids: Vec<_> = ids.map(|id| id.value.read(text)).collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(GateError::DuplicateId);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn code(xml: impl AsRef<[u8]>) -> &'static str {
        gate(xml.as_ref(), &Limits::default()).map_or_else(|e| e.code(), |()| "good")
    }

    #[test]
    fn lets_good_documents_through() {
        for xml in [
            "<a/>",
            "<?xml version='1.0' encoding='utf-8' standalone='yes'?>\r\n<a/>\n<!-- end -->",
            "\u{FEFF}<?xml version=\"1.0\"?><a/>",
            "<a x='&lt;&amp;&#10;&#x1F600;' y=\">\">]] &gt; <![CDATA[<&]]></a>",
            "<p:a xmlns:p='urn:p' xml:lang='de'><a xmlns='urn:p' p:b='1' b='2'/></p:a>",
            // Undeclared, and nothing to undeclare (xml-names 6.2).
            "<a xmlns='urn:a'><b xmlns=''><c/></b></a>",
            "<a xmlns=''/>",
            "<p:a xmlns:p='urn:p' xmlns=\"\" p:b=''/>",
            "<_é.-1 ID='1'><b Id='2'/><c id='3'/></_é.-1>",
            "<a\u{b7}\u{300}\u{2040}/>",
        ] {
            assert_eq!(code(xml), "good", "{xml}");
        }
    }

    #[test]
    fn refuses_each_rule_with_its_code() {
        for (xml, expected) in [
            ("<a>\u{fffd}</a>", "good"),
            ("<?xml version='1.0' encoding='ISO-8859-1'?><a/>", "xml_not_utf8"),
            ("<!DOCTYPE a><a/>", "xml_doctype"),
            ("<!doctype a><a/>", "xml_doctype"),
            ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "xml_doctype"),
            ("<a><!DOCTYPE a></a>", "xml_doctype"),
            ("<!ENTITY b 'c'><a/>", "xml_doctype"),
            ("<a>&nbsp;</a>", "xml_entity"),
            ("<a x='&nbsp;'/>", "xml_entity"),
            ("<a>&</a>", "xml_entity"),
            ("<a x='&'/>", "xml_entity"),
            ("<?xml-stylesheet href='x'?><a/>", "xml_processing_instruction"),
            ("<a><?php x ?></a>", "xml_processing_instruction"),
            ("<a xmlns='b'/>", "xml_namespace"),
            ("<a xmlns:p='../b'/>", "xml_namespace"),
            ("<a xmlns:p=''/>", "xml_namespace"),
            ("<a xmlns:p='urn:x&amp;y'/>", "xml_namespace"),
            ("<a xmlns:p='urn:x\ty'/>", "xml_namespace"),
            ("<a xmlns='urn:x&#34;y'/>", "xml_namespace"),
            ("<a xmlns=' '/>", "xml_namespace"),
            ("<a xmlns='' xmlns=''/>", "xml_malformed"),
            ("<a xmlns:p='urn:p'><b xmlns:p=''/></a>", "xml_namespace"),
            ("<p:a xmlns:p='urn:p'><p:b xmlns:p=''/></p:a>", "xml_namespace"),
            ("<a xmlns:xml='urn:x'/>", "xml_namespace"),
            ("<a xmlns:p='http://www.w3.org/2000/xmlns/'/>", "xml_namespace"),
            ("<p:a/>", "xml_namespace"),
            ("<a p:b=''/>", "xml_namespace"),
            ("<a><b xmlns:p='urn:p'/><p:c/></a>", "xml_namespace"),
            ("<a ID='1'><b ID='1'/></a>", "xml_duplicate_id"),
            ("<a ID='1'><b Id='&#49;'/></a>", "xml_duplicate_id"),
            ("<a ID='1 2'><b Id='1\t2'/></a>", "xml_duplicate_id"),
            ("<a id='1' Id='1'/>", "xml_duplicate_id"),
        ] {
            assert_eq!(code(xml), expected, "{xml}");
        }
    }

    #[test]
    fn refuses_what_is_not_well_formed() {
        for xml in [
            "",
            "<a>]]></a>",
            "<a>b]]>c</a>",
            "<\u{b7}a/>",
            "<a\u{d7}/>",
            "<a b\u{f7}=''/>",
            "<a p:b\u{2190}='' xmlns:p='urn:x'/>",
            "<?xml version='1.0' encoding='utf&#45;8'?><a/>",
            "<a><p:\u{300}b xmlns:p='urn:x'/></a>",
            " ",
            "a",
            "<",
            "<a",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a/>b",
            "b<a/>",
            "<a/><![CDATA[b]]>",
            "<a/>&#98;",
            " <?xml version='1.0'?><a/>",
            "<a b/>",
            "<a b=c/>",
            "<a b='1' b='2'/>",
            "<a b='<'/>",
            "<a>\u{1}</a>",
            "<a>&#0;</a>",
            "<a>&#xFFFE;</a>",
            "<a>&#xD800;</a>",
            "<a>&#+65;</a>",
            "<a>&#;</a>",
            "<1/>",
            "<a:b:c/>",
            "<:a/>",
            "<a:/>",
            "<?xml version='1.1'?><a/>",
            "<?xml version='1.0'?><?xml version='1.0'?><a/>",
            "<a><!-- -- --></a>",
            "<a>\u{FFFF}</a>",
            "<a><![CDATA[</a>",
            "<a><!-- </a>",
            "<a xmlns:p='urn:p' xmlns:q='urn:p' p:x='' q:x=''/>",
        ] {
            assert_eq!(code(xml), "xml_malformed", "{xml:?}");
        }
    }

    #[test]
    fn refuses_other_encodings() {
        let utf16 = "<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        assert_eq!(code(&utf16), "xml_not_utf8");
        assert_eq!(code([b"\xFF\xFE".as_slice(), &utf16].concat()), "xml_not_utf8");
        assert_eq!(code(b"<a>\xE9</a>"), "xml_not_utf8");
        assert_eq!(code(b"\x00\x01\x02binary"), "xml_not_utf8");
    }

    #[test]
    fn bounds_hold_exactly() {
        let limits = Limits { bytes: 40, depth: 2, elements: 3, attributes: 2 };
        let code = |xml: &str| gate(xml.as_bytes(), &limits).map_or_else(|e| e.code(), |()| "good");
        assert_eq!(code("<a x='1' y='2'><b/><c></c></a>"), "good");
        assert_eq!(code("<a x='1' xmlns='urn:y' z='3'/>"), "xml_too_many_attributes");
        assert_eq!(code("<a><b/><c/><d/></a>"), "xml_too_many_elements");
        assert_eq!(code("<a><b><c/></b></a>"), "xml_too_deep");
        assert_eq!(code(&format!("<a>{}</a>", "x".repeat(33))), "good");
        assert_eq!(code(&format!("<a>{}</a>", "x".repeat(34))), "xml_too_large");
    }

    #[test]
    fn refuses_floods_within_milliseconds() {
        let limits = Limits { bytes: usize::MAX, ..Limits::default() };
        let attributes = (0..100_000).map(|n| format!(" a{n}=''")).collect::<String>();
        let declarations = (0..60).map(|n| format!(" xmlns:a{n}='urn:{n}'")).collect::<String>();
        for (xml, expected) in [
            (format!("<a>{}</a>", "<b/>".repeat(100_000)), "xml_too_many_elements"),
            ("<a>".repeat(10_000), "xml_too_deep"),
            (format!("<a{attributes}/>"), "xml_too_many_attributes"),
            (format!("<a{declarations}>").repeat(60), "xml_namespace"),
            (format!("<a xmlns:p='urn:{}'/>", "x".repeat(300)), "xml_namespace"),
        ] {
            let start = Instant::now();
            let error = gate(xml.as_bytes(), &limits).unwrap_err();
            assert_eq!(error.code(), expected);
            // Generous for a debug build on a busy machine; a release build takes 2 ms at most.
            assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
        }
    }
}
