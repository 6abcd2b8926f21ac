//! What a handler reads of a request.

use std::net::IpAddr;
use std::{iter, ptr, slice};

use http::{Head, Headers};
use nginx_sys::{
    AF_INET, AF_INET6, ngx_buf_t, ngx_read_file, ngx_table_elt_t, sockaddr, sockaddr_in,
    sockaddr_in6,
};
use ngx::http::Request;
use session::Client;
use sp::BodyError;

use crate::context::cookies_sent;
use crate::request_host::authority_alone;

/// The header fields as the client sent them: with the cookies that a location has taken away, and with the host by
/// whatever version of HTTP.
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
        let cookies = is_cookie.then(|| self.cookies());
        let is_host = name.eq_ignore_ascii_case("host");
        let host = is_host.then(|| authority_alone(&self.0)).flatten();
        let others = (!is_cookie).then(|| {
            self.0
                .headers_in_iterator()
                .filter(move |(key, _)| key.as_bytes().eq_ignore_ascii_case(name.as_bytes()))
                .map(|(_, value)| value.as_bytes())
        });
        cookies.into_iter().flatten().chain(others.into_iter().flatten()).chain(host)
    }

    fn cookies(&self) -> impl Iterator<Item = &[u8]> {
        let mut all = match cookies_sent(&self.0) {
            Some(sent) => Cookies::Sent(sent.iter()),
            None => Cookies::Now(cookie_headers(&self.0)),
        };
        iter::from_fn(move || match &mut all {
            Cookies::Sent(sent) => sent.next(),
            Cookies::Now(now) => now.next(),
        })
        .map(|element| element.value.as_bytes())
    }
}

/// The `Cookie` headers that a client sent: kept when ours were taken out of the request, or still in it.
enum Cookies<'r, Now> {
    Sent(slice::Iter<'r, ngx_table_elt_t>),
    Now(Now),
}

/// The `Cookie` headers as nginx has them now, by pointers of their own. What they point to lives as long as the request.
#[cfg(not(ngx_table_elt_next))]
pub fn cookie_headers(r: &Request) -> impl Iterator<Item = &ngx_table_elt_t> {
    let cookies = &r.as_ref().headers_in.cookies;
    // nginx makes the array for the first of them.
    let pointers: &[*mut ngx_table_elt_t] = match cookies.nelts {
        0 => &[],
        // SAFETY: nginx keeps an array of pointers to the headers' elements.
        _ => unsafe { cookies.as_slice() },
    };
    // SAFETY: elements live until the request's pool.
    pointers.iter().filter_map(|element| unsafe { element.as_ref() })
}

/// The `Cookie` headers as nginx has them now, by pointers of their own. What they point to lives as long as the request.
#[cfg(ngx_table_elt_next)]
pub fn cookie_headers(r: &Request) -> impl Iterator<Item = &ngx_table_elt_t> {
    // SAFETY: elements live until the request's pool, in a null-terminated list.
    let first = unsafe { r.as_ref().headers_in.cookie.as_ref() };
    // SAFETY: as above.
    std::iter::successors(first, |element| unsafe { element.next.as_ref() })
}

/// The head of `r`, for whoever goes on without it.
pub fn head(r: &Request) -> Head {
    let request = r.as_ref();
    let fields = r
        .headers_in_iterator()
        .filter(|(name, _)| !name.as_bytes().eq_ignore_ascii_case(b"cookie"));
    let fields = fields.filter_map(|(name, value)| Some((name.to_str().ok()?, value.as_bytes())));
    let host = authority_alone(r).map(|value| ("host", value));
    let cookies = headers(r).cookies().map(|value| ("cookie", value));
    let head = Head::new(request.method_name.to_string(), request.args.as_bytes());
    fields.chain(host).chain(cookies).fold(head, |head, (name, value)| head.with(name, value))
}

/// Whose budget pays for what `r` asks.
pub fn client(r: &Request) -> Client {
    Client::of(address(r))
}

/// The client's address, as nginx and its realip module see it.
pub fn address(r: &Request) -> Option<IpAddr> {
    // SAFETY: the connection and its address live as long as the request. The family says which of
    // the structures the address is, and nginx aligns them all alike.
    unsafe {
        let address: *const sockaddr = (*r.as_ref().connection).sockaddr;
        match u32::from(address.as_ref()?.sa_family) {
            AF_INET => {
                let address = (*address.cast::<sockaddr_in>()).sin_addr.s_addr;
                Some(IpAddr::from(address.to_ne_bytes()))
            }
            AF_INET6 => {
                let address = &(*address.cast::<sockaddr_in6>()).sin6_addr;
                Some(IpAddr::from(address.__in6_u.__u6_addr8))
            }
            _ => None,
        }
    }
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
        bytes.reserve(size);
        let target = bytes.spare_capacity_mut().as_mut_ptr().cast();
        // SAFETY: file is open for as long as the request, and target has room for size bytes.
        let read = unsafe { ngx_read_file(buf.file, target, size, buf.file_pos) };
        if usize::try_from(read) != Ok(size) {
            return Err(BodyError::Unreadable);
        }
        // SAFETY: so many bytes were read to just behind the old ones.
        unsafe { bytes.set_len(old + size) };
        return Ok(());
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
