//! Receiving by HTTP-POST (Bindings 3.5) and HTTP-POST-SimpleSign.

use std::ops::Range;

use crate::binding::base64_value::{self, too_large};
use crate::binding::deflate::{InflateError, inflate};
use crate::binding::detached_signature::{DetachedSignature, SIG_ALG, SIGNATURE};
use crate::binding::percent::{self, Field, fields};
use crate::binding::{RELAY_STATE, SAML_ARTIFACT, SAML_REQUEST, SAML_RESPONSE, simple_sign};
use crate::reason;
use crate::refusal::{Refusal, quote_option};

const FORM: &str = "application/x-www-form-urlencoded";
/// IdPs send two or three fields, with a signature beside the message up to five.
const FIELDS_MAX: usize = 32;

/// The message of an HTTP-POST form (Bindings 3.5), perhaps with a signature in other fields of it
/// (HTTP-POST-SimpleSign).
#[derive(Debug, PartialEq, Eq)]
pub struct PostMessage {
    /// RelayState as it came, from a stranger (Bindings 3.5.3); `None` = the form has none.
    pub relay_state: Option<String>,
    /// What the signature beside the message covers; without one, the message.
    pub(crate) octets: Vec<u8>,
    /// Where in the octets the message stands.
    pub(crate) place: Range<usize>,
    pub(crate) signature: Option<DetachedSignature>,
}

impl PostMessage {
    /// The decoded XML.
    pub fn xml(&self) -> &[u8] {
        message_in(&self.octets, self.place.clone())
    }

    /// What takes the message out of the octets: `octets_to_xml(&octets)`.
    pub(crate) fn decoder(&self) -> impl FnOnce(&[u8]) -> Result<Vec<u8>, Refusal> + use<> {
        let place = self.place.clone();
        move |octets| Ok(message_in(octets, place).to_vec())
    }
}

fn message_in(octets: &[u8], place: Range<usize>) -> &[u8] {
    octets.get(place).unwrap_or_default()
}

/// Reads the `SAMLResponse` (or `SAMLRequest`) of a POST form, with its signature if there is one beside
/// it. `KeyInfo`, which may come with that, is not looked at.
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
    let message = form.message()?;
    let signature = form.signature()?;
    let digits = percent::decode(message.value);
    let octets = base64_value::decode(&message.name(), digits, max_message_size)?;
    let (octets, place) = match &signature {
        // Nothing is deflated there: the octets are the ones that were signed.
        Some(_) => simple_sign::covered(&message.name(), &octets, [form.relay_state, form.sig_alg]),
        None => {
            let xml = inflate_if_deflated(octets, max_message_size)?;
            let place = 0..xml.len();
            (xml, place)
        }
    };
    let relay_state = form.relay_state.map(|field| field.text());
    Ok(PostMessage { relay_state, octets, place, signature })
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

/// The fields that the bindings know, each at most once; others are none of our business.
#[derive(Default)]
struct Form<'a> {
    message: Option<Field<'a>>,
    relay_state: Option<Field<'a>>,
    sig_alg: Option<Field<'a>>,
    signature: Option<Field<'a>>,
    /// There is a reference to a message.
    has_artifact: bool,
}

impl<'a> Form<'a> {
    fn read(body: &'a [u8]) -> Result<Self, Refusal> {
        let mut form = Self::default();
        for (count, field) in fields(body).enumerate() {
            if count == FIELDS_MAX {
                return Err(invalid(format!("the form has more than {FIELDS_MAX} fields")));
            }
            form.take(field)?;
        }
        if form.has_artifact && form.message.is_some() {
            let detail = format!("{SAML_ARTIFACT} stands beside a message in the form");
            return Err(Refusal::new(&reason::MESSAGE_DUPLICATE, detail));
        }
        Ok(form)
    }

    fn take(&mut self, field: Field<'a>) -> Result<(), Refusal> {
        let name = field.name();
        let place = match &*name {
            SAML_RESPONSE | SAML_REQUEST => &mut self.message,
            RELAY_STATE => &mut self.relay_state,
            SIG_ALG => &mut self.sig_alg,
            SIGNATURE => &mut self.signature,
            SAML_ARTIFACT => {
                self.has_artifact = true;
                return Ok(());
            }
            _ => return Ok(()),
        };
        match place.replace(field) {
            None => Ok(()),
            Some(_) if matches!(&*name, SAML_RESPONSE | SAML_REQUEST) => {
                let detail = format!("{name} is the second message of the form");
                Err(Refusal::new(&reason::MESSAGE_DUPLICATE, detail))
            }
            Some(_) => Err(invalid(format!("{name} stands twice in the form"))),
        }
    }

    fn message(&self) -> Result<Field<'a>, Refusal> {
        self.message.filter(|message| !message.value.is_empty()).ok_or_else(|| {
            let detail = format!("neither {SAML_RESPONSE} nor {SAML_REQUEST} holds anything");
            Refusal::new(&reason::MESSAGE_MISSING, detail)
        })
    }

    fn signature(&self) -> Result<Option<DetachedSignature>, Refusal> {
        let text = |field: Option<Field<'_>>| field.map(|field| field.text());
        let (sig_alg, signature) = (text(self.sig_alg), text(self.signature));
        DetachedSignature::read("form", sig_alg.as_deref(), signature.as_deref(), invalid)
    }
}

fn invalid(detail: String) -> Refusal {
    Refusal::new(&reason::FORM_INVALID, detail)
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
            assert_eq!(message.xml(), XML.as_bytes());
            assert_eq!((message.relay_state, message.signature), (None, None));
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
        assert_eq!(message.xml(), XML.as_bytes());
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
            assert_eq!(
                decode(&[("SAMLResponse", &text)]).unwrap().xml(),
                XML.as_bytes(),
                "{text:?}"
            );
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
            assert_eq!(decode_post(Some(FORM), &body, xml.len()).unwrap().xml(), xml.as_bytes());
            let refusal = decode_post(Some(FORM), &body, xml.len() - 1).unwrap_err();
            assert_eq!(refusal.code(), "message_too_large");
            assert!(refusal.detail().contains("2006 bytes"), "{refusal}");
        }
    }

    #[test]
    fn what_is_not_xml_is_inflated_or_left_to_the_gate() {
        let deflated = encode(&deflate(XML.as_bytes()).unwrap());
        assert_eq!(decode(&[("SAMLRequest", &deflated)]).unwrap().xml(), XML.as_bytes());
        for octets in ["\n\t <x/>", "\u{feff}<x/>", "no XML"] {
            let message = decode(&[("SAMLResponse", &encode(octets.as_bytes()))]).unwrap();
            assert_eq!(message.xml(), octets.as_bytes(), "{octets:?}");
        }
    }
}
