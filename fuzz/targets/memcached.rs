//! Replies from a node that is not trusted: never a panic, never more memory than a reply may have,
//! the same meaning however the stream is cut, and a ticket is answered once, in its turn.
#![no_main]

use clock::{Monotonic, Seconds};
use libfuzzer_sys::fuzz_target;
use memcached::{
    Command, Decoder, Key, KeyLetter, KeyPrefix, MAX_HEADER, MAX_VALUE, Outcome, Pipeline,
    ProtocolError, Reply,
};

fuzz_target!(|input: &[u8]| {
    let [commands, cut, stream @ ..] = input else { return };
    let whole = decode(stream, stream.len().max(1));
    assert_eq!(whole, decode(stream, usize::from(*cut) + 1));
    whole.0.iter().for_each(check);
    converse(usize::from(*commands), stream, usize::from(*cut) + 1);
});

fn decode(stream: &[u8], cut: usize) -> (Vec<Reply>, Option<ProtocolError>) {
    let mut decoder = Decoder::default();
    let mut replies = Vec::new();
    for chunk in stream.chunks(cut) {
        decoder.feed(chunk);
        loop {
            match decoder.next_reply() {
                Ok(Some(reply)) => replies.push(reply),
                Ok(None) => break,
                Err(error) => return (replies, Some(error)),
            }
        }
        assert!(decoder.pending() < MAX_HEADER + MAX_VALUE + 2);
    }
    (replies, None)
}

fn check(reply: &Reply) {
    match &reply.outcome {
        Outcome::Item(item) => {
            assert!(item.value.len() <= MAX_VALUE && item.ttl.is_none_or(|ttl| ttl >= Seconds(0)));
        }
        Outcome::Failed(words) => {
            assert!(words.bytes().all(|b| b == b' ' || b.is_ascii_graphic()));
        }
        _ => {}
    }
}

fn converse(commands: usize, stream: &[u8], cut: usize) {
    let prefix = KeyPrefix::new("fuzz").expect("a prefix");
    let key = Key::new(&prefix, KeyLetter::new('s'), &[0; 32]);
    let mut pipeline = Pipeline::default();
    for ticket in 0..commands {
        let command = if ticket % 7 == 6 { Command::noop() } else { Command::get(key.clone()) };
        pipeline.push(command, Monotonic::default(), ticket).expect("there is room");
    }
    let mut answered = Vec::new();
    let _ = stream.chunks(cut).try_for_each(|chunk| pipeline.read(chunk, &mut answered));
    assert!(answered.iter().map(|(ticket, _)| *ticket).eq(0..answered.len()));
    assert_eq!(answered.len() + pipeline.waiting(), commands);
    for (ticket, outcome) in &answered {
        let alive = matches!(outcome, Outcome::Alive);
        assert!(matches!(outcome, Outcome::Failed(_)) || alive == (ticket % 7 == 6));
    }
}
