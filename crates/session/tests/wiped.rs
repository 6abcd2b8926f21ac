//! No memory that is given back holds a secret: this test's allocator looks at each block of it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::slice;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use session::{Secret, Secrets};

#[global_allocator]
static ALLOCATOR: Inspector = Inspector;

/// Blocks given back with eight bytes of the pattern in them.
static FOUND: AtomicUsize = AtomicUsize::new(0);

struct Inspector;

// SAFETY: all work is the system's; growing in place is left to the trait's own way, by `alloc` and
// `dealloc`.
unsafe impl GlobalAlloc for Inspector {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // So that all of a block may be read in the end.
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block is whole and initialised; nobody has it any more.
        let bytes = unsafe { slice::from_raw_parts(block, layout.size()) };
        let has = |pattern: &[u8]| bytes.windows(pattern.len()).any(|window| window == pattern);
        if PATTERNS.iter().any(|pattern| has(pattern)) {
            FOUND.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Parts of the key material as it is, in hex and in base64.
const PATTERNS: [&[u8]; 3] = [b"material", b"6d6174657269616c", b"bWF0ZXJpYWxt"];

fn material() -> Vec<u8> {
    b"material".repeat(6)
}

/// What the work leaves behind in memory that it gives back; the file's content is its own.
fn left_by(content: &[u8], work: impl FnOnce(Secret)) -> usize {
    let before = FOUND.load(Ordering::Relaxed);
    work(Secret::from_file_bytes(content).unwrap());
    FOUND.load(Ordering::Relaxed) - before
}

#[test]
fn a_secret_that_goes_leaves_nothing() {
    let raw = [material(), vec![0xff]].concat();
    let hex: String = material().iter().map(|byte| format!("{byte:02x}")).collect();
    let base64 = STANDARD.encode(material());
    let url_safe = format!("{}-_-_", &base64);
    for content in [raw, hex.into_bytes(), base64.into_bytes(), url_safe.into_bytes()] {
        let use_it = |secret| {
            let secrets = Secrets::one(secret);
            secrets.seal("purpose", b"context", [0; 12], b"plain").unwrap();
        };
        assert_eq!(left_by(&content, use_it), 0, "{}", String::from_utf8_lossy(&content));
        assert_eq!(left_by(&content, drop), 0);
    }
    let before = FOUND.load(Ordering::Relaxed);
    drop(material());
    assert_eq!(FOUND.load(Ordering::Relaxed), before + 1, "the instrument sees");
}
