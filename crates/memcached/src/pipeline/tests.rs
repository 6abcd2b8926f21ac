use clock::{Msec, Seconds, UnixTime};

use super::*;
use crate::key::{Key, KeyLetter, KeyPrefix};
use crate::reply::Marked;
use crate::ttl::Ttl;

fn ttl() -> Ttl {
    Ttl::until(UnixTime::from_secs(60), UnixTime::from_secs(0))
}

const DEADLINE: Monotonic = Monotonic::from_msec(100);

fn key() -> Key {
    Key::new(&KeyPrefix::new("t").unwrap(), KeyLetter::new('s'), &[0; 32])
}

fn get() -> Command {
    Command::get(key())
}

fn read(pipeline: &mut Pipeline<u32>, bytes: &[u8]) -> Vec<(u32, Outcome)> {
    let mut answered = Vec::new();
    pipeline.read(bytes, &mut answered).unwrap();
    answered
}

#[test]
fn replies_find_their_tickets_in_order() {
    let mut pipeline = Pipeline::default();
    for ticket in 1..=3 {
        pipeline.push(get(), DEADLINE + Msec(ticket.into()), ticket).unwrap();
    }
    assert_eq!(pipeline.deadline(), Some(DEADLINE + Msec(1)));
    assert_eq!(read(&mut pipeline, b"EN O1\r\nE"), [(1, Outcome::Miss)]);
    assert_eq!(pipeline.deadline(), Some(DEADLINE + Msec(2)));
    assert_eq!(read(&mut pipeline, b"N O2\r\n"), [(2, Outcome::Miss)]);
    assert_eq!(pipeline.waiting(), 1);
}

#[test]
fn another_commands_reply_is_refused() {
    for bytes in ["EN O2\r\n", "EN\r\n", "MN\r\n", "SERVER_ERROR x\r\nHD O1\r\n"] {
        let mut pipeline = Pipeline::default();
        pipeline.push(get(), DEADLINE, 1).unwrap();
        pipeline.push(get(), DEADLINE, 2).unwrap();
        let mut answered = Vec::new();
        let error = pipeline.read(bytes.as_bytes(), &mut answered);
        assert_eq!(error, Err(ProtocolError::WrongOpaque), "{bytes:?}");
    }
}

#[test]
fn what_nobody_asked_for_is_refused() {
    for bytes in ["EN O1\r\n", "E"] {
        let mut pipeline = Pipeline::<u32>::default();
        let error = pipeline.read(bytes.as_bytes(), &mut Vec::new());
        assert_eq!(error, Err(ProtocolError::Unasked), "{bytes:?}");
    }
}

#[test]
fn an_error_fails_its_own_command_only() {
    let mut pipeline = Pipeline::default();
    pipeline.push(get(), DEADLINE, 1).unwrap();
    pipeline.push(get(), DEADLINE, 2).unwrap();
    let answered = read(&mut pipeline, b"SERVER_ERROR x\r\nEN O2\r\n");
    assert_eq!(answered, [(1, Outcome::Failed("x".into())), (2, Outcome::Miss)]);
}

#[test]
fn a_noop_wants_its_own_answer() {
    let mut pipeline = Pipeline::default();
    pipeline.push(Command::noop(), DEADLINE, 1).unwrap();
    assert_eq!(pipeline.output(), b"mn\r\n");
    assert_eq!(read(&mut pipeline, b"MN\r\n"), [(1, Outcome::Alive)]);
    pipeline.push(Command::noop(), DEADLINE, 2).unwrap();
    assert!(pipeline.read(b"HD O2\r\n", &mut Vec::new()).is_err());
}

#[test]
fn output_is_written_in_parts() {
    let mut pipeline = Pipeline::default();
    pipeline.push(get(), DEADLINE, 1).unwrap();
    let whole = pipeline.output().to_vec();
    pipeline.wrote(5);
    assert_eq!(pipeline.output(), &whole[5..]);
    pipeline.push(Command::noop(), DEADLINE, 2).unwrap();
    pipeline.wrote(whole.len() - 5);
    assert_eq!(pipeline.output(), b"mn\r\n");
    pipeline.wrote(4);
    assert!(pipeline.output().is_empty());
}

#[test]
fn records_end_where_commands_do() {
    let mut pipeline = Pipeline::default();
    let lens = [3, 9000, 7000, 300, 40_000, 5, 20_000, 2];
    let mut ends = Vec::new();
    for (ticket, len) in lens.into_iter().enumerate() {
        let put = Command::put(key(), vec![b'v'; len], ttl());
        pipeline.push(put, DEADLINE, ticket).unwrap();
        ends.push(pipeline.output().len());
    }
    let mut records = Vec::new();
    let mut at = 0;
    while !pipeline.output().is_empty() {
        let len = pipeline.record().len();
        assert!(len > 0 && len <= RECORD);
        pipeline.wrote(len);
        at += len;
        records.push(at);
    }
    let large = |end: usize, after: usize| (ends[end - 1] + after * RECORD, ends[end]);
    let ((first, fourth), (sixth, _)) = (large(4, 1), large(6, 1));
    let expected =
        [ends[2], ends[3], first, first + RECORD, fourth, ends[5], sixth, ends[6], ends[7]];
    assert_eq!(records, expected);
}

#[test]
fn a_record_only_grows_until_it_is_written() {
    // OpenSSL wants to be called again with what it could not write.
    let mut pipeline = Pipeline::default();
    pipeline.push(get(), DEADLINE, 1).unwrap();
    let record = pipeline.record().to_vec();
    pipeline.push(Command::put(key(), vec![0; 20_000], ttl()), DEADLINE, 2).unwrap();
    assert_eq!(pipeline.record(), record);
    pipeline.wrote(record.len() + 5);
    assert_eq!(pipeline.record().len(), RECORD);
}

#[test]
fn what_waits_is_bounded() {
    let mut pipeline = Pipeline::default();
    for ticket in 0..MAX_WAITING {
        pipeline.push(Command::noop(), DEADLINE, ticket).unwrap();
    }
    assert_eq!(pipeline.push(Command::noop(), DEADLINE, 0), Err(PushError::Full));

    let mut pipeline = Pipeline::default();
    let put = || Command::put(key(), vec![0; MAX_VALUE], ttl());
    let taken =
        (0..100).take_while(|ticket| pipeline.push(put(), DEADLINE, *ticket).is_ok()).count();
    assert_eq!(taken, MAX_OUTPUT / MAX_VALUE - 1);
    let large = Command::put(key(), vec![0; MAX_VALUE + 1], ttl());
    assert_eq!(pipeline.push(large, DEADLINE, 0), Err(PushError::TooLarge));
}

#[test]
fn a_question_goes_out_as_its_command_would() {
    let (mut asked, mut pushed) = (Pipeline::default(), Pipeline::default());
    for ticket in 1..=11 {
        asked.ask(&Question::check(key()), DEADLINE, ticket).unwrap();
        pushed.push(Command::check(key()), DEADLINE, ticket).unwrap();
    }
    assert_eq!(asked.output(), pushed.output());
    let answer = Outcome::Marked(Marked { mark: 7, ttl: Some(Seconds(60)) });
    assert_eq!(read(&mut asked, b"HD f7 t60 O1\r\nEN O2\r\n"), [(1, answer), (2, Outcome::Miss)]);
    assert!(asked.read(b"HD f7 t60 O4\r\n", &mut Vec::new()).is_err());
}

#[test]
fn questions_are_bounded_as_commands_are() {
    let mut pipeline = Pipeline::default();
    let question = Question::check(key());
    for ticket in 0..MAX_WAITING {
        pipeline.ask(&question, DEADLINE, ticket).unwrap();
    }
    assert_eq!(pipeline.ask(&question, DEADLINE, 0), Err(PushError::Full));
    assert_eq!(pipeline.push(get(), DEADLINE, 0), Err(PushError::Full));
}
