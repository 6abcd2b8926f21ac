//! What an answer is, and what is none.

use http::content_type;

use super::*;
use crate::{MAX_HEAD, MAX_HEADERS, SLACK};

const SIZED: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 5\r\n\r\nhello";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n\
                       2;ext=\"x\"\r\nhe\r\n03\r\nllo\r\n0\r\nA: b\r\n\r\n";
const UNTIL_CLOSE: &str = "HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n\r\nhello";
const INTERIM: &str = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n\
                       HTTP/1.1 200 \r\ncontent-type:text/xml\r\ncontent-length: 5\r\n\r\nhello";

fn assert_hello(answer: &Answer, of: &str) {
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"hello"[..]), "{of}");
    assert_eq!(content_type(answer), Some("text/xml"), "{of}");
}

fn malformed(bytes: &str) {
    let read = read(bytes.as_bytes());
    assert!(matches!(read, Err(AnswerError::Malformed(_))), "{bytes:?}: {read:?}");
}

#[test]
fn every_framing_is_read() {
    for text in [SIZED, CHUNKED, UNTIL_CLOSE, INTERIM] {
        assert_hello(&read(text.as_bytes()).unwrap(), text);
    }
}

#[test]
fn pieces_do_not_matter() {
    for text in [SIZED, CHUNKED, UNTIL_CLOSE, INTERIM] {
        let then = if text == UNTIL_CLOSE { Then::Closes } else { Then::IsSilent };
        let mut cuts = vec![text.as_bytes().chunks(1).collect::<Vec<_>>()];
        cuts.extend((1..text.len()).map(|cut| {
            let (one, two) = text.as_bytes().split_at(cut);
            vec![one, two]
        }));
        for pieces in cuts {
            let server = Server::says(pieces).then(then);
            let answer = run(&mut ask(&server, &POST)).expect("an end").unwrap();
            assert_hello(&answer, text);
        }
    }
}

#[test]
fn an_answer_that_ends_early_is_none() {
    for text in [SIZED, CHUNKED, INTERIM] {
        for len in 0..text.len() {
            assert_eq!(
                read(&text.as_bytes()[..len]),
                Err(AnswerError::Truncated),
                "{len}: {text:?}"
            );
        }
    }
    assert_eq!(read(b"HTTP/1.1 200 OK\r\n"), Err(AnswerError::Truncated));
}

#[test]
fn what_follows_is_nobodys() {
    let twice = format!("{SIZED}{SIZED}");
    let more: [&[u8]; 2] = [twice.as_bytes(), b"more"];
    for then in [Then::Closes, Then::IsSilent, Then::Breaks] {
        let server = Server::says(more).then(then);
        assert_hello(&run(&mut ask(&server, &POST)).unwrap().unwrap(), SIZED);
    }
}

#[test]
fn some_statuses_have_no_body() {
    for status in [204, 304] {
        let text = format!("HTTP/1.1 {status} x\r\nContent-Length: 5000\r\n\r\nhello");
        let read = read(text.as_bytes()).unwrap();
        assert_eq!((read.status, read.body.len()), (status, 0));
    }
}

#[test]
fn ambiguous_framing_is_refused() {
    let chunked = "Transfer-Encoding: chunked\r\n";
    for lines in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length:\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Content-Encoding: gzip\r\nContent-Length: 5\r\n",
        "Content-Length : 5\r\n",
        "Content-Length: 5\r\n folded: 6\r\n",
        "no colon\r\n",
    ] {
        malformed(&with(lines, "hello"));
    }
    malformed(&with(&format!("{chunked}Content-Length: 5\r\n"), "0\r\n\r\n"));
    malformed(&format!("HTTP/1.0 200 OK\r\n{chunked}\r\n0\r\n\r\n"));
    let twice =
        with("Content-Type: text/xml\r\nContent-Length: 5\r\ncontent-length: 5\r\n", "hello");
    assert_hello(&read(twice.as_bytes()).unwrap(), &twice);
}

#[test]
fn garbage_is_refused() {
    for text in [
        "hello",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 000 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "\u{16}\u{3}\u{1}",
    ] {
        malformed(text);
    }
}

#[test]
fn wrong_chunks_are_refused() {
    for body in [
        "\r\n",
        "x\r\n",
        "-1\r\n",
        " 1\r\nx\r\n",
        "1 2\r\nx\r\n",
        "5\nhello\r\n",
        "5;x\nhello\r\n",
        "5\r\nhello0\r\n",
        "5\r\nhello\n0\r\n",
        "fffffffffffffffff\r\n",
    ] {
        malformed(&chunked(body));
    }
    malformed(&chunked(&format!("5;{}", "x".repeat(MAX_HEAD))));
    malformed(&chunked(&format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(MAX_HEAD))));
}

#[test]
fn everything_has_a_bound() {
    let exact = "x".repeat(MAX);
    let more = "x".repeat(MAX + 1);
    let sized = |body: &str| with(&format!("Content-Length: {}\r\n", body.len()), body);
    let one_chunk = |body: &str| chunked(&format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()));
    for text in [sized(&exact), one_chunk(&exact), with("", &exact)] {
        assert_eq!(read(text.as_bytes()).map(|answer| answer.body.len()), Ok(MAX));
    }
    for text in [
        sized(&more),
        one_chunk(&more),
        with("", &more),
        // Before it comes.
        with(&format!("Content-Length: {}\r\n", MAX + 1), ""),
        chunked(&format!("ffffffffffffffff\r\n{more}")),
        "HTTP/1.1 100 Continue\r\n\r\n".repeat(MAX_HEAD / 5),
        // A byte each, and no end.
        chunked(&"1\r\nx\r\n".repeat(SLACK)),
        chunked(&"0".repeat(MAX + SLACK)),
        with("", &"x".repeat(MAX + SLACK)),
    ] {
        assert_eq!(read(text.as_bytes()), Err(AnswerError::TooLarge), "{:.60}", text);
    }
}

#[test]
fn a_head_has_a_bound() {
    let head = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(MAX_HEAD));
    let fields = "X: y\r\n".repeat(MAX_HEADERS);
    assert!(read(with(&fields, "").as_bytes()).is_ok());
    for text in [head.clone(), format!("{head}\r\n\r\n"), with(&format!("{fields}X: y\r\n"), "")] {
        let read = read(text.as_bytes());
        let expected = AnswerError::malformed("message head is too large");
        assert_eq!(read, Err(expected), "{:.60}", text);
    }
}

#[test]
fn small_chunks_are_bounded_by_what_they_cost() {
    let head = chunked("");
    let pieces = std::iter::once(head.as_bytes());
    let endless: &[u8] = b"1\r\nx\r\n";
    let server = Server::says(pieces.chain(std::iter::repeat_n(endless, 1 << 18)));
    let request = Request { max_answer: 1 << 20, ..POST };
    let outcome = run(&mut ask(&server, &request)).unwrap();
    assert_eq!(outcome, Err(AnswerError::TooLarge.into()));
    let read = (1 << 18) - server.pieces.borrow().len();
    assert!(read * endless.len() <= (1 << 20) + SLACK + MAX_HEAD);
}

#[test]
fn the_status_is_known_as_soon_as_it_has_come() {
    for (bytes, expected) in [
        ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 9\r\n\r\n<ht", Some(502)),
        ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 9999\r\n\r\n", Some(502)),
        ("HTTP/1.1 403 Forbidden\r\nConte", Some(403)),
        ("HTTP/1.1 403 Forbidden\r\nContent-Encoding: gzip\r\n\r\n", Some(403)),
        ("HTTP/1.1 500 Oops\r\n no: header\r\n", Some(500)),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nX", Some(404)),
        ("HTTP/1.1 100 Continue\r\n", None),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz", Some(200)),
        ("HTTP/1.1 50", None),
        ("<html>", None),
        ("", None),
    ] {
        for then in [Then::Closes, Then::IsSilent, Then::Breaks] {
            let mut exchange = ask(&Server::says([bytes.as_bytes()]).then(then), &POST);
            assert!(!matches!(run(&mut exchange), Some(Ok(_))), "{bytes}");
            assert_eq!(exchange.status(), expected, "{bytes}");
        }
    }
}
