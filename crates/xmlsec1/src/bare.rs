//! xmlsec1 with its defaults: what the tests and the benches of other crates compare with.
use std::ptr::{self, NonNull};
use std::slice;

use crate::context::Context;
use crate::key::Key;
use crate::report::Report;
use crate::sys;
use crate::tree::{Tree, children, name};

/// One parse and one xmlSecDSigCtxVerify of the signature that is the root's child, with nothing
/// before or after.
pub fn verify_root(xml: &[u8], key: &Key) -> bool {
    let _report = Report::begin();
    let Some(tree) = Tree::parse(xml) else { return false };
    let Some(root) = tree.root() else { return false };
    let Some(signature) = children(root).find(|child| name(*child) == c"Signature") else {
        return false;
    };
    tree.register_id(root);
    Context::new(key).is_some_and(|context| context.verify(signature))
}

/// The bytes that each of the document's signatures digested, in document order; `None` for one
/// that does not verify.
pub fn digested(xml: &[u8], key: &Key) -> Vec<Option<Vec<u8>>> {
    let _report = Report::begin();
    let Some(tree) = Tree::parse(xml) else { return Vec::new() };
    let verify = |signature| {
        let context = Context::new(key)?.storing_references();
        context.verify(signature).then(|| context.digested().map(<[u8]>::to_vec)).flatten()
    };
    signatures(&tree).into_iter().map(verify).collect()
}

/// The document with values in its signature templates, the last of which is signed first.
pub fn sign(template: &[u8], key: &Key) -> Option<Vec<u8>> {
    let _report = Report::begin();
    let tree = Tree::parse(template)?;
    for signature in signatures(&tree).into_iter().rev() {
        Context::new(key)?.sign(signature).then_some(())?;
    }
    Some(dump(&tree))
}

/// All elements named Signature in document order; on the way, each ID becomes one.
fn signatures(tree: &Tree) -> Vec<NonNull<sys::xmlNode>> {
    let mut found = Vec::new();
    let mut open: Vec<_> = tree.root().into_iter().collect();
    while let Some(element) = open.pop() {
        tree.register_id(element);
        if name(element) == c"Signature" {
            found.push(element);
        }
        open.extend(children(element).rev());
    }
    found
}

fn dump(tree: &Tree) -> Vec<u8> {
    let (mut data, mut size) = (ptr::null_mut(), 0);
    // SAFETY: the document is live; libxml2 allocates `data`, which is copied and, as the
    // process is a short one, never freed.
    unsafe {
        sys::xmlDocDumpMemory(tree.as_ptr(), &raw mut data, &raw mut size);
        slice::from_raw_parts(data, usize::try_from(size).unwrap_or_default()).to_vec()
    }
}
