//! What the store draws at random: from the world's seed, so that one seed has one course. Nobody's secrets depend on it.

use crate::world::chance;

/// Some bytes.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    chance(|rng| rng.fill(&mut bytes));
    bytes
}
