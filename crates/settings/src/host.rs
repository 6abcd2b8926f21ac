//! The server that the configuration is for: what only it can make while SPs are built.

use std::rc::Rc;

use http::HttpUrl;
use saml::xmlsec1::Xmlsec1;
use sp::{BackChannel, SessionRules};

use crate::store_settings::StoreSettings;

/// The server that runs the SPs.
pub trait Host {
    /// A session store that is open.
    type Store;
    /// The sessions of one SP.
    type Sessions;

    /// Opens a session store.
    ///
    /// # Errors
    /// Which of the settings it cannot use.
    fn open_store(&mut self, settings: StoreSettings) -> Result<Self::Store, Unusable>;

    /// The sessions of an SP in a store.
    fn sessions(&mut self, store: &Rc<Self::Store>, rules: SessionRules) -> Self::Sessions;

    /// The way to another server, whose certificate is verified when `url` is https: by the CAs in the
    /// file `trusted_certificate`, or by the system's.
    ///
    /// # Errors
    /// Which of the two it cannot use.
    fn back_channel(
        &mut self,
        url: &HttpUrl<'_>,
        trusted_certificate: Option<&str>,
    ) -> Result<Rc<dyn BackChannel>, Unusable>;

    /// xmlsec1, of which most servers have nothing loaded.
    ///
    /// # Errors
    /// It is not there, or does not work: a sentence that says what to do.
    fn xmlsec1(&mut self) -> Result<Rc<dyn Xmlsec1>, String>;
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
