//! Bindings: how messages travel (Bindings 3.2, 3.4, 3.5, 3.6).

mod artifact;
mod deflate;
mod outgoing;
mod percent;
mod post;
mod query;
mod redirect;
mod send_error;
mod soap;

pub use artifact::{ArtifactMessage, decode_artifact};
pub(crate) use outgoing::{Message, Signing};
pub use outgoing::{Outgoing, Signer};
pub use post::{PostMessage, decode_post};
pub(crate) use query::DetachedSignature;
pub use query::{RedirectMessage, decode_redirect};
pub(crate) use redirect::with_arguments;
pub use send_error::SendError;
pub(crate) use soap::sealed_in_soap;
pub use soap::{SOAP_ACTION, SOAP_CONTENT_TYPE, is_soap, soap_fault};

/// The parameter or field that carries a request (Bindings 3.4.4.1, 3.5.4).
pub(crate) const SAML_REQUEST: &str = "SAMLRequest";
/// The parameter or field that carries a response.
pub(crate) const SAML_RESPONSE: &str = "SAMLResponse";
/// The parameter or field that carries an artifact (Bindings 3.6.3).
pub(crate) const SAML_ARTIFACT: &str = "SAMLart";
/// The parameter or field that carries the sender's state.
pub(crate) const RELAY_STATE: &str = "RelayState";
