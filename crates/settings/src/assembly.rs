//! What the blocks of `http` come to together.

use std::rc::Rc;

use clock::UnixTime;
use saml::provider::OwnKeys;
use sp::{EndpointKind, Sites, Sp};

use crate::block::Blocks;
use crate::files::Files;
use crate::host::Host;
use crate::idp::{federation, idp};
use crate::location::unknown_sp;
use crate::metadata_source::{Document, MetadataSource, Sources};
use crate::place::{ConfigError, Given};
use crate::raw::{RawEventPoll, RawPolicy};
use crate::sp::{compare, sp};
use crate::store::stores;
use crate::surroundings::Surroundings;
use crate::warnings::Warnings;

/// What the blocks are made into.
pub struct Built<H: Host> {
    /// In the order of their blocks, each at all of its origins.
    pub sps: Vec<Sites<Rc<Sp<H::Sessions>>>>,
    /// Where the IdPs' metadata comes from, in the order of their blocks.
    pub sources: Vec<MetadataSource<H::MetadataServer>>,
    /// Bytes of the metadata that was read.
    pub octets: usize,
}

impl Blocks {
    /// Makes the SPs, once all of `http` has been read.
    ///
    /// # Errors
    /// The first mistake.
    pub fn build<H: Host>(
        &self,
        host: &mut H,
        files: &Files,
        now: UnixTime,
        warnings: &mut Warnings,
    ) -> Result<Built<H>, ConfigError> {
        self.http.check_audit(warnings)?;
        let mut sps: Vec<Sites<Rc<Sp<H::Sessions>>>> = Vec::new();
        let (mut sources, mut octets) = (Vec::new(), 0);
        if !self.stores.is_empty() || !self.idps.is_empty() || !self.sps.is_empty() {
            let found = Sources::of(&self.idps, &self.sps, host, files, warnings)?;
            let stores = stores(&self.stores, &self.sps, host, files, warnings)?;
            let mut around = Surroundings {
                host,
                idps: &self.idps,
                stores: &stores,
                documents: &found.documents,
                files,
                endpoints: &self.endpoints,
                // One of them does nothing but tell who somebody is: a login may end there.
                handler_paths: self
                    .endpoints
                    .iter()
                    .filter(|e| e.kind != EndpointKind::Session)
                    .map(|e| e.path.clone())
                    .collect(),
                now,
            };
            for raw in &self.sps {
                let sp = sp(raw, &mut around, warnings)?;
                for other in &sps {
                    compare(&sp, other, raw, warnings)?;
                }
                sps.push(sp);
            }
            for raw in self.idps.iter().filter(|idp| !self.is_used(&idp.name)) {
                let (policy, own) = (RawPolicy::default(), OwnKeys::default());
                if raw.is_federation() {
                    federation(raw, &policy, own, &mut around, warnings)?;
                } else {
                    idp(raw, &policy, own, &mut around, warnings)?;
                }
            }
            sources = found.all;
            octets = found.documents.iter().map(Document::len).sum();
        }
        self.endpoints_have_sps()?;
        self.streams_are_one_idps()?;
        Ok(Built { sps, sources, octets })
    }

    fn is_used(&self, idp: &str) -> bool {
        self.sps.iter().any(|sp| sp.idp.iter().any(|given| given.value == idp))
    }

    /// A token is handed out once.
    fn streams_are_one_idps(&self) -> Result<(), ConfigError> {
        let polled =
            || self.idps.iter().filter_map(|idp| Some((&idp.name, idp.events_poll.as_ref()?)));
        for (number, (name, given)) in polled().enumerate() {
            let same = |(_, other): &(_, &Given<RawEventPoll>)| other.value.url == given.value.url;
            if let Some((other, _)) = polled().take(number).find(same) {
                let sentence = format!(
                    "saml_idp \"{other}\" and \"{name}\" have the same \"events_poll\" \"{}\", and each event \
                     would come to one of them; give all saml_sp one saml_idp, or each a stream of its own",
                    given.value.url
                );
                return Err(ConfigError::new(&given.place, sentence));
            }
        }
        Ok(())
    }

    fn endpoints_have_sps(&self) -> Result<(), ConfigError> {
        match self.endpoints.iter().find(|e| !self.sps.iter().any(|sp| sp.name == e.sp)) {
            Some(endpoint) => Err(unknown_sp(&endpoint.sp, &endpoint.place)),
            None => Ok(()),
        }
    }
}
