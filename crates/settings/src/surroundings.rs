//! What there is beside a block.

use std::rc::Rc;

use clock::UnixTime;

use crate::files::Files;
use crate::host::Host;
use crate::metadata_source::{Document, SourceKind};
use crate::raw::{RawEndpoint, RawIdp};

/// What the lines of a block may refer to.
pub(crate) struct Surroundings<'a, H: Host> {
    pub(crate) host: &'a mut H,
    pub(crate) idps: &'a [RawIdp],
    /// By the names of their blocks.
    pub(crate) stores: &'a [(String, Rc<H::Store>)],
    /// What there is of the IdPs' metadata.
    pub(crate) documents: &'a [Document],
    pub(crate) files: &'a Files,
    /// The endpoints, whosever they are.
    pub(crate) endpoints: &'a [RawEndpoint],
    /// Their paths.
    pub(crate) handler_paths: Rc<[String]>,
    pub(crate) now: UnixTime,
}

impl<H: Host> Surroundings<'_, H> {
    /// What there is of a `saml_idp` of this kind.
    pub(crate) fn document(&self, kind: SourceKind, idp: &str) -> Option<&Document> {
        self.documents.iter().find(|document| document.kind == kind && document.idp == idp)
    }
}
