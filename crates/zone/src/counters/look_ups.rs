//! How sessions were found, and how long memcached took: counted at each request, so each worker has cells of its
//! own, which no other processor writes to.

use crate::sync::{AtomicU64, Ordering};

/// Workers with cells of their own; others share them.
pub(super) const STRIPES: usize = 64;

/// Where a look-up ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LookUpEnd {
    /// This worker had the session decoded.
    Worker,
    /// It lay in the zone of this host.
    Zone,
    /// memcached had it.
    Memcached,
    /// Nobody has it.
    Nowhere,
    /// Whoever should have it did not answer.
    Failed,
}

impl LookUpEnd {
    /// In the order of their places in memory.
    pub const ALL: [Self; 5] =
        [Self::Worker, Self::Zone, Self::Memcached, Self::Nowhere, Self::Failed];

    #[expect(clippy::as_conversions, reason = "no other way leads to a discriminant")]
    fn place(self) -> usize {
        self as usize
    }

    /// As metrics name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Zone => "zone",
            Self::Memcached => "memcached",
            Self::Nowhere => "nowhere",
            Self::Failed => "failed",
        }
    }
}

/// Upper bounds of the histogram's buckets, microseconds; above the last is one more.
pub const BOUNDS: [u64; 12] =
    [100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000];

#[repr(C, align(64))]
pub(super) struct Stripe {
    ended: [AtomicU64; LookUpEnd::ALL.len()],
    waited: [AtomicU64; BOUNDS.len() + 1],
    /// Microseconds.
    waited_sum: AtomicU64,
}

impl Stripe {
    pub(super) fn count(&self, ended: LookUpEnd) {
        if let Some(count) = self.ended.get(ended.place()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn waited(&self, micros: u64) {
        let place = BOUNDS.iter().position(|bound| micros <= *bound).unwrap_or(BOUNDS.len());
        if let Some(count) = self.waited.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
            self.waited_sum.fetch_add(micros, Ordering::Relaxed);
        }
    }
}

/// The look-ups of all workers since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LookUps {
    /// How many ended where, in the order of [`LookUpEnd::ALL`].
    pub ended: [u64; LookUpEnd::ALL.len()],
    /// How many waits for memcached were within each of [`BOUNDS`] and not the one before; the last, longer.
    pub waited: [u64; BOUNDS.len() + 1],
    /// All waits together, microseconds.
    pub waited_sum: u64,
}

impl LookUps {
    pub(super) fn of(stripes: &[Stripe]) -> Self {
        let mut all = Self::default();
        let add = |sum: &mut [u64], cells: &[AtomicU64]| {
            for (sum, cell) in sum.iter_mut().zip(cells) {
                *sum += cell.load(Ordering::Relaxed);
            }
        };
        for stripe in stripes {
            add(&mut all.ended, &stripe.ended);
            add(&mut all.waited, &stripe.waited);
            all.waited_sum += stripe.waited_sum.load(Ordering::Relaxed);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripe() -> Stripe {
        Stripe {
            ended: Default::default(),
            waited: Default::default(),
            waited_sum: AtomicU64::new(0),
        }
    }

    #[test]
    fn workers_are_counted_together() {
        let stripes = [stripe(), stripe()];
        stripes[0].count(LookUpEnd::Worker);
        stripes[1].count(LookUpEnd::Worker);
        stripes[1].count(LookUpEnd::Failed);
        for micros in [0, 100, 101, 1_000_000, 1_000_001] {
            stripes[1].waited(micros);
        }
        let all = LookUps::of(&stripes);
        assert_eq!(all.ended, [2, 0, 0, 0, 1]);
        let mut waited = [0; BOUNDS.len() + 1];
        (waited[0], waited[1], waited[11], waited[12]) = (2, 1, 1, 1);
        assert_eq!((all.waited, all.waited_sum), (waited, 2_000_202));
    }

    #[test]
    fn no_two_workers_share_a_line_of_the_processors_cache() {
        assert_eq!((align_of::<Stripe>(), size_of::<Stripe>() % 64), (64, 0));
    }
}
