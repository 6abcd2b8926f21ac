//! What a file is that is no metadata: the portals of IdPs offer many things to save.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use xmldoc::Element;

use crate::namespace::PROTOCOL;
use crate::refusal::quote;

const XML: &str = "save the IdP's SAML 2.0 metadata, an XML document with an EntityDescriptor";

/// Of octets that begin like no text.
pub(super) fn of_octets(octets: &[u8]) -> Option<String> {
    let kind = match octets {
        [0x1F, 0x8B, ..] | [b'P', b'K', 3, 4, ..] => "a compressed file: unpack it first",
        [b'%', b'P', b'D', b'F', ..] => "a PDF document",
        [0x30, 0x82, ..] => CERTIFICATE,
        _ => return None,
    };
    Some(format!("this is {kind}; {XML}"))
}

const CERTIFICATE: &str = "a certificate or key: name a PEM certificate by signing_certificate, with \
                           entity_id and sso_url beside it";

/// Of text that is no XML, or a page for people.
pub(super) fn of_text(text: &str) -> Option<String> {
    let start: String = text.chars().take(32).collect::<String>().to_ascii_lowercase();
    let begins = |with: &[&str]| with.iter().any(|with| start.starts_with(with));
    let kind = match () {
        () if begins(&["<!doctype html", "<html"]) => "a web page",
        () if begins(&["<?php", "$metadata"]) => {
            "SimpleSAMLphp's own form of metadata, which is PHP"
        }
        () if begins(&["-----begin"]) => CERTIFICATE,
        () if begins(&["{", "["]) && text.contains("authorization_endpoint") => {
            "OpenID Connect's configuration, which is JSON"
        }
        () if begins(&["{", "["]) => "JSON",
        () if begins(&["http://", "https://"]) => "a URL: fetch what is there",
        () if begins(&["<"]) || text.is_empty() => return None,
        () if is_base64_of_xml(text) => "base64: decode it first (base64 -d)",
        () => return Some(format!("this is no XML, it begins with {}; {XML}", quote(&start))),
    };
    Some(format!("this is {kind}; {XML}"))
}

/// Of a document without any EntityDescriptor.
pub(super) fn of_root(root: &Element) -> String {
    match root.name.as_str() {
        "html" => format!("this is a web page; {XML}"),
        name if root.namespace == PROTOCOL => {
            format!("this is a {} message of SAML; {XML}", quote(name))
        }
        name => {
            format!(
                "the document is {} and holds no EntityDescriptor: give the IdP's SAML 2.0 metadata",
                quote(name)
            )
        }
    }
}

fn is_base64_of_xml(text: &str) -> bool {
    let start: String = text.chars().filter(|c| !c.is_ascii_whitespace()).take(16).collect();
    STANDARD.decode(start).is_ok_and(|octets| {
        let octets = octets.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&octets);
        octets.trim_ascii_start().starts_with(b"<")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_no_metadata_are_named() {
        for (text, expected) in [
            ("<!DOCTYPE HTML PUBLIC \"x\"><html>", "a web page; save"),
            ("<HTML lang='en'>", "a web page"),
            ("{\"error\": 1}", "this is JSON; save"),
            ("{\"authorization_endpoint\":\"x\"}", "OpenID Connect"),
            ("-----BEGIN CERTIFICATE-----\nMII", "signing_certificate"),
            ("<?php\n$metadata['x'] = [", "SimpleSAMLphp"),
            ("https://idp.example.org/metadata", "fetch what is there"),
            ("PD94bWwgdmVyc2lvbj0iMS4wIj8+", "base64 -d"),
            ("PG1kOkVudGl0\neURlc2NyaXB0b3I+", "base64 -d"),
            ("error: no such tenant", "begins with \"error: no such tenant\""),
        ] {
            let kind = of_text(text).unwrap_or_default();
            assert!(kind.contains(expected) && kind.contains("EntityDescriptor"), "{kind}: {text}");
        }
        for text in ["", "<EntityDescriptor/>", "<?xml version='1.0'?><html/>", "<!-- x -->"] {
            assert_eq!(of_text(text), None, "{text}");
        }
        for (octets, expected) in [
            (b"\x1F\x8B\x08\0".as_slice(), "unpack"),
            (b"PK\x03\x04", "unpack"),
            (b"%PDF-1.7", "PDF"),
            (b"\x30\x82\x03\x01", "certificate"),
        ] {
            let kind = of_octets(octets).unwrap_or_default();
            assert!(kind.contains(expected), "{kind}");
        }
        assert_eq!(of_octets(b"<a/>"), None);
    }
}
