//! The IdPs of an SP, found by their names and by their entityIDs.

mod federated;
mod offer;
mod switches;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use clock::UnixTime;
use saml::artifact::SourceId;
use saml::metadata::Federation;
use saml::provider::IdpSettings;
use saml::reason;
use saml::refusal::{Refusal, quote};
use session::Orders;

pub use self::federated::FederatedIdps;
pub(crate) use self::offer::Offer;
use crate::idp::{Current, Idp};

/// The IdPs of one SP, in the order of the configuration. An entity with a block of its own is as that
/// says, whatever federation it is in.
pub struct Idps {
    in_order: Vec<Rc<Idp>>,
    by_name: HashMap<String, Rc<Idp>>,
    /// Of those whose metadata is awaited, the ones whose blocks say it.
    by_entity_id: RefCell<HashMap<String, Rc<Idp>>>,
    /// The same.
    by_source_id: RefCell<HashMap<SourceId, Rc<Idp>>>,
    federations: Vec<Rc<FederatedIdps>>,
    generation: Cell<u64>,
    /// What an operator has ordered of them.
    orders: RefCell<Rc<Orders>>,
}

/// Which IdPs there were: the same as long as none has changed. What was found out about the IdPs of
/// one generation need not be looked up again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation(u64);

/// An SP cannot have two IdPs of one entityID: messages name nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SameEntity {
    /// The name of the IdP that has it.
    pub twin: String,
    /// The entityID.
    pub entity_id: String,
}

impl Default for Idps {
    fn default() -> Self {
        Self {
            in_order: Vec::new(),
            by_name: HashMap::new(),
            by_entity_id: RefCell::default(),
            federations: Vec::new(),
            by_source_id: RefCell::default(),
            generation: Cell::new(0),
            orders: RefCell::default(),
        }
    }
}

impl Idps {
    /// Adds the last one. An awaited IdP that is there already is the same.
    ///
    /// # Errors
    /// Another one has its entityID, or it is there already.
    pub fn add(&mut self, idp: Idp) -> Result<(), SameEntity> {
        let idp = Rc::new(idp);
        match idp.current() {
            Some(current) => self.register(&idp, &current.entity_id)?,
            None if self.by_name.contains_key(idp.name()) => return Ok(()),
            None => self.reserve(&idp),
        }
        self.by_name.insert(idp.name().to_owned(), Rc::clone(&idp));
        self.in_order.push(idp);
        Ok(())
    }

    /// Adds a block that is a federation; one that is there already is the same.
    pub fn add_federation(&mut self, federation: FederatedIdps) {
        if self.federation(&federation.settings().name).is_none() {
            self.federations.push(Rc::new(federation));
        }
    }

    /// What the blocks say.
    pub fn blocks(&self) -> impl Iterator<Item = &IdpSettings> + Clone {
        let own = self.in_order.iter().map(|idp| idp.settings());
        own.chain(self.federations.iter().map(|federation| federation.settings()))
    }

    /// The federation of the `saml_idp` block `name`.
    pub fn federation(&self, name: &str) -> Option<&Rc<FederatedIdps>> {
        self.federations.iter().find(|federation| federation.settings().name == name)
    }

    /// Is one of the blocks a federation?
    pub fn has_federation(&self) -> bool {
        !self.federations.is_empty()
    }

    /// Is `entity_id` an IdP of that federation, which is enabled, and has no block of its own?
    pub(crate) fn is_of_federation(&self, federation: &FederatedIdps, entity_id: &str) -> bool {
        !self.by_entity_id.borrow().contains_key(entity_id) && federation.has(entity_id)
    }

    /// Those that have a block of their own, in the order of the configuration.
    pub fn iter(&self) -> impl Iterator<Item = &Rc<Idp>> + Clone {
        self.in_order.iter()
    }

    /// The IdP of the `saml_idp` block `name`, which is no federation.
    pub fn named(&self, name: &str) -> Option<&Rc<Idp>> {
        self.by_name.get(name)
    }

    /// The IdP whose entityID is `entity_id` at present.
    pub fn of_entity(&self, entity_id: &str) -> Option<Rc<Idp>> {
        let own = self.by_entity_id.borrow().get(entity_id).map(Rc::clone);
        own.or_else(|| match self.federation_of(entity_id) {
            Some(federation) => federation.idp(entity_id),
            // Who names one of a disabled block hears that.
            None if self.has_block(entity_id) => None,
            None => self.federations.iter().find_map(|all| all.idp(entity_id)),
        })
    }

    /// The name of the `saml_idp` block whose IdP has that entityID at present, also of a federation's.
    pub fn block_of(&self, entity_id: &str) -> Option<String> {
        if let Some(idp) = self.by_entity_id.borrow().get(entity_id) {
            return Some(idp.name().to_owned());
        }
        let has = |federation: &&Rc<FederatedIdps>| federation.has(entity_id);
        Some(self.federations.iter().find(has)?.settings().name.clone())
    }

    /// The IdP whose artifacts have this SourceID at present.
    pub fn of_source(&self, source: SourceId) -> Option<Rc<Idp>> {
        let own = self.by_source_id.borrow().get(&source).map(Rc::clone);
        own.or_else(|| {
            let member = self.federations.iter().find_map(|all| all.of_source(source))?;
            // A block of its own may have taken it out.
            self.of_entity(&member.entity_id)
        })
    }

    /// The IdP that is meant by `text`: the name of its block, or else its entityID. It may be disabled: who
    /// names it hears that when a login begins.
    pub fn called(&self, text: &str) -> Option<Rc<Idp>> {
        self.named(text).cloned().or_else(|| self.of_entity(text))
    }

    /// The IdP at which people with an e-mail address like `address` sign in: by what stands behind its
    /// last `@`, in any case. The configuration's word goes before that of metadata.
    pub fn of_address(&self, address: &str) -> Option<Rc<Idp>> {
        let (_, domain) = address.trim().rsplit_once('@')?;
        let domain = domain.to_ascii_lowercase();
        let by = |has: fn(&Idp, &str) -> bool| self.enabled().find(|idp| has(idp, &domain));
        let own = by(Idp::has_domain).or_else(|| by(Idp::hints_at_domain)).cloned();
        own.or_else(|| {
            let hints = |offer: &Offer| offer.ui().domains.contains(&domain);
            self.offers_of_federations().find(hints).and_then(|offer| self.of_entity(offer.name()))
        })
    }

    /// Those with a block of their own that are not disabled, in the order of the configuration.
    pub fn enabled(&self) -> impl Iterator<Item = &Rc<Idp>> + Clone {
        self.in_order.iter().filter(|idp| !idp.is_disabled())
    }

    /// All that people can choose from: enabled, and their metadata is there.
    pub(crate) fn offers(&self) -> impl Iterator<Item = Offer> {
        self.in_order.iter().filter_map(Offer::of_block).chain(self.offers_of_federations())
    }

    /// Those that have no block of their own.
    fn offers_of_federations(&self) -> impl Iterator<Item = Offer> {
        let all = self.federations.iter().enumerate();
        all.flat_map(|(place, federation)| federation.offers().map(move |offer| (place, offer)))
            .filter(|(place, offer)| {
                let mut before = self.federations.iter().take(*place);
                !self.has_block(offer.name()) && !before.any(|all| all.has(offer.name()))
            })
            .map(|(_, offer)| offer)
    }

    /// The federation that speaks for an entity: the first enabled one that has it; none when the entity has a
    /// block of its own.
    fn federation_of(&self, entity_id: &str) -> Option<&Rc<FederatedIdps>> {
        let found = self.federations.iter().find(|federation| federation.has(entity_id));
        found.filter(|_| !self.has_block(entity_id))
    }

    /// Is it the entity of a block, or called as one? Links and cookies could not tell the two apart.
    fn has_block(&self, entity_id: &str) -> bool {
        self.by_name.contains_key(entity_id) || self.by_entity_id.borrow().contains_key(entity_id)
    }

    /// One of those that people can choose from.
    pub(crate) fn offer(&self, name: &str) -> Option<Offer> {
        match self.named(name) {
            Some(idp) => Offer::of_block(idp),
            None => self.federation_of(name).and_then(|federation| federation.offer(name)),
        }
    }

    /// Who is asked when nothing says whom: the first enabled one whose metadata is there.
    pub fn default_idp(&self) -> Option<Rc<Idp>> {
        self.offers().next().and_then(|offer| self.called(offer.name()))
    }

    /// Is there more than one to choose from?
    pub fn is_choice(&self) -> bool {
        self.offers().nth(1).is_some()
    }

    /// Why there is no IdP to go to.
    pub fn awaited(&self) -> Refusal {
        if self.blocks().all(|block| self.is_disabled(&block.name)) {
            let detail = "all IdPs of this SP are disabled";
            return Refusal::new(&reason::IDP_DISABLED, detail);
        }
        let awaited = self.enabled().filter(|idp| idp.current().is_none());
        let federations = self.federations.iter().filter(|all| all.is_awaited());
        let names = awaited.map(|idp| idp.settings()).chain(federations.map(|all| all.settings()));
        let names: Vec<_> = names.map(|block| quote(&block.name)).collect();
        Refusal::new(
            &reason::IDP_METADATA_MISSING,
            format!("saml_idp {} has no \"metadata\" yet", names.join(", ")),
        )
    }

    /// Puts what is known now in the place of what was known of `idp`, one of these.
    ///
    /// # Errors
    /// Another one has the entityID; nothing has changed then.
    pub fn swap(&self, idp: &Rc<Idp>, new: Current) -> Result<(), SameEntity> {
        self.register(idp, &new.provider.entity_id)?;
        let old = idp.replace(new);
        if let Some(old) = old.filter(|old| !idp.is_entity(&old.provider.entity_id)) {
            let entity_id = &old.provider.entity_id;
            self.by_entity_id.borrow_mut().remove(entity_id);
            self.by_source_id.borrow_mut().remove(&SourceId::of(entity_id));
        }
        self.generation.set(self.generation.get().wrapping_add(1));
        Ok(())
    }

    /// Puts what a federation's metadata says now in the place of what it said, which is given back: to let
    /// go of it takes its time.
    pub fn swap_federation(
        &self,
        federation: &FederatedIdps,
        new: Arc<Federation>,
    ) -> Option<Arc<Federation>> {
        let old = federation.replace(new);
        self.generation.set(self.generation.get().wrapping_add(1));
        old
    }

    /// Is `entity_id` one of these that is enabled and whose metadata is there, and has no operator ended its sessions
    /// since `created`? `trusted_at` is the asker's own: when it was last found to be so.
    #[inline]
    pub fn trust(
        &self,
        entity_id: &str,
        created: UnixTime,
        trusted_at: &Cell<Option<Generation>>,
    ) -> bool {
        let generation = Some(Generation(self.generation.get()));
        trusted_at.get() == generation
            || self.find_trust(entity_id, created, trusted_at, generation)
    }

    fn find_trust(
        &self,
        entity_id: &str,
        created: UnixTime,
        trusted_at: &Cell<Option<Generation>>,
        generation: Option<Generation>,
    ) -> bool {
        let own = self.by_entity_id.borrow().get(entity_id).map(|idp| idp.is_offered());
        let is_trusted = own.unwrap_or_else(|| self.federation_of(entity_id).is_some())
            && !self.orders.borrow().have_ended(entity_id, created);
        if is_trusted {
            trusted_at.set(generation);
        }
        is_trusted
    }

    /// A block needs no metadata to outweigh what a federation says of the entity that it names: a disabled one
    /// takes it out, and until the metadata of another one is there nobody gets in by the federation's.
    fn reserve(&self, idp: &Rc<Idp>) {
        if let Some(entity_id) = &idp.settings().entity_id {
            let mut by_entity_id = self.by_entity_id.borrow_mut();
            by_entity_id.entry(entity_id.clone()).or_insert_with(|| Rc::clone(idp));
        }
    }

    fn register(&self, idp: &Rc<Idp>, entity_id: &str) -> Result<(), SameEntity> {
        let mut by_entity_id = self.by_entity_id.borrow_mut();
        match by_entity_id.get(entity_id) {
            Some(twin) if !Rc::ptr_eq(twin, idp) => {
                Err(SameEntity { twin: twin.name().to_owned(), entity_id: entity_id.to_owned() })
            }
            Some(_) => Ok(()),
            None => {
                by_entity_id.insert(entity_id.to_owned(), Rc::clone(idp));
                let mut by_source_id = self.by_source_id.borrow_mut();
                by_source_id.insert(SourceId::of(entity_id), Rc::clone(idp));
                Ok(())
            }
        }
    }
}

impl fmt::Display for SameEntity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "saml_idp \"{}\" is the entity {} already", self.twin, quote(&self.entity_id))
    }
}

impl std::error::Error for SameEntity {}

#[cfg(test)]
mod tests;
