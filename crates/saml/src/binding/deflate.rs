//! Raw DEFLATE (RFC 1951), as the HTTP-Redirect binding uses it (Bindings 3.4.4.1).

use std::cell::RefCell;
use std::io::{self, Read};

use flate2::bufread::DeflateDecoder;
use flate2::{Compress, Compression, FlushCompress, Status};

/// Why octets do not inflate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InflateError {
    /// Not a whole raw DEFLATE stream.
    NotDeflate,
    /// More than the bound comes out.
    TooLarge,
}

thread_local! {
    /// Its tables have 256 KB: to allocate them anew costs more than to compress a message. Fast: a third of the
    /// default's time, for a message a fifth longer.
    static COMPRESSOR: RefCell<Compress> =
        RefCell::new(Compress::new(Compression::fast(), /* zlib header */ false));
}

/// Compresses without zlib or gzip frame.
pub(crate) fn deflate(octets: &[u8]) -> io::Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|compressor| {
        compressor.reset();
        let mut deflated = Vec::new();
        let mut rest = octets;
        loop {
            // What does not become smaller becomes hardly larger.
            deflated.reserve(rest.len() + 64);
            let before = compressor.total_in();
            let status = compressor.compress_vec(rest, &mut deflated, FlushCompress::Finish)?;
            if status == Status::StreamEnd {
                return Ok(deflated);
            }
            let read = usize::try_from(compressor.total_in() - before).unwrap_or(rest.len());
            rest = rest.get(read..).unwrap_or_default();
        }
    })
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
    fn one_message_leaves_nothing_behind_for_the_next() {
        let text = b"<samlp:AuthnRequest/>".repeat(9);
        let first = deflate(&text).unwrap();
        let mut state = 1_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        for length in [1, 100, 100_000] {
            // Nothing in it can be made smaller.
            let octets: Vec<u8> = std::iter::repeat_with(&mut noise).take(length).collect();
            assert_eq!(inflate(&deflate(&octets).unwrap(), length).unwrap(), octets);
            assert_eq!(deflate(&text).unwrap(), first);
        }
    }

    #[test]
    fn a_bomb_stops_at_the_bound() {
        let bomb = deflate(&vec![b'<'; 64 << 20]).unwrap();
        assert!(bomb.len() < 1_000_000, "{}", bomb.len());
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
