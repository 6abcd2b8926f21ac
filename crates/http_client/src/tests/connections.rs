//! How connections end, and where an exchange stands meanwhile.

use std::pin::Pin;

use super::*;

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";

#[test]
fn a_connection_breaks_for_its_own_reason() {
    for pieces in [&[][..], &[&HEAD[..9]], &[HEAD], &[HEAD, b"he"]] {
        let server = Server::says(pieces.iter().copied()).then(Then::Breaks);
        let outcome = run(&mut ask(&server, &POST)).unwrap();
        assert_eq!(outcome, Err(ExchangeError::Connection(Broken)), "{pieces:?}");
    }
}

#[test]
fn an_exchange_says_what_it_waits_for() {
    for (takes, pieces, stage) in [
        (Some(0), &[][..], Stage::Sending),
        (Some(40), &[], Stage::Sending),
        (None, &[], Stage::Head),
        (None, &[&HEAD[..9]], Stage::Head),
        (None, &[b"HTTP/1.1 100 Continue\r\n\r\n"], Stage::Head),
        (None, &[HEAD], Stage::Body),
        (None, &[HEAD, b"hell"], Stage::Body),
    ] {
        let server = Server::says(pieces.iter().copied()).then(Then::IsSilent);
        server.takes.set(takes);
        let mut exchange = ask(&server, &POST);
        assert_eq!(run(&mut exchange), None);
        assert_eq!(exchange.stage(), stage, "{takes:?} {pieces:?}");
    }
}

#[test]
fn who_refuses_a_request_need_not_read_it_to_its_end() {
    let body = "x".repeat(1 << 20);
    let request = Request { method: Method::Post(&body), ..POST };
    let server = Server::says([HEAD, b"hello"]).then(Then::IsSilent);
    server.takes.set(Some(1000));
    let answer = run(&mut ask(&server, &request)).expect("an end").unwrap();
    assert_eq!(answer.body, b"hello");
}

#[test]
fn a_dropped_exchange_drops_its_connection() {
    for pieces in [&[][..], &[HEAD], &[HEAD, b"he"]] {
        let server = Server::says(pieces.iter().copied()).then(Then::IsSilent);
        let mut exchange = ask(&server, &POST);
        assert_eq!(run(&mut exchange), None);
        assert_eq!(Rc::strong_count(&server.open), 2);
        drop(exchange);
        assert_eq!(Rc::strong_count(&server.open), 1, "{pieces:?}");
    }
}

#[test]
fn a_finished_exchange_has_closed_its_connection() {
    let server = Server::says([HEAD, b"hello"]).then(Then::IsSilent);
    let mut exchange = ask(&server, &POST);
    assert!(run(&mut exchange).unwrap().is_ok());
    assert_eq!(Rc::strong_count(&server.open), 1);
}

#[test]
fn a_server_that_talks_without_end_leaves_others_their_turn() {
    let piece = [b' '; 1 << 10];
    let head = b"HTTP/1.1 200 OK\r\n\r\n".as_slice();
    let server = Server::says([head].into_iter().chain([piece.as_slice(); 1 << 10]));
    server.flows.set(true);
    let request = Request { max_answer: 2 << 20, ..POST };
    let mut exchange = ask(&server, &request);
    let mut turns = 0;
    let mut context = Context::from_waker(Waker::noop());
    while Pin::new(&mut exchange).poll(&mut context).is_pending() {
        turns += 1;
    }
    assert!((16..=20).contains(&turns), "{turns}");
}
