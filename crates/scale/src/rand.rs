//! Random bytes as openssl's: from the world's seed.

use std::convert::Infallible;

use crate::world::chance;

/// Fills it.
///
/// # Errors
/// None.
pub fn rand_bytes(bytes: &mut [u8]) -> Result<(), Infallible> {
    chance(|rng| rng.fill(bytes));
    Ok(())
}
