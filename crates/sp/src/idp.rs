//! An IdP of an SP: its settings stay, what is known of it may come late and change.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use saml::metadata::UiInfo;
use saml::provider::{self, IdpSettings};
use saml::reason;
use saml::refusal::{Refusal, quote};

use crate::back_channel::BackChannels;
use crate::transmitter::Transmitter;

/// An IdP as one SP uses it.
pub struct Idp {
    settings: IdpSettings,
    back_channels: BackChannels,
    current: RefCell<Option<Current>>,
    transmitter: Option<Rc<Transmitter>>,
    flaw: Option<String>,
    switched_off: Cell<bool>,
}

/// What is known of an IdP at present. Whoever began with it keeps it to the end, whatever changes
/// meanwhile.
pub struct Current {
    /// The IdP as the protocol knows it.
    pub provider: Arc<provider::Idp>,
    /// How it presents itself to people.
    pub ui: Rc<UiInfo>,
}

impl Idp {
    /// `None` = its metadata is awaited: nobody can log in there, and no message of it is taken.
    pub fn new(settings: IdpSettings, current: Option<Current>) -> Self {
        let back_channels = BackChannels::default();
        let current = RefCell::new(current);
        let (transmitter, flaw, switched_off) = (None, None, Cell::new(false));
        Self { settings, back_channels, current, transmitter, flaw, switched_off }
    }

    /// With ways to its own servers.
    #[must_use]
    pub fn with_back_channels(self, back_channels: BackChannels) -> Self {
        Self { back_channels, ..self }
    }

    /// With who tells of security events there.
    #[must_use]
    pub fn with_transmitter(self, transmitter: Option<Rc<Transmitter>>) -> Self {
        Self { transmitter, ..self }
    }

    /// One of a federation whose metadata cannot be used, and why.
    pub(crate) fn unusable(settings: IdpSettings, flaw: String) -> Self {
        Self { flaw: Some(flaw), ..Self::new(settings, None) }
    }

    /// Why its metadata cannot be used.
    pub(crate) fn flaw(&self) -> Option<Refusal> {
        let flaw = self.flaw.as_ref()?;
        Some(Refusal::new(&reason::IDP_METADATA_UNUSABLE, flaw.clone()))
    }

    /// The name of its `saml_idp` block; of one of a federation, its entityID.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// `disabled`, or an order: nobody logs in there, and its users' sessions do not count.
    pub fn is_disabled(&self) -> bool {
        self.settings.disabled || self.switched_off.get()
    }

    /// An operator disables it, or takes that back.
    pub(crate) fn switch_off(&self, is_off: bool) {
        self.switched_off.set(is_off);
    }

    /// Can people log in there: is it enabled, and its metadata there?
    pub fn is_offered(&self) -> bool {
        !self.is_disabled() && self.current.borrow().is_some()
    }

    /// May people log in there?
    ///
    /// # Errors
    /// `idp_disabled`.
    pub(crate) fn check_enabled(&self) -> Result<(), Refusal> {
        if !self.is_disabled() {
            return Ok(());
        }
        let detail = format!("saml_idp {} is disabled", quote(self.name()));
        Err(Refusal::new(&reason::IDP_DISABLED, detail))
    }

    /// What the configuration says of it.
    pub fn settings(&self) -> &IdpSettings {
        &self.settings
    }

    /// The IdP as the protocol knows it; `None` = its metadata is awaited.
    pub fn current(&self) -> Option<Arc<provider::Idp>> {
        self.current.borrow().as_ref().map(|current| Arc::clone(&current.provider))
    }

    /// The ways to its own servers.
    pub fn back_channels(&self) -> &BackChannels {
        &self.back_channels
    }

    /// Who tells of security events there.
    pub fn transmitter(&self) -> Option<&Rc<Transmitter>> {
        self.transmitter.as_ref()
    }

    /// How it presents itself to people; nothing, while its metadata is awaited.
    pub fn ui(&self) -> Rc<UiInfo> {
        self.current.borrow().as_ref().map(|current| Rc::clone(&current.ui)).unwrap_or_default()
    }

    /// Is it called so? Nobody is, while its metadata is awaited.
    pub fn is_entity(&self, entity_id: &str) -> bool {
        self.current.borrow().as_ref().is_some_and(|c| c.provider.entity_id == entity_id)
    }

    /// Does the configuration say that people with e-mail addresses at `domain`, in lower case, sign in here?
    pub fn has_domain(&self, domain: &str) -> bool {
        self.settings.domains.iter().any(|known| known == domain)
    }

    /// Does its metadata say so?
    pub fn hints_at_domain(&self, domain: &str) -> bool {
        self.ui().domains.iter().any(|known| known == domain)
    }

    /// Puts another value in the place of what was known.
    pub(crate) fn replace(&self, new: Current) -> Option<Current> {
        self.current.replace(Some(new))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Idp;
    use crate::test_idps::{current, settings};

    #[test]
    fn an_awaited_idp_has_no_entity_id() {
        let idp: Idp = Idp::new(settings("corp"), None);
        assert_eq!(idp.name(), "corp");
        assert!(idp.current().is_none());
        assert!(!idp.is_entity("") && !idp.is_entity("corp"));
    }

    #[test]
    fn who_began_with_an_idp_keeps_it_when_another_takes_its_place() {
        let idp = Idp::new(settings("corp"), Some(current("https://old")));
        let begun = idp.current().unwrap();
        let old = idp.replace(current("https://new")).unwrap();
        assert!(Arc::ptr_eq(&old.provider, &begun));
        assert_eq!(begun.entity_id, "https://old");
        assert!(idp.is_entity("https://new") && !idp.is_entity("https://old"));
    }
}
