//! One of the IdPs that people can choose from.

use std::rc::Rc;
use std::sync::Arc;

use saml::metadata::{Member, UiInfo};
use saml::provider;

use crate::idp::Idp;

/// An IdP that is enabled, and whose metadata is there.
pub(crate) enum Offer {
    /// It has a `saml_idp` block of its own.
    Block { idp: Rc<Idp>, provider: Arc<provider::Idp>, ui: Rc<UiInfo> },
    /// It is one of a federation.
    Member(Arc<Member>),
}

impl Offer {
    pub(super) fn of_block(idp: &Rc<Idp>) -> Option<Self> {
        let provider = idp.current().filter(|_| !idp.is_disabled())?;
        Some(Self::Block { idp: Rc::clone(idp), provider, ui: idp.ui() })
    }

    pub(super) fn of_member(member: &Arc<Member>) -> Self {
        Self::Member(Arc::clone(member))
    }

    /// What it is called in links: as [`Idp::name`].
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Block { idp, .. } => idp.name(),
            Self::Member(member) => &member.entity_id,
        }
    }

    pub(crate) fn entity_id(&self) -> &str {
        match self {
            Self::Block { provider, .. } => &provider.entity_id,
            Self::Member(member) => &member.entity_id,
        }
    }

    /// How it presents itself to people.
    pub(crate) fn ui(&self) -> &UiInfo {
        match self {
            Self::Block { ui, .. } => ui,
            Self::Member(member) => &member.ui,
        }
    }

    /// What the configuration says of its people's e-mail addresses.
    pub(crate) fn domains(&self) -> &[String] {
        match self {
            Self::Block { idp, .. } => &idp.settings().domains,
            Self::Member(_) => &[],
        }
    }
}
