//! Which host a request is for.

use http::RequestHost;
use ngx::http::Request;

/// The host that `r` names: as nginx chose its server by it, and as it was sent. HTTP/3 has no `Host`.
pub fn request_host(r: &Request) -> RequestHost<'_> {
    let request = r.as_ref();
    let name = request.headers_in.server.as_bytes();
    // SAFETY: the header's element lives until the request's pool.
    let authority = match unsafe { request.headers_in.host.as_ref() } {
        Some(host) => host.value.as_bytes(),
        None if request.host_start.is_null() => b"",
        // SAFETY: start and end are of one piece of what was received, which lives as long.
        None => unsafe {
            let len = request.host_end.offset_from(request.host_start);
            std::slice::from_raw_parts(request.host_start, usize::try_from(len).unwrap_or(0))
        },
    };
    RequestHost { name, authority }
}

/// The host that a browser named to the proxy that asks by `r`: some proxies ask by the name of this server.
pub fn forwarded_host(r: &Request) -> RequestHost<'_> {
    let mut headers = r.headers_in_iterator();
    let said = headers.find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(b"X-Forwarded-Host"));
    let named = said.and_then(|(_, host)| RequestHost::of_authority(host.as_bytes()));
    named.unwrap_or_else(|| request_host(r))
}
