//! What the protocol needs to know about an IdP and this SP: validated, immutable.

mod assembly;
mod changes;
mod endpoint;
mod expiry;
mod finding;
mod idp;
mod idp_settings;
mod own_keys;
mod policy;
mod request_policy;

pub use endpoint::{ArtifactEndpoint, Binding, Endpoint, LogoutBinding, LogoutEndpoint};
pub use expiry::expiry_warning;
pub use finding::{Finding, Setting};
pub use idp::Idp;
pub use idp_settings::IdpSettings;
pub use own_keys::OwnKeys;
pub use policy::{Encryption, Policy, ScopeCheck, SignRequests};
pub use request_policy::{
    ExtraArgument, ExtraValue, PreferredContext, RequestPolicy, ResponseBinding,
};
