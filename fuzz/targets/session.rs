//! Stored records: damaged ones are a miss, whole ones have one meaning and a harmless rendering.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use session::{
    AttributeIndex, PendingLogin, Separator, Session, attributes_json, header_safe, join,
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
    let json = attributes_json(session);
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
        }
    }
    let index = AttributeIndex::new(session, &[("mail".into(), vec!["urn:oid:1".into()])]);
    for attribute in &session.attributes {
        let _ = index.find(attribute.name.as_bytes());
    }
}
