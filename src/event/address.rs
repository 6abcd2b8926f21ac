//! Where to connect to.

use std::ffi::CStr;
use std::net::IpAddr;
use std::{mem, slice};

use nginx_sys::{
    NGX_OK, in_port_t, ngx_addr_t, ngx_conf_t, ngx_inet_set_port, ngx_parse_url, ngx_sock_ntop,
    ngx_sockaddr_t, ngx_str_t, ngx_url_t, sockaddr, socklen_t,
};

/// Bytes of the longest address in numbers, its port included, with some to spare.
const LONGEST_NUMBER: usize = 128;

/// An address as the administrator wrote it, resolved when the configuration was read.
#[derive(Clone)]
pub struct Address {
    name: String,
    host: String,
    number: String,
    sockaddr: ngx_sockaddr_t,
    socklen: socklen_t,
}

impl Address {
    /// Reads `HOST[:PORT]`, `[IPV6][:PORT]` or `unix:PATH`, as `proxy_pass` does. A name that has
    /// several addresses is its first.
    ///
    /// # Errors
    /// What nginx finds wrong with it.
    pub fn parse(cf: *mut ngx_conf_t, text: &str, default_port: u16) -> Result<Self, String> {
        let addresses = Self::parse_all(cf, text, default_port)?;
        addresses.into_iter().next().ok_or_else(|| "it has no address".into())
    }

    /// The same, with all addresses of a name in the order of the resolver; there is one at least.
    ///
    /// # Errors
    /// What nginx finds wrong with it.
    pub fn parse_all(
        cf: *mut ngx_conf_t,
        text: &str,
        default_port: u16,
    ) -> Result<Vec<Self>, String> {
        // SAFETY: nginx gave us cf; the strings and addresses that it makes lie in its pool, as
        // does the text, and are copied out below. Zeroes are a valid ngx_url_t.
        unsafe {
            let pool = (*cf).pool;
            let mut url: ngx_url_t = mem::zeroed();
            url.url = ngx_str_t::from_bytes(pool, text.as_bytes()).ok_or("out of memory")?;
            url.default_port = in_port_t::from(default_port);
            if ngx_parse_url(pool, &mut url) != NGX_OK as isize {
                return Err(reason(&url));
            }
            if url.addrs.is_null() || url.naddrs == 0 {
                return Err("it has no address".into());
            }
            if url.uri.len > 0 {
                return Err("an address has no path".into());
            }
            let host = String::from_utf8_lossy(url.host.as_bytes()).into_owned();
            let found = slice::from_raw_parts(url.addrs, url.naddrs);
            Ok(found.iter().map(|one| Self::copy(text, &host, one)).collect())
        }
    }

    /// One that a resolver has found for `host`. `None` = it is of no family that has ports.
    ///
    /// # Safety
    /// `found` was filled by nginx, and its socket address is nobody else's.
    pub(super) unsafe fn found(host: &str, port: u16, found: &ngx_addr_t) -> Option<Self> {
        let mut number = [0; LONGEST_NUMBER];
        // SAFETY: the caller's promise; the text ends within its bounds.
        unsafe {
            ngx_inet_set_port(found.sockaddr, in_port_t::from(port));
            let (text, len) = (number.as_mut_ptr(), number.len());
            let written = ngx_sock_ntop(found.sockaddr, found.socklen, text, len, 1);
            let mut address = Self::copy(&format!("{host}:{port}"), host, found);
            let number = number.get(..written).filter(|number| !number.is_empty())?;
            address.number = String::from_utf8_lossy(number).into_owned();
            Some(address)
        }
    }

    /// # Safety
    /// `found` was filled by nginx.
    unsafe fn copy(name: &str, host: &str, found: &ngx_addr_t) -> Self {
        // SAFETY: the caller's promise; zeroes are an address of no family.
        unsafe {
            let mut address = Self {
                name: name.to_owned(),
                host: host.to_owned(),
                number: String::from_utf8_lossy(found.name.as_bytes()).into_owned(),
                sockaddr: mem::zeroed(),
                socklen: found.socklen,
            };
            let len = (found.socklen as usize).min(size_of::<ngx_sockaddr_t>());
            found
                .sockaddr
                .cast::<u8>()
                .copy_to_nonoverlapping((&raw mut address.sockaddr).cast(), len);
            address
        }
    }

    /// As written.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// In numbers: `10.0.0.1:443`, `[2001:db8::1]:443`.
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The name that a certificate must have; empty for a unix socket.
    pub fn host(&self) -> &str {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        if self.name.starts_with("unix:") { "" } else { host }
    }

    /// For nginx's C structures, which only read it.
    pub(super) fn sockaddr(&self) -> (*mut sockaddr, socklen_t) {
        ((&raw const self.sockaddr).cast_mut().cast(), self.socklen)
    }
}

/// A name or a number: certificates hold them in different places.
pub(super) fn ip(host: &str) -> Option<IpAddr> {
    host.parse().ok()
}

fn reason(url: &ngx_url_t) -> String {
    if url.err.is_null() {
        return "it cannot be resolved".into();
    }
    // SAFETY: nginx's errors are static strings.
    unsafe { CStr::from_ptr(url.err) }.to_string_lossy().into_owned()
}
