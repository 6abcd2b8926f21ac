//! Verifying inside a fence: the one shape of signature that `crates/xmldoc` takes, and nothing else.
use std::ffi::CString;
use std::sync::OnceLock;

use crate::context::Context;
use crate::key::Key;
use crate::report::Report;
use crate::sys;
use crate::tree::{Tree, children, name};

const EXC_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// URIs of what a Reference may name. An algorithm that this xmlsec1 does not know is none.
pub const OF_REFERENCES: &[&str] = &[
    "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
    EXC_C14N,
    "http://www.w3.org/2000/09/xmldsig#sha1",
    "http://www.w3.org/2001/04/xmlenc#sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512",
    "http://www.w3.org/2007/05/xmldsig-more#sha3-256",
    "http://www.w3.org/2007/05/xmldsig-more#sha3-384",
    "http://www.w3.org/2007/05/xmldsig-more#sha3-512",
];

/// URIs of what SignedInfo may name as its own.
pub const OF_SIGNED_INFO: &[&str] = &[
    EXC_C14N,
    "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
    "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
    "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1",
    "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1",
    "http://www.w3.org/2007/05/xmldsig-more#sha3-256-rsa-MGF1",
    "http://www.w3.org/2007/05/xmldsig-more#sha3-384-rsa-MGF1",
    "http://www.w3.org/2007/05/xmldsig-more#sha3-512-rsa-MGF1",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
    "http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-256",
    "http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-384",
    "http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-512",
    "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519",
    "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed448",
];

/// Does xmlsec1 verify the one signature that is a child of the root of `xml`, by `key`, and has it
/// then digested `octets`?
///
/// # Errors
/// It does not; the sentence says why, as far as xmlsec1 does.
pub fn verify(xml: &[u8], octets: &[u8], key: &Key) -> Result<(), String> {
    let report = Report::begin();
    let tree = Tree::parse(xml).ok_or("libxml2 does not read the document")?;
    let root = tree.root().ok_or("libxml2 finds no root element")?;
    let mut signatures = children(root).filter(|child| name(*child) == c"Signature");
    let (Some(signature), None) = (signatures.next(), signatures.next()) else {
        return Err("the root has not exactly one Signature".into());
    };
    tree.register_id(root);
    let context = fenced(key).ok_or_else(|| report.said())?;
    if !context.verify(signature) {
        return Err(report.said());
    }
    if context.references() != 1 || context.digested() != Some(octets) {
        return Err("xmlsec1 digested other octets".into());
    }
    Ok(())
}

/// A context that knows the listed algorithms and no URI outside of the document.
fn fenced(key: &Key) -> Option<Context> {
    let algorithms = Algorithms::get();
    let mut context = Context::new(key)?.storing_references();
    let raw = context.as_mut();
    raw.flags |= sys::XMLSEC_DSIG_FLAGS_IGNORE_MANIFESTS;
    raw.enabledReferenceUris = sys::xmlSecTransformUriTypeSameDocument;
    // SAFETY: the context is live; the IDs are statics of the library.
    let enabled = unsafe {
        algorithms
            .of_references
            .iter()
            .all(|id| sys::xmlSecDSigCtxEnableReferenceTransform(raw, *id) >= 0)
            && algorithms
                .of_signed_info
                .iter()
                .all(|id| sys::xmlSecDSigCtxEnableSignatureTransform(raw, *id) >= 0)
    };
    // An empty list allows everything.
    let is_fenced = !algorithms.of_references.is_empty() && !algorithms.of_signed_info.is_empty();
    (enabled && is_fenced).then_some(context)
}

/// The listed algorithms that this xmlsec1 knows.
struct Algorithms {
    of_references: Vec<sys::xmlSecTransformId>,
    of_signed_info: Vec<sys::xmlSecTransformId>,
}

// SAFETY: the IDs are addresses of constants of the library.
unsafe impl Send for Algorithms {}
// SAFETY: as above.
unsafe impl Sync for Algorithms {}

impl Algorithms {
    /// xmlsec1 has started: there is a key.
    fn get() -> &'static Self {
        static KNOWN: OnceLock<Algorithms> = OnceLock::new();
        KNOWN.get_or_init(|| Self {
            of_references: OF_REFERENCES.iter().filter_map(|uri| id(uri)).collect(),
            of_signed_info: OF_SIGNED_INFO.iter().filter_map(|uri| id(uri)).collect(),
        })
    }
}

fn id(uri: &str) -> Option<sys::xmlSecTransformId> {
    let uri = CString::new(uri).ok()?;
    // SAFETY: the list is the library's own, and set up since it started.
    let id = unsafe {
        let ids = sys::xmlSecTransformIdsGet();
        let any = sys::xmlSecTransformUsageAny;
        sys::xmlSecTransformIdListFindByHref(ids, uri.as_ptr().cast(), any)
    };
    (!id.is_null()).then_some(id)
}

#[cfg(test)]
mod tests;
