//! What a handler reads of a request.

use std::borrow::Cow;
use std::ptr;

use http::Headers;
use nginx_sys::{ngx_buf_t, ngx_read_file};
use ngx::http::Request;

use crate::upstream_cookies;

/// The header fields as the client sent them: with the cookies that a location has taken away.
#[repr(transparent)]
pub struct SentHeaders(Request);

/// The header fields of `r` as the client sent them.
pub fn headers(r: &Request) -> &SentHeaders {
    // SAFETY: SentHeaders is a Request by another name, and borrowed for as long.
    unsafe { &*ptr::from_ref(r).cast::<SentHeaders>() }
}

impl Headers for SentHeaders {
    fn values<'r>(&'r self, name: &str) -> impl Iterator<Item = &'r [u8]> {
        let is_cookie = name.eq_ignore_ascii_case("cookie");
        let sent = is_cookie.then(|| upstream_cookies::as_sent(&self.0)).flatten();
        let as_they_are = sent.is_none().then(|| {
            self.0
                .headers_in_iterator()
                .filter(move |(key, _)| key.as_bytes().eq_ignore_ascii_case(name.as_bytes()))
                .map(|(_, value)| value.as_bytes())
        });
        sent.into_iter().flatten().chain(as_they_are.into_iter().flatten())
    }
}

/// The first query argument `name`, decoded.
pub fn argument<'r>(r: &'r Request, name: &str) -> Option<Cow<'r, str>> {
    arguments(r, name).next()
}

/// The query arguments `name`, decoded.
pub fn arguments<'r>(r: &'r Request, name: &str) -> impl Iterator<Item = Cow<'r, str>> {
    http::arguments(r.as_ref().args.as_bytes(), name)
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
