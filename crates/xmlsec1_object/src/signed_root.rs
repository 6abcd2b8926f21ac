//! The signature of a metadata document's root, by the `libxml` and `xmlsec` crates: when nginx reads
//! its configuration, never for a request.
//!
//! What these crates let one do wrong, and what keeps it out:
//!
//! - `libxml`'s parser mends what is broken, and may go to the network: [`OPTIONS`] say neither. The
//!   gate has let no DOCTYPE in, and so there is no entity.
//! - Nodes of `libxml` outlive their document in safe code: [`Signed`] owns the document and its nodes,
//!   which are dropped before it, and gives out octets.
//! - `verify_document` takes the first Signature that there is anywhere: the root's own child is looked
//!   for, and goes to `verify_node`.
//! - A context's default is to fetch whatever a Reference names, from files and by http, and to run any
//!   transform (XPath, XSLT): [`fence`] leaves the same document and the listed algorithms.
//! - A key with a password is used after it is freed: keys here are public ones in DER, without.
//! - `canonicalize` gives other text than there is: what was digested is read, from xmlsec1 itself.
//! - A keys manager reads every CA of this host, and would look at KeyInfo: none is made.
//! - Failures are panics: the caller catches them.
use std::ffi::CString;
use std::slice;

use libxml::parser::{Parser, ParserOptions, XmlParseFailure};
use libxml::tree::{Document, Node};
use xmlsec::bindings as sys;
use xmlsec::{XmlSecDocumentExt, XmlSecKey, XmlSecKeyFormat, XmlSecSignatureContext};
use xmlsec1::{OF_REFERENCES, OF_SIGNED_INFO, Report};

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// The gate has bounded the document.
const OPTIONS: ParserOptions<'_> = ParserOptions {
    recover: false,
    no_def_dtd: true,
    no_error: true,
    no_warning: true,
    pedantic: false,
    no_blanks: false,
    no_net: true,
    no_implied: false,
    huge: true,
    compact: true,
    ignore_enc: false,
    encoding: Some("UTF-8"),
};

/// Starts xmlsec1 as the `xmlsec` crate wants it. The version of the library must be known to be good.
pub(crate) fn start() {
    drop(XmlSecSignatureContext::new());
}

/// Verifies the signature that is the root's own child, by one of `keys` (SubjectPublicKeyInfo, DER),
/// and gives what it has digested: the root without it, canonical.
///
/// # Errors
/// There is no such signature, it covers something else, or none of the keys has made it: a sentence.
pub(crate) fn signed_root(
    document: &[u8],
    keys: &[&[u8]],
    allow_sha1: bool,
) -> Result<Vec<u8>, String> {
    let signed = Signed::read(document)?;
    let mut said = Vec::new();
    for key in keys {
        match signed.digested(key, allow_sha1) {
            Ok(octets) => return Ok(octets),
            Err(error) => said.push(error),
        }
    }
    said.dedup();
    Err(format!("its signature is not of \"metadata_certificate\" ({})", said.join("; ")))
}

/// A document whose root has one signature, which names the root. Fields are dropped in their order.
struct Signed {
    signature: Node,
    /// Which the node is of.
    _document: Document,
}

impl Signed {
    fn read(octets: &[u8]) -> Result<Self, String> {
        let unread = |error: XmlParseFailure| format!("libxml2 does not read it: {error}");
        let parsed = Parser::default().parse_string_with_diagnostics(octets, OPTIONS);
        let (document, _) = parsed.map_err(unread)?;
        let root = document.get_root_element().ok_or("it has no root element")?;
        let signature = match <[Node; 1]>::try_from(elements(&root, "Signature")) {
            Ok([signature]) => signature,
            Err(none) if none.is_empty() => return Err("its root element is not signed".into()),
            Err(_) => return Err("its root element has more than one signature".into()),
        };
        covers(&signature, &root)?;
        // Only the root's: no other element is what `#ID` names. Unsigned documents have no ID either.
        document.specify_idattr("/*", "ID", None).map_err(|error| error.to_string())?;
        Ok(Self { signature, _document: document })
    }

    /// What is digested, when `key` has signed it.
    fn digested(&self, key: &[u8], allow_sha1: bool) -> Result<Vec<u8>, String> {
        let report = Report::begin();
        let key = XmlSecKey::from_memory(key, XmlSecKeyFormat::Der, None)
            .map_err(|_| "xmlsec1 does not read the key".to_owned())?;
        let mut context = XmlSecSignatureContext::new();
        context.insert_key(key);
        fence(&mut context, allow_sha1)?;
        match context.verify_node(&self.signature) {
            Ok(true) => pre_digest(&context).ok_or_else(|| "nothing was digested".into()),
            Ok(false) | Err(_) => Err(report.said()),
        }
    }
}

/// Does it cover `root`, and nothing else? It is the root that is read.
fn covers(signature: &Node, root: &Node) -> Result<(), String> {
    let id = root.get_property_no_ns("ID").unwrap_or_default();
    if id.is_empty() {
        return Err("its root element has no ID, so that no signature can name it".into());
    }
    let signed_info = elements(signature, "SignedInfo");
    let references: Vec<_> =
        signed_info.iter().flat_map(|info| elements(info, "Reference")).collect();
    let [reference] = references.as_slice() else {
        return Err("its signature has not exactly one Reference".into());
    };
    let uri = reference.get_property_no_ns("URI").unwrap_or_default();
    if uri.strip_prefix('#') == Some(&id) {
        return Ok(());
    }
    Err(format!("its signature covers {uri:?}, the root element is {:?}", format!("#{id}")))
}

fn elements(parent: &Node, name: &str) -> Vec<Node> {
    parent.get_child_elements().into_iter().filter(|child| is(child, name)).collect()
}

/// Is it `ds:name`?
fn is(element: &Node, name: &str) -> bool {
    let namespace = element.get_namespace();
    element.get_name() == name && namespace.is_some_and(|namespace| namespace.get_href() == DSIG)
}

/// Leaves the context the same document and the listed algorithms.
fn fence(context: &mut XmlSecSignatureContext, allow_sha1: bool) -> Result<(), String> {
    let is_allowed = |uri: &&&str| allow_sha1 || !uri.ends_with("sha1");
    // SAFETY: the context is live, and nobody else holds it; IDs are constants of the library.
    let enabled = unsafe {
        let raw = context.as_ptr();
        (*raw).flags |= sys::XMLSEC_DSIG_FLAGS_IGNORE_MANIFESTS
            | sys::XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES;
        (*raw).enabledReferenceUris = sys::xmlSecTransformUriTypeSameDocument;
        OF_REFERENCES
            .iter()
            .filter(is_allowed)
            .filter_map(|uri| id(uri))
            .all(|id| sys::xmlSecDSigCtxEnableReferenceTransform(raw, id) >= 0)
            && OF_SIGNED_INFO
                .iter()
                .filter(is_allowed)
                .filter_map(|uri| id(uri))
                .all(|id| sys::xmlSecDSigCtxEnableSignatureTransform(raw, id) >= 0)
            // Empty lists would allow everything.
            && !(*raw).enabledReferenceTransforms.is_null()
            && sys::xmlSecPtrListGetSize((*raw).enabledReferenceTransforms) > 0
            && sys::xmlSecPtrListGetSize(&raw mut (*raw).transformCtx.enabledTransforms) > 0
    };
    if enabled { Ok(()) } else { Err("xmlsec1 cannot be kept to the listed algorithms".into()) }
}

fn id(uri: &str) -> Option<sys::xmlSecTransformId> {
    let uri = CString::new(uri).ok()?;
    // SAFETY: the list is the library's own, and set up since it started.
    let id = unsafe {
        let (ids, any) = (sys::xmlSecTransformIdsGet(), sys::xmlSecTransformUsageAny);
        sys::xmlSecTransformIdListFindByHref(ids, uri.as_ptr().cast(), any)
    };
    (!id.is_null()).then_some(id)
}

/// The octets that the one Reference digested.
fn pre_digest(context: &XmlSecSignatureContext) -> Option<Vec<u8>> {
    // SAFETY: the list belongs to the live context and holds reference contexts, whose buffer is copied
    // before they die.
    unsafe {
        let references = &raw mut (*context.as_ptr()).signedInfoReferences;
        if sys::xmlSecPtrListGetSize(references) != 1 {
            return None;
        }
        let reference = sys::xmlSecPtrListGetItem(references, 0);
        let buffer = sys::xmlSecDSigReferenceCtxGetPreDigestBuffer(reference.cast());
        if buffer.is_null() {
            return None;
        }
        let (data, size) = (sys::xmlSecBufferGetData(buffer), sys::xmlSecBufferGetSize(buffer));
        let size = usize::try_from(size).ok()?;
        (!data.is_null()).then(|| slice::from_raw_parts(data, size).to_vec())
    }
}

#[cfg(test)]
mod tests;
