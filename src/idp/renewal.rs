//! A document becomes what the SPs know of an IdP, or of many, or does not: all of them, or none.

use std::rc::Rc;
use std::sync::Arc;

use ::clock::{Seconds, UnixTime};
use jwt::TrustedKeys;
use ngx::async_::spawn;
use saml::metadata::{
    Federation, IdpMetadata, MetadataError, MetadataFilter, MetadataSigners, Validity,
};
use saml::provider::IdpSettings;
use sp::{FederatedIdps, Idp, Renewal, Transmitter};

use super::source::{Followed, Follower, Source};
use crate::clock::now;
use crate::event::{aside, give_memory_back};
use crate::module::Sp;

/// A document that all followers can use.
pub(super) struct Renewals {
    each: Vec<New>,
    pub validity: Validity,
}

/// What a follower is to know.
enum New {
    One(Rc<Sp>, Rc<Idp>, Renewal),
    /// And what is otherwise than before.
    All(Rc<Sp>, Rc<FederatedIdps>, Arc<Federation>, Vec<String>),
    Keys(Rc<Transmitter>, TrustedKeys),
}

/// What new metadata has brought, each thing once.
#[derive(Default)]
pub(super) struct News {
    pub changes: Vec<String>,
    pub warnings: Vec<String>,
}

/// What documents say, for one follower.
pub(super) enum Read {
    One(Box<IdpMetadata>),
    /// And what is otherwise than before.
    All(Arc<Federation>, Vec<String>),
    Keys(TrustedKeys),
}

/// What reads a document for a follower, and may go to another thread.
struct Reader {
    signers: Option<Arc<MetadataSigners>>,
    wanted: Wanted,
}

enum Wanted {
    /// The entity that it must be.
    Entity(Option<String>),
    /// Of all those, and what was known of them.
    All(Arc<MetadataFilter>, Option<Arc<Federation>>),
    /// A JWK Set.
    Keys,
}

/// Reads documents for all followers of one source, in any thread.
pub(super) struct Readers {
    each: Vec<Reader>,
    longest: Option<Seconds>,
    now: UnixTime,
}

impl Readers {
    pub(super) fn of(source: &Source) -> Self {
        let reader = |settings: &IdpSettings, wanted| Reader {
            signers: settings.metadata_signers.clone(),
            wanted,
        };
        let readers = source.followers.iter().map(|Follower { followed, .. }| match followed {
            Followed::One(idp) => {
                // What was believed of an entity stays that entity's.
                let current = || idp.current().map(|current| current.entity_id.clone());
                let entity = idp.settings().entity_id.clone().or_else(current);
                reader(idp.settings(), Wanted::Entity(entity))
            }
            Followed::All(all) => {
                reader(all.settings(), Wanted::All(Arc::clone(all.filter()), all.current()))
            }
            Followed::Keys(_) => Reader { signers: None, wanted: Wanted::Keys },
        });
        Self { each: readers.collect(), longest: source.settings.max_validity, now: now() }
    }

    /// What the documents say, for each follower; there are several for all IdPs of a folder alone.
    pub(super) fn read(&self, documents: &[Vec<u8>]) -> Result<Vec<Read>, String> {
        let mut unsigned: Option<Arc<Federation>> = None;
        let mut read = |reader: &Reader| {
            let Reader { signers, wanted } = reader;
            let document = documents.first().map(Vec::as_slice).unwrap_or_default();
            Ok::<_, String>(match (wanted, signers) {
                (Wanted::Keys, _) => Read::Keys(TrustedKeys::parse(document)?),
                (Wanted::Entity(wanted), None) => {
                    Read::One(IdpMetadata::parse(document, wanted.as_deref()).map_err(text)?.into())
                }
                (Wanted::Entity(wanted), Some(signers)) => Read::One(
                    IdpMetadata::parse_signed(document, wanted.as_deref(), signers)
                        .map_err(text)?
                        .into(),
                ),
                (Wanted::All(filter, old), signers) => {
                    // The filter is the block's, so that SPs can share what nobody must have signed.
                    let new = match (signers, &unsigned) {
                        (None, Some(shared)) => Arc::clone(shared),
                        _ => {
                            self.federation(documents, filter, signers.as_deref()).map_err(text)?
                        }
                    };
                    if signers.is_none() {
                        unsigned = Some(Arc::clone(&new));
                    }
                    let changes = match old {
                        Some(old) => new.changes_since(old),
                        None => new.introduction(),
                    };
                    Read::All(new, changes)
                }
            })
        };
        let read = self.each.iter().map(&mut read).collect();
        give_memory_back(documents.iter().map(Vec::len).sum());
        read
    }

    /// Judged here, too: to let go of one that is of no use takes its time.
    fn federation(
        &self,
        documents: &[Vec<u8>],
        filter: &MetadataFilter,
        signers: Option<&MetadataSigners>,
    ) -> Result<Arc<Federation>, MetadataError> {
        let documents = documents.iter().map(Vec::as_slice);
        let federation = Federation::read(documents, filter, signers)?;
        federation.check_validity(self.now, self.longest)?;
        Ok(Arc::new(federation))
    }
}

impl Renewals {
    /// Judges what was read for each of the followers.
    pub(super) fn judge(source: &Source, read: Vec<Read>) -> Result<Self, String> {
        let longest = source.settings.max_validity;
        let mut validity = Validity::default();
        let mut each = Vec::new();
        for (Follower { sp, followed }, read) in source.followers.iter().zip(read) {
            let sp = Rc::clone(sp);
            each.push(match (followed, read) {
                (Followed::One(idp), Read::One(metadata)) => {
                    validity = metadata.validity;
                    let renewal = sp.renewal(idp, &metadata, longest, now());
                    New::One(sp, Rc::clone(idp), renewal.map_err(|error| error.to_string())?)
                }
                (Followed::All(federation), Read::All(all, changes)) => {
                    validity = all.validity;
                    New::All(sp, Rc::clone(federation), all, changes)
                }
                (Followed::Keys(transmitter), Read::Keys(keys)) => {
                    New::Keys(Rc::clone(transmitter), keys)
                }
                _ => return Err("it was read for another follower".to_owned()),
            });
        }
        Ok(Self { each, validity })
    }

    /// From now on the followers know this.
    pub(super) fn take_place(self) -> Result<News, String> {
        let (mut news, mut forgotten) = (News::default(), Vec::new());
        for new in self.each {
            match new {
                New::One(sp, idp, renewal) => {
                    news.add(&renewal.changes, &renewal.warnings);
                    sp.renew(&idp, renewal).map_err(|error| error.to_string())?;
                }
                New::Keys(transmitter, keys) => transmitter.replace_keys(Rc::new(keys)),
                New::All(sp, federation, all, changes) => {
                    news.add(&changes, &all.warnings);
                    forgotten.extend(sp.idps.swap_federation(&federation, all));
                }
            }
        }
        if !forgotten.is_empty() {
            // To let go of thousands of IdPs takes its time.
            let forget = aside(move || drop(forgotten));
            spawn(async { forget.await.unwrap_or_default() }).detach();
        }
        Ok(news)
    }
}

fn text(error: MetadataError) -> String {
    error.to_string()
}

impl News {
    /// Other SPs have mostly the same to say.
    fn add(&mut self, changes: &[String], warnings: &[String]) {
        let add = |all: &mut Vec<String>, new: &[String]| {
            let new: Vec<_> = new.iter().filter(|new| !all.contains(new)).cloned().collect();
            all.extend(new);
        };
        add(&mut self.changes, changes);
        add(&mut self.warnings, warnings);
    }
}
