//! IdPs for tests: an entityID, and nothing more.

use std::rc::Rc;
use std::sync::Arc;

use saml::provider::{self, Binding, Endpoint, IdpSettings, Policy};

use crate::Current;

pub(crate) fn settings(name: &str) -> IdpSettings {
    IdpSettings {
        name: name.into(),
        disabled: false,
        metadata: None,
        entity_id: None,
        sso: None,
        sso_binding: None,
        slo: None,
        artifact_url: None,
        demands_response_binding: false,
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
        sso: Endpoint { binding: Binding::Redirect, location: format!("{entity_id}/sso") },
        slo: Vec::new(),
        keys: Vec::new(),
        artifact_resolution: Vec::new(),
        encryption_key: None,
        scopes: Default::default(),
        valid_until: None,
        policy: Policy::default(),
    };
    Current { provider: Arc::new(provider), ui: Rc::default() }
}
