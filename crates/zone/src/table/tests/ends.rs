//! By which clock entries end.

use super::*;

#[test]
fn who_sets_the_time_of_day_ends_no_claim_and_prolongs_none() {
    let mut zone = Zone::new(1 << 20);
    let mut table = zone.table();
    for (n, day) in [-7200, 0, 7200].into_iter().enumerate() {
        let name = u32::try_from(n).unwrap();
        for kind in [Kind::Replay, Kind::Tombstone, Kind::Order] {
            table.set_clock(Monotonic::from_msec(1_000_000));
            let now = NOW + Seconds(day);
            table.put(kind, &key(name), b"1", now + Seconds(9), now).unwrap();
            let clocks = [(9, -7200), (9, 7200), (10, 0), (10, -7200), (10, 7200)];
            for (passed, moved) in clocks {
                table.set_clock(Monotonic::from_msec(1_000_000 + passed * 1000));
                let now = now + Seconds(moved);
                // Whoever comes sweeps out what has ended.
                for n in 0..9 {
                    table.put(SESSION, &key(100 + n), b"x", now + Seconds(9), now).unwrap();
                }
                let entry = table.get(kind, &key(name), now, Vec::new());
                assert_eq!(
                    entry.as_ref().map(|it| it.expires),
                    (passed == 9).then(|| now + Seconds(1))
                );
                assert_eq!(table.peek(kind, &key(name), now).is_some(), passed == 9);
            }
        }
    }
}
