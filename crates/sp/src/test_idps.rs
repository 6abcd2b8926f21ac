//! IdPs for tests: an entityID, and nothing more.

use std::rc::Rc;

use saml::provider::{self, Binding, Endpoint, IdpSettings, Policy};

use crate::Current;

pub(crate) fn settings(name: &str) -> IdpSettings {
    IdpSettings {
        name: name.into(),
        metadata: None,
        entity_id: None,
        sso: None,
        sso_binding: None,
        slo: None,
        demands_slo_binding: false,
        keys: Vec::new(),
        policy: Policy::default(),
    }
}

/// The resource for logouts by SOAP is a sentence here.
pub(crate) fn current(entity_id: &'static str) -> Current<String> {
    let provider = provider::Idp {
        entity_id: entity_id.into(),
        sso: Endpoint { binding: Binding::Redirect, location: String::new() },
        slo: Vec::new(),
        keys: Vec::new(),
        encryption_key: None,
        policy: Policy::default(),
    };
    Current { provider: Rc::new(provider), soap_slo: Some(Rc::new(format!("soap of {entity_id}"))) }
}
