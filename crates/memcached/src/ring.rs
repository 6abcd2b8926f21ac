//! Which nodes hold a key.

use memcache::exp::{Rendezvous, Router};

/// The nodes of a store, ranked anew for each key by rendezvous hashing: taking one of n nodes
/// away moves only its own keys.
#[derive(Clone, Debug)]
pub struct Ring {
    names: Vec<String>,
    replicas: usize,
}

impl Ring {
    /// `names` identify the nodes for every host that shares them: as configured, not as resolved.
    /// At least one and at most all of them hold a key.
    pub fn new(names: Vec<String>, replicas: usize) -> Self {
        let replicas = replicas.clamp(1, names.len().max(1));
        Self { names, replicas }
    }

    /// The nodes that hold `key`, by their place in `names`, in the order that all hosts agree on.
    pub fn replicas(&self, key: &[u8; 32]) -> Vec<usize> {
        let router = Rendezvous::new();
        match (self.names.len(), self.replicas) {
            (0, _) => Vec::new(),
            (_, 1) => vec![router.route(key, &self.names)],
            _ => self.ranked(router, key),
        }
    }

    /// The router names the best only: the second best is the best of the others.
    fn ranked(&self, router: Rendezvous, key: &[u8; 32]) -> Vec<usize> {
        let mut names = self.names.clone();
        let mut places: Vec<usize> = (0..names.len()).collect();
        let mut ranked = Vec::with_capacity(self.replicas);
        for _ in 0..self.replicas {
            let best = router.route(key, &names);
            names.swap_remove(best);
            ranked.push(places.swap_remove(best));
        }
        ranked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(n: usize) -> Vec<String> {
        (1..=n).map(|i| format!("10.0.0.{i}:11211")).collect()
    }

    fn key(n: u32) -> [u8; 32] {
        let mut key = [7; 32];
        key[..4].copy_from_slice(&n.to_be_bytes());
        key
    }

    fn owners(names: &[String], replicas: usize, n: u32) -> Vec<String> {
        let ring = Ring::new(names.to_vec(), replicas);
        ring.replicas(&key(n)).into_iter().map(|place| names[place].clone()).collect()
    }

    #[test]
    fn the_order_never_changes() {
        // Another compiler or another version of the codec must not move everybody's keys.
        let orders: Vec<Vec<usize>> =
            (0..4).map(|n| Ring::new(names(5), 5).replicas(&key(n))).collect();
        let pinned = [[1, 0, 4, 3, 2], [2, 1, 4, 0, 3], [1, 2, 0, 3, 4], [0, 4, 2, 3, 1]];
        assert_eq!(orders, pinned);
    }

    #[test]
    fn replicas_are_different_nodes() {
        for n in 0..1000 {
            let mut replicas = Ring::new(names(5), 3).replicas(&key(n));
            assert_eq!(replicas.len(), 3);
            replicas.sort_unstable();
            replicas.dedup();
            assert_eq!(replicas.len(), 3);
        }
    }

    #[test]
    fn the_configured_order_does_not_matter() {
        let mut reversed = names(5);
        reversed.reverse();
        for n in 0..1000 {
            assert_eq!(owners(&names(5), 2, n), owners(&reversed, 2, n));
        }
    }

    #[test]
    fn a_lost_node_moves_only_its_own_keys() {
        let five = names(5);
        let mut four = five.clone();
        let lost = four.remove(2);
        let mut moved = 0;
        for n in 0..10_000 {
            let (before, after) = (owners(&five, 2, n), owners(&four, 2, n));
            let kept: Vec<_> = before.iter().filter(|name| **name != lost).collect();
            assert!(kept.iter().all(|name| after.contains(name)));
            moved += usize::from(before[0] != after[0]);
        }
        assert!((1800..2200).contains(&moved), "a fifth of the keys, not {moved}");
    }

    #[test]
    fn nodes_share_evenly() {
        let mut counts = [0; 5];
        for n in 0..10_000 {
            for place in Ring::new(names(5), 2).replicas(&key(n)) {
                counts[place] += 1;
            }
        }
        assert!(counts.iter().all(|count| (3700..4300).contains(count)), "{counts:?}");
    }

    #[test]
    fn replicas_never_outnumber_nodes() {
        assert_eq!(Ring::new(names(2), 3).replicas(&key(1)).len(), 2);
        assert_eq!(Ring::new(names(1), 0).replicas(&key(1)), [0]);
        assert!(Ring::new(Vec::new(), 2).replicas(&key(1)).is_empty());
    }
}
