//! Receiving by HTTP-Redirect (Bindings 3.4).

use std::borrow::Cow;

use crate::binding::base64_value::{self, too_large};
use crate::binding::deflate::{InflateError, inflate};
use crate::binding::detached_signature::{DetachedSignature, SIG_ALG, SIGNATURE};
use crate::binding::{RELAY_STATE, SAML_ARTIFACT, SAML_REQUEST, SAML_RESPONSE};
use crate::reason;
use crate::refusal::{Refusal, quote};

const SAML_ENCODING: &str = "SAMLEncoding";
/// The only SAMLEncoding there is (Bindings 3.4.4.1), and the default.
const DEFLATE: &str = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";
/// IdPs send up to five, and the ACS URL may have some of its own.
const PARAMETERS_MAX: usize = 32;

/// The message of an HTTP-Redirect query. It is decoded when it is received, out of the very octets
/// that its signature covers.
#[derive(Debug, PartialEq, Eq)]
pub struct RedirectMessage {
    /// RelayState as it came, with percent-encoding undone (Bindings 3.4.3); `None` = the query has
    /// none.
    pub relay_state: Option<String>,
    /// As received: the message's parameter, RelayState and SigAlg, in this order.
    pub(crate) octets: Vec<u8>,
    pub(crate) signature: Option<DetachedSignature>,
    max_message_size: usize,
}

/// Reads the `SAMLResponse` (or `SAMLRequest`) of a query, with its signature if there is one.
///
/// `raw_query` is what followed the `?`, no octet changed; `max_message_size` bounds the decoded XML,
/// bytes. Parameters that the binding does not know are ignored.
///
/// # Errors
/// `query_invalid`, `message_missing`, `message_duplicate`, `base64_invalid`.
pub fn decode_redirect(
    raw_query: &[u8],
    max_message_size: usize,
) -> Result<RedirectMessage, Refusal> {
    let query = Query::read(raw_query)?;
    query.alone()?;
    query.deflated()?;
    let message = query.message.filter(|message| !value(message).is_empty()).ok_or_else(|| {
        let detail = format!("neither {SAML_RESPONSE} nor {SAML_REQUEST} holds anything");
        Refusal::new(&reason::MESSAGE_MISSING, detail)
    })?;
    let covered = [Some(message), query.relay_state, query.sig_alg];
    Ok(RedirectMessage {
        relay_state: query.relay_state.map(|pair| value(pair).into_owned()),
        octets: covered.into_iter().flatten().collect::<Vec<_>>().join(&b'&'),
        signature: query.signature()?,
        max_message_size,
    })
}

impl RedirectMessage {
    /// What undoes the encoding of the message, given the octets: `octets_to_xml(&octets)`.
    pub(crate) fn decoder(&self) -> impl FnOnce(&[u8]) -> Result<Vec<u8>, Refusal> + use<> {
        let max = self.max_message_size;
        move |octets| {
            let message = octets.split(|&b| b == b'&').next().unwrap_or_default();
            let digits = value(message).into_owned().into_bytes();
            let deflated = base64_value::decode(&name(message), digits, max)?;
            inflate(&deflated, max).map_err(|error| match error {
                InflateError::TooLarge => too_large(max),
                InflateError::NotDeflate => {
                    let detail = format!("{} octets are no DEFLATE stream", deflated.len());
                    Refusal::new(&reason::DEFLATE_INVALID, detail)
                }
            })
        }
    }
}

/// The raw `name=value` pairs that the binding knows, each at most once.
#[derive(Default)]
struct Query<'a> {
    message: Option<&'a [u8]>,
    artifact: Option<&'a [u8]>,
    relay_state: Option<&'a [u8]>,
    sig_alg: Option<&'a [u8]>,
    signature: Option<&'a [u8]>,
    encoding: Option<&'a [u8]>,
}

impl<'a> Query<'a> {
    fn read(raw: &'a [u8]) -> Result<Self, Refusal> {
        let mut query = Self::default();
        for (count, pair) in raw.split(|&b| b == b'&').enumerate() {
            if count == PARAMETERS_MAX {
                return Err(invalid(format!("more than {PARAMETERS_MAX} parameters")));
            }
            query.take(pair)?;
        }
        Ok(query)
    }

    fn take(&mut self, pair: &'a [u8]) -> Result<(), Refusal> {
        let name = name(pair);
        let place = match &*name {
            SAML_RESPONSE | SAML_REQUEST => &mut self.message,
            SAML_ARTIFACT => &mut self.artifact,
            RELAY_STATE => &mut self.relay_state,
            SIG_ALG => &mut self.sig_alg,
            SIGNATURE => &mut self.signature,
            SAML_ENCODING => &mut self.encoding,
            _ => return Ok(()),
        };
        match place.replace(pair) {
            None => Ok(()),
            Some(_) if matches!(&*name, SAML_RESPONSE | SAML_REQUEST | SAML_ARTIFACT) => {
                let detail = format!("{name} is the second message of the query");
                Err(Refusal::new(&reason::MESSAGE_DUPLICATE, detail))
            }
            Some(_) => Err(invalid(format!("{name} stands twice"))),
        }
    }

    fn alone(&self) -> Result<(), Refusal> {
        if self.message.is_some() && self.artifact.is_some() {
            let detail = format!("{SAML_ARTIFACT} stands beside a message in the query");
            return Err(Refusal::new(&reason::MESSAGE_DUPLICATE, detail));
        }
        Ok(())
    }

    fn deflated(&self) -> Result<(), Refusal> {
        match self.encoding.map(value) {
            Some(encoding) if encoding != DEFLATE => {
                Err(invalid(format!("the {SAML_ENCODING} is {}", quote(&encoding))))
            }
            _ => Ok(()),
        }
    }

    fn signature(&self) -> Result<Option<DetachedSignature>, Refusal> {
        let (sig_alg, signature) = (self.sig_alg.map(value), self.signature.map(value));
        DetachedSignature::read("query", sig_alg.as_deref(), signature.as_deref(), invalid)
    }
}

fn name(pair: &[u8]) -> Cow<'_, str> {
    form_urlencoded::parse(pair).next().map_or(Cow::Borrowed(""), |(name, _)| name)
}

fn value(pair: &[u8]) -> Cow<'_, str> {
    form_urlencoded::parse(pair).next().map_or(Cow::Borrowed(""), |(_, value)| value)
}

fn invalid(detail: String) -> Refusal {
    Refusal::new(&reason::QUERY_INVALID, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64_binary::encode;
    use crate::binding::deflate::deflate;

    const XML: &str = "<x>é?>~</x>";

    fn escaped(text: &str) -> String {
        form_urlencoded::byte_serialize(text.as_bytes()).collect()
    }

    fn message() -> String {
        escaped(&encode(&deflate(XML.as_bytes()).unwrap()))
    }

    fn read(query: &str) -> Result<RedirectMessage, Refusal> {
        decode_redirect(query.as_bytes(), 1000)
    }

    fn xml(message: &RedirectMessage) -> Result<Vec<u8>, Refusal> {
        message.decoder()(&message.octets)
    }

    #[track_caller]
    fn code(query: &str) -> &'static str {
        read(query).unwrap_err().code()
    }

    #[test]
    fn a_message_is_read_from_either_parameter() {
        for name in ["SAMLResponse", "SAMLRequest"] {
            let read = read(&format!("{name}={}", message())).unwrap();
            assert_eq!(xml(&read).unwrap(), XML.as_bytes());
            assert_eq!((read.relay_state, read.signature), (None, None));
        }
    }

    #[test]
    fn what_is_signed_is_put_in_order_and_left_as_it_was_sent() {
        let m = message();
        for (query, octets) in [
            (
                "a=b&SAMLResponse=M&RelayState=r%2fs+t&SigAlg=x%3ay&Signature=QUJD",
                "SAMLResponse=M&RelayState=r%2fs+t&SigAlg=x%3ay",
            ),
            (
                "Signature=QUJD&SigAlg=x%3Ay&c&RelayState=&SAMLResponse=M",
                "SAMLResponse=M&RelayState=&SigAlg=x%3Ay",
            ),
            ("SigAlg=x%3Ay&SAMLRequest=M&Signature=QUJD", "SAMLRequest=M&SigAlg=x%3Ay"),
        ] {
            let (query, octets) =
                (query.replace("=M", &format!("={m}")), octets.replace("=M", &format!("={m}")));
            let read = read(&query).unwrap();
            assert_eq!(String::from_utf8(read.octets.clone()).unwrap(), octets);
            let signature = DetachedSignature {
                of: "query",
                algorithm: "x:y".to_owned(),
                value: b"ABC".to_vec(),
            };
            assert_eq!(read.signature, Some(signature));
            assert_eq!(xml(&read).unwrap(), XML.as_bytes());
        }
    }

    #[test]
    fn relay_state_is_decoded_as_browsers_encode() {
        let query = format!("RelayState=a%2Bb+c%20d%c3%A9&SAMLResponse={}", message());
        assert_eq!(read(&query).unwrap().relay_state.as_deref(), Some("a+b c dé"));
    }

    #[test]
    fn duplicates_are_refused_however_they_are_spelled() {
        let m = message();
        for query in [
            format!("SAMLResponse={m}&SAMLResponse={m}"),
            format!("SAMLResponse={m}&SAMLRequest={m}"),
            format!("SAMLResponse={m}&%53AMLResponse="),
            format!("SAMLResponse&SAMLResponse={m}"),
        ] {
            assert_eq!(code(&query), "message_duplicate", "{query}");
        }
        for twice in ["RelayState=x", "SigAlg=x", "Signature=QUJD", "SAMLEncoding=x"] {
            assert_eq!(
                code(&format!("SAMLResponse={m}&{twice}&{twice}")),
                "query_invalid",
                "{twice}"
            );
        }
    }

    #[test]
    fn there_must_be_a_message() {
        for query in ["", "RelayState=x", "SAMLResponse=", "samlresponse=x", "SAMLResponse"] {
            assert_eq!(code(query), "message_missing", "{query}");
        }
    }

    #[test]
    fn half_a_signature_is_refused() {
        let m = message();
        assert_eq!(code(&format!("SAMLResponse={m}&SigAlg=x")), "query_invalid");
        assert_eq!(code(&format!("SAMLResponse={m}&Signature=QUJD")), "query_invalid");
        assert_eq!(code(&format!("SAMLResponse={m}&SigAlg=x&Signature=%25")), "base64_invalid");
        let long = "A".repeat(4096);
        assert_eq!(
            code(&format!("SAMLResponse={m}&SigAlg=x&Signature={long}")),
            "message_too_large"
        );
    }

    #[test]
    fn deflate_is_the_only_encoding() {
        let m = message();
        assert!(read(&format!("SAMLResponse={m}&SAMLEncoding={}", escaped(DEFLATE))).is_ok());
        assert_eq!(code(&format!("SAMLResponse={m}&SAMLEncoding=urn:x")), "query_invalid");
        for other in [XML.as_bytes(), b"\xff\xff\xff\xff"] {
            let read = read(&format!("SAMLResponse={}", escaped(&encode(other)))).unwrap();
            assert_eq!(xml(&read).unwrap_err().code(), "deflate_invalid");
        }
    }

    #[test]
    fn other_text_is_no_base64() {
        for text in ["%3Cxml/%3E", "PHg!", "%zz", "%ff%fe"] {
            let read = read(&format!("SAMLResponse={text}")).unwrap();
            assert_eq!(xml(&read).unwrap_err().code(), "base64_invalid", "{text}");
        }
    }

    #[test]
    fn a_bomb_stops_at_the_bound() {
        let bomb = escaped(&encode(&deflate(&vec![b'<'; 1 << 20]).unwrap()));
        let query = format!("SAMLResponse={bomb}");
        let read = decode_redirect(query.as_bytes(), 100_000).unwrap();
        assert_eq!(xml(&read).unwrap_err().code(), "message_too_large");
    }

    #[test]
    fn the_number_of_parameters_is_bounded() {
        let query = "x=y&".repeat(PARAMETERS_MAX - 1) + "SAMLResponse=" + &message();
        assert!(read(&query).is_ok());
        assert_eq!(code(&format!("x&{query}")), "query_invalid");
    }
}
