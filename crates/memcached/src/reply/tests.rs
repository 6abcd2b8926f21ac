use super::*;

fn decode(chunks: &[&[u8]]) -> Result<Vec<Reply>, ProtocolError> {
    let mut decoder = Decoder::default();
    let mut replies = Vec::new();
    for chunk in chunks {
        decoder.feed(chunk);
        while let Some(reply) = decoder.next_reply()? {
            replies.push(reply);
        }
    }
    Ok(replies)
}

fn reply(opaque: impl Into<Option<u64>>, outcome: Outcome) -> Reply {
    Reply { opaque: opaque.into(), outcome }
}

fn item(value: &[u8], ttl: impl Into<Option<Seconds>>, cas: impl Into<Option<u64>>) -> Outcome {
    Outcome::Item(Item { value: value.into(), ttl: ttl.into(), cas: cas.into(), mark: 0 })
}

const STREAM: &[u8] =
    b"VA 3 t60 c9 O1\r\na\r\n\r\nHD O2\r\nEN O3\r\nNS O4\r\nEX O5\r\nNF O6\r\nMN\r\n\
    SERVER_ERROR out of memory\r\nVA 0 t-1 O7\r\n\r\n";

fn expected() -> Vec<Reply> {
    vec![
        reply(1, item(b"a\r\n", Seconds(60), 9)),
        reply(2, Outcome::Done),
        reply(3, Outcome::Miss),
        reply(4, Outcome::NotStored),
        reply(5, Outcome::Changed),
        reply(6, Outcome::NotFound),
        reply(None, Outcome::Alive),
        reply(None, Outcome::Failed("out of memory".into())),
        reply(7, item(b"", None, None)),
    ]
}

#[test]
fn reads_every_kind_of_reply() {
    assert_eq!(decode(&[STREAM]), Ok(expected()));
}

#[test]
fn chunks_may_end_anywhere() {
    for end in 0..STREAM.len() {
        let (head, tail) = STREAM.split_at(end);
        assert_eq!(decode(&[head, tail]), Ok(expected()), "cut at {end}");
    }
    let bytes: Vec<&[u8]> = STREAM.chunks(1).collect();
    assert_eq!(decode(&bytes), Ok(expected()));
}

#[test]
fn what_is_no_reply_ends_the_stream() {
    for line in [
        "\r\n",
        "HD O1\n",
        "HELLO\r\n",
        "VA\r\n",
        "VA x\r\n",
        "VA +3 O1\r\nabc\r\n",
        "VA 3 O1\r\nabcd\r\n",
        "VA 3 O1\r\nabcde",
        "HD Oabc\r\n",
        "HD O\r\n",
        "VA 1 tx\r\na\r\n",
        "ME k a=b\r\n",
        "VALUE k 0 3\r\n",
    ] {
        let error = decode(&[line.as_bytes()]).unwrap_err();
        assert!(matches!(error, ProtocolError::Malformed(_)), "{line:?}: {error:?}");
    }
}

#[test]
fn a_node_that_understands_nothing_is_told_apart() {
    for line in ["ERROR\r\n", "CLIENT_ERROR bad data chunk\r\n"] {
        let error = decode(&[line.as_bytes()]).unwrap_err();
        assert!(matches!(error, ProtocolError::Rejected(_)), "{line:?}: {error:?}");
    }
}

#[test]
fn lengths_are_bounded() {
    let line = [b'x'; MAX_HEADER];
    assert_eq!(decode(&[&line[1..]]), Ok(vec![]));
    assert_eq!(decode(&[&line]), Err(ProtocolError::HeaderTooLong));
    let trickle: Vec<&[u8]> = line.chunks(7).collect();
    assert_eq!(decode(&trickle), Err(ProtocolError::HeaderTooLong));
    for len in ["1048577", "18446744073709551615"] {
        let error = decode(&[format!("VA {len} O1\r\n").as_bytes()]);
        assert!(
            matches!(error, Err(ProtocolError::ValueTooLong | ProtocolError::Malformed(_))),
            "{error:?}"
        );
    }
    let value = vec![b'v'; MAX_VALUE];
    let replies = decode(&[b"VA 1048576 O1\r\n", &value, b"\r\n"]).unwrap();
    assert_eq!(replies, [reply(1, item(&value, None, None))]);
}

#[test]
fn memory_is_given_back() {
    let mut decoder = Decoder::default();
    decoder.feed(b"VA 1048576 O1\r\n");
    decoder.feed(&vec![b'v'; MAX_VALUE]);
    decoder.feed(b"\r\n");
    assert!(decoder.next_reply().unwrap().is_some());
    decoder.feed(b"HD O2\r\n");
    assert!(decoder.buffer.capacity() <= SPARE, "{}", decoder.buffer.capacity());
}

#[test]
fn the_peers_words_are_fit_for_a_log() {
    let line = format!("SERVER_ERROR \x1b[31m{}\r\n", "x".repeat(500));
    let replies = decode(&[line.as_bytes()]).unwrap();
    let Outcome::Failed(words) = &replies[0].outcome else { panic!("{replies:?}") };
    assert!(words.len() < 200 && words.starts_with("\\x1b[31mxxx"), "{words}");
}

#[test]
fn a_mark_is_read_as_the_codec_reads_it() {
    for line in [
        "HD f7 t60 O1",
        "HD f4294967295 t-1 O18446744073709551615",
        "HD f0 t0 O1",
        "HD f07 t060 O01",
        // Not as a question for it is answered, but the same to the codec.
        "HD t60 f7 O1",
        "HD f7 t60",
        "HD f7 O1",
        "HD  f7 t60 O1",
        "HD f7 t60 O1 s9",
    ] {
        let codec = Header::parse(line.as_bytes()).unwrap().reply(None);
        let read = decode(&[line.as_bytes(), b"\r\n"]).unwrap();
        assert_eq!(read, [codec], "{line}");
    }
    for line in ["HD f4294967296 t60 O1", "HD f7 t60 O18446744073709551616", "HD f7 t60 Ox"] {
        assert!(decode(&[line.as_bytes(), b"\r\n"]).is_err(), "{line}");
    }
}
