//! What the gate lets through, libxml2 parses, and both see the same elements.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use xmldoc::{Document, Limits, fuzz_support, gate};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let passed = gate(bytes, &limits).is_ok();
    let parsed = Document::parse(bytes, &limits);
    assert!(passed || parsed.is_err());
    if let Ok(document) = parsed {
        let _ = (document.envelope(), document.root_is_signed());
    }
    if let Some(plain) = comparable(bytes).filter(|plain| gate(plain, &limits).is_ok()) {
        let document = Document::parse(&plain, &limits).unwrap_or_else(|e| {
            panic!("libxml2 refuses {:?}: {e}", String::from_utf8_lossy(&plain))
        });
        let read = fuzz_support::read(&plain).expect("it passed the gate");
        assert_eq!(document.trusted_root(), read);
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    fuzz::xml_mutator::mutate(data, size, max_size, seed)
});

/// The document without what only libxml2 judges (names above ASCII, the XML declaration) or changes
/// (white space: digested bytes have none that XML 1.0 2.11 and 3.3.3 would normalise).
fn comparable(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let text = if text.starts_with("<?xml ") { text.split_once("?>")?.1 } else { text };
    let plain = text.chars().map(|c| match c {
        '\t' | '\r' | '\n' => ' ',
        '\u{80}'.. if !matches!(c, '\u{FFFE}' | '\u{FFFF}') => 'é',
        _ => c,
    });
    Some(plain.collect::<String>().into_bytes())
}
