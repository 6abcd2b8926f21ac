//! JSON that is taken says the same to who takes the last of two names, and a token of a transmitter is read or
//! refused.
#![no_main]

use jwt::{ReceivedToken, object};
use libfuzzer_sys::fuzz_target;
use secevent::SecurityEventToken;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(token) = ReceivedToken::parse(text)
    {
        let _ = token.issuer();
    }
    let Ok(claims) = object(bytes) else { return };
    let Ok(token) = SecurityEventToken::read(&claims) else { return };
    assert!(!token.id.is_empty() && !token.audience.is_empty() && !token.events.is_empty());
    let other: Value = serde_json::from_slice(bytes).expect("it is JSON");
    assert_eq!(other, Value::Object(claims));
});
