//! A server that has all there is, or not.

use std::rc::Rc;
use std::sync::Arc;

use http::HttpUrl;
use saml::xmlsec1::Xmlsec1;
use settings::{Host, StoreSettings, Unusable};
use sp::{BackChannel, Post, Posting, SessionRules};
use xmldoc::SecondVerifier;

/// A store is its settings, the sessions of an SP are their rules.
#[derive(Default)]
pub(crate) struct TestHost {
    /// What it says to every store and connection.
    pub(crate) refusal: Option<Unusable>,
    /// The URLs that were asked for, and whom they trust.
    pub(crate) channels: Vec<(String, Option<String>)>,
    /// What it says when it is asked for xmlsec1.
    pub(crate) without_xmlsec1: Option<String>,
    /// How often it was.
    pub(crate) xmlsec1: usize,
}

pub(crate) struct Sessions {
    pub(crate) store: Rc<StoreSettings>,
    pub(crate) rules: SessionRules,
}

/// A server of metadata, as it was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) origin: String,
    pub(crate) trusted: Option<String>,
    pub(crate) verify: bool,
}

impl Host for TestHost {
    type Store = StoreSettings;
    type Sessions = Sessions;
    type MetadataServer = Metadata;

    fn open_store(&mut self, settings: StoreSettings) -> Result<StoreSettings, Unusable> {
        self.refusal.clone().map_or(Ok(settings), Err)
    }

    fn sessions(&mut self, store: &Rc<StoreSettings>, rules: SessionRules) -> Sessions {
        Sessions { store: Rc::clone(store), rules }
    }

    fn back_channel(
        &mut self,
        url: &HttpUrl<'_>,
        trusted_certificate: Option<&str>,
    ) -> Result<Rc<dyn BackChannel>, Unusable> {
        self.channels.push((url.origin(), trusted_certificate.map(str::to_owned)));
        self.refusal.clone().map_or(Ok(Rc::new(Silent)), Err)
    }

    fn metadata_server(
        &mut self,
        url: &HttpUrl<'_>,
        trusted_certificate: Option<&str>,
        verify: bool,
    ) -> Result<Metadata, Unusable> {
        let trusted = trusted_certificate.map(str::to_owned);
        let server = Metadata { origin: url.origin(), trusted, verify };
        self.refusal.clone().map_or(Ok(server), Err)
    }

    fn metadata_cache(&mut self, folder: Option<&str>) -> Result<String, String> {
        Ok(folder.unwrap_or("/nowhere").to_owned())
    }

    fn variable(&mut self, name: &str) -> Result<(), String> {
        match name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            true => Ok(()),
            false => Err("no name of a variable".into()),
        }
    }

    fn xmlsec1(&mut self) -> Result<Arc<dyn Xmlsec1>, String> {
        self.xmlsec1 += 1;
        self.without_xmlsec1.clone().map_or(Ok(Arc::new(TestXmlsec1)), Err)
    }
}

/// Knows every key, and calls signed what has the ID `_signed`.
struct TestXmlsec1;

impl Xmlsec1 for TestXmlsec1 {
    fn verifier(&self, _: &[u8]) -> Result<Arc<dyn SecondVerifier>, String> {
        Ok(Arc::new(Agreeing))
    }

    fn signed_root(&self, document: &str, keys: &[Vec<u8>], sha1: bool) -> Result<String, String> {
        if !document.contains("ID=\"_signed\"") {
            return Err(format!("{} keys have not signed it, SHA-1 {sha1}", keys.len()));
        }
        Ok(document.to_owned())
    }
}

struct Agreeing;

impl SecondVerifier for Agreeing {
    fn verify(&self, _: &str, _: &str) -> Result<(), String> {
        Ok(())
    }
}

struct Silent;

impl BackChannel for Silent {
    fn post(&self, _: Post) -> Posting<'_> {
        Box::pin(async { Err("nobody is there".into()) })
    }
}
