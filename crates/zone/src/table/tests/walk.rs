//! Looks at all entries of a kind, a part at a time.

use super::*;

/// All that a walk meets, and in how many steps.
fn walk(table: &Table<'_>, kind: Kind, now: UnixTime) -> (Vec<Walked>, usize) {
    let (mut all, mut from, mut steps) = (Vec::new(), Some(0), 0);
    while let Some(place) = from {
        let step = table.walk(kind, place, now);
        assert!(step.next.is_none_or(|next| next > place), "it gets on");
        all.extend(step.entries);
        (from, steps) = (step.next, steps + 1);
    }
    (all, steps)
}

#[test]
#[cfg_attr(miri, ignore = "takes Miri too long")]
fn a_walk_meets_each_entry_of_its_kind_once() {
    let mut zone = Zone::new(1 << 20);
    let mut table = zone.table();
    for n in 0..900 {
        table.put(SESSION, &key(n), &value(n, 300), NOW + Seconds(60), NOW).unwrap();
        table.put(Kind::Index, &key(n), b"", NOW + Seconds(60), NOW).unwrap();
    }
    table.put(SESSION, &key(900), b"over", NOW + Seconds(1), NOW).unwrap();
    let (all, steps) = walk(&table, SESSION, NOW + Seconds(1));
    let found: HashMap<_, _> = all.iter().map(|one| (one.key, &one.value)).collect();
    assert_eq!((all.len(), found.len()), (900, 900), "none twice, none that has ended");
    assert!((0..900).all(|n| found[&key(n)] == &value(n, 300)));
    assert!(all.is_sorted_by_key(|one| one.place));
    assert!(steps > 4, "{steps}");
}

#[test]
#[cfg_attr(miri, ignore = "takes Miri too long")]
fn a_step_of_a_walk_is_bounded_in_bytes_and_in_empty_buckets() {
    let mut zone = Zone::new(16 << 20);
    let mut table = zone.table();
    assert_eq!(walk(&table, SESSION, NOW), (Vec::new(), table.buckets.len() / 4096));
    for n in 0..50 {
        table.put(SESSION, &key(n), &value(n, 100_000), NOW + Seconds(60), NOW).unwrap();
    }
    let largest = |from| table.walk(SESSION, from, NOW).entries.len();
    assert!((0..table.buckets.len()).step_by(512).all(|from| largest(from) <= 4));
}
