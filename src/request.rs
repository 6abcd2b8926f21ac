//! What a handler reads of a request.

use std::borrow::Cow;

use nginx_sys::{ngx_buf_t, ngx_read_file};
use ngx::http::Request;

/// The value of the first header `name` (any case).
pub fn header<'r>(r: &'r Request, name: &str) -> Option<&'r [u8]> {
    headers(r, name).next()
}

/// The values of all headers `name` (any case).
pub fn headers<'r>(r: &'r Request, name: &str) -> impl Iterator<Item = &'r [u8]> {
    r.headers_in_iterator()
        .filter(move |(key, _)| key.as_bytes().eq_ignore_ascii_case(name.as_bytes()))
        .map(|(_, value)| value.as_bytes())
}

/// The values of the `Cookie` headers.
pub fn cookie_headers(r: &Request) -> impl Iterator<Item = &[u8]> {
    headers(r, "cookie")
}

/// The value of `Content-Type`.
pub fn content_type(r: &Request) -> Option<&str> {
    header(r, "content-type").and_then(|value| std::str::from_utf8(value).ok())
}

/// Is there a person's browser, as far as headers tell? A cross-site POST brings no Lax cookie, so
/// the lack of cookies says nothing.
pub fn is_browser(r: &Request) -> bool {
    let accepts_html =
        |accept: &[u8]| accept.to_ascii_lowercase().windows(9).any(|window| window == b"text/html");
    header(r, "sec-fetch-mode").is_some() || header(r, "accept").is_some_and(accepts_html)
}

/// The first query argument `name`, decoded.
pub fn argument<'r>(r: &'r Request, name: &str) -> Option<Cow<'r, str>> {
    arguments(r, name).next()
}

/// The query arguments `name`, decoded.
pub fn arguments<'r>(r: &'r Request, name: &str) -> impl Iterator<Item = Cow<'r, str>> {
    form_urlencoded::parse(r.as_ref().args.as_bytes())
        .filter(move |(key, _)| key == name)
        .map(|(_, value)| value)
}

/// The URI as the client sent it, safe for a header: path and query, never more than `limit`
/// bytes (the query is dropped first, then everything).
pub fn unparsed_uri(r: &Request, limit: usize) -> String {
    let raw = r.as_ref().unparsed_uri.as_bytes();
    if raw.first() != Some(&b'/') {
        return "/".into();
    }
    let safe = |bytes: &[u8]| {
        let mut text = String::with_capacity(bytes.len());
        for &byte in bytes {
            match byte {
                b'!'..=b'~'
                    if !matches!(
                        byte,
                        b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'
                    ) =>
                {
                    text.push(char::from(byte));
                }
                _ => text.push_str(&format!("%{byte:02X}")),
            }
        }
        text
    };
    let whole = safe(raw);
    if whole.len() <= limit {
        return whole;
    }
    let path = safe(raw.split(|&b| b == b'?').next().unwrap_or_default());
    if path.len() <= limit { path } else { "/".into() }
}

/// Is the client a browser that navigates, so that a redirect to a login page makes sense?
///
/// `Sec-Fetch-Mode` decides where it is sent (Fetch Metadata); else the absence of
/// `X-Requested-With` and of WebSocket upgrades, and an `Accept` that takes HTML or anything.
pub fn navigates(r: &Request) -> bool {
    let upgrade = header(r, "upgrade").unwrap_or_default();
    if header(r, "x-requested-with").is_some() || upgrade.eq_ignore_ascii_case(b"websocket") {
        return false;
    }
    match header(r, "sec-fetch-mode") {
        Some(mode) => mode == b"navigate",
        None => accepts_html(r),
    }
}

/// Would the client rather read HTML than JSON?
pub fn accepts_html(r: &Request) -> bool {
    match header(r, "accept") {
        None => true,
        Some(accept) => {
            let accept = accept.to_ascii_lowercase();
            let has = |what: &[u8]| accept.windows(what.len()).any(|w| w == what);
            has(b"text/html") || has(b"application/xhtml") || (has(b"*/*") && !has(b"json"))
        }
    }
}

/// Why a request body cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// More than this many bytes.
    TooLarge,
    /// The temporary file that nginx wrote cannot be read back.
    Unreadable,
}

/// The whole body, once nginx has read it: buffers in memory and in its temporary file.
pub fn body(r: &Request, limit: usize) -> Result<Vec<u8>, BodyError> {
    let mut bytes = Vec::new();
    // SAFETY: request_body is null or what ngx_http_read_client_request_body filled.
    let Some(body) = (unsafe { r.as_ref().request_body.as_ref() }) else { return Ok(bytes) };
    let mut link = body.bufs;
    // SAFETY: bufs is a null-terminated chain of buffers in the request's pool.
    while let Some(chain) = unsafe { link.as_ref() } {
        // SAFETY: every link of nginx's body chain carries a buffer.
        append(&mut bytes, unsafe { &*chain.buf }, limit)?;
        link = chain.next;
    }
    Ok(bytes)
}

fn append(bytes: &mut Vec<u8>, buf: &ngx_buf_t, limit: usize) -> Result<(), BodyError> {
    let old = bytes.len();
    if buf.in_file() != 0 {
        let size =
            usize::try_from(buf.file_last - buf.file_pos).map_err(|_| BodyError::Unreadable)?;
        fits(old, size, limit)?;
        bytes.resize(old + size, 0);
        let Some(target) = bytes.get_mut(old..) else { return Err(BodyError::Unreadable) };
        // SAFETY: file is open for as long as the request, and target has room for size bytes.
        let read = unsafe { ngx_read_file(buf.file, target.as_mut_ptr(), size, buf.file_pos) };
        return if usize::try_from(read) == Ok(size) { Ok(()) } else { Err(BodyError::Unreadable) };
    }
    if buf.pos.is_null() {
        return Ok(());
    }
    // SAFETY: pos..last is the filled part of one allocation.
    let part = unsafe {
        std::slice::from_raw_parts(
            buf.pos,
            usize::try_from(buf.last.offset_from(buf.pos)).unwrap_or(0),
        )
    };
    fits(old, part.len(), limit)?;
    bytes.extend_from_slice(part);
    Ok(())
}

fn fits(old: usize, more: usize, limit: usize) -> Result<(), BodyError> {
    if old.saturating_add(more) > limit { Err(BodyError::TooLarge) } else { Ok(()) }
}
