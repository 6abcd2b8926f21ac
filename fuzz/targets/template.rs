//! Templates of administrators: whatever stands in them, they are tried within bounds, what is wrong is told in a
//! line, and nothing of a person's gets out of them as markup.
//!
//! The input is files with a NUL between them; the first line of each is its name.
#![no_main]

use std::cell::RefCell;

use fuzz::dom::Dom;
use fuzz::sentence::is_sentence;
use libfuzzer_sys::fuzz_target;
use pages::{Forbidden, Look, Reader, Reply, complaints, forbidden, go_on};

/// As long as a page can be: what its templates write, and no more.
const MAX_PAGE: usize = 2 << 20;
const MAX_FILES: usize = 4;

/// An element that none of our pages has.
const HOSTILE: &str = "\"'><x-hostile x-own=1>&lt;x-hostile>{{ 7 }}{% raw %}";

fuzz_target!(|input: &str| {
    let files: Vec<(String, String)> = input
        .split('\0')
        .take(MAX_FILES)
        .filter_map(|file| file.split_once('\n'))
        .map(named)
        .collect();
    let look = match Look::default().with_templates(&files) {
        Ok(look) => look,
        Err(said) => return assert!(is_sentence(&said), "{said}"),
    };
    assert!(Look::unused_templates(&files).len() <= files.len());
    for said in complaints(&look) {
        assert!(is_sentence(&said), "{said}");
    }
    let is_careless = files.iter().any(|(_, text)| may_unescape(text));
    for reply in replies() {
        let (html, heard) = write(&look, &reply);
        assert!(html.len() <= MAX_PAGE);
        assert!(heard.iter().all(|said| is_sentence(said)), "{heard:?}");
        if !is_careless {
            assert!(!html.contains("<x-hostile"), "{html}");
        }
    }
});

/// A name of a file in a folder: those of the built-in ones, or another.
fn named((name, text): (&str, &str)) -> (String, String) {
    let name: String = name.chars().filter(|c| !c.is_control() && *c != '/').collect();
    (name, text.to_owned())
}

/// Who marks something safe has it so; filters take apart what was escaped before, and what stands behind a `<` of
/// the template's own is its own affair.
fn may_unescape(text: &str) -> bool {
    ["safe", "|", "autoescape", "filter", "<x-", "<{"].iter().any(|mark| text.contains(mark))
}

fn replies() -> [Reply; 2] {
    let told = forbidden(&Forbidden {
        code: "requirement_not_met",
        request_id: HOSTILE,
        missing: Some(HOSTILE),
        sign_in: Some(HOSTILE),
        sign_out: None,
        error_url: Some(HOSTILE),
    });
    [Reply::html(200, go_on(HOSTILE)), Reply::html(403, told)]
}

/// The page, and what the administrator hears of it.
fn write(look: &Look, reply: &Reply) -> (String, Vec<String>) {
    let heard = RefCell::new(Vec::new());
    let warn = |what: &str| heard.borrow_mut().push(what.to_owned());
    let reader = Reader { look, warn: &warn, ..Reader::default() };
    let body = reply.body(&reader).expect("a page").into_owned();
    let html = body.text;
    drop(reader);
    let heard = heard.into_inner();
    if !heard.is_empty() {
        let dom = Dom::of(&html);
        assert!(dom.shape.iter().all(|(name, _)| name != "x-hostile") && dom.says(HOSTILE));
    }
    (html, heard)
}
