//! Content codings: undone when asked for, and bounded.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

const GET: Request<'_> = Request { method: Method::Get, headers: &[], gzip: true, max_answer: MAX };

fn zipped(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn get(field: &str, body: &[u8]) -> Outcome {
    let mut answer = format!("HTTP/1.1 200 OK\r\n{field}\r\n\r\n").into_bytes();
    answer.extend_from_slice(body);
    let whole = run(&mut ask(&Server::says([answer.as_slice()]), &GET)).unwrap();
    let dripped = run(&mut ask(&Server::says(answer.chunks(1)), &GET)).unwrap();
    assert_eq!(whole, dripped);
    whole
}

#[test]
fn gzip_is_undone() {
    for field in ["Content-Encoding: gzip", "content-encoding: X-GZIP"] {
        assert_eq!(get(field, &zipped(b"hello")).unwrap().body, b"hello");
        let members = [zipped(b"hel"), zipped(b"lo")].concat();
        assert_eq!(get(field, &members).unwrap().body, b"hello");
    }
    for field in ["X: y", "Content-Encoding: identity"] {
        assert_eq!(get(field, b"hello").unwrap().body, b"hello");
    }
}

#[test]
fn a_bomb_ends_at_the_bound() {
    let gzip = "Content-Encoding: gzip";
    let bomb = zipped(&vec![b' '; 1 << 20]);
    assert_eq!(get(gzip, &bomb), Err(AnswerError::TooLarge.into()));
    assert_eq!(get(gzip, &zipped(&[b' '; MAX])).unwrap().body.len(), MAX);
    assert_eq!(get(gzip, &zipped(&[b' '; MAX + 1])), Err(AnswerError::TooLarge.into()));
}

#[test]
fn what_is_not_in_its_coding_is_refused() {
    let whole = zipped(b"hello");
    let mut wrong_sum = whole.clone();
    wrong_sum[whole.len() - 8] ^= 1;
    let trailing = [whole.as_slice(), b"x"].concat();
    let mut bodies = vec![b"hello".to_vec(), wrong_sum, trailing];
    bodies.extend((0..whole.len()).map(|len| whole[..len].to_vec()));
    for body in bodies {
        let got = get("Content-Encoding: gzip", &body);
        let malformed = matches!(got, Err(ExchangeError::Answer(AnswerError::Malformed(_))));
        assert!(malformed, "{body:?}: {got:?}");
    }
}

#[test]
fn other_codings_are_refused() {
    for field in [
        "Content-Encoding: br",
        "Content-Encoding: deflate",
        "Content-Encoding: gzip, gzip",
        "Content-Encoding: gzip\r\nContent-Encoding: gzip",
        "Content-Encoding: ",
    ] {
        let got = get(field, &zipped(b"hello"));
        let malformed = matches!(got, Err(ExchangeError::Answer(AnswerError::Malformed(_))));
        assert!(malformed, "{field}: {got:?}");
    }
}

#[test]
fn what_did_not_change_has_no_body_in_any_coding() {
    let text = b"HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\nETag: \"a\"\r\n\r\n";
    let answer = run(&mut ask(&Server::says([&text[..]]), &GET)).unwrap().unwrap();
    assert_eq!((answer.status, answer.body.len()), (304, 0));
}
