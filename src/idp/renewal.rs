//! A document becomes what the SPs know of an IdP, or does not: all of them, or none.

use std::sync::Arc;

use saml::metadata::{IdpMetadata, MetadataSigners, Validity};
use sp::Renewal;

use super::source::{Follower, Source};
use crate::clock::now;
use crate::event::give_memory_back;

/// Bytes: aggregates, of which little is kept.
const LARGE: usize = 1 << 20;

/// A document that all followers can use.
pub(super) struct Renewals {
    each: Vec<(Follower, Renewal)>,
    pub validity: Validity,
}

/// What new metadata has brought, each thing once.
#[derive(Default)]
pub(super) struct News {
    pub changes: Vec<String>,
    pub warnings: Vec<String>,
}

/// What reads a document for a follower, and may go to another thread.
struct Reader {
    signers: Option<Arc<MetadataSigners>>,
    /// The entity that it must be.
    entity_id: Option<String>,
}

/// Reads documents for all followers of one source, in any thread.
pub(super) struct Readers(Vec<Reader>);

impl Readers {
    pub(super) fn of(source: &Source) -> Self {
        let readers = source.followers.iter().map(|Follower { idp, .. }| Reader {
            signers: idp.settings().metadata_signers.clone(),
            // What was believed of an entity stays that entity's.
            entity_id: idp
                .settings()
                .entity_id
                .clone()
                .or_else(|| idp.current().map(|current| current.entity_id.clone())),
        });
        Self(readers.collect())
    }

    /// What the document says, for each follower.
    pub(super) fn read(&self, document: &[u8]) -> Result<Vec<IdpMetadata>, String> {
        let read = |reader: &Reader| {
            let wanted = reader.entity_id.as_deref();
            match &reader.signers {
                Some(signers) => IdpMetadata::parse_signed(document, wanted, signers),
                None => IdpMetadata::parse(document, wanted),
            }
        };
        let metadata: Result<_, _> = self.0.iter().map(read).collect();
        if document.len() >= LARGE {
            give_memory_back();
        }
        metadata.map_err(|error| error.to_string())
    }
}

impl Renewals {
    /// Judges what was read for each of the followers.
    pub(super) fn judge(source: &Source, metadata: &[IdpMetadata]) -> Result<Self, String> {
        let longest = source.settings.max_validity;
        let mut each = Vec::new();
        for (follower, metadata) in source.followers.iter().zip(metadata) {
            let renewal = follower.sp.renewal(&follower.idp, metadata, longest, now());
            each.push((follower.clone(), renewal.map_err(|error| error.to_string())?));
        }
        let validity = metadata.first().map(|metadata| metadata.validity).unwrap_or_default();
        Ok(Self { each, validity })
    }

    /// From now on the followers know this.
    pub(super) fn take_place(self) -> Result<News, String> {
        let mut news = News::default();
        for (Follower { sp, idp }, renewal) in self.each {
            news.add(&renewal);
            sp.renew(&idp, renewal).map_err(|error| error.to_string())?;
        }
        Ok(news)
    }
}

impl News {
    /// Other SPs have mostly the same to say.
    fn add(&mut self, renewal: &Renewal) {
        let add = |all: &mut Vec<String>, new: &[String]| {
            let new: Vec<_> = new.iter().filter(|new| !all.contains(new)).cloned().collect();
            all.extend(new);
        };
        add(&mut self.changes, &renewal.changes);
        add(&mut self.warnings, &renewal.warnings);
    }
}
