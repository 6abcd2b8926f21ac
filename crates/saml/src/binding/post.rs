//! Receiving by HTTP-POST (Bindings 3.5).

use crate::base64_binary;
use crate::binding::deflate::{InflateError, inflate};
use crate::binding::percent::{self, fields};
use crate::binding::{RELAY_STATE, SAML_ARTIFACT, SAML_REQUEST, SAML_RESPONSE};
use crate::reason;
use crate::refusal::{Refusal, quote_option};

const FORM: &str = "application/x-www-form-urlencoded";
/// IdPs send two or three fields.
const FIELDS_MAX: usize = 32;

/// The message of an HTTP-POST form (Bindings 3.5).
#[derive(Debug, PartialEq, Eq)]
pub struct PostMessage {
    /// The decoded XML.
    pub xml: Vec<u8>,
    /// RelayState as it came, from a stranger (Bindings 3.5.3); `None` = the form has none.
    pub relay_state: Option<String>,
}

/// Reads the `SAMLResponse` (or `SAMLRequest`) of a POST form.
///
/// `content_type` is compared by media type; `max_message_size` bounds the decoded XML, bytes.
///
/// # Errors
/// `form_content_type`, `form_invalid`, `message_missing`, `message_duplicate`, `base64_invalid`,
/// `message_too_large`.
pub fn decode_post(
    content_type: Option<&str>,
    body: &[u8],
    max_message_size: usize,
) -> Result<PostMessage, Refusal> {
    check_media_type(content_type)?;
    let form = Form::read(body)?;
    let octets = decode_base64(form.message, max_message_size)?;
    let xml = inflate_if_deflated(octets, max_message_size)?;
    Ok(PostMessage { xml, relay_state: form.relay_state })
}

/// Parameters such as `charset` say nothing that matters here (RFC 9110 8.3.1).
fn check_media_type(content_type: Option<&str>) -> Result<(), Refusal> {
    let media_type = content_type.and_then(|value| value.split(';').next()).map(str::trim);
    if media_type.is_some_and(|media_type| media_type.eq_ignore_ascii_case(FORM)) {
        return Ok(());
    }
    let detail = format!("the Content-Type is {}, not {FORM}", quote_option(content_type));
    Err(Refusal::new(&reason::FORM_CONTENT_TYPE, detail))
}

/// The fields that the binding knows; others are none of our business.
struct Form<'a> {
    /// Raw.
    message: &'a [u8],
    relay_state: Option<String>,
}

impl<'a> Form<'a> {
    fn read(body: &'a [u8]) -> Result<Self, Refusal> {
        let (mut message, mut relay_state, mut has_artifact) = (None, None, false);
        for (count, field) in fields(body).enumerate() {
            if count == FIELDS_MAX {
                let detail = format!("the form has more than {FIELDS_MAX} fields");
                return Err(Refusal::new(&reason::FORM_INVALID, detail));
            }
            let name = field.name();
            match &*name {
                SAML_RESPONSE | SAML_REQUEST if message.is_some() => {
                    let detail = format!("{name} is the second message of the form");
                    return Err(Refusal::new(&reason::MESSAGE_DUPLICATE, detail));
                }
                SAML_RESPONSE | SAML_REQUEST => message = Some(field.value),
                SAML_ARTIFACT => has_artifact = true,
                RELAY_STATE if relay_state.is_some() => {
                    let detail = format!("{RELAY_STATE} stands twice in the form");
                    return Err(Refusal::new(&reason::FORM_INVALID, detail));
                }
                RELAY_STATE => relay_state = Some(field.text()),
                _ => {}
            }
        }
        if has_artifact && message.is_some() {
            let detail = format!("{SAML_ARTIFACT} stands beside a message in the form");
            return Err(Refusal::new(&reason::MESSAGE_DUPLICATE, detail));
        }
        let message = message.filter(|message| !message.is_empty()).ok_or_else(|| {
            let detail = format!("neither {SAML_RESPONSE} nor {SAML_REQUEST} holds anything");
            Refusal::new(&reason::MESSAGE_MISSING, detail)
        })?;
        Ok(Self { message, relay_state })
    }
}

fn decode_base64(raw: &[u8], max: usize) -> Result<Vec<u8>, Refusal> {
    base64_binary::decode_owned(percent::decode(raw), max).map_err(|error| match error {
        base64_binary::Error::TooLarge => too_large(max),
        base64_binary::Error::Invalid => {
            let detail = format!("the message field of {} characters is not base64", raw.len());
            Refusal::new(&reason::BASE64_INVALID, detail)
        }
    })
}

/// Some senders deflate for every binding. What neither is XML nor inflates is left to the gate.
fn inflate_if_deflated(octets: Vec<u8>, max: usize) -> Result<Vec<u8>, Refusal> {
    let first = octets.iter().find(|b| !b.is_ascii_whitespace());
    if first == Some(&b'<') {
        return Ok(octets);
    }
    match inflate(&octets, max) {
        Ok(xml) => Ok(xml),
        Err(InflateError::NotDeflate) => Ok(octets),
        Err(InflateError::TooLarge) => Err(too_large(max)),
    }
}

pub(super) fn too_large(max: usize) -> Refusal {
    let detail = format!("the message decodes to more than max_message_size, {max} bytes");
    Refusal::new(&reason::MESSAGE_TOO_LARGE, detail)
}

#[cfg(test)]
mod tests {
    use form_urlencoded::Serializer;

    use super::*;
    use crate::base64_binary::encode;
    use crate::binding::deflate::deflate;

    const XML: &str =
        "<samlp:Response xmlns:samlp='urn:oasis:names:tc:SAML:2.0:protocol'>é?>~</samlp:Response>";

    fn form(fields: &[(&str, &str)]) -> Vec<u8> {
        Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes()
    }

    fn decode(fields: &[(&str, &str)]) -> Result<PostMessage, Refusal> {
        decode_post(Some(FORM), &form(fields), 1000)
    }

    fn code(result: Result<PostMessage, Refusal>) -> &'static str {
        result.unwrap_err().code()
    }

    #[test]
    fn a_message_is_read_from_either_field() {
        for name in ["SAMLResponse", "SAMLRequest"] {
            let message = decode(&[(name, &encode(XML.as_bytes()))]).unwrap();
            assert_eq!(message, PostMessage { xml: XML.into(), relay_state: None });
        }
    }

    #[test]
    fn relay_state_is_kept_and_unknown_fields_are_ignored() {
        let encoded = encode(XML.as_bytes());
        let message = decode(&[
            ("BACK_CHANNEL_LOGOUT", "x"),
            ("RelayState", "a+b c=é&"),
            ("SAMLResponse", &encoded),
            ("BACK_CHANNEL_LOGOUT", "y"),
            ("samlresponse", "z"),
        ])
        .unwrap();
        assert_eq!(message.xml, XML.as_bytes());
        assert_eq!(message.relay_state.as_deref(), Some("a+b c=é&"));
        let empty = decode(&[("RelayState", ""), ("SAMLResponse", &encoded)]).unwrap();
        assert_eq!(empty.relay_state.as_deref(), Some(""));
    }

    #[test]
    fn only_the_media_type_counts() {
        let body = form(&[("SAMLResponse", &encode(XML.as_bytes()))]);
        for accepted in [
            "application/x-www-form-urlencoded",
            "Application/X-WWW-Form-Urlencoded",
            "application/x-www-form-urlencoded;charset=UTF-8",
            "application/x-www-form-urlencoded ; charset=\"iso-8859-1\"; x=y",
            " application/x-www-form-urlencoded",
        ] {
            assert!(decode_post(Some(accepted), &body, 1000).is_ok(), "{accepted:?}");
        }
        for refused in [
            None,
            Some(""),
            Some(";"),
            Some("multipart/form-data; boundary=application/x-www-form-urlencoded"),
            Some("text/xml"),
            Some("application/json"),
            Some("application/x-www-form-urlencoded2"),
            Some("application/x-www-form-urlencoded, text/plain"),
        ] {
            assert_eq!(code(decode_post(refused, &body, 1000)), "form_content_type", "{refused:?}");
        }
    }

    #[test]
    fn line_breaks_and_missing_padding_are_tolerated() {
        let encoded = encode(XML.as_bytes());
        let wrapped: Vec<&str> =
            encoded.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        for text in [
            wrapped.join("\r\n"),
            wrapped.join("\n") + "\n",
            wrapped.join("\n   \t"),
            format!("  {encoded}\r\n"),
            encoded.trim_end_matches('=').to_owned(),
        ] {
            assert_eq!(decode(&[("SAMLResponse", &text)]).unwrap().xml, XML.as_bytes(), "{text:?}");
        }
    }

    #[test]
    fn there_must_be_one_message() {
        let encoded = &encode(XML.as_bytes());
        for fields in
            [&[][..], &[("RelayState", "x")], &[("SAMLResponse", "")], &[("samlResponse", encoded)]]
        {
            assert_eq!(code(decode(fields)), "message_missing", "{fields:?}");
        }
        for fields in [
            [("SAMLResponse", encoded.as_str()), ("SAMLResponse", encoded)],
            [("SAMLResponse", encoded), ("SAMLRequest", encoded)],
            [("SAMLRequest", encoded), ("SAMLRequest", encoded)],
            [("SAMLRequest", ""), ("SAMLResponse", encoded)],
            [("SAMLart", "x"), ("SAMLResponse", encoded)],
            [("SAMLResponse", encoded), ("SAMLart", "x")],
        ] {
            assert_eq!(code(decode(&fields)), "message_duplicate", "{fields:?}");
        }
        let twice = [("RelayState", "x"), ("RelayState", "x"), ("SAMLResponse", encoded)];
        assert_eq!(code(decode(&twice)), "form_invalid");
    }

    #[test]
    fn the_number_of_fields_is_bounded() {
        let encoded = &encode(XML.as_bytes());
        let mut fields = vec![("x", "y"); FIELDS_MAX - 1];
        fields.push(("SAMLResponse", encoded));
        assert!(decode(&fields).is_ok());
        fields.push(("x", "y"));
        assert_eq!(code(decode(&fields)), "form_invalid");
    }

    #[test]
    fn other_text_is_no_base64() {
        for text in ["<xml/>", "PHg!", "PHg-_w", "PHg\0", "P", "PHgvP===PHgvPg==", "é"] {
            assert_eq!(code(decode(&[("SAMLResponse", text)])), "base64_invalid", "{text:?}");
        }
        for body in [&b"SAMLResponse=%zz"[..], b"SAMLResponse=%ff%fe", b"SAMLResponse=%"] {
            assert_eq!(code(decode_post(Some(FORM), body, 1000)), "base64_invalid", "{body:?}");
        }
    }

    #[test]
    fn the_size_is_bounded_before_and_after_inflating() {
        let xml = format!("<x>{}</x>", "é".repeat(1000));
        let (plain, deflated) = (encode(xml.as_bytes()), encode(&deflate(xml.as_bytes()).unwrap()));
        for encoded in [plain, deflated] {
            let body = form(&[("SAMLResponse", &encoded)]);
            assert_eq!(decode_post(Some(FORM), &body, xml.len()).unwrap().xml, xml.as_bytes());
            let refusal = decode_post(Some(FORM), &body, xml.len() - 1).unwrap_err();
            assert_eq!(refusal.code(), "message_too_large");
            assert!(refusal.detail().contains("2006 bytes"), "{refusal}");
        }
    }

    #[test]
    fn what_is_not_xml_is_inflated_or_left_to_the_gate() {
        let deflated = encode(&deflate(XML.as_bytes()).unwrap());
        assert_eq!(decode(&[("SAMLRequest", &deflated)]).unwrap().xml, XML.as_bytes());
        for octets in ["\n\t <x/>", "\u{feff}<x/>", "no XML"] {
            let message = decode(&[("SAMLResponse", &encode(octets.as_bytes()))]).unwrap();
            assert_eq!(message.xml, octets.as_bytes(), "{octets:?}");
        }
    }
}
