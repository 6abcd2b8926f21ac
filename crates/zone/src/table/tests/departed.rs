//! Sessions that are gone, for who watches.

use super::*;

/// The numbers in the keys of those that are gone, in order, each with whether it was evicted.
fn departed(table: &mut Table<'_>) -> Vec<(u32, bool)> {
    let number = |key: [u8; 32]| u32::from_le_bytes([key[28], key[29], key[30], key[31]]);
    let mut all: Vec<_> =
        table.take_departed().iter().map(|one| (number(one.key), one.is_evicted)).collect();
    all.sort_unstable();
    all
}

#[test]
fn whoever_watches_hears_of_sessions_that_expire_once() {
    let mut zone = Zone::new(1 << 20);
    let mut table = zone.table();
    let (soon, later) = (NOW + Seconds(1), NOW + Seconds(9));
    for n in 0..8 {
        table.put(SESSION, &key(n), &value(n, 900), if n < 6 { soon } else { later }, NOW).unwrap();
    }
    table.put(Kind::Index, &key(0), b"", soon, NOW).unwrap();
    table.put(Kind::Tombstone, &key(0), b"", soon, NOW).unwrap();
    table.watch();
    assert_eq!(departed(&mut table), []);
    table.watch();
    assert!(read(&mut table, SESSION, 3, soon).is_none());
    assert!(table.delete(SESSION, &key(4), 9, soon).is_none(), "it had ended by itself");
    assert_eq!(table.delete(SESSION, &key(7), 9, soon), Some(value(7, 9)));
    table.put(SESSION, &key(9), b"", later, soon).unwrap();
    let [first, ..] = &table.departed.clone().unwrap()[..] else { panic!("none") };
    assert_eq!((first.expires, first.value.clone()), (soon, value(3, 900)));
    assert_eq!(table.sweep(0, soon), None);
    let all: Vec<_> = (0..6).map(|n| (n, false)).collect();
    assert_eq!(departed(&mut table), all);
    table.watch();
    table.set_clock(Monotonic::from_msec(2000));
    table.sweep(0, soon);
    assert_eq!(departed(&mut table), []);
    assert_eq!(table.stats().entries, 2, "the other kinds are swept, too");
}

#[test]
fn whoever_watches_hears_of_sessions_that_are_evicted() {
    let mut zone = Zone::new(MIN_SIZE);
    let mut table = zone.table();
    table.watch();
    let later = NOW + Seconds(9);
    let mut alive: Vec<u32> = Vec::new();
    for n in 0..200 {
        table.put(SESSION, &key(n), &value(n, 700), later, NOW).unwrap();
    }
    for n in 0..200 {
        alive.extend(read(&mut table, SESSION, n, NOW).map(|_| n));
    }
    table.give_up(SESSION, &[key(199)], 1, NOW);
    alive.retain(|n| *n != 199);
    let gone: Vec<_> = (0..200).filter(|n| !alive.contains(n)).map(|n| (n, true)).collect();
    assert!(!alive.is_empty());
    assert_eq!(departed(&mut table), gone);
}

#[test]
#[cfg_attr(miri, ignore = "takes Miri too long")]
fn a_sweep_goes_through_all_a_part_at_a_time() {
    let mut zone = Zone::new(8 << 20);
    let mut table = zone.table();
    for n in 0..5000 {
        let expires = NOW + Seconds(if n % 3 == 0 { 1 } else { 9 });
        table.put(SESSION, &key(n), &value(n, n as usize % 300), expires, NOW).unwrap();
    }
    table.watch();
    let (mut from, mut steps) = (Some(0), 0);
    while let Some(place) = from {
        let before = table.stats().entries;
        from = table.sweep(place, NOW + Seconds(1));
        assert!(before - table.stats().entries <= 1100, "a bounded part");
        assert!(from.is_none_or(|next| next > place), "it gets on");
        steps += 1;
    }
    let expected: Vec<_> = (0..5000).filter(|n| n % 3 == 0).map(|n| (n, false)).collect();
    assert_eq!(departed(&mut table), expected);
    assert!(steps > 3);
}
