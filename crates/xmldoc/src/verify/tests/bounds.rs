//! What verification costs at most, whoever sends the message.
use super::*;

/// What canonicalisation can be made to do within the gate's bounds: by a stranger, and by one who
/// has a key.
#[test]
fn floods_of_namespaces_stay_cheap() {
    let uri = format!("urn:{}", "x".repeat(250));
    let declarations =
        |n: usize| (0..n).map(|n| format!(" xmlns:n{n}='urn:{n}'")).collect::<String>();
    let prefixes = (0..16).map(|n| format!("n{n}")).collect::<Vec<_>>().join(" ");
    let fill = |unit: &str, room: usize| unit.repeat((room / unit.len()).min(9_900));
    for xml in [
        format!("<r xmlns:p='{uri}' ID='_1'><i/>{}</r>", fill("<p:x/>", 200_000)),
        format!(
            "<r xmlns:p='{uri}' ID='_1'><i/>{}</r>",
            fill("<x p:a='' p:b='' p:c=''/>", 200_000)
        ),
        format!(
            "<r{} ID='_1'><i/><y{}>{}</y></r>",
            declarations(20),
            declarations(20),
            fill("<n0:x n1:a=''/>", 200_000)
        ),
        format!("<r{} ID='_1'><i/>{}</r>", declarations(40), fill("<x><y/></x>", 50_000)),
        format!(
            "<r ID='_1'><i/>{}{}{}</r>",
            "<x>".repeat(60),
            fill("<y/>", 200_000),
            "</x>".repeat(60)
        ),
    ] {
        let good = signed(&xml);
        for (xml, codes) in [
            (with_prefix_list(&good, &prefixes), ["signature_invalid"; 2]),
            (good.replace("<i", "<j"), ["digest_mismatch", "signature_void"]),
        ] {
            let start = std::time::Instant::now();
            let document = Document::parse(xml.as_bytes(), &Limits::default()).unwrap();
            let error = document.verify_root(&[testing::rsa().verifying()], &STRICT).unwrap_err();
            assert!(codes.contains(&error.code()), "{error}");
            // Some 50 ms when nothing else runs; without the gate's bounds it would be minutes.
            assert!(start.elapsed() < std::time::Duration::from_secs(2), "{:?}", start.elapsed());
        }
    }
}

/// Each prefix is looked up in every element that declares one.
#[test]
fn a_prefix_list_is_short() {
    let xml = signed(&response(""));
    for prefixes in [" ".repeat(200_000), "a ".repeat(17), "a".repeat(513)] {
        assert_eq!(root_error(&with_prefix_list(&xml, &prefixes)), "signature_structure");
    }
    for prefixes in ["", "a b", "#default"] {
        assert_eq!(root_error(&with_prefix_list(&xml, prefixes)), "signature_invalid");
    }
}

/// Anybody can have SignedInfo canonicalised.
#[test]
fn a_long_signed_info_is_refused() {
    let blanks = " ".repeat(LONGEST_SIGNED_INFO);
    let xml = changed("<ds:SignedInfo>", &format!("<ds:SignedInfo>{blanks}"));
    assert_eq!(root_error(&xml), "signature_void");
}
