//! A location that answers by itself, as it was found.

use sp::EndpointKind;

use crate::place::Place;

/// A handler directive as found while reading.
#[derive(Clone, Debug)]
pub struct RawEndpoint {
    /// Which.
    pub kind: EndpointKind,
    /// The name of its `saml_sp`.
    pub sp: String,
    /// The location's name, `/saml/acs`.
    pub path: String,
    /// What follows it in metadata and messages: `?…`, or nothing.
    pub query: String,
    /// Is it a `location = …`?
    pub exact: bool,
    /// Where the directive stands.
    pub place: Place,
}
