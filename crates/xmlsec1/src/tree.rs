//! A document as libxml2 reads it, for as long as xmlsec1 works on it.
use std::ffi::{CStr, c_int};
use std::ptr::{self, NonNull};

use crate::{start, sys};

/// One owner of a document; its nodes go no further than this crate.
pub(crate) struct Tree(NonNull<sys::xmlDoc>);

impl Tree {
    /// No network, no DTD, no entities, no recovery from errors, and libxml2's own limits (256 deep,
    /// 10 MB in one text).
    pub(crate) fn parse(xml: &[u8]) -> Option<Self> {
        start().ok()?;
        let options = sys::XML_PARSE_NONET | sys::XML_PARSE_NOERROR | sys::XML_PARSE_NOWARNING;
        let length = c_int::try_from(xml.len()).ok()?;
        // SAFETY: `xml` holds so many bytes and is read during the call only; the URL may be null.
        let document = unsafe {
            let (url, encoding) = (ptr::null(), c"UTF-8".as_ptr());
            sys::xmlReadMemory(xml.as_ptr().cast(), length, url, encoding, options as c_int)
        };
        NonNull::new(document).map(Self)
    }

    pub(crate) fn root(&self) -> Option<NonNull<sys::xmlNode>> {
        // SAFETY: the document is live.
        NonNull::new(unsafe { sys::xmlDocGetRootElement(self.0.as_ptr()) })
    }

    /// Makes the attribute `ID` of an element what `#ID` names.
    pub(crate) fn register_id(&self, element: NonNull<sys::xmlNode>) {
        // SAFETY: document and element are live; an attribute's first child is its text.
        unsafe {
            let attribute = sys::xmlHasProp(element.as_ptr(), c"ID".as_ptr().cast());
            if let Some(text) = attribute.as_ref().and_then(|attribute| attribute.children.as_ref())
            {
                sys::xmlAddID(ptr::null_mut(), self.0.as_ptr(), text.content, attribute);
            }
        }
    }

    #[cfg(any(test, feature = "bare"))]
    pub(crate) fn as_ptr(&self) -> *mut sys::xmlDoc {
        self.0.as_ptr()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // SAFETY: `self` is the only owner.
        unsafe { sys::xmlFreeDoc(self.0.as_ptr()) };
    }
}

/// Child elements.
pub(crate) fn children(
    element: NonNull<sys::xmlNode>,
) -> impl DoubleEndedIterator<Item = NonNull<sys::xmlNode>> {
    // SAFETY: the tree is live, and with it the list of children.
    let all: Vec<_> = unsafe {
        let first = NonNull::new(element.as_ref().children);
        std::iter::successors(first, |node| NonNull::new(node.as_ref().next))
            .filter(|node| node.as_ref().type_ == sys::XML_ELEMENT_NODE)
            .collect()
    };
    all.into_iter()
}

/// An element's local name.
pub(crate) fn name<'a>(element: NonNull<sys::xmlNode>) -> &'a CStr {
    // SAFETY: the tree is live; an element's name is a C string of it.
    unsafe { CStr::from_ptr(element.as_ref().name.cast()) }
}
