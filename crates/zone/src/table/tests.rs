mod departed;
mod ends;
#[cfg(all(target_os = "linux", not(miri)))] // Miri has neither processes nor ptrace.
mod killed;
mod repair;
mod walk;

use std::collections::HashMap;
use std::ptr::NonNull;

use super::owner::RESERVE;
use super::*;
use crate::block::index;
use crate::{MIN_SIZE, Memory};

const SECRET: [u8; 32] = [9; 32];
const BORN: Monotonic = Monotonic::from_msec(7);
const NOW: UnixTime = UnixTime::from_secs(1_000);
const SESSION: Kind = Kind::Session;

/// Memory as nginx maps it; dropped after every table on it.
struct Zone {
    _bytes: Vec<u128>,
    base: NonNull<u8>,
    memory: Memory,
}

impl Zone {
    fn new(size: usize) -> Self {
        // What was there before is anything; Miri takes minutes to write it.
        let before = if cfg!(miri) { 0 } else { u128::from_ne_bytes([0xA5; 16]) };
        let mut bytes = vec![before; (size + 64) / 16];
        let start = bytes.as_mut_ptr().cast::<u8>();
        let base = NonNull::new(start.wrapping_add(start.align_offset(64))).unwrap();
        // SAFETY: 64 spare bytes for the alignment; the vector lives in the same struct.
        let memory = unsafe { Memory::format(base, size, SECRET, BORN) }.unwrap();
        Self { _bytes: bytes, base, memory }
    }

    fn table(&mut self) -> Table<'_> {
        // SAFETY: `&mut self` is the lock.
        unsafe { self.memory.table() }
    }
}

/// How full the table is.
#[derive(Debug)]
struct Stats {
    /// Of all kinds, those included that expired but were not yet swept.
    entries: u64,
    evictions: u64,
    repairs: u64,
    blocks: u64,
    free_blocks: u64,
}

impl Table<'_> {
    fn stats(&self) -> Stats {
        Stats {
            entries: self.header.entries,
            evictions: self.header.evictions,
            repairs: self.header.repairs,
            blocks: u64::from(self.layout.blocks),
            free_blocks: u64::from(self.free_blocks()),
        }
    }

    /// Each block that was ever used has one place, and everything that leads to entries or counts them agrees.
    fn check(&self) {
        let mut places = vec![0; index(self.header.fresh)];
        let mut all = Vec::new();
        for first in self.buckets.iter() {
            let mut at = *first;
            while let Some(head) = self.head(at) {
                all.push(at);
                assert!(all.len() <= self.blocks.len(), "a bucket has no end");
                assert!(self.block(at).unwrap().is_whole());
                at = head.chain;
            }
        }
        for first in &all {
            let mut at = *first;
            for _ in 0..self.blocks_of(*first) {
                places[index(at)] += 1;
                assert!(at == *first || !self.block(at).unwrap().is_whole());
                at = self.block(at).unwrap().next;
            }
            assert_eq!(at, NIL, "its value ends with its blocks");
            let head = self.head(*first).unwrap();
            assert_eq!(self.find_byte(head.kind, &head.key), Some(*first));
        }
        let mut free = self.header.free;
        for _ in 0..self.header.free_count {
            places[index(free)] += 1;
            free = self.block(free).unwrap().next;
        }
        assert_eq!(free, NIL);
        assert!(places.iter().all(|times| *times == 1), "{places:?}");
        let mut in_line = Vec::new();
        for queue in [&self.header.evictable, &self.header.pinned] {
            let (mut at, mut before) = (queue.oldest, NIL);
            while let Some(head) = self.head(at) {
                assert_eq!(head.older, before);
                assert!(in_line.len() < all.len(), "a queue has no end");
                in_line.push(at);
                (at, before) = (head.newer, at);
            }
            assert_eq!(queue.newest, before);
        }
        in_line.sort_unstable();
        all.sort_unstable();
        assert_eq!(in_line, all);
        let pinned = all.iter().filter(|at| self.head(**at).unwrap().pinned != 0);
        let pinned: u32 = pinned.map(|at| self.blocks_of(*at)).sum();
        assert_eq!(pinned, self.header.pinned_blocks);
        assert_eq!(self.header.entries, all.len() as u64);
        assert_eq!(self.header.entries, self.header.entries_of.iter().sum::<u64>());
        let newest = all.iter().map(|at| self.head(*at).unwrap().version).max();
        assert!(newest.is_none_or(|version| version <= self.header.version));
    }
}

fn key(n: u32) -> [u8; 32] {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&n.wrapping_mul(0x9e37_79b9).to_le_bytes());
    key[28..].copy_from_slice(&n.to_le_bytes());
    key
}

fn value(n: u32, len: usize) -> Vec<u8> {
    (0..len).map(|i| (n as usize + i) as u8).collect()
}

fn read(table: &mut Table<'_>, kind: Kind, n: u32, now: UnixTime) -> Option<Vec<u8>> {
    table.get(kind, &key(n), now, Vec::new()).map(|entry| entry.value)
}

#[test]
#[cfg_attr(miri, ignore = "takes Miri too long")]
fn values_of_every_length_come_back() {
    let mut zone = Zone::new(4 << 20);
    let mut table = zone.table();
    for len in [0, 1, 175, 176, 177, 424, 425, 800, 5000, MAX_VALUE] {
        let bytes = value(3, len);
        table.put(SESSION, &key(1), &bytes, NOW + Seconds(9), NOW).unwrap();
        assert_eq!(read(&mut table, SESSION, 1, NOW), Some(bytes), "{len}");
    }
    assert_eq!(table.stats().entries, 1);
    let too_long = vec![0; MAX_VALUE + 1];
    let refused = table.put(SESSION, &key(2), &too_long, NOW + Seconds(9), NOW);
    assert_eq!(refused, Err(StoreError::TooLarge));
}

#[test]
fn a_session_of_920_bytes_takes_one_kibibyte() {
    let mut zone = Zone::new(1 << 20);
    let mut table = zone.table();
    let before = table.stats().free_blocks;
    table.put(SESSION, &key(1), &[0; 920], NOW + Seconds(9), NOW).unwrap();
    assert_eq!(before - table.stats().free_blocks, 4);
}

#[test]
fn a_fill_loses_against_a_removal_in_between() {
    let mut zone = Zone::new(1 << 20);
    let epoch = zone.memory.epoch(SESSION, &key(1));
    let mut table = zone.table();
    let filled = table.fill(SESSION, &key(1), epoch, b"alive", NOW + Seconds(9), NOW).unwrap();
    let epoch = table.get(SESSION, &key(1), NOW, Vec::new()).unwrap().epoch;
    assert_eq!(filled, Some(epoch));
    assert!(table.delete(SESSION, &key(1), 0, NOW).is_some());
    assert_eq!(table.fill(SESSION, &key(1), epoch, b"alive", NOW + Seconds(9), NOW), Ok(None));
    assert_eq!(read(&mut table, SESSION, 1, NOW), None);
    drop(table);
    let epoch = zone.memory.epoch(SESSION, &key(2));
    let mut table = zone.table();
    assert!(table.delete(SESSION, &key(2), 0, NOW).is_none(), "never was there");
    assert_eq!(table.fill(SESSION, &key(2), epoch, b"alive", NOW + Seconds(9), NOW), Ok(None));
}

#[test]
fn who_has_decoded_a_value_need_not_when_the_same_is_filled_in_again() {
    let mut zone = Zone::new(1 << 20);
    let mut table = zone.table();
    // Of one block and of several.
    for (name, len) in [(1, 5), (2, 256), (3, 3000)] {
        let value: Vec<u8> = (0..len).map(|at: usize| (at % 251) as u8).collect();
        let mut fill = |value: &[u8], expires: i64| {
            let epoch = table.epoch(SESSION, &key(name));
            let filled = table.fill(SESSION, &key(name), epoch, value, NOW + Seconds(expires), NOW);
            let now = table.epoch(SESSION, &key(name));
            assert_eq!(filled, Ok(Some(now)));
            let entry = table.get(SESSION, &key(name), NOW, Vec::new()).unwrap();
            assert_eq!((&*entry.value, entry.expires), (value, NOW + Seconds(expires)));
            now != epoch
        };
        assert!(fill(&value, 9), "it was not there");
        assert!(!fill(&value, 9) && !fill(&value, 10));
        assert!(fill(&value, 8), "it ends earlier than others know");
        for at in [0, len / 2, len - 1] {
            let mut other = value.clone();
            other[at] ^= 1;
            assert!(fill(&other, 10) && fill(&value, 10), "another at {at}");
        }
        assert!(fill(&value[1..], 10) && fill(&value, 10) && fill(&[&*value, b"x"].concat(), 10));
    }
}

#[test]
fn an_entry_that_is_prolonged_was_not_looked_at() {
    let mut zone = Zone::new(1 << 20);
    let mut table = zone.table();
    table.set_clock(Monotonic::from_msec(1000));
    table.put(SESSION, &key(1), b"alive", NOW + Seconds(9), NOW).unwrap();
    let epoch = table.epoch(SESSION, &key(1));
    table.set_clock(Monotonic::from_msec(5000));
    for (expires, then) in [(20, 20), (15, 20)] {
        table.prolong(SESSION, &key(1), NOW + Seconds(expires), NOW);
        let entry = table.get(SESSION, &key(1), NOW, Vec::new()).unwrap();
        let found = (entry.expires, entry.touched, entry.epoch);
        assert_eq!(found, (NOW + Seconds(then), Monotonic::from_msec(1000), epoch));
    }
    table.prolong(SESSION, &key(2), NOW + Seconds(9), NOW);
    table.prolong(SESSION, &key(1), NOW + Seconds(99), NOW + Seconds(20));
    assert_eq!(read(&mut table, SESSION, 1, NOW + Seconds(20)), None, "it had expired");
    assert_eq!(read(&mut table, SESSION, 2, NOW), None);
}

#[test]
fn an_entry_knows_when_it_was_last_touched() {
    let mut zone = Zone::new(1 << 20);
    let mut table = zone.table();
    let touched = |table: &mut Table<'_>| {
        table.get(SESSION, &key(1), NOW + Seconds(6), Vec::new()).map(|entry| entry.touched)
    };
    table.set_clock(Monotonic::from_msec(1000));
    table.put(SESSION, &key(1), b"alive", NOW + Seconds(9), NOW).unwrap();
    assert_eq!(touched(&mut table), Some(Monotonic::from_msec(1000)));
    table.set_clock(Monotonic::from_msec(1500));
    assert!(
        table.touch(SESSION, &key(1), NOW + Seconds(9), NOW - Seconds(3600)),
        "the time of day was set back"
    );
    assert_eq!(touched(&mut table), Some(Monotonic::from_msec(1500)));
}

#[test]
fn a_renewed_index_outlives_its_session() {
    let mut zone = Zone::new(64 * 1024);
    let mut table = zone.table();
    table.put(Kind::Index, &key(1), b"set", NOW + Seconds(99), NOW).unwrap();
    table.put(SESSION, &key(1), &[1; 900], NOW + Seconds(9), NOW).unwrap();
    assert!(table.renew_entry(Kind::Index, &key(1), NOW));
    assert!(!table.renew_entry(Kind::Index, &key(2), NOW), "there is none");
    let evictions = table.stats().evictions;
    for n in 100.. {
        table.put(SESSION, &key(n), &[1; 900], NOW + Seconds(9), NOW).unwrap();
        if table.stats().evictions > evictions {
            break;
        }
    }
    assert!(read(&mut table, Kind::Index, 1, NOW).is_some());
    assert!(read(&mut table, SESSION, 1, NOW).is_none());
}

#[test]
fn kinds_do_not_meet() {
    let mut zone = Zone::new(1 << 20);
    let mut table = zone.table();
    table.put(SESSION, &key(1), b"session", NOW + Seconds(9), NOW).unwrap();
    assert_eq!(read(&mut table, Kind::Replay, 1, NOW), None);
    assert_eq!(table.add(Kind::Replay, &key(1), b"1", NOW + Seconds(9), NOW), Ok(true));
    assert!(table.delete(SESSION, &key(1), 0, NOW).is_some());
    assert_eq!(read(&mut table, Kind::Replay, 1, NOW).as_deref(), Some(&b"1"[..]));
}

#[test]
fn a_claim_is_given_once_until_it_expires() {
    let mut zone = Zone::new(1 << 20);
    let mut table = zone.table();
    assert_eq!(table.add(Kind::Replay, &key(1), b"", NOW + Seconds(5), NOW), Ok(true));
    table.set_clock(Monotonic::from_msec(4999));
    assert_eq!(
        table.add(Kind::Replay, &key(1), b"", NOW + Seconds(50), NOW + Seconds(4)),
        Ok(false)
    );
    table.set_clock(Monotonic::from_msec(6000));
    assert_eq!(
        table.add(Kind::Replay, &key(1), b"", NOW + Seconds(50), NOW + Seconds(5)),
        Ok(true)
    );
}

#[test]
fn expiry_is_exact_and_touch_moves_it() {
    let mut zone = Zone::new(1 << 20);
    let mut table = zone.table();
    table.put(SESSION, &key(1), b"x", NOW + Seconds(10), NOW).unwrap();
    assert!(table.touch(SESSION, &key(1), NOW + Seconds(20), NOW + Seconds(9)));
    assert!(read(&mut table, SESSION, 1, NOW + Seconds(19)).is_some());
    assert!(read(&mut table, SESSION, 1, NOW + Seconds(20)).is_none());
    assert!(!table.touch(SESSION, &key(1), NOW + Seconds(90), NOW + Seconds(20)));
    assert_eq!(table.stats().entries, 0);
}

#[test]
fn update_needs_the_version_that_was_read() {
    let mut zone = Zone::new(1 << 20);
    let mut table = zone.table();
    table.put(SESSION, &key(1), b"a", NOW + Seconds(10), NOW).unwrap();
    let read_first = table.get(SESSION, &key(1), NOW, Vec::new()).unwrap().version;
    assert_eq!(table.update(SESSION, &key(1), read_first, b"b", NOW + Seconds(10), NOW), Ok(true));
    assert_eq!(table.update(SESSION, &key(1), read_first, b"c", NOW + Seconds(10), NOW), Ok(false));
    assert_eq!(read(&mut table, SESSION, 1, NOW).as_deref(), Some(&b"b"[..]));
    assert_eq!(table.update(SESSION, &key(2), read_first, b"c", NOW + Seconds(10), NOW), Ok(false));
}

#[test]
fn every_change_but_a_prolonging_touch_moves_the_epoch() {
    let mut zone = Zone::new(1 << 20);
    let mut last = zone.memory.epoch(SESSION, &key(1));
    let mut moved = |zone: &mut Zone, step: fn(&mut Table<'_>)| {
        step(&mut zone.table());
        let epoch = zone.memory.epoch(SESSION, &key(1));
        std::mem::replace(&mut last, epoch) != epoch
    };
    assert!(moved(&mut zone, |t| t.put(SESSION, &key(1), b"a", NOW + Seconds(9), NOW).unwrap()));
    assert!(!moved(&mut zone, |t| assert!(t.touch(SESSION, &key(1), NOW + Seconds(19), NOW))));
    assert!(moved(&mut zone, |t| assert!(t.touch(SESSION, &key(1), NOW + Seconds(9), NOW))));
    assert!(!moved(&mut zone, |t| assert!(read(t, SESSION, 1, NOW).is_some())));
    assert!(moved(&mut zone, |t| t.put(SESSION, &key(1), b"b", NOW + Seconds(9), NOW).unwrap()));
    assert!(moved(&mut zone, |t| assert!(read(t, SESSION, 1, NOW + Seconds(9)).is_none())));
    assert!(
        moved(&mut zone, |t| assert!(t.delete(SESSION, &key(1), 0, NOW).is_none())),
        "a fill under way"
    );
    assert!(!moved(&mut zone, |t| t.forget(SESSION, &key(1))), "a stranger's cookie");
    assert!(moved(&mut zone, |t| t.put(SESSION, &key(1), b"a", NOW + Seconds(9), NOW).unwrap()));
    assert!(moved(&mut zone, |t| t.forget(SESSION, &key(1))));
    assert!(read(&mut zone.table(), SESSION, 1, NOW).is_none());
}

#[test]
fn a_full_zone_evicts_the_sessions_used_least_recently() {
    let mut zone = Zone::new(64 * 1024);
    let mut table = zone.table();
    table.put(SESSION, &key(0), &[1; 900], NOW + Seconds(9), NOW).unwrap();
    for n in 1..1000 {
        table.put(SESSION, &key(n), &[1; 900], NOW + Seconds(9), NOW).unwrap();
        assert!(read(&mut table, SESSION, 0, NOW).is_some(), "in use at {n}");
    }
    let stats = table.stats();
    assert_eq!(stats.entries + stats.evictions, 1000);
    assert!(stats.entries >= 58, "{stats:?}");
    assert!(read(&mut table, SESSION, 999, NOW).is_some());
    assert!(read(&mut table, SESSION, 1, NOW).is_none());
}

#[test]
fn a_zone_is_short_before_it_is_full() {
    let mut zone = Zone::new(1 << 20);
    let mut table = zone.table();
    let blocks = u32::try_from(table.stats().blocks).unwrap();
    let reserve = blocks / RESERVE;
    for n in 0..blocks - reserve - 4 {
        table.put(SESSION, &key(n), b"x", NOW + Seconds(9), NOW).unwrap();
    }
    assert!(!table.is_short_of(920, NOW));
    assert!(table.is_short_of(921, NOW));
    assert!(!table.is_short_of(921, NOW + Seconds(9)), "what has expired is no hindrance");
}

#[test]
fn an_owner_gives_up_as_much_as_is_wanted_and_no_more() {
    let mut zone = Zone::new(1 << 20);
    let mut table = zone.table();
    for n in 0..6 {
        table.put(SESSION, &key(n), &[1; 900], NOW + Seconds(9), NOW).unwrap();
    }
    let own: Vec<_> = [9, 3, 1, 2].map(key).into();
    let gone = table.give_up(SESSION, &own, 900 + 248, NOW);
    assert_eq!(
        gone,
        own[..3],
        "one was not there, one is 900 bytes, the second more than the rest"
    );
    let left: Vec<_> = (0..6).filter(|n| read(&mut table, SESSION, *n, NOW).is_some()).collect();
    assert_eq!(left, [0, 2, 4, 5]);
    assert_eq!(table.stats().evictions, 2);
    assert_eq!(table.give_up(SESSION, &[key(2)], 100_000, NOW), [key(2)], "it has no more");
    assert_eq!(table.give_up(Kind::Index, &[key(4)], 900, NOW), [key(4)]);
    assert!(read(&mut table, SESSION, 4, NOW).is_some(), "of another kind");
}

/// Somebody who comes again and again, in a zone that others have filled to the reserve.
#[test]
#[cfg_attr(miri, ignore = "takes Miri too long")]
fn who_pays_for_themselves_costs_nobody_anything() {
    let mut zone = Zone::new(64 * 1024);
    let mut table = zone.table();
    let mut others = 0;
    while !table.is_short_of(900, NOW) {
        table.put(SESSION, &key(others), &[1; 900], NOW + Seconds(9), NOW).unwrap();
        others += 1;
    }
    let mut own = vec![key(1000)];
    table.put(SESSION, &own[0], &[1; 900], NOW + Seconds(9), NOW).unwrap();
    for n in 1001..2000 {
        assert!(table.is_short_of(900, NOW));
        let gone = table.give_up(SESSION, &own, 900, NOW);
        own.retain(|key| !gone.contains(key));
        table.put(SESSION, &key(n), &[1; 900], NOW + Seconds(9), NOW).unwrap();
        own.push(key(n));
    }
    assert_eq!(own.len(), 1);
    assert!((0..others).all(|n| read(&mut table, SESSION, n, NOW).is_some()));
}

#[test]
fn what_nobody_signed_makes_room_for_sessions() {
    let mut zone = Zone::new(MIN_SIZE);
    let mut table = zone.table();
    for n in 0..1000 {
        table.put(Kind::Unproven, &key(n), b"x", NOW + Seconds(9), NOW).unwrap();
    }
    for n in 0..10 {
        table.put(SESSION, &key(n), b"x", NOW + Seconds(9), NOW).unwrap();
    }
    assert!((0..10).all(|n| read(&mut table, SESSION, n, NOW).is_some()));
}

#[test]
#[cfg_attr(miri, ignore = "takes Miri too long")]
fn a_large_value_finds_room_among_small_ones() {
    let mut zone = Zone::new(4 << 20);
    let mut table = zone.table();
    for n in 0..40_000 {
        table.put(SESSION, &key(n), b"small", NOW + Seconds(9), NOW).unwrap();
    }
    let large = value(1, MAX_VALUE);
    table.put(Kind::Index, &key(1), &large, NOW + Seconds(9), NOW).unwrap();
    assert_eq!(read(&mut table, Kind::Index, 1, NOW), Some(large));
}

#[test]
#[cfg_attr(miri, ignore = "takes Miri too long")]
fn no_entry_takes_more_than_a_quarter_of_the_zone() {
    let mut zone = Zone::new(1 << 20);
    let mut table = zone.table();
    table.put(SESSION, &key(1), b"small", NOW + Seconds(9), NOW).unwrap();
    let refused = table.put(SESSION, &key(2), &[0; 300 * 1024], NOW + Seconds(9), NOW);
    assert_eq!(refused, Err(StoreError::TooLarge));
    assert!(read(&mut table, SESSION, 1, NOW).is_some());
    table.put(SESSION, &key(3), &[0; 200 * 1024], NOW + Seconds(9), NOW).unwrap();
    assert_eq!(table.stats().entries, 2);
}

#[test]
fn sessions_never_push_out_claims_and_full_refuses() {
    let mut zone = Zone::new(MIN_SIZE);
    let mut table = zone.table();
    let mut claims = 0;
    while table.add(Kind::Replay, &key(claims), b"1", NOW + Seconds(9), NOW) == Ok(true) {
        claims += 1;
    }
    assert_eq!(u64::from(claims), table.stats().blocks);
    let session = table.put(SESSION, &key(1), b"x", NOW + Seconds(9), NOW);
    assert_eq!(session, Err(StoreError::Full));
    for n in 0..claims {
        assert_eq!(table.add(Kind::Replay, &key(n), b"1", NOW + Seconds(9), NOW), Ok(false));
    }
    table.set_clock(Monotonic::from_msec(10_000));
    assert_eq!(table.put(SESSION, &key(1), b"x", NOW + Seconds(99), NOW + Seconds(9)), Ok(()));
}

#[test]
fn a_refused_replacement_keeps_the_old_value() {
    let mut zone = Zone::new(MIN_SIZE);
    let mut table = zone.table();
    table.put(SESSION, &key(5000), b"old", NOW + Seconds(9), NOW).unwrap();
    let blocks = u32::try_from(table.stats().blocks).unwrap();
    for n in 0..blocks - 10 {
        table.add(Kind::Replay, &key(n), b"1", NOW + Seconds(9), NOW).unwrap();
    }
    let refused = table.put(SESSION, &key(5000), &[0; 2600], NOW + Seconds(9), NOW);
    assert_eq!(refused, Err(StoreError::Full));
    assert_eq!(read(&mut table, SESSION, 5000, NOW).as_deref(), Some(&b"old"[..]));
}

#[test]
#[cfg_attr(miri, ignore = "takes Miri too long")]
fn expired_claims_are_swept_past_live_ones() {
    let mut zone = Zone::new(1 << 20);
    let mut table = zone.table();
    for n in 0..1000 {
        table
            .add(Kind::Replay, &key(n), b"1", NOW + Seconds(i64::from(n % 2) * 1000 + 5), NOW)
            .unwrap();
    }
    table.set_clock(Monotonic::from_msec(6000));
    for n in 0..2000 {
        table.put(SESSION, &key(n % 10), b"x", NOW + Seconds(99), NOW + Seconds(6)).unwrap();
    }
    assert_eq!(table.stats().entries, 500 + 10);
}

#[test]
fn adopts_only_what_it_formatted() {
    let mut zone = Zone::new(1 << 20);
    zone.table().put(SESSION, &key(1), b"x", NOW + Seconds(9), NOW).unwrap();
    let base = zone.base;
    // SAFETY: the zone's own memory, which outlives the views.
    unsafe {
        let again = Memory::adopt(base, 1 << 20).unwrap();
        assert!(read(&mut again.table(), SESSION, 1, NOW).is_some());
        assert!(Memory::adopt(base, 1 << 19).is_none());
        base.write(0);
        assert!(Memory::adopt(base, 1 << 20).is_none());
    }
}

#[test]
fn evictions_are_reported_once_a_minute() {
    let mut zone = Zone::new(MIN_SIZE);
    let mut table = zone.table();
    assert_eq!(table.report_evictions(NOW), None);
    for n in 0..200 {
        table.put(SESSION, &key(n), b"x", NOW + Seconds(9), NOW).unwrap();
    }
    let evicted = table.stats().evictions;
    assert_eq!(table.report_evictions(NOW), Some(evicted));
    table.put(SESSION, &key(201), b"x", NOW + Seconds(9), NOW).unwrap();
    assert_eq!(table.report_evictions(NOW + Seconds(59)), None);
    assert_eq!(table.report_evictions(NOW + Seconds(60)), Some(1));
}

/// Against a plain map, with room for all: the table must agree at every step.
#[test]
fn agrees_with_a_plain_map_over_random_steps() {
    let mut zone = Zone::new(1 << 20);
    let mut table = zone.table();
    let total = table.stats().free_blocks;
    let mut model: HashMap<u32, (Vec<u8>, UnixTime)> = HashMap::new();
    let mut random = 1_u32;
    for step in 0..if cfg!(miri) { 100 } else { 100_000_u32 } {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (n, now) = (random >> 8 & 255, NOW + Seconds((step / 100).into()));
        let expires = now + Seconds((random >> 16 & 255).into());
        model.retain(|_, (_, expires)| now < *expires);
        match random >> 28 {
            0..6 => {
                let bytes = value(random, random as usize >> 4 & 2047);
                table.put(SESSION, &key(n), &bytes, expires, now).unwrap();
                model.insert(n, (bytes, expires));
            }
            6..8 => {
                table.delete(SESSION, &key(n), 0, now);
                model.remove(&n);
            }
            8..10 => {
                let known = model.get_mut(&n);
                assert_eq!(table.touch(SESSION, &key(n), expires, now), known.is_some());
                known.into_iter().for_each(|entry| entry.1 = expires);
            }
            _ => {
                let expected = model.get(&n).map(|entry| entry.0.clone());
                assert_eq!(read(&mut table, SESSION, n, now), expected, "step {step}");
            }
        }
    }
    for n in 0..256 {
        table.delete(SESSION, &key(n), 0, NOW);
    }
    assert_eq!((table.stats().free_blocks, table.stats().entries), (total, 0));
}

#[test]
fn how_full_it_is_is_counted_by_kind() {
    let mut zone = Zone::new(1 << 20);
    let mut table = zone.table();
    let later = NOW + Seconds(9);
    let empty = Fill { blocks: table.stats().blocks, ..Fill::default() };
    assert_eq!(table.fill_level(), empty);
    for n in 0..3 {
        table.put(SESSION, &key(n), &[1; 900], later, NOW).unwrap();
    }
    table.put(SESSION, &key(0), b"again", later, NOW).unwrap();
    table.put(Kind::Replay, &key(0), b"", later, NOW).unwrap();
    table.put(Kind::Tombstone, &key(0), b"", later, NOW).unwrap();
    let level = table.fill_level();
    assert_eq!((level.sessions, level.claims, level.tombstones), (3, 1, 1));
    assert_eq!((level.used_blocks, level.pinned_blocks, level.evictions), (4 + 4 + 1 + 2, 2, 0));
    table.delete(SESSION, &key(1), 0, NOW);
    assert!(read(&mut table, SESSION, 2, later).is_none());
    assert_eq!(table.fill_level().sessions, 1);
    assert_eq!(table.give_up(SESSION, &[key(0)], 1, NOW), [key(0)]);
    assert_eq!((table.fill_level().sessions, table.fill_level().evictions), (0, 1));
}

#[test]
fn what_is_only_looked_at_is_evicted_as_if_it_were_not() {
    let mut zone = Zone::new(MIN_SIZE);
    let mut table = zone.table();
    let until = NOW + Seconds(60);
    table.put(SESSION, &key(0), b"first", until, NOW).unwrap();
    let mut n = 1;
    while table.stats().evictions == 0 {
        assert_eq!(table.peek(SESSION, &key(0), NOW).as_deref(), Some(b"first".as_slice()));
        table.walk(SESSION, 0, NOW);
        table.put(SESSION, &key(n), b"other", until, NOW).unwrap();
        n += 1;
    }
    assert_eq!(table.peek(SESSION, &key(0), NOW), None);
    assert_eq!(table.peek(SESSION, &key(1), until), None, "past its time");
}

#[test]
fn orders_are_never_evicted() {
    let mut zone = Zone::new(MIN_SIZE);
    let mut table = zone.table();
    table.put(Kind::Order, &key(0), b"order", UnixTime::MAX, NOW).unwrap();
    for n in 1..500 {
        table.put(SESSION, &key(n), b"other", NOW + Seconds(60), NOW).unwrap();
    }
    assert_eq!(read(&mut table, Kind::Order, 0, NOW).as_deref(), Some(b"order".as_slice()));
}
