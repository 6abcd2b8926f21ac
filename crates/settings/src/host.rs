//! The server that the configuration is for: what only it can make while SPs are built.

use std::rc::Rc;
use std::sync::Arc;

use http::HttpUrl;
use saml::xmlsec1::Xmlsec1;
use session::SpId;
use sp::{BackChannel, SessionRules};

use crate::store_settings::{StoreSettings, TlsFiles};

/// The server that runs the SPs.
pub trait Host {
    /// A session store that is open.
    type Store;
    /// The sessions of one SP.
    type Sessions;
    /// The way to a document on another server.
    type MetadataServer;

    /// Opens a session store.
    ///
    /// # Errors
    /// Which of the settings it cannot use.
    fn open_store(&mut self, settings: StoreSettings) -> Result<Self::Store, Unusable>;

    /// The sessions of an SP in a store.
    fn sessions(&mut self, store: &Rc<Self::Store>, rules: SessionRules) -> Self::Sessions;

    /// Those of the same SP at other origins, where it goes by another identity. What a worker remembers of
    /// sessions they keep in one place with `main`.
    fn sessions_at(&mut self, main: &Self::Sessions, sp: SpId) -> Self::Sessions;

    /// The ways to other servers: to those of `urls`, and to what may take their place while the server
    /// runs. With `tls` their certificates are verified, and this server's is shown; without, nothing
    /// goes by https.
    ///
    /// # Errors
    /// Which of them it cannot use.
    fn back_channel(
        &mut self,
        urls: &[HttpUrl<'_>],
        tls: Option<&TlsFiles>,
    ) -> Result<Rc<dyn BackChannel>, Unusable>;

    /// The way to the document at `url`, whose server is verified when that is https and `verify` is set:
    /// by the CAs in the file `trusted_certificate`, or by the system's.
    ///
    /// # Errors
    /// Which of the two it cannot use.
    fn metadata_server(
        &mut self,
        url: &HttpUrl<'_>,
        trusted_certificate: Option<&str>,
        verify: bool,
    ) -> Result<Self::MetadataServer, Unusable>;

    /// The path of the folder in which copies of documents are kept: `folder`, or one of its own. It is
    /// there when the server runs.
    ///
    /// # Errors
    /// It cannot be used: the rest of a sentence.
    fn metadata_cache(&mut self, folder: Option<&str>) -> Result<String, String>;

    /// Looks a variable up, by its name without `$`: when nothing defines it, the server does not start.
    ///
    /// # Errors
    /// It cannot be one.
    fn variable(&mut self, name: &str) -> Result<(), String>;

    /// xmlsec1, of which most servers have nothing loaded.
    ///
    /// # Errors
    /// It is not there, or does not work: a sentence that says what to do.
    fn xmlsec1(&mut self) -> Result<Arc<dyn Xmlsec1>, String>;
}

/// What a [`Host`] cannot use, and why: the second half of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// The zone of shared memory.
    Zone(String),
    /// An address.
    Address {
        /// As written.
        address: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file of certificates or keys.
    Tls(String),
}
