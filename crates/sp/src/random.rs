//! Random bytes from the operating system's generator by way of libcrypto, which re-seeds after fork.

/// `N` random bytes.
///
/// # Panics
/// When libcrypto has no entropy: going on would make guessable tokens. The guard at the border
/// turns this into an error 500.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "no entropy must end the request")]
    openssl::rand::rand_bytes(&mut bytes).expect("libcrypto gives random bytes");
    bytes
}

/// As two calls of [`bytes`], for the price of one; 64 bytes at most.
///
/// # Panics
/// As [`bytes`].
pub fn pair<const A: usize, const B: usize>() -> ([u8; A], [u8; B]) {
    const { assert!(A + B <= 64) };
    let drawn = bytes::<64>();
    #[expect(clippy::expect_used, reason = "both fit, which the compiler has checked")]
    let both = drawn.first_chunk().zip(drawn.last_chunk()).expect("64 bytes are enough");
    (*both.0, *both.1)
}

/// A message ID: 160 random bits as an xs:ID (Core 1.3.4), good in URLs and cookie names too.
pub fn id() -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    let digits = bytes::<20>().into_iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    std::iter::once('_').chain(digits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_an_xs_id_that_nobody_can_guess() {
        let (one, two) = (id(), id());
        assert_eq!(one.len(), 41);
        assert!(one.starts_with('_') && one[1..].bytes().all(|b| b.is_ascii_hexdigit()), "{one}");
        assert_ne!(one, two);
        assert_ne!(bytes::<32>(), bytes::<32>());
        let (token, nonce) = pair::<32, 32>();
        assert_ne!(token, nonce);
    }
}
