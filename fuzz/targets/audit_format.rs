//! Audit formats: whatever is in a record, a line is a line, and of the kind that its escape promises.
//!
//! The first line of the input says the escape and is the format; the others are what the record is of.
#![no_main]

use clock::UnixTime;
use fuzz::sentence::is_sentence;
use identity::NameId;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use session::Session;
use sp::{
    AuditFormat, Escape, Event, Member, Notice, OrderedEnd, Outcome, Record, SecurityEvent,
    SessionEnd, What, WhyEnded,
};

const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);

fuzz_target!(|input: &[u8]| {
    let mut lines = input.splitn(2, |byte| *byte == b'\n');
    let format = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let values = lines.next().unwrap_or_default();
    let facts: Vec<String> =
        values.split(|byte| *byte == 0).map(|fact| String::from_utf8_lossy(fact).into()).collect();
    for record in 0..KINDS {
        let json = of_kind(record, &facts).json();
        let known = check_json(&json);
        check_default(&of_kind(record, &facts), &known, values);
        check_json_escape(&of_kind(record, &facts), &known, values);
        write(&format, &of_kind(record, &facts), values);
    }
});

/// One line, which is the object.
fn check_json(line: &str) -> Map<String, Value> {
    let text = line.strip_suffix('\n').expect("its end");
    assert!(!text.contains(misleads), "{text:?}");
    let Ok(Value::Object(known)) = serde_json::from_str(text) else { panic!("{text}") };
    assert!(known.keys().all(|key| Record::FIELDS.contains(&key.as_str())), "{text}");
    known
}

/// What some take for the end of a line, and what turns the order of letters around.
fn misleads(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// All fields, with octets between them that none can have.
fn check_default(record: &Record, known: &Map<String, Value>, variable: &[u8]) {
    let fields: Vec<String> =
        Record::FIELDS.iter().map(|field| format!("$saml_audit_{field}\n")).collect();
    let strings: Vec<&str> = fields.iter().map(String::as_str).chain(["$variable"]).collect();
    let format = AuditFormat::new(Escape::Default, &strings).expect("a format");
    let line = String::from_utf8(format.line(record, |_| Some(variable))).expect("ASCII");
    let mut written = line.strip_suffix('\n').expect("its end").split('\n');
    for field in Record::FIELDS {
        let value = written.next().expect("a line for each");
        assert!(value.bytes().all(is_visible), "{value:?}");
        assert_eq!(unescaped(value), text(known, field).unwrap_or("-".to_owned()).as_bytes());
    }
    let value = written.next().expect("the variable");
    assert!(value.bytes().all(is_visible) && unescaped(value) == variable, "{value:?}");
    assert_eq!(written.next(), None);
}

fn is_visible(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte) && byte != b'"'
}

/// A JSON object by hand, as administrators write it for what reads their logs.
fn check_json_escape(record: &Record, known: &Map<String, Value>, variable: &[u8]) {
    let fields: Vec<String> = Record::FIELDS
        .iter()
        .map(|field| format!("\"{field}\":\"${{saml_audit_{field}}}\","))
        .collect();
    let strings: Vec<&str> = ["{"]
        .into_iter()
        .chain(fields.iter().map(String::as_str))
        .chain(["\"variable\":\"$variable\"}"])
        .collect();
    let format = AuditFormat::new(Escape::Json, &strings).expect("a format");
    let line = format.line(record, |_| Some(variable));
    assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
    // Octets that are no text go on as they are, as they do in nginx's own logs.
    let line = String::from_utf8_lossy(&line).into_owned();
    let Ok(Value::Object(written)) = serde_json::from_str(&line) else { panic!("{line}") };
    assert_eq!(written.len(), Record::FIELDS.len() + 1);
    for field in Record::FIELDS {
        assert_eq!(written[*field], text(known, field).unwrap_or_default(), "{field}");
    }
    assert_eq!(written["variable"], String::from_utf8_lossy(variable).as_ref());
}

/// A field as formats have it.
fn text(known: &Map<String, Value>, field: &str) -> Option<String> {
    Some(match known.get(field)? {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    })
}

/// What nginx's `escape=default` was made of.
fn unescaped(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = behind;
        if *first == b'\\' {
            let digits = std::str::from_utf8(&rest[1..3]).expect("digits");
            assert!(rest[0] == b'x' && digits.bytes().all(|b| b"0123456789ABCDEF".contains(&b)));
            octets.push(u8::from_str_radix(digits, 16).expect("an octet"));
            rest = &rest[3..];
        } else {
            octets.push(*first);
        }
    }
    octets
}

/// A format of anybody's: a sentence, or a line that values make no longer.
fn write(format: &str, record: &Record, variable: &[u8]) {
    for escape in [Escape::Default, Escape::Json, Escape::None] {
        match AuditFormat::new(escape, &[format]) {
            Err(said) => assert!(format.contains(char::is_control) || is_sentence(&said), "{said}"),
            Ok(format) => {
                assert!(format.variables().iter().all(|name| {
                    name.bytes().all(|b| b == b'_' || b.is_ascii_digit() || b.is_ascii_lowercase())
                }));
                let line = format.line(record, |place| {
                    assert!(place < format.variables().len());
                    Some(variable)
                });
                let ends = line.iter().filter(|byte| **byte == b'\n').count();
                assert!(ends == 1 || format.is_raw(), "{line:?}");
            }
        }
    }
}

const KINDS: usize = 10;

/// A record of an event with these facts.
fn of_kind(kind: usize, facts: &[String]) -> Record {
    let fact = |number: usize| facts.get(number).map_or("", String::as_str);
    let session = Session {
        idp: fact(3).to_owned(),
        name_id: NameId { value: fact(4).to_owned(), ..NameId::default() },
        authn_context: Some(fact(5).to_owned()),
        ..Session::default()
    };
    let member = Member { session: &session, session_id: fact(6) };
    let what = match kind {
        0 => What::Login(member),
        1 => What::LogoutByUser(member),
        2 => What::LogoutByIdp { name_id: fact(4), entity_id: fact(3), sessions: facts.len() },
        3 => What::LogoutByOperator(OrderedEnd {
            operator: fact(5),
            entity_id: fact(3),
            name_id: Some(fact(4)),
            session_id: Some(fact(6)),
            sessions: Some(facts.len()),
        }),
        4 => What::SessionEnd(SessionEnd {
            session: Some(&session),
            session_id: fact(6),
            why: WhyEnded::Idle,
            ended: NOW,
        }),
        5 => What::IdpSwitched { operator: fact(4), is_off: facts.len() % 2 == 0 },
        6 => What::LogoutNotify(Notice {
            application: fact(5),
            heard: facts.len() % 2 == 0,
            attempts: facts.len(),
            session: &session,
            session_id: fact(6),
        }),
        7 => What::SecurityEvent(SecurityEvent {
            id: fact(5),
            uri: fact(6),
            entity_id: fact(3),
            name_id: Some(fact(4)),
            sessions: None,
            outcome: Outcome::Ended,
        }),
        8 => What::Refusal("signature_invalid"),
        _ => What::Metadata(facts),
    };
    let event = Event { sp: fact(0), idp: fact(1), request_id: fact(2), what };
    event.record(NOW, None, |name_id| Some(name_id.to_owned()))
}
