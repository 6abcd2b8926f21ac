//! What is asked for, and how.

use http::{HttpUrl, escape_target};
use http_body_util::Full;
use hyper::Uri;
use hyper::body::Bytes;
use hyper::header::{ACCEPT_ENCODING, CONNECTION, HOST, HeaderValue};
use hyper::http::Error;

/// A resource of a server, as a request names it.
#[derive(Clone, Debug)]
pub struct Target {
    /// Host and port (RFC 9112 3.2).
    host: HeaderValue,
    /// Path and query (RFC 9112 3.2.1).
    path: Uri,
}

impl Target {
    /// What `url` names. Its fragment is nothing to a server; what RFC 3986 has in no URL is
    /// percent-encoded.
    ///
    /// # Errors
    /// The URL is too long (64 KiB).
    pub fn new(url: &HttpUrl<'_>) -> Result<Self, Error> {
        let origin = url.origin();
        let host = origin.split_once("://").map_or_else(|| url.host(), |(_, host)| host);
        let rest = url.rest().split('#').next().unwrap_or_default();
        let slash = if rest.starts_with('/') { "" } else { "/" };
        let path = escape_target(format!("{slash}{rest}").as_bytes());
        Ok(Self { host: HeaderValue::from_str(host)?, path: Uri::try_from(path)? })
    }
}

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method<'a> {
    /// Asks.
    Get,
    /// Brings a body; its media type is among the header fields.
    Post(&'a str),
}

/// A request, and how large its answer may be.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// With its body.
    pub method: Method<'a>,
    /// Header fields besides those of HTTP itself.
    pub headers: &'a [(&'a str, &'a str)],
    /// Whether the answer may come by Content-Encoding gzip.
    pub gzip: bool,
    /// Largest body of the answer, bytes, after its content coding was undone.
    pub max_answer: usize,
}

impl Request<'_> {
    /// As hyper sends it. No connection is used twice.
    pub(crate) fn for_hyper(&self, target: &Target) -> Result<hyper::Request<Full<Bytes>>, Error> {
        let (method, body) = match self.method {
            Method::Get => (hyper::Method::GET, ""),
            Method::Post(body) => (hyper::Method::POST, body),
        };
        let coding = if self.gzip { "gzip" } else { "identity" };
        let mut request = hyper::Request::builder()
            .method(method)
            .uri(target.path.clone())
            .header(HOST, target.host.clone())
            .header(CONNECTION, HeaderValue::from_static("close"))
            .header(ACCEPT_ENCODING, HeaderValue::from_static(coding));
        for (name, value) in self.headers {
            request = request.header(*name, *value);
        }
        request.body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
    }
}
