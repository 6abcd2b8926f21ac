//! Exclusive canonicalisation (xml-exc-c14n), by libxml2.
use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr;
use std::slice;

use super::{Node, Silence, sys};

/// What is to be canonicalised: one element and all that is in it.
pub struct Canonical<'a, 'tree> {
    /// The element.
    pub element: Node<'tree>,
    /// A child that is left out (xmldsig-core1 6.6.4).
    pub without: Option<Node<'tree>>,
    /// The InclusiveNamespaces PrefixList, white space between its prefixes.
    pub prefixes: &'a str,
    /// Are comments written, too?
    pub with_comments: bool,
}

impl Canonical<'_, '_> {
    /// The canonical octets; `None` when there are more than `most`, when libxml2 fails, and when
    /// what it wrote is not the element from its start tag to its end tag.
    pub fn octets(&self, most: usize) -> Option<Vec<u8>> {
        let prefixes: Vec<CString> = self
            .prefixes
            .split_ascii_whitespace()
            .map(CString::new)
            .collect::<Result<_, _>>()
            .ok()?;
        let mut output = Output { octets: Vec::new(), most };
        self.write(&prefixes, &mut output)?;
        let name = self.element.qualified_name();
        let rest = output.octets.strip_prefix(b"<")?.strip_prefix(name.as_bytes())?;
        let is_whole = matches!(rest.first(), Some(b' ' | b'>'))
            && output.octets.ends_with(format!("</{name}>").as_bytes());
        is_whole.then_some(output.octets)
    }

    fn write(&self, prefixes: &[CString], output: &mut Output) -> Option<()> {
        let _silence = Silence::new();
        let mut listed: Vec<*mut sys::xmlChar> =
            prefixes.iter().map(|prefix| prefix.as_ptr().cast_mut().cast()).collect();
        listed.push(ptr::null_mut());
        let _alone = self.alone();
        // SAFETY: the node and its document are live and nobody else uses them in this thread;
        // libxml2 reads the tree and the null-terminated list, and calls `write` with the pointer to
        // `output`, which nobody else uses until the buffer is closed. Closing frees the buffer.
        let (done, closed) = unsafe {
            let context = ptr::from_mut(output).cast();
            let buffer = sys::xmlOutputBufferCreateIO(Some(write), None, context, ptr::null_mut());
            if buffer.is_null() {
                return None;
            }
            let done = sys::xmlC14NExecute(
                (*self.element.as_ptr()).doc,
                None,
                ptr::null_mut(),
                sys::XML_C14N_EXCLUSIVE_1_0 as c_int,
                listed.as_mut_ptr(),
                c_int::from(self.with_comments),
                buffer,
            );
            (done, sys::xmlOutputBufferClose(buffer))
        };
        (done >= 0 && closed >= 0).then_some(())
    }

    /// The element as the document's only child, so that libxml2 walks over nothing else: a
    /// visibility callback would be asked about every node of a stranger's document.
    fn alone(&self) -> [Option<Detour>; 3] {
        let element = self.element.as_ptr();
        // SAFETY: node, document and siblings are live as long as `self`. Canonicalisation follows
        // `children` and `next` down and `parent` up, and the latter stay as they are.
        unsafe {
            let document = &raw mut (*(*element).doc).children;
            let without = self.without.map(|child| {
                let child = child.as_ptr();
                let before = (*child).prev;
                let link = if before.is_null() {
                    &raw mut (*(*child).parent).children
                } else {
                    &raw mut (*before).next
                };
                Detour::new(link, (*child).next)
            });
            [
                Some(Detour::new(document, element)),
                Some(Detour::new(&raw mut (*element).next, ptr::null_mut())),
                without,
            ]
        }
    }
}

/// A link of the tree that leads elsewhere while this lives.
struct Detour {
    link: *mut *mut sys::xmlNode,
    was: *mut sys::xmlNode,
}

impl Detour {
    /// # Safety
    /// `link` is live longer than this, and nobody else writes to it.
    unsafe fn new(link: *mut *mut sys::xmlNode, to: *mut sys::xmlNode) -> Self {
        // SAFETY: the caller's promise.
        Self { link, was: unsafe { ptr::replace(link, to) } }
    }
}

impl Drop for Detour {
    fn drop(&mut self) {
        // SAFETY: as promised to `new`.
        unsafe { *self.link = self.was };
    }
}

struct Output {
    octets: Vec<u8>,
    most: usize,
}

unsafe extern "C" fn write(context: *mut c_void, data: *const c_char, length: c_int) -> c_int {
    // SAFETY: libxml2 hands back the pointer of `Canonical::write`, and `length` readable bytes.
    let (output, data) = unsafe {
        let output = &mut *context.cast::<Output>();
        let Ok(length) = usize::try_from(length) else { return -1 };
        (output, if length == 0 { &[] } else { slice::from_raw_parts(data.cast::<u8>(), length) })
    };
    if data.len() > output.most - output.octets.len()
        || output.octets.try_reserve(data.len()).is_err()
    {
        return -1;
    }
    output.octets.extend_from_slice(data);
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tree;

    /// The first element of this name.
    fn find<'tree>(from: Node<'tree>, name: &str) -> Option<Node<'tree>> {
        if from.name() == name {
            return Some(from);
        }
        from.elements().find_map(|child| find(child, name))
    }

    fn octets(tree: &Tree, name: &str, without: &str, most: usize) -> Option<String> {
        let element = find(tree.root().unwrap(), name).unwrap();
        let without = find(element, without);
        let octets =
            Canonical { element, without, prefixes: "q", with_comments: false }.octets(most)?;
        Some(String::from_utf8(octets).unwrap())
    }

    const XML: &str = "<!-- a --><r xmlns:q='urn:q' xmlns='urn:d'>t<x/><p:y xmlns:p='urn:p' b='' a=\"'\">\
                       u<z/><!-- b -->v</p:y>w<x n=''/></r><!-- c -->";

    #[test]
    fn an_element_is_written_alone_and_the_tree_is_as_before() {
        let tree = Tree::parse(XML.as_bytes()).unwrap();
        let whole = octets(&tree, "r", "", usize::MAX).unwrap();
        assert_eq!(
            whole,
            "<r xmlns=\"urn:d\" xmlns:q=\"urn:q\">t<x></x><p:y xmlns:p=\"urn:p\" a=\"'\" b=\"\">\
             u<z></z>v</p:y>w<x n=\"\"></x></r>"
        );
        for without in ["x", "y", "z", ""] {
            octets(&tree, "r", without, usize::MAX).unwrap();
        }
        let declared = "xmlns:p=\"urn:p\" xmlns:q=\"urn:q\"";
        assert_eq!(
            octets(&tree, "y", "z", usize::MAX).unwrap(),
            format!("<p:y {declared} a=\"'\" b=\"\">uv</p:y>")
        );
        assert_eq!(octets(&tree, "r", "x", 50), None);
        assert_eq!(octets(&tree, "r", "", usize::MAX).unwrap(), whole);
        assert_eq!(octets(&tree, "r", "", whole.len()).unwrap(), whole);
        assert_eq!(octets(&tree, "r", "", whole.len() - 1), None);
    }

    /// Exclusive c14n 3: an undeclared default is written where an ancestor in the output has one.
    #[test]
    fn an_undeclared_default_is_written_where_it_matters() {
        let xml = "<r xmlns='urn:d' xmlns:q='urn:q'><x xmlns=''><y/><p:z xmlns:p='urn:p'><u/></p:z>\
                   </x><q:v xmlns=''><w/></q:v></r>";
        let tree = Tree::parse(xml.as_bytes()).unwrap();
        let written = |name| octets(&tree, name, "", usize::MAX).unwrap();
        let (q, x) = (" xmlns:q=\"urn:q\"", "<y></y><p:z xmlns:p=\"urn:p\"><u></u></p:z>");
        assert_eq!(
            written("r"),
            format!("<r xmlns=\"urn:d\"{q}><x xmlns=\"\">{x}</x><q:v><w xmlns=\"\"></w></q:v></r>")
        );
        assert_eq!(written("x"), format!("<x{q}>{x}</x>"));
        assert_eq!(written("y"), format!("<y{q}></y>"));
        assert_eq!(written("v"), format!("<q:v{q}><w></w></q:v>"));
    }

    #[test]
    fn a_failure_yields_nothing() {
        // libxml2 stops at a relative URI, with what it has written so far.
        let tree = Tree::parse(b"<r><x/><y xmlns:p='relative'/></r>").unwrap();
        assert_eq!(octets(&tree, "r", "", usize::MAX), None);
        assert_eq!(octets(&tree, "r", "y", usize::MAX).unwrap(), "<r><x></x></r>");
    }
}
