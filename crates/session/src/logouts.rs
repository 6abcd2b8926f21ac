//! What the logouts of one NameID at one IdP leave behind: tombstones, by which a login that was under
//! way is refused when it arrives, and the answers that were given.
//!
//! All are in one entry of the store, and bounded: who logs out all day pays with less memory of the
//! own logouts, and with no other's.

use clock::UnixTime;

use crate::claims::id_hash;
use crate::session_set::{IndexHash, index_hash};
use crate::wire::{read_short_instant, short_instant};

const VERSION: u8 = 1;

/// Tombstones of one NameID; as many as one LogoutRequest may need. Those of more become one for all
/// its sessions: that refuses more of this NameID's logins under way, never fewer.
const MAX_TOMBSTONES: usize = 256;

/// Answered requests of one NameID that are remembered. Beyond, the one that would be forgotten first is:
/// it could then end a session of this NameID again, if the IdP or its user sent it again.
const MAX_ANSWERS: usize = 64;

/// Bytes of a tombstone: SessionIndex, instant, end.
const TOMBSTONE_LEN: usize = 8 + 4 + 4;

/// Bytes of an answer: request ID, whether it was complete, end.
const ANSWER_LEN: usize = 16 + 1 + 4;

/// The logouts of one NameID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logouts {
    tombstones: Vec<Tombstone>,
    answers: Vec<Answer>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Tombstone {
    /// `None` = all sessions of the NameID.
    session_index: Option<IndexHash>,
    /// Assertions issued until then begin nothing; by the IdP's clock.
    instant: UnixTime,
    /// The last second in which it counts.
    until: UnixTime,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    request: [u8; 16],
    is_complete: bool,
    until: UnixTime,
}

impl Logouts {
    /// Remembers a logout of these sessions (none = all of the NameID) to the end of the second `until`:
    /// assertions issued until `instant` begin none of them. A later instant is never made earlier.
    pub fn bury(
        &mut self,
        session_indexes: &[String],
        instant: UnixTime,
        until: UnixTime,
        now: UnixTime,
    ) {
        self.forget_ended(now);
        if session_indexes.is_empty() {
            self.bury_one(None, instant, until);
        }
        for index in session_indexes {
            self.bury_one(Some(index_hash(index)), instant, until);
        }
        if self.tombstones.len() > MAX_TOMBSTONES {
            let instant = self.tombstones.iter().map(|it| it.instant).max().unwrap_or(instant);
            let until = self.tombstones.iter().map(|it| it.until).max().unwrap_or(until);
            self.tombstones = vec![Tombstone { session_index: None, instant, until }];
        }
    }

    fn bury_one(&mut self, session_index: Option<IndexHash>, instant: UnixTime, until: UnixTime) {
        let known = self.tombstones.iter_mut().find(|it| it.session_index == session_index);
        match known {
            Some(known) => {
                known.instant = known.instant.max(instant);
                known.until = known.until.max(until);
            }
            None => self.tombstones.push(Tombstone { session_index, instant, until }),
        }
    }

    /// Did a logout overtake the assertion that was issued at `issue_instant`? One without SessionIndex
    /// cannot be told from those that were logged out.
    pub fn cover(
        &self,
        session_index: Option<&str>,
        issue_instant: UnixTime,
        now: UnixTime,
    ) -> bool {
        let index = session_index.map(index_hash);
        self.tombstones.iter().filter(|it| now <= it.until).any(|it| {
            let fits = it.session_index.is_none() || index.is_none() || it.session_index == index;
            fits && issue_instant <= it.instant
        })
    }

    /// Remembers the answer to a request, to the end of the second `until`.
    pub fn remember(&mut self, request: &str, is_complete: bool, until: UnixTime, now: UnixTime) {
        self.forget_ended(now);
        let request = id_hash(request);
        self.answers.retain(|answer| answer.request != request);
        self.answers.push(Answer { request, is_complete, until });
        if self.answers.len() > MAX_ANSWERS {
            self.answers.sort_by_key(|answer| std::cmp::Reverse(answer.until));
            self.answers.truncate(MAX_ANSWERS);
        }
    }

    /// Was the request answered, and was the logout complete?
    pub fn answer_to(&self, request: &str, now: UnixTime) -> Option<bool> {
        let request = id_hash(request);
        let mut answers = self.answers.iter().filter(|answer| now <= answer.until);
        answers.find(|answer| answer.request == request).map(|answer| answer.is_complete)
    }

    fn forget_ended(&mut self, now: UnixTime) {
        self.tombstones.retain(|tombstone| now <= tombstone.until);
        self.answers.retain(|answer| now <= answer.until);
    }

    /// The last second in which something of it counts; the entry lives as long.
    pub fn until(&self) -> Option<UnixTime> {
        let tombstones = self.tombstones.iter().map(|tombstone| tombstone.until);
        tombstones.chain(self.answers.iter().map(|answer| answer.until)).max()
    }

    /// The stored form: version, number of tombstones, tombstones, answers; each of equal length.
    pub fn encode(&self) -> Vec<u8> {
        let len = self.tombstones.len() * TOMBSTONE_LEN + self.answers.len() * ANSWER_LEN;
        let mut bytes = Vec::with_capacity(3 + len);
        bytes.push(VERSION);
        let count = u16::try_from(self.tombstones.len()).unwrap_or(u16::MAX);
        bytes.extend_from_slice(&count.to_be_bytes());
        for tombstone in &self.tombstones {
            bytes.extend_from_slice(&tombstone.session_index.unwrap_or(0).to_be_bytes());
            bytes.extend_from_slice(&short_instant(tombstone.instant));
            bytes.extend_from_slice(&short_instant(tombstone.until));
        }
        for answer in &self.answers {
            bytes.extend_from_slice(&answer.request);
            bytes.push(u8::from(answer.is_complete));
            bytes.extend_from_slice(&short_instant(answer.until));
        }
        bytes
    }

    /// Reads the stored form; another version or length is `None`.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (count, rest) = rest.split_first_chunk()?;
        let count = usize::from(u16::from_be_bytes(*count));
        let (tombstones, answers) = rest.split_at_checked(count * TOMBSTONE_LEN)?;
        let (tombstones, _) = tombstones.as_chunks::<TOMBSTONE_LEN>();
        let (answers, odd) = answers.as_chunks::<ANSWER_LEN>();
        let fits = count <= MAX_TOMBSTONES && answers.len() <= MAX_ANSWERS && odd.is_empty();
        if *version != VERSION || !fits {
            return None;
        }
        Some(Self {
            tombstones: tombstones.iter().map(decode_tombstone).collect::<Option<_>>()?,
            answers: answers.iter().map(decode_answer).collect::<Option<_>>()?,
        })
    }
}

fn decode_tombstone(bytes: &[u8; TOMBSTONE_LEN]) -> Option<Tombstone> {
    let (index, rest) = bytes.split_first_chunk()?;
    let (instant, until) = rest.split_first_chunk()?;
    let index = IndexHash::from_be_bytes(*index);
    Some(Tombstone {
        session_index: (index != 0).then_some(index),
        instant: read_short_instant(*instant),
        until: read_short_instant(until.try_into().ok()?),
    })
}

fn decode_answer(bytes: &[u8; ANSWER_LEN]) -> Option<Answer> {
    let (request, rest) = bytes.split_first_chunk()?;
    let (is_complete, until) = rest.split_first()?;
    Some(Answer {
        request: *request,
        is_complete: *is_complete == 1,
        until: read_short_instant(until.try_into().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use clock::Seconds;

    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn indexes(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn buried(names: &[&str], instant: UnixTime) -> Logouts {
        let mut logouts = Logouts::default();
        logouts.bury(&indexes(names), instant, NOW + Seconds(60), NOW);
        logouts
    }

    #[test]
    fn a_logout_covers_what_was_issued_before_it() {
        let logouts = buried(&["a"], NOW - Seconds(5));
        assert!(logouts.cover(Some("a"), NOW - Seconds(9), NOW));
        assert!(logouts.cover(Some("a"), NOW - Seconds(5), NOW), "instants are whole seconds");
        assert!(!logouts.cover(Some("a"), NOW - Seconds(4), NOW), "a new login is welcome");
        assert!(!logouts.cover(Some("b"), NOW - Seconds(9), NOW));
        assert!(logouts.cover(None, NOW - Seconds(9), NOW), "nothing tells it from that one");
        assert!(buried(&[], NOW).cover(Some("b"), NOW, NOW), "all of the NameID");
        assert!(!Logouts::default().cover(None, UnixTime::default(), NOW));
    }

    #[test]
    fn it_counts_to_the_end_of_its_last_second() {
        let logouts = buried(&["a"], NOW);
        assert_eq!(logouts.until(), Some(NOW + Seconds(60)));
        assert!(logouts.cover(Some("a"), NOW, NOW + Seconds(60)));
        assert!(!logouts.cover(Some("a"), NOW, NOW + Seconds(61)));
    }

    #[test]
    fn an_older_logout_that_arrives_later_weakens_nothing() {
        let mut logouts = buried(&["a"], NOW);
        logouts.bury(&indexes(&["a"]), NOW - Seconds(30), NOW + Seconds(30), NOW);
        assert!(logouts.cover(Some("a"), NOW, NOW + Seconds(60)));
    }

    #[test]
    fn too_many_tombstones_become_one_for_all() {
        let mut logouts = Logouts::default();
        for n in 0..MAX_TOMBSTONES {
            let instant = NOW - Seconds(n.try_into().unwrap());
            logouts.bury(&indexes(&[&n.to_string()]), instant, NOW + Seconds(60), NOW);
        }
        assert!(!logouts.cover(Some("none of them"), NOW, NOW));
        logouts.bury(&indexes(&["one more"]), NOW - Seconds(9), NOW + Seconds(50), NOW);
        assert!(logouts.cover(Some("none of them"), NOW, NOW + Seconds(60)));
        assert!(!logouts.cover(Some("none of them"), NOW + Seconds(1), NOW));
        logouts.bury(&indexes(&["a"]), NOW, NOW + Seconds(60), NOW);
        assert_eq!(logouts.tombstones.len(), 2);
    }

    #[test]
    fn an_answer_is_remembered_for_its_request() {
        let mut logouts = Logouts::default();
        logouts.remember("_1", true, NOW + Seconds(60), NOW);
        logouts.remember("_2", true, NOW + Seconds(90), NOW);
        logouts.remember("_2", false, NOW + Seconds(90), NOW);
        assert_eq!(logouts.answer_to("_1", NOW + Seconds(60)), Some(true));
        assert_eq!(logouts.answer_to("_1", NOW + Seconds(61)), None);
        assert_eq!(logouts.answer_to("_2", NOW), Some(false));
        assert_eq!(logouts.answer_to("_3", NOW), None);
        assert_eq!(logouts.until(), Some(NOW + Seconds(90)));
    }

    #[test]
    fn of_too_many_answers_those_that_end_first_are_forgotten() {
        let mut logouts = Logouts::default();
        for n in 0..=MAX_ANSWERS {
            let until = NOW + Seconds(100) - Seconds(n.try_into().unwrap());
            logouts.remember(&n.to_string(), true, until, NOW);
        }
        assert_eq!(logouts.answer_to(&MAX_ANSWERS.to_string(), NOW), None);
        assert!((0..MAX_ANSWERS).all(|n| logouts.answer_to(&n.to_string(), NOW) == Some(true)));
    }

    #[test]
    fn what_has_ended_makes_room() {
        let mut logouts = buried(&["a"], NOW);
        logouts.remember("_1", true, NOW + Seconds(60), NOW);
        logouts.bury(&indexes(&["b"]), NOW, NOW + Seconds(90), NOW + Seconds(61));
        assert_eq!((logouts.tombstones.len(), logouts.answers.len()), (1, 0));
    }

    #[test]
    fn the_largest_takes_six_kibibytes() {
        let mut logouts = Logouts::default();
        let names: Vec<String> = (0..MAX_TOMBSTONES).map(|n| n.to_string()).collect();
        logouts.bury(&names, NOW, NOW + Seconds(60), NOW);
        for n in 0..MAX_ANSWERS {
            logouts.remember(&n.to_string(), true, NOW + Seconds(60), NOW);
        }
        assert!(logouts.encode().len() <= 6 * 1024);
        assert_eq!(Logouts::decode(&logouts.encode()), Some(logouts));
    }

    #[test]
    fn logouts_survive_encoding_and_nothing_else_is_read() {
        let mut logouts = buried(&["a", "b"], NOW);
        logouts.bury(&[], NOW - Seconds(1), NOW + Seconds(60), NOW);
        logouts.remember("_1", false, NOW + Seconds(60), NOW);
        let bytes = logouts.encode();
        assert_eq!(Logouts::decode(&bytes), Some(logouts));
        for len in 0..bytes.len() {
            let cut = Logouts::decode(&bytes[..len]);
            assert!(cut.is_none_or(|cut| cut.answers.is_empty()), "cut at {len}");
        }
        assert_eq!(Logouts::decode(&[VERSION, 0xff, 0xff]), None);
        for version in (0..=255).filter(|version| *version != VERSION) {
            let mut other = bytes.clone();
            other[0] = version;
            assert_eq!(Logouts::decode(&other), None);
        }
    }
}
