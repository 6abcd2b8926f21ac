//! Stored records: damaged ones are a miss, whole ones have one meaning and a harmless rendering.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use session::{
    Alias, AttributeName, DecodedSession, Memory, PendingLogin, Selection, Separator, Session, Shapes, attributes_json, base64,
    header_safe, join, percent_encoded, values_json,
};

fuzz_target!(|bytes: &[u8]| {
    if let Some(session) = Session::decode(bytes) {
        assert_eq!(Session::decode(&session.encode()).as_ref(), Some(&session));
        render(&session);
    }
    if let Some(pending) = PendingLogin::decode(bytes) {
        assert_eq!(PendingLogin::decode(&pending.encode()), Some(pending));
    }
});

fn render(session: &Session) {
    let aliases = vec![Alias::plain("mail", &["urn:oid:1"])];
    let decoded = DecodedSession::of(session, &Shapes::new(&aliases, &Memory::default()));
    check_decoded(session, &decoded);
    let json = attributes_json(&decoded);
    assert!(!json.contains(char::is_control) && !json.contains('<'));
    let Ok(Value::Object(attributes)) = serde_json::from_str(&json) else { panic!("{json}") };
    for attribute in &session.attributes {
        let Some(Value::Array(values)) = attributes.get(&attribute.name) else { panic!("{json}") };
        for value in &attribute.values {
            assert!(values.iter().any(|found| found == value), "{json}");
            assert!(!header_safe(value).contains(|c: char| c.is_ascii_control()));
        }
        for separator in [";", ", "].into_iter().filter_map(|text| Separator::new(text).ok()) {
            let joined = join(&attribute.values, &separator);
            assert!(!joined.contains(|c: char| c.is_ascii_control()), "{joined}");
            for text in [percent_encoded(&joined), base64(&joined)] {
                assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text}");
            }
        }
        let json = values_json(attribute.values.iter().map(String::as_str));
        assert!(!json.contains(char::is_control) && !json.contains('<'));
        let values: Vec<String> = serde_json::from_str(&json).unwrap();
        assert_eq!(values, attribute.values);
    }
    let kept = Selection { aliases, named_only: true }.of(session.attributes.clone());
    assert!(kept.cut.is_empty());
    assert_eq!(kept.attributes.len() + kept.left_out.len(), session.attributes.len());
}

/// What a worker keeps of a session is the session.
fn check_decoded(session: &Session, decoded: &DecodedSession) {
    let kept = decoded.to_session();
    let without = |session: &Session| Session { attributes: Vec::new(), ..session.clone() };
    assert_eq!(without(&kept), without(session));
    for attribute in &session.attributes {
        let of_name = session.attributes.iter().filter(|other| other.name == attribute.name);
        let values: Vec<&str> = of_name.flat_map(|one| &one.values).map(String::as_str).collect();
        let mut found = decoded.attributes().filter(|(name, _)| *name == attribute.name);
        let (_, found_values) = found.next().unwrap();
        assert!(found_values.eq(values) && found.next().is_none());
        let _ = decoded.values(&AttributeName::new(&attribute.name)).map(Iterator::count);
    }
}
