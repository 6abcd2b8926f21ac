//! IdPs for tests: an entityID, and nothing more.

use std::rc::Rc;

use saml::provider::{self, Binding, Endpoint, IdpSettings, Policy};

use crate::Current;
use crate::back_channel::{BackChannel, Post, Posting};

pub(crate) fn settings(name: &str) -> IdpSettings {
    IdpSettings {
        name: name.into(),
        disabled: false,
        metadata: None,
        entity_id: None,
        sso: None,
        sso_binding: None,
        slo: None,
        demands_slo_binding: false,
        keys: Vec::new(),
        metadata_signers: None,
        second_verifier: None,
        domains: Vec::new(),
        policy: Policy::default(),
    }
}

pub(crate) fn current(entity_id: &'static str) -> Current {
    let provider = provider::Idp {
        entity_id: entity_id.into(),
        sso: Endpoint { binding: Binding::Redirect, location: String::new() },
        slo: Vec::new(),
        keys: Vec::new(),
        encryption_key: None,
        scopes: Default::default(),
        valid_until: None,
        policy: Policy::default(),
    };
    Current {
        provider: Rc::new(provider),
        soap_slo: Some(Rc::new(Named(format!("soap of {entity_id}")))),
        ui: Rc::default(),
    }
}

/// A resource for logouts by SOAP that is only a name.
pub(crate) struct Named(pub String);

impl BackChannel for Named {
    fn post(&self, _: Post) -> Posting<'_> {
        Box::pin(async { Err(self.0.clone()) })
    }
}
