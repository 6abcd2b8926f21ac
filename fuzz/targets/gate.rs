//! What the gate lets through, libxml2 parses, and both see the same elements.
#![no_main]

use fuzz::elements::is_as_in_libxml2;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use libxml2::Tree;
use xmldoc::{Document, Limits, gate};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let passed = gate(bytes, &limits).is_ok();
    let Ok(document) = Document::parse(bytes, &limits) else {
        assert!(!passed);
        return;
    };
    assert!(passed);
    let _ = (document.envelope(), document.root_is_signed());
    let tree = Tree::parse(bytes).unwrap_or_else(|e| {
        panic!("libxml2 refuses {:?}: {e:?}", String::from_utf8_lossy(bytes))
    });
    let root = tree.root().expect("it has one");
    assert!(is_as_in_libxml2(&document.trusted_root(), root));
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    fuzz::xml_mutator::mutate(data, size, max_size, seed)
});
