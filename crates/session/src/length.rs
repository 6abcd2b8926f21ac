//! Lengths as numbers of one size on all machines.

/// A length that is hashed before what it is of, so that no two parts run together.
pub(crate) fn length_octets(length: usize) -> [u8; 8] {
    wide(length).to_be_bytes()
}

/// A length as 64 bits.
pub(crate) fn wide(number: usize) -> u64 {
    const _: () = assert!(usize::BITS <= u64::BITS);
    u64::try_from(number).unwrap_or(u64::MAX)
}
