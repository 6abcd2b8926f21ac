//! SOAP (Bindings 3.2): one message in the body of an envelope, from server to server.

use crate::binding::{Draft, Signing};
use crate::namespace::SOAP;
use crate::reason::Blame;
use crate::refusal::Refusal;
use crate::xml_writer::Tag;

/// The Content-Type of what is sent (SOAP 1.1 6.1, RFC 7303 9.2).
pub const SOAP_CONTENT_TYPE: &str = "text/xml; charset=utf-8";
/// The SOAPAction header of a request (Bindings 3.2.3.1), quoted as SOAP 1.1 6.1.1 has it.
pub const SOAP_ACTION: &str = "\"http://www.oasis-open.org/committees/security\"";

/// Media types of SOAP 1.1 and 1.2; some senders write the generic one.
const MEDIA_TYPES: [&str; 3] = ["text/xml", "application/soap+xml", "application/xml"];

/// Is a body of this Content-Type an envelope? Parameters say nothing that matters here.
pub fn is_soap(content_type: Option<&str>) -> bool {
    let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    MEDIA_TYPES.iter().any(|known| media_type.trim().eq_ignore_ascii_case(known))
}

/// The envelope around a message. Its prefix does no harm to a signature inside: exclusive
/// canonicalisation does not see it.
fn envelope(message: &str) -> String {
    around(None, message)
}

/// As [`envelope`], with blocks in its Header.
pub(super) fn envelope_with(blocks: impl IntoIterator<Item = Tag>, message: &str) -> String {
    around(Some(Tag::new("soap:Header").children(blocks)), message)
}

fn around(header: Option<Tag>, message: &str) -> String {
    Tag::new("soap:Envelope")
        .attribute("xmlns:soap", SOAP)
        .children(header)
        .child(Tag::new("soap:Body").verbatim(message))
        .into_xml()
}

/// The envelope around the message, which is signed itself when it is to be (Bindings 3.2.2).
pub(crate) fn sealed_in_soap(xml: String, signing: Option<Signing>) -> Draft<String> {
    Draft::new(signing, move |signing| match signing {
        Some(signing) => Ok(envelope(&signing.enveloped(&xml)?)),
        None => Ok(envelope(&xml)),
    })
}

/// What answers an envelope that holds no acceptable message (Bindings 3.2.3.3), with HTTP status 500;
/// it says no more than a page would.
pub fn soap_fault(refusal: &Refusal) -> String {
    let code = match refusal.blame() {
        Blame::Client | Blame::Idp => "soap:Client",
        Blame::Sp | Blame::Server => "soap:Server",
    };
    let text = format!("{}: {}", refusal.code(), refusal.meaning());
    let fault = Tag::new("soap:Fault")
        .child(Tag::with_text("faultcode", code))
        .child(Tag::with_text("faultstring", &text));
    envelope(&fault.into_xml())
}

#[cfg(test)]
mod tests {
    use xmldoc::{Document, Limits, SoapError};

    use super::*;
    use crate::reason;

    #[test]
    fn envelopes_are_known_by_their_media_type() {
        for yes in [
            "text/xml",
            "TEXT/XML; charset=\"utf-8\"",
            "application/soap+xml;action=x",
            " application/xml",
        ] {
            assert!(is_soap(Some(yes)), "{yes}");
        }
        for no in [None, Some(""), Some("text/html"), Some("application/x-www-form-urlencoded")] {
            assert!(!is_soap(no), "{no:?}");
        }
    }

    #[test]
    fn a_message_comes_out_of_its_envelope() {
        let xml = envelope("<a xmlns=\"urn:a\">b</a>");
        let message = Document::parse_soap(xml.as_bytes(), &Limits::default()).unwrap();
        assert!(message.root_is("urn:a", "a"));
    }

    #[test]
    fn a_fault_says_whose_it_is_and_no_more_than_a_page() {
        for (reason, code) in
            [(&reason::STRUCTURE, "soap:Client"), (&reason::STORE_UNAVAILABLE, "soap:Server")]
        {
            let xml = soap_fault(&Refusal::new(reason, "secret"));
            assert!(xml.contains(&format!("<faultcode>{code}</faultcode>")), "{xml}");
            assert!(!xml.contains("secret"), "{xml}");
            let text = format!("{}: {}", reason.code(), reason.meaning());
            let error = Document::parse_soap(xml.as_bytes(), &Limits::default()).err();
            assert_eq!(error, Some(SoapError::Fault(text)));
        }
    }
}
