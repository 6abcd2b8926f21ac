//! Bindings: how messages travel (Bindings 3.2 to 3.6, and HTTP-POST-SimpleSign).

mod artifact;
mod base64_value;
mod deflate;
mod detached_signature;
mod draft;
mod outgoing;
mod paos;
mod percent;
mod post;
mod query;
mod redirect;
mod send_error;
mod signing;
mod simple_sign;
mod soap;

pub use artifact::{ArtifactMessage, decode_artifact};
pub(crate) use detached_signature::DetachedSignature;
pub use draft::Draft;
pub(crate) use outgoing::Message;
pub use outgoing::Outgoing;
pub(crate) use paos::{
    EcpRequest, UNDERSTOOD as UNDERSTOOD_OF_PAOS, relay_state as paos_relay_state,
};
pub use paos::{PAOS_CONTENT_TYPE, does_ecp, is_paos};
pub use post::{PostMessage, decode_post};
pub use query::{RedirectMessage, decode_redirect};
pub(crate) use redirect::with_arguments;
pub use send_error::SendError;
pub use signing::Signer;
pub(crate) use signing::Signing;
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
