//! What the protocol needs to know about an IdP and this SP: validated, immutable.

mod endpoint;
mod idp;
mod policy;

pub use endpoint::{Binding, Endpoint, LogoutBinding, LogoutEndpoint};
pub use idp::Idp;
pub use policy::{Encryption, Policy, SignRequests};
