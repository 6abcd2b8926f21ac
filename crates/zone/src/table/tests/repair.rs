//! A table whose last user did not close it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

#[test]
fn a_table_left_open_keeps_its_entries_and_its_secret_and_tells_the_caches() {
    let mut zone = Zone::new(1 << 20);
    zone.table().put(SESSION, &key(1), b"x", NOW + Seconds(9), NOW).unwrap();
    let epoch = zone.memory.epoch(SESSION, &key(1));
    std::mem::forget(zone.table());
    assert_eq!(zone.table().repaired(), Some(Repair { kept: 1, dropped: 0 }));
    assert_eq!(zone.table().repaired(), None);
    assert_eq!(read(&mut zone.table(), SESSION, 1, NOW).as_deref(), Some(b"x".as_slice()));
    assert_eq!(zone.table().stats().repairs, 1);
    assert_ne!(zone.memory.epoch(SESSION, &key(1)), epoch);
    assert_eq!((zone.memory.secret(), zone.memory.born()), (SECRET, BORN));
}

#[test]
fn whoever_panics_leaves_it_open() {
    let mut zone = Zone::new(1 << 20);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut table = zone.table();
        table.put(SESSION, &key(1), b"x", NOW + Seconds(9), NOW).unwrap();
        table.buckets.fill(NIL);
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    assert_eq!(zone.table().repaired(), Some(Repair { kept: 1, dropped: 0 }));
    assert!(read(&mut zone.table(), SESSION, 1, NOW).is_some());
}

/// The first blocks of the entries with these numbers.
fn places(table: &Table<'_>, numbers: [u32; 3]) -> [u32; 3] {
    numbers.map(|n| table.find(SESSION, &key(n)).unwrap())
}

#[test]
fn an_entry_that_shares_blocks_with_another_is_dropped_and_so_is_that_one() {
    type Damage = fn(&mut Table<'_>, [u32; 3]);
    let damages: [(Damage, &[u32]); 6] = [
        (|t, [a, b, _]| t.block_mut(a).unwrap().next = b, &[2, 3]),
        (
            |t, [a, b, _]| {
                let shared = t.block(b).unwrap().next;
                t.block_mut(a).unwrap().next = shared;
            },
            &[3],
        ),
        (|t, [a, ..]| t.block_mut(a).unwrap().next = a, &[2, 3]),
        (|t, [a, ..]| t.block_mut(a).unwrap().next = NIL - 1, &[2, 3]),
        (
            |t, [a, ..]| {
                t.block_mut(a).unwrap().set_len(5000);
                t.block_mut(a).unwrap().complete();
            },
            &[2, 3],
        ),
        (|t, [a, ..]| t.head_mut(a).unwrap().kind = 200, &[2, 3]),
    ];
    for (number, (damage, left)) in damages.into_iter().enumerate() {
        let mut zone = Zone::new(1 << 20);
        let mut table = zone.table();
        for n in 1..=3 {
            table.put(SESSION, &key(n), &value(n, 1000), NOW + Seconds(9), NOW).unwrap();
        }
        let places = places(&table, [1, 2, 3]);
        damage(&mut table, places);
        std::mem::forget(table);
        let mut table = zone.table();
        let kept = left.len() as u32;
        let repair = Repair { kept, dropped: 3 - kept };
        assert_eq!(table.repaired(), Some(repair), "damage {number}");
        table.check();
        for n in 1..=3 {
            let expected = left.contains(&n).then(|| value(n, 1000));
            assert_eq!(read(&mut table, SESSION, n, NOW), expected, "damage {number}");
        }
    }
}

/// Stray writes anywhere: nothing can be promised of what is found, but that there is an end to it.
#[test]
fn whatever_the_zone_holds_a_repair_ends_and_leaves_a_sound_table() {
    let mut random = 1_u32;
    let mut next = move || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        random >> 8
    };
    let rounds = if cfg!(miri) { 5 } else { 2000 };
    for _ in 0..rounds {
        let mut zone = Zone::new(MIN_SIZE);
        let mut table = zone.table();
        for n in 0..20 {
            let bytes = value(n, next() as usize % 700);
            let kind = if n % 5 == 0 { Kind::Replay } else { SESSION };
            table.put(kind, &key(n), &bytes, NOW + Seconds(9), NOW).unwrap();
        }
        let blocks = table.blocks.len() as u32;
        for _ in 0..=next() % 8 {
            let block = &mut table.blocks[next() as usize % 40];
            let stray = [next() % blocks, next(), NIL, next() << 8][next() as usize % 4];
            match next() % 6 {
                0 => block.next = stray,
                1 => block.set_len(stray % 900),
                2 => block.complete(),
                3 => block.head_mut().newer = stray,
                4 => block.head_mut().kind = stray as u8,
                _ => table.header.fresh = stray,
            }
        }
        table.header.evictable.oldest = next() % blocks;
        std::mem::forget(table);
        let mut table = zone.table();
        assert!(table.repaired().is_some());
        table.check();
        for n in 100..200 {
            let put = table.put(SESSION, &key(n), &value(n, 500), NOW + Seconds(9), NOW);
            assert!(put.is_err() || read(&mut table, SESSION, n, NOW) == Some(value(n, 500)));
        }
        table.check();
    }
}
