//! What the benchmark measures against.
use crate::VerifyingKey;
use crate::ffi::{Tree, verify_bare};

/// One parse and one xmlSecDSigCtxVerify of the root's signature, with nothing before or after.
pub fn bare_xmlsec1(xml: &[u8], key: &VerifyingKey) -> bool {
    let Ok(tree) = Tree::parse(xml) else { return false };
    let Some(root) = tree.root() else { return false };
    let signature = root.elements().find(|child| child.name() == "Signature");
    let (Some(signature), Some(id)) = (signature, root.attribute("ID")) else { return false };
    tree.register_id(root, &id) && verify_bare(signature, key.sec())
}
