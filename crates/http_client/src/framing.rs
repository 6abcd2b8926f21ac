//! Whether the head of an answer says in one way alone where its body ends (RFC 9112 6.3).
//!
//! hyper decides where it ends; this is what it would let pass.

use hyper::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
};
use hyper::http::response::Parts;

use crate::error::AnswerError;

/// How a body is coded (RFC 9110 8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Gzip,
}

/// The coding of the body that follows `head`.
///
/// # Errors
/// Two readers could read it in two ways, or it is coded as nobody asked for, or too large.
pub(crate) fn check(head: &Parts, gzip: bool, max_body: usize) -> Result<Coding, AnswerError> {
    let status = head.status.as_u16();
    // It promises another protocol, which nobody asked for (RFC 9110 15.2.2).
    if status < 200 {
        return Err(AnswerError::malformed("a switch to another protocol"));
    }
    let length = content_length(&head.headers)?;
    let chunked = is_chunked(&head.headers)?;
    if chunked && length.is_some() {
        return Err(AnswerError::malformed("both Content-Length and Transfer-Encoding"));
    }
    // They have no body, whatever the header says.
    let bodiless = matches!(status, 204 | 304);
    if !bodiless && length.is_some_and(|length| length > max_body as u64) {
        return Err(AnswerError::TooLarge);
    }
    let coding = coding(&head.headers, gzip)?;
    Ok(if bodiless { Coding::Identity } else { coding })
}

/// Digits only, and in several fields the same.
fn content_length(headers: &HeaderMap) -> Result<Option<u64>, AnswerError> {
    let mut found = None;
    for value in headers.get_all(CONTENT_LENGTH) {
        let digits = value.to_str().ok().filter(|v| v.bytes().all(|b| b.is_ascii_digit()));
        let length = digits.and_then(|digits| digits.parse().ok());
        let length = length.ok_or_else(|| AnswerError::malformed("invalid Content-Length"))?;
        if found.replace(length).is_some_and(|other| other != length) {
            return Err(AnswerError::malformed("two Content-Lengths that differ"));
        }
    }
    Ok(found)
}

fn is_chunked(headers: &HeaderMap) -> Result<bool, AnswerError> {
    match only(headers, &TRANSFER_ENCODING) {
        Ok(None) => Ok(false),
        Ok(Some(value)) if value.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(true),
        _ => Err(AnswerError::malformed("a Transfer-Encoding other than chunked")),
    }
}

fn coding(headers: &HeaderMap, gzip: bool) -> Result<Coding, AnswerError> {
    let value = only(headers, &CONTENT_ENCODING).map(|value| value.map(HeaderValue::as_bytes));
    match value {
        Ok(None) => Ok(Coding::Identity),
        Ok(Some(value)) if value.eq_ignore_ascii_case(b"identity") => Ok(Coding::Identity),
        Ok(Some(value)) if gzip && is_gzip(value) => Ok(Coding::Gzip),
        _ => Err(AnswerError::malformed("a Content-Encoding that nobody asked for")),
    }
}

/// By either of its names (RFC 9110 8.4.1.3).
fn is_gzip(value: &[u8]) -> bool {
    value.eq_ignore_ascii_case(b"gzip") || value.eq_ignore_ascii_case(b"x-gzip")
}

/// The value of the one field `name`; an error when there are several.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h HeaderValue>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ => Err(()),
    }
}
