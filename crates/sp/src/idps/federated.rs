//! The IdPs of a federation, as one SP uses them.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use clock::UnixTime;
use saml::artifact::SourceId;
use saml::metadata::{Federation, Member, MetadataFilter};
use saml::provider::{self, IdpSettings, OwnKeys};
use xmldoc::SigningKey;

use super::offer::Offer;
use crate::back_channel::BackChannels;
use crate::idp::{Current, Idp};

/// So many IdPs are kept ready, some kilobytes each: whoever asks for others has them made anew.
const MAX_MADE: usize = 1000;

/// The IdPs of one `saml_idp` block that is a whole federation. Each is made when it is first needed.
pub struct FederatedIdps {
    settings: IdpSettings,
    filter: Arc<MetadataFilter>,
    signer: Option<SigningKey>,
    decrypts: bool,
    back_channels: BackChannels,
    current: RefCell<Option<Arc<Federation>>>,
    made: RefCell<HashMap<String, Rc<Idp>>>,
    switched_off: Cell<bool>,
}

impl FederatedIdps {
    /// `settings` are for each of them, `filter` says which are wanted, `own` are the SP's keys; `None` = the
    /// metadata is awaited.
    pub fn new(
        settings: IdpSettings,
        filter: Arc<MetadataFilter>,
        own: OwnKeys<'_>,
        current: Option<Arc<Federation>>,
    ) -> Self {
        let (signer, decrypts) = (own.signer.cloned(), own.decrypts);
        let current = RefCell::new(current);
        let back_channels = BackChannels::default();
        let made = RefCell::default();
        let switched_off = Cell::new(false);
        Self { settings, filter, signer, decrypts, back_channels, current, made, switched_off }
    }

    /// With ways to the servers of its IdPs.
    #[must_use]
    pub fn with_back_channels(self, back_channels: BackChannels) -> Self {
        Self { back_channels, ..self }
    }

    /// What the block says.
    pub fn settings(&self) -> &IdpSettings {
        &self.settings
    }

    /// Which IdPs of the metadata are wanted.
    pub fn filter(&self) -> &Arc<MetadataFilter> {
        &self.filter
    }

    /// What its metadata says at present.
    pub fn current(&self) -> Option<Arc<Federation>> {
        self.current.borrow().clone()
    }

    /// `disabled`, or an order.
    pub fn is_disabled(&self) -> bool {
        self.settings.disabled || self.switched_off.get()
    }

    /// An operator disables it, or takes that back.
    pub(super) fn switch_off(&self, is_off: bool) {
        self.switched_off.set(is_off);
        // They are disabled each for itself.
        self.made.borrow_mut().clear();
    }

    /// Is it enabled, and its metadata not there yet?
    pub fn is_awaited(&self) -> bool {
        !self.is_disabled() && self.current.borrow().is_none()
    }

    /// Is that entity one of its IdPs, and the block enabled?
    pub(super) fn has(&self, entity_id: &str) -> bool {
        let current = self.current.borrow();
        !self.is_disabled() && current.as_ref().is_some_and(|all| all.member(entity_id).is_some())
    }

    /// Its IdP of that entityID.
    pub(super) fn idp(&self, entity_id: &str) -> Option<Rc<Idp>> {
        if let Some(idp) = self.made.borrow().get(entity_id) {
            return Some(Rc::clone(idp));
        }
        let current = self.current()?;
        let idp = Rc::new(self.make(current.member(entity_id)?));
        let mut made = self.made.borrow_mut();
        if made.len() >= MAX_MADE {
            made.clear();
        }
        made.insert(entity_id.to_owned(), Rc::clone(&idp));
        Some(idp)
    }

    /// Its IdP whose artifacts have this SourceID.
    pub(super) fn of_source(&self, source: SourceId) -> Option<Arc<Member>> {
        self.current()?.of_source(source).cloned()
    }

    /// Those that people can choose from.
    pub(super) fn offers(&self) -> impl Iterator<Item = Offer> + use<> {
        let current = self.current().filter(|_| !self.is_disabled());
        current.into_iter().flat_map(|all| {
            let places = 0..all.members().len();
            places.filter_map(move |place| all.members().get(place).map(Offer::of_member))
        })
    }

    /// The one of that entityID.
    pub(super) fn offer(&self, entity_id: &str) -> Option<Offer> {
        let current = self.current().filter(|_| !self.is_disabled())?;
        current.member(entity_id).map(Offer::of_member)
    }

    pub(super) fn replace(&self, new: Arc<Federation>) -> Option<Arc<Federation>> {
        self.made.borrow_mut().clear();
        self.current.replace(Some(new))
    }

    /// What is worth a warning of one among thousands is said when somebody cannot log in there.
    fn make(&self, member: &Member) -> Idp {
        let mut settings = self.settings.of_member(&member.entity_id);
        settings.disabled = self.is_disabled();
        let own = OwnKeys { signer: self.signer.as_ref(), decrypts: self.decrypts };
        let found = member.metadata().map_err(|error| error.to_string()).and_then(|metadata| {
            // Only warnings look at the time.
            let made = provider::Idp::new(
                &settings,
                Some(&metadata),
                own,
                UnixTime::default(),
                &mut Vec::new(),
            );
            Ok((made.map_err(|found| found.sentence)?, metadata.ui))
        });
        match found {
            Ok((provider, ui)) => {
                let (provider, ui) = (Arc::new(provider), Rc::new(ui));
                Idp::new(settings, Some(Current { provider, ui }))
                    .with_back_channels(self.back_channels.clone())
            }
            Err(flaw) => Idp::unusable(settings, flaw),
        }
    }
}
