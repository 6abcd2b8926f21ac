//! Raw DEFLATE (RFC 1951), as the HTTP-Redirect binding uses it (Bindings 3.4.4.1).

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::bufread::DeflateDecoder;
use flate2::write::DeflateEncoder;

/// Why octets do not inflate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InflateError {
    /// Not a whole raw DEFLATE stream.
    NotDeflate,
    /// More than the bound comes out.
    TooLarge,
}

/// Compresses without zlib or gzip frame.
pub(crate) fn deflate(octets: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(octets)?;
    encoder.finish()
}

/// At most `max` octets come out, and not many more are ever held. What follows the stream is ignored.
pub(crate) fn inflate(octets: &[u8], max: usize) -> Result<Vec<u8>, InflateError> {
    let bound = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    let mut inflated = Vec::new();
    DeflateDecoder::new(octets)
        .take(bound)
        .read_to_end(&mut inflated)
        .map_err(|_| InflateError::NotDeflate)?;
    if inflated.len() > max {
        return Err(InflateError::TooLarge);
    }
    Ok(inflated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_deflated_is_inflated_up_to_the_bound() {
        for text in ["", "x", "<samlp:Response/>", &"<a>é</a>".repeat(5000)] {
            let deflated = deflate(text.as_bytes()).unwrap();
            assert_eq!(inflate(&deflated, text.len()).unwrap(), text.as_bytes());
            if !text.is_empty() {
                assert_eq!(inflate(&deflated, text.len() - 1), Err(InflateError::TooLarge));
            }
        }
    }

    #[test]
    fn a_bomb_stops_at_the_bound() {
        let bomb = deflate(&vec![b'<'; 64 << 20]).unwrap();
        assert!(bomb.len() < 100_000);
        assert_eq!(inflate(&bomb, 256 * 1024), Err(InflateError::TooLarge));
    }

    #[test]
    fn damaged_streams_are_refused() {
        let whole = deflate("<samlp:Response>some content</samlp:Response>".as_bytes()).unwrap();
        for cut in 0..whole.len() {
            assert_eq!(inflate(&whole[..cut], 1000), Err(InflateError::NotDeflate), "{cut}");
        }
        assert_eq!(inflate(b"\xff\xff\xff\xff", 1000), Err(InflateError::NotDeflate));
        // A zlib frame is not raw DEFLATE.
        assert_eq!(
            inflate(b"\x78\x9c\x03\x00\x00\x00\x00\x01", 1000),
            Err(InflateError::NotDeflate)
        );
    }
}
