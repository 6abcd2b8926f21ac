//! xmlsec1 with its defaults: what the tests and the benches of the other crates compare with. The
//! module itself does not use it.

#![warn(missing_docs, unreachable_pub)]

use std::ffi::{CStr, c_int, c_void};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Once;

/// What bindgen made of the libraries' headers.
#[allow(non_camel_case_types, non_upper_case_globals, non_snake_case, dead_code, unreachable_pub)]
#[allow(clippy::all, clippy::undocumented_unsafe_blocks, clippy::use_self, unnecessary_transmutes)]
mod sys {
    include!(concat!(env!("OUT_DIR"), "/xmlsec1.rs"));
}

fn init() {
    static STARTED: Once = Once::new();
    // SAFETY: Once runs this once, before any other use of xmlsec1.
    STARTED.call_once(|| unsafe {
        sys::xmlInitParser();
        assert!(sys::xmlSecInit() >= 0 && sys::xmlSecOpenSSLInit() >= 0);
        // Both starts put in a callback that prints to stderr.
        sys::xmlSecErrorsSetCallback(None);
    });
}

unsafe extern "C" fn discard(_: *mut c_void, _: sys::xmlErrorPtr) {}

/// A key, private or public.
pub struct Key(NonNull<sys::_xmlSecKey>);

impl Key {
    /// The key of a PEM file; `None` when xmlsec1 reads none.
    pub fn from_pem(pem: &[u8]) -> Option<Self> {
        init();
        // SAFETY: `pem` holds so many bytes and is read during the call only.
        let key = unsafe {
            sys::xmlSecOpenSSLAppKeyLoadMemory(
                pem.as_ptr(),
                pem.len().try_into().ok()?,
                sys::xmlSecKeyDataFormatPem,
                ptr::null(),
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        NonNull::new(key).map(Self)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: `self` is the only owner; contexts got duplicates.
        unsafe { sys::xmlSecKeyDestroy(self.0.as_ptr()) };
    }
}

/// One parse and one xmlSecDSigCtxVerify of the signature that is the root's child, with nothing
/// before or after.
pub fn verify_root(xml: &[u8], key: &Key) -> bool {
    let Some(tree) = Tree::parse(xml) else { return false };
    let Some(root) = tree.root() else { return false };
    let signature = children(root).into_iter().find(|child| name(*child) == c"Signature");
    let Some(signature) = signature else { return false };
    tree.register_id(root);
    Context::new(key).is_some_and(|context| context.verify(signature))
}

/// The bytes that each of the document's signatures digested, in document order; `None` for one
/// that does not verify.
pub fn digested(xml: &[u8], key: &Key) -> Vec<Option<Vec<u8>>> {
    let Some(tree) = Tree::parse(xml) else { return Vec::new() };
    let verify = |signature| {
        let context = Context::new(key)?.storing_references();
        context.verify(signature).then(|| context.digested()).flatten()
    };
    tree.signatures().into_iter().map(verify).collect()
}

/// The document with values in its signature templates, the last of which is signed first.
pub fn sign(template: &[u8], key: &Key) -> Option<Vec<u8>> {
    let tree = Tree::parse(template)?;
    for signature in tree.signatures().into_iter().rev() {
        Context::new(key)?.sign(signature).then_some(())?;
    }
    Some(tree.dump())
}

struct Tree(NonNull<sys::xmlDoc>);

impl Tree {
    fn parse(xml: &[u8]) -> Option<Self> {
        init();
        // SAFETY: `discard` has the handler's type; the handler is this thread's own.
        unsafe { sys::xmlSetStructuredErrorFunc(ptr::null_mut(), Some(discard)) };
        let options = sys::XML_PARSE_NONET | sys::XML_PARSE_NOERROR | sys::XML_PARSE_NOWARNING;
        let length = c_int::try_from(xml.len()).ok()?;
        // SAFETY: `xml` holds so many bytes and is read during the call only; URL and encoding may
        // be null.
        let document = unsafe {
            let (url, encoding) = (ptr::null(), ptr::null());
            sys::xmlReadMemory(xml.as_ptr().cast(), length, url, encoding, options as c_int)
        };
        NonNull::new(document).map(Self)
    }

    fn root(&self) -> Option<NonNull<sys::xmlNode>> {
        // SAFETY: the document is live.
        NonNull::new(unsafe { sys::xmlDocGetRootElement(self.0.as_ptr()) })
    }

    /// All elements named Signature in document order; on the way, each ID becomes one.
    fn signatures(&self) -> Vec<NonNull<sys::xmlNode>> {
        let mut found = Vec::new();
        let mut open: Vec<_> = self.root().into_iter().collect();
        while let Some(element) = open.pop() {
            self.register_id(element);
            if name(element) == c"Signature" {
                found.push(element);
            }
            open.extend(children(element).into_iter().rev());
        }
        found
    }

    fn register_id(&self, element: NonNull<sys::xmlNode>) {
        // SAFETY: document and element are live; an attribute's first child is its text.
        unsafe {
            let attribute = sys::xmlHasProp(element.as_ptr(), c"ID".as_ptr().cast());
            if let Some(text) = attribute.as_ref().and_then(|attribute| attribute.children.as_ref())
            {
                sys::xmlAddID(ptr::null_mut(), self.0.as_ptr(), text.content, attribute);
            }
        }
    }

    fn dump(&self) -> Vec<u8> {
        let (mut data, mut size) = (ptr::null_mut(), 0);
        // SAFETY: the document is live; libxml2 allocates `data`, which is copied and, as the
        // process is a short one, never freed.
        unsafe {
            sys::xmlDocDumpMemory(self.0.as_ptr(), &raw mut data, &raw mut size);
            slice::from_raw_parts(data, usize::try_from(size).unwrap_or_default()).to_vec()
        }
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // SAFETY: `self` is the only owner.
        unsafe { sys::xmlFreeDoc(self.0.as_ptr()) };
    }
}

/// Child elements.
fn children(element: NonNull<sys::xmlNode>) -> Vec<NonNull<sys::xmlNode>> {
    // SAFETY: the tree is live, and with it the list of children.
    unsafe {
        let first = NonNull::new(element.as_ref().children);
        std::iter::successors(first, |node| NonNull::new(node.as_ref().next))
            .filter(|node| node.as_ref().type_ == sys::XML_ELEMENT_NODE)
            .collect()
    }
}

fn name<'a>(element: NonNull<sys::xmlNode>) -> &'a CStr {
    // SAFETY: the tree is live; an element's name is a C string of it.
    unsafe { CStr::from_ptr(element.as_ref().name.cast()) }
}

struct Context(NonNull<sys::_xmlSecDSigCtx>);

impl Context {
    /// Without a key manager, which costs milliseconds to build.
    fn new(key: &Key) -> Option<Self> {
        // SAFETY: a null key manager is allowed; the context takes over the duplicated key.
        unsafe {
            let mut context = NonNull::new(sys::xmlSecDSigCtxCreate(ptr::null_mut()))?;
            context.as_mut().signKey = sys::xmlSecKeyDuplicate(key.0.as_ptr());
            Some(Self(context))
        }
    }

    fn storing_references(mut self) -> Self {
        // SAFETY: `self` is the only owner.
        unsafe { self.0.as_mut() }.flags |= sys::XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES;
        self
    }

    fn verify(&self, signature: NonNull<sys::xmlNode>) -> bool {
        // SAFETY: context and node are live.
        unsafe {
            sys::xmlSecDSigCtxVerify(self.0.as_ptr(), signature.as_ptr()) >= 0
                && self.0.as_ref().status == sys::xmlSecDSigStatusSucceeded
        }
    }

    fn sign(&self, template: NonNull<sys::xmlNode>) -> bool {
        // SAFETY: context and node are live.
        unsafe { sys::xmlSecDSigCtxSign(self.0.as_ptr(), template.as_ptr()) >= 0 }
    }

    /// Of the first Reference.
    fn digested(&self) -> Option<Vec<u8>> {
        // SAFETY: the list belongs to the context and holds reference contexts, whose buffer is
        // copied before they die.
        unsafe {
            let references = (&raw const self.0.as_ref().signedInfoReferences).cast_mut();
            let reference = sys::xmlSecPtrListGetItem(references, 0);
            let buffer = sys::xmlSecDSigReferenceCtxGetPreDigestBuffer(reference.cast());
            if buffer.is_null() {
                return None;
            }
            let (data, size) = (sys::xmlSecBufferGetData(buffer), sys::xmlSecBufferGetSize(buffer));
            (!data.is_null()).then(|| slice::from_raw_parts(data, size as usize).to_vec())
        }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: `self` is the only owner; the context frees its key.
        unsafe { sys::xmlSecDSigCtxDestroy(self.0.as_ptr()) };
    }
}
