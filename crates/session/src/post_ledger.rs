//! How much of a host's memory the kept forms take: in all, and those of one client. Strangers send them, before
//! anybody has authenticated.

use clock::UnixTime;

use crate::budget::Client;
use crate::token::StoreKey;
use crate::wire::{read_short_instant, short_instant};

const VERSION: u8 = 1;

/// Forms that are kept at a time at most. The list is rewritten with each.
const MOST: usize = 1024;

/// One client may have so much of all there is: the others get through.
const SHARE: usize = 4;

/// Bytes of a holding: key, client, bytes, end.
const HOLDING_LEN: usize = 8 + 8 + 4 + 4;

/// Bytes of the stored form at most.
const MOST_BYTES: usize = 1 + MOST * HOLDING_LEN;

/// The forms that wait for logins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostLedger {
    holdings: Vec<Holding>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Holding {
    /// The first octets of the form's key.
    key: [u8; 8],
    client: [u8; 8],
    bytes: u32,
    /// It is gone at this instant.
    until: UnixTime,
}

/// Who has used up what they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoom {
    /// The client: others get through.
    Client,
    /// All clients together.
    All,
}

impl PostLedger {
    /// Bytes of the stored form at most.
    pub const MOST_BYTES: usize = MOST_BYTES;

    /// Would so many `bytes` of the client still fit, when all may have `limit` together?
    ///
    /// # Errors
    /// Who has used up what they may.
    pub fn check(
        &self,
        client: Client,
        bytes: usize,
        limit: usize,
        now: UnixTime,
    ) -> Result<(), NoRoom> {
        let all = || self.holdings.iter().filter(|holding| now < holding.until);
        let client = client.octets();
        let own = || all().filter(|holding| holding.client == client);
        let total = |bytes: usize, held: u32| bytes.saturating_add(widened(held));
        let sum_of_own = own().map(|holding| holding.bytes).fold(bytes, total);
        if sum_of_own > limit / SHARE || own().count() >= MOST / SHARE {
            return Err(NoRoom::Client);
        }
        let sum = all().map(|holding| holding.bytes).fold(bytes, total);
        if sum > limit || all().count() >= MOST { Err(NoRoom::All) } else { Ok(()) }
    }

    /// Enters a form that is kept until the instant `until`; forgets those whose time is over.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn hold(
        &mut self,
        key: &StoreKey,
        client: Client,
        bytes: usize,
        limit: usize,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<(), NoRoom> {
        self.holdings.retain(|holding| now < holding.until);
        self.check(client, bytes, limit, now)?;
        let bytes = u32::try_from(bytes).map_err(|_| NoRoom::All)?;
        self.holdings.push(Holding { key: start(key), client: client.octets(), bytes, until });
        Ok(())
    }

    /// A form is not kept any more.
    pub fn release(&mut self, key: &StoreKey) {
        let key = start(key);
        self.holdings.retain(|holding| holding.key != key);
    }

    /// When the last of them goes; the entry lives as long.
    pub fn until(&self) -> Option<UnixTime> {
        self.holdings.iter().map(|holding| holding.until).max()
    }

    /// The stored form: a version byte, then holdings of equal length.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + self.holdings.len() * HOLDING_LEN);
        bytes.push(VERSION);
        for holding in &self.holdings {
            bytes.extend_from_slice(&holding.key);
            bytes.extend_from_slice(&holding.client);
            bytes.extend_from_slice(&holding.bytes.to_be_bytes());
            bytes.extend_from_slice(&short_instant(holding.until));
        }
        bytes
    }

    /// Reads the stored form; another version or length is `None`.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (version, holdings) = bytes.split_first()?;
        let (holdings, rest) = holdings.as_chunks::<HOLDING_LEN>();
        if *version != VERSION || !rest.is_empty() || holdings.len() > MOST {
            return None;
        }
        Some(Self { holdings: holdings.iter().map(decode_holding).collect::<Option<_>>()? })
    }
}

fn decode_holding(bytes: &[u8; HOLDING_LEN]) -> Option<Holding> {
    let (key, rest) = bytes.split_first_chunk()?;
    let (client, rest) = rest.split_first_chunk()?;
    let (size, until) = rest.split_first_chunk()?;
    let until = read_short_instant(until.try_into().ok()?);
    Some(Holding { key: *key, client: *client, bytes: u32::from_be_bytes(*size), until })
}

fn start(key: &StoreKey) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = key.0;
    [a, b, c, d, e, f, g, h]
}

fn widened(bytes: u32) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use clock::Seconds;

    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
    const LIMIT: usize = 4000;

    fn client(last: u8) -> Client {
        Client::of(Some([192, 0, 2, last].into()))
    }

    fn key(number: usize) -> StoreKey {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
        StoreKey(key)
    }

    fn hold(
        ledger: &mut PostLedger,
        number: usize,
        client: Client,
        bytes: usize,
    ) -> Result<(), NoRoom> {
        ledger.hold(&key(number), client, bytes, LIMIT, NOW + Seconds(60), NOW)
    }

    #[test]
    fn a_client_has_a_quarter_and_all_have_the_whole() {
        let mut ledger = PostLedger::default();
        assert_eq!(hold(&mut ledger, 0, client(0), 1001), Err(NoRoom::Client));
        assert_eq!(hold(&mut ledger, 0, client(0), 600), Ok(()));
        assert_eq!(hold(&mut ledger, 1, client(0), 401), Err(NoRoom::Client));
        assert_eq!(hold(&mut ledger, 1, client(0), 400), Ok(()));
        for (number, other) in (2..5).zip(1..) {
            assert_eq!(hold(&mut ledger, number, client(other), 900), Ok(()), "{number}");
        }
        assert_eq!(hold(&mut ledger, 9, client(9), 301), Err(NoRoom::All));
        assert_eq!(ledger.check(client(9), 300, LIMIT, NOW), Ok(()));
        assert_eq!(ledger.check(client(9), 301, LIMIT, NOW), Err(NoRoom::All));
    }

    #[test]
    fn what_was_sent_or_is_over_makes_room() {
        let mut ledger = PostLedger::default();
        assert_eq!(hold(&mut ledger, 1, client(0), 1000), Ok(()));
        assert_eq!(ledger.until(), Some(NOW + Seconds(60)));
        ledger.release(&key(2));
        assert_eq!(hold(&mut ledger, 3, client(0), 1), Err(NoRoom::Client));
        ledger.release(&key(1));
        assert_eq!(ledger.until(), None);
        assert_eq!(hold(&mut ledger, 3, client(0), 1000), Ok(()));
        let later = NOW + Seconds(60);
        assert_eq!(ledger.check(client(0), 1000, LIMIT, NOW + Seconds(59)), Err(NoRoom::Client));
        assert_eq!(ledger.check(client(0), 1000, LIMIT, later), Ok(()));
        assert_eq!(ledger.hold(&key(4), client(0), 1000, LIMIT, later + Seconds(9), later), Ok(()));
        assert_eq!(ledger.holdings.len(), 1);
    }

    #[test]
    fn the_number_is_bounded_too() {
        let mut ledger = PostLedger::default();
        for number in 0..MOST {
            let of = u8::try_from(number / (MOST / SHARE)).unwrap();
            assert_eq!(hold(&mut ledger, number, client(of), 1), Ok(()), "{number}");
            if number + 1 == MOST / SHARE {
                assert_eq!(ledger.check(client(0), 1, LIMIT, NOW), Err(NoRoom::Client));
            }
        }
        assert_eq!(ledger.check(client(9), 1, LIMIT, NOW), Err(NoRoom::All));
        let bytes = ledger.encode();
        assert_eq!(bytes.len(), PostLedger::MOST_BYTES);
        assert_eq!(PostLedger::decode(&bytes), Some(ledger));
        assert_eq!(PostLedger::decode(&[&bytes[..], &[0; HOLDING_LEN]].concat()), None, "one more");
    }

    #[test]
    fn it_survives_encoding_and_nothing_else_is_read() {
        let mut ledger = PostLedger::default();
        assert_eq!(hold(&mut ledger, 1, client(1), 17), Ok(()));
        assert_eq!(hold(&mut ledger, 2, Client::of(None), 18), Ok(()));
        let v6 = Client::of(Some("2001:db8:1:2::1".parse().unwrap()));
        assert_eq!(hold(&mut ledger, 3, v6, 19), Ok(()));
        let bytes = ledger.encode();
        assert_eq!(PostLedger::decode(&bytes), Some(ledger));
        assert_eq!(PostLedger::decode(&bytes[..bytes.len() - 1]), None);
        assert_eq!(PostLedger::decode(&[]), None);
        assert_eq!(PostLedger::decode(&[VERSION + 1]), None);
        assert_eq!(PostLedger::decode(&[VERSION]), Some(PostLedger::default()));
    }
}
