//! What a handler reads of a request.

use std::borrow::Cow;

use nginx_sys::{ngx_buf_t, ngx_read_file};
use ngx::http::Request;

use crate::upstream_cookies;

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

/// The values of the `Cookie` headers that the client sent.
pub fn cookie_headers(r: &Request) -> impl Iterator<Item = &[u8]> {
    let sent = upstream_cookies::as_sent(r);
    let as_they_are = sent.is_none().then(|| headers(r, "cookie"));
    sent.into_iter().flatten().chain(as_they_are.into_iter().flatten())
}

/// The value of `Content-Type`.
pub fn content_type(r: &Request) -> Option<&str> {
    header(r, "content-type").and_then(|value| std::str::from_utf8(value).ok())
}

/// Is there a person's browser, as far as headers tell? A cross-site POST brings no Lax cookie, so
/// the lack of cookies says nothing.
pub fn is_browser(r: &Request) -> bool {
    header(r, "sec-fetch-mode").is_some() || header(r, "accept").is_some_and(names_html)
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

/// The URI as the client sent it, safe for a header: path and query.
pub fn unparsed_uri(r: &Request) -> String {
    let raw = r.as_ref().unparsed_uri.as_bytes();
    if raw.first() != Some(&b'/') {
        return "/".into();
    }
    let mut text = String::with_capacity(raw.len());
    for &byte in raw {
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
}

/// Is the client a browser in which a person goes somewhere, so that a login page makes sense?
///
/// `Sec-Fetch-Mode` says so (Fetch Metadata) where browsers send it: over https. Elsewhere it is an
/// `Accept` that names HTML, as every browser's navigation does, and the lack of what scripts add.
pub fn navigates(r: &Request) -> bool {
    if PROGRAMS.iter().any(|name| header(r, name).is_some())
        || header(r, "upgrade").is_some_and(|upgrade| upgrade.eq_ignore_ascii_case(b"websocket"))
        || header(r, "authorization").is_some_and(is_token)
        || is_speculative(r)
    {
        return false;
    }
    match header(r, "sec-fetch-mode") {
        Some(mode) => mode == b"navigate",
        None => header(r, "accept").is_some_and(names_html),
    }
}

/// Headers that scripts in a page send, to be told apart from the page's own navigation.
const PROGRAMS: [&str; 4] = ["x-requested-with", "hx-request", "turbo-frame", "x-pjax"];

/// `Authorization` schemes that no browser sends by itself.
fn is_token(authorization: &[u8]) -> bool {
    let scheme = authorization.split(|byte| *byte == b' ').next().unwrap_or_default();
    [b"bearer".as_slice(), b"dpop", b"token", b"apikey"]
        .iter()
        .any(|token| scheme.eq_ignore_ascii_case(token))
}

/// Does the browser only prepare for what a person may do (Fetch, `Sec-Purpose`; older browsers say
/// `Purpose` or `X-Moz`)?
pub fn is_speculative(r: &Request) -> bool {
    ["sec-purpose", "purpose", "x-purpose", "x-moz"].iter().any(|name| {
        header(r, name).is_some_and(|value| {
            let value = value.to_ascii_lowercase();
            [b"prefetch".as_slice(), b"prerender", b"preview"]
                .iter()
                .any(|what| value.windows(what.len()).any(|window| window == *what))
        })
    })
}

/// Will the answer be shown in a frame of another page (Fetch 2.2.5)?
pub fn is_framed(r: &Request) -> bool {
    header(r, "sec-fetch-dest").is_some_and(|destination| {
        [b"iframe".as_slice(), b"frame", b"fencedframe", b"embed", b"object"].contains(&destination)
    })
}

/// Is it a part of a page, that the page loads by itself: an image, a script, a style (Fetch 2.2.5)?
/// `fetch()` has the empty destination; browsers that do not say are believed.
pub fn is_subresource(r: &Request) -> bool {
    header(r, "sec-fetch-dest")
        .is_some_and(|destination| ![b"document".as_slice(), b"empty"].contains(&destination))
}

fn names_html(accept: &[u8]) -> bool {
    let accept = accept.to_ascii_lowercase();
    [b"text/html".as_slice(), b"application/xhtml+xml"]
        .iter()
        .any(|html| accept.windows(html.len()).any(|window| window == *html))
}

/// Would the client rather read HTML than JSON?
pub fn accepts_html(r: &Request) -> bool {
    match header(r, "accept") {
        None => true,
        Some(accept) => {
            let lower = accept.to_ascii_lowercase();
            let has = |what: &[u8]| lower.windows(what.len()).any(|w| w == what);
            names_html(accept) || (has(b"*/*") && !has(b"json"))
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
