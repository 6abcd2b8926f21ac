//! Which host a request is for.

use http::RequestHost;
use ngx::http::Request;

/// The host that `r` names: as nginx chose its server by it, and as it was sent.
pub fn request_host(r: &Request) -> RequestHost<'_> {
    let authority = host_field(r).or_else(|| authority_alone(r)).unwrap_or_default();
    RequestHost { name: r.as_ref().headers_in.server.as_bytes(), authority }
}

/// What stands for `Host` in a request without one: `:authority` of HTTP/3, which nginx makes no field of, as it does of
/// that of HTTP/2 (RFC 9114 4.3.1).
pub fn authority_alone(r: &Request) -> Option<&[u8]> {
    if host_field(r).is_some() {
        return None;
    }
    // SAFETY: the main request lives as long; its subrequests have its headers, but not this.
    let main = unsafe { r.as_ref().main.as_ref() }?;
    if main.host_start.is_null() || main.host_end.is_null() {
        return None;
    }
    // SAFETY: start and end are of one piece of what was received, which lives as long as the request.
    unsafe {
        let len = main.host_end.offset_from(main.host_start);
        Some(std::slice::from_raw_parts(main.host_start, usize::try_from(len).ok()?))
    }
}

fn host_field(r: &Request) -> Option<&[u8]> {
    // SAFETY: the header's element lives until the request's pool.
    unsafe { r.as_ref().headers_in.host.as_ref() }.map(|host| host.value.as_bytes())
}

/// The host that a browser named to the proxy that asks by `r`: some proxies ask by the name of this server.
pub fn forwarded_host(r: &Request) -> RequestHost<'_> {
    let mut headers = r.headers_in_iterator();
    let said = headers.find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(b"X-Forwarded-Host"));
    let named = said.and_then(|(_, host)| RequestHost::of_authority(host.as_bytes()));
    named.unwrap_or_else(|| request_host(r))
}
