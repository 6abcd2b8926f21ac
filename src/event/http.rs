//! HTTP from server to server: each request has a connection of its own.

mod bell;
mod error;
mod servers;
mod stream;

use std::iter::zip;
use std::rc::Rc;

use clock::{Monotonic, Msec};
use http::{Answer, HttpUrl, Scheme};
use http_client::{Exchange, Request, Target};

use self::error::{Failure, HttpError};
pub use self::servers::Servers;
use self::stream::HttpStream;
use super::address::Address;
use super::connection_error::ConnectionError;
use super::is_exiting;
use super::resolver::Resolver;
use super::timer::{Patience, limited};
use super::tls::Tls;
use crate::clock::monotonic;

/// A resource on another server.
pub struct Resource {
    /// `HOST:PORT`.
    server: String,
    target: Target,
    way: Way,
    tls: Option<Rc<Tls>>,
}

/// How a server is found.
#[derive(Clone)]
pub enum Way {
    /// At the first of these addresses that takes a connection.
    Known(Vec<Address>),
    /// By its name, each time.
    Named { resolver: Resolver, host: String, port: u16 },
}

impl Resource {
    /// `way` leads to the host of `url`; `tls` is there when its scheme is https.
    ///
    /// # Errors
    /// The URL is none that HTTP can ask for.
    pub fn new(url: &HttpUrl<'_>, way: Way, tls: Option<Rc<Tls>>) -> Result<Self, String> {
        let target = Target::new(url).map_err(|error| error.to_string())?;
        let server = format!("{}:{}", url.host(), url.port());
        Ok(Self { server, target, way, tls })
    }

    /// Another resource, whose server is believed for the same reasons; `None` = how to find that
    /// server is not known.
    pub fn elsewhere(&self, url: &HttpUrl<'_>) -> Option<Self> {
        let server = format!("{}:{}", url.host(), url.port());
        if (url.scheme() == Scheme::Https) != self.tls.is_some() {
            return None;
        }
        let way = match &self.way {
            way if server == self.server => way.clone(),
            Way::Named { resolver, .. } => Way::named(*resolver, url),
            Way::Known(_) => return None,
        };
        Some(Self { server, target: Target::new(url).ok()?, way, tls: self.tls.clone() })
    }

    /// Asks, and reads the whole answer, whatever its status. A worker that shuts down waits for it, or
    /// ends it where it stands; for a TLS handshake it waits always.
    ///
    /// # Errors
    /// There is no whole answer `within` that time, or it is none.
    pub async fn ask(
        &self,
        request: &Request<'_>,
        within: Msec,
        patience: Patience,
    ) -> Result<Answer, HttpError> {
        let deadline = monotonic() + within;
        let fails = |failure, status| HttpError { server: self.server.clone(), failure, status };
        let mut stream =
            self.connect(deadline, within).await.map_err(|failure| fails(failure, None))?;
        if patience == Patience::Cancelable {
            if is_exiting() {
                return Err(fails(ConnectionError::Stopped.into(), None));
            }
            stream.rest();
        }
        let mut exchange = Exchange::new(stream, &self.target, request)
            .map_err(|error| fails(error.into(), None))?;
        let outcome = match limited(deadline - monotonic(), patience, &mut exchange).await {
            Some(outcome) => outcome.map_err(Failure::from),
            None => Err(Failure::TimedOut(exchange.stage().to_string(), within)),
        };
        outcome.map_err(|failure| fails(failure, exchange.status()))
    }

    /// The first address that takes a connection is the server's.
    async fn connect(&self, deadline: Monotonic, within: Msec) -> Result<HttpStream, Failure> {
        let addresses = match &self.way {
            Way::Known(addresses) => addresses.clone(),
            Way::Named { resolver, host, port } => {
                let found = resolver.addresses(host, *port, deadline - monotonic()).await;
                found.map_err(Failure::Name)?
            }
        };
        let mut failures = Vec::new();
        for (address, left) in zip(&addresses, (1..=addresses.len() as u64).rev()) {
            // Those that come after it have their share of the time.
            let share = Msec((deadline - monotonic()).0 / left);
            match self.reach(address, share).await {
                Ok(stream) => return secure(stream, deadline, within).await,
                Err(failure) => failures.push((address.number().to_owned(), failure)),
            }
        }
        Err(Failure::Unreachable(failures))
    }

    async fn reach(&self, address: &Address, within: Msec) -> Result<HttpStream, Failure> {
        let mut stream = HttpStream::open(address, self.tls.as_ref(), &self.server)?;
        match limited(within, Patience::Waited, stream.connected()).await {
            Some(connected) => connected?,
            None => return Err(Failure::TimedOut("connecting".to_owned(), within)),
        }
        Ok(stream)
    }
}

impl Way {
    /// By the name in `url`.
    pub fn named(resolver: Resolver, url: &HttpUrl<'_>) -> Self {
        Self::Named { resolver, host: url.host().to_owned(), port: url.port() }
    }
}

async fn secure(
    mut stream: HttpStream,
    deadline: Monotonic,
    within: Msec,
) -> Result<HttpStream, Failure> {
    match limited(deadline - monotonic(), Patience::Waited, stream.secured()).await {
        Some(secured) => secured?,
        None => return Err(Failure::TimedOut("the TLS handshake".to_owned(), within)),
    }
    Ok(stream)
}
