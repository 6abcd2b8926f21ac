//! A server that has all there is, or not.

use std::rc::Rc;
use std::sync::Arc;

use http::HttpUrl;
use saml::xmlsec1::Xmlsec1;
use session::SpId;
use settings::{Host, StoreSettings, TlsFiles, Unusable};
use sp::{BackChannel, Post, Posting, SessionRules};
use xmldoc::SecondVerifier;

/// A store is its settings, the sessions of an SP are their rules.
#[derive(Default)]
pub(crate) struct TestHost {
    /// What it says to every store and connection.
    pub(crate) refusal: Option<Unusable>,
    /// The origins that were asked for at a time, and their TLS.
    pub(crate) channels: Vec<(Vec<String>, Option<Tls>)>,
    /// It knows no addresses.
    pub(crate) has_no_names: bool,
    /// What it says when it is asked for xmlsec1.
    pub(crate) without_xmlsec1: Option<String>,
    /// How often it was.
    pub(crate) xmlsec1: usize,
}

pub(crate) struct Sessions {
    pub(crate) store: Rc<StoreSettings>,
    pub(crate) rules: SessionRules,
}

/// Files by their names, without the folder: whom a channel trusts, what it shows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tls {
    pub(crate) trusted: Option<String>,
    pub(crate) certificate: Option<(String, String)>,
}

impl Tls {
    fn of(files: &TlsFiles) -> Self {
        let name = |path: &String| path.rsplit('/').next().unwrap_or_default().to_owned();
        Self {
            trusted: files.trusted_certificate.as_ref().map(name),
            certificate: files.certificate.as_ref().map(|(of, key)| (name(of), name(key))),
        }
    }
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

    fn sessions_at(&mut self, main: &Sessions, sp: SpId) -> Sessions {
        let rules = SessionRules { sp, ..main.rules.clone() };
        Sessions { store: Rc::clone(&main.store), rules }
    }

    fn back_channel(
        &mut self,
        urls: &[HttpUrl<'_>],
        tls: Option<&TlsFiles>,
    ) -> Result<Rc<dyn BackChannel>, Unusable> {
        let (origins, tls) = (urls.iter().map(HttpUrl::origin).collect(), tls.map(Tls::of));
        self.channels.push((origins, tls));
        if let (Some(url), true) = (urls.first(), self.has_no_names) {
            let (address, why) = (format!("{}:{}", url.host(), url.port()), "no such host".into());
            return Err(Unusable::Address { address, why });
        }
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
    fn reaches(&self, _: &HttpUrl<'_>) -> bool {
        true
    }

    fn post(&self, _: Post) -> Posting<'_> {
        Box::pin(async { Err("nobody is there".into()) })
    }
}
