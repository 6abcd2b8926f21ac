//! Servers that this one posts to by itself, at URLs that may change while it runs.

use std::collections::HashMap;
use std::rc::Rc;

use clock::Msec;
use http::{HttpUrl, Scheme};
use http_client::{Method, Request};
use sp::{BackChannel, Post, Posting};

use super::{Resource, Way};
use crate::event::address::Address;
use crate::event::resolver::{self, Resolver};
use crate::event::timer::Patience;
use crate::event::tls::Tls;

/// For all of a post: connecting, the handshake, sending and the whole answer.
const POST_WITHIN: Msec = Msec(10_000);

/// Servers that are believed for the same reasons.
pub struct Servers {
    /// `HOST:PORT` of those whose names were looked up when the configuration was read.
    known: HashMap<String, Vec<Address>>,
    resolver: Option<Resolver>,
    /// `None` = nothing goes by https.
    tls: Option<Rc<Tls>>,
    /// What goes by https must not come to go in the clear.
    may_be_plain: bool,
}

impl Servers {
    /// `known` are the addresses of `HOST:PORT`; the resolver finds those of other names.
    pub fn new(
        known: HashMap<String, Vec<Address>>,
        resolver: Option<Resolver>,
        tls: Option<Rc<Tls>>,
        may_be_plain: bool,
    ) -> Self {
        Self { known, resolver, tls, may_be_plain }
    }

    /// `None` = how to find its server, or whom to believe there, is not known.
    fn resource(&self, url: &HttpUrl<'_>) -> Option<Resource> {
        let tls = match url.scheme() {
            Scheme::Http if !self.may_be_plain => return None,
            Scheme::Http => None,
            Scheme::Https => Some(Rc::clone(self.tls.as_ref()?)),
        };
        Resource::new(url, self.way(url)?, tls).ok()
    }

    fn way(&self, url: &HttpUrl<'_>) -> Option<Way> {
        let server = format!("{}:{}", url.host(), url.port());
        if let Some(addresses) = self.known.get(&server) {
            return Some(Way::Known(addresses.clone()));
        }
        if let Some(address) = resolver::number(url.host(), url.port()) {
            return Some(Way::Known(vec![address]));
        }
        Some(Way::named(self.resolver?, url))
    }
}

impl BackChannel for Servers {
    fn reaches(&self, url: &HttpUrl<'_>) -> bool {
        self.resource(url).is_some()
    }

    fn post(&self, post: Post) -> Posting<'_> {
        Box::pin(async move {
            let url = HttpUrl::parse(&post.url);
            let Some(resource) = url.and_then(|url| self.resource(&url)) else {
                return Err(format!(
                    "the address of {} is not known; reload nginx, which finds it then",
                    post.url
                ));
            };
            let mut headers = post.headers.to_vec();
            headers
                .extend(post.authorization.iter().map(|value| ("Authorization", value.as_str())));
            let request = Request {
                method: Method::Post(&post.body),
                headers: &headers,
                gzip: false,
                max_answer: post.max_answer,
            };
            let answer = resource.ask(&request, POST_WITHIN, Patience::Waited).await;
            answer.map_err(|error| error.to_string())
        })
    }
}
