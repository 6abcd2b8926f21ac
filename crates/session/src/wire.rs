//! Fields of the stored formats: LEB128 lengths, strings, optional values, instants.
//!
//! Reading never trusts a length: it is compared with what is left before anything is taken.

use std::net::IpAddr;

use crate::length::wide;
use clock::UnixTime;

use crate::sp_id::SpId;
use crate::uri_prefix;

/// Appends fields to a byte string.
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Starts a record of the format `version`.
    pub(crate) fn new(version: u8) -> Self {
        Self { bytes: vec![version] }
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// An unsigned LEB128 varint.
    pub(crate) fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.bytes.push(value.to_le_bytes()[0]);
    }

    /// How many items or bytes follow.
    pub(crate) fn count(&mut self, count: usize) {
        self.varint(wide(count));
    }

    pub(crate) fn string(&mut self, value: &str) {
        self.count(value.len());
        self.bytes.extend_from_slice(value.as_bytes());
    }

    /// A string that is likely to begin with one of the well-known prefixes.
    pub(crate) fn uri(&mut self, value: &str) {
        let (code, rest) = uri_prefix::split(value);
        self.bytes.push(code);
        self.string(rest);
    }

    /// Bytes of a length that is known.
    pub(crate) fn array<const N: usize>(&mut self, value: &[u8; N]) {
        self.bytes.extend_from_slice(value);
    }

    pub(crate) fn address(&mut self, value: &IpAddr) {
        match value {
            IpAddr::V4(address) => {
                self.bytes.push(4);
                self.array(&address.octets());
            }
            IpAddr::V6(address) => {
                self.bytes.push(16);
                self.array(&address.octets());
            }
        }
    }

    pub(crate) fn sp(&mut self, value: &SpId) {
        self.array(value.as_bytes());
    }

    pub(crate) fn boolean(&mut self, value: bool) {
        self.bytes.push(u8::from(value));
    }

    pub(crate) fn option(&mut self, value: Option<&str>, write: fn(&mut Self, &str)) {
        self.boolean(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    /// Zigzag, so that one before 1970 stays short too.
    pub(crate) fn instant(&mut self, value: UnixTime) {
        let value = value.as_secs();
        self.varint(((value << 1) ^ (value >> 63)).cast_unsigned());
    }
}

/// An instant in four bytes, where all records are of equal length: the nearest from 1970 to 2106.
pub(crate) fn short_instant(instant: UnixTime) -> [u8; 4] {
    u32::try_from(instant.as_secs().max(0)).unwrap_or(u32::MAX).to_be_bytes()
}

/// Undoes [`short_instant`].
pub(crate) fn read_short_instant(bytes: [u8; 4]) -> UnixTime {
    UnixTime::from_secs(u32::from_be_bytes(bytes).into())
}

/// Takes fields from a byte string; `None` at the first that is malformed.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads a record of the format `version`; another version is `None`.
    pub(crate) fn new(bytes: &'a [u8], version: u8) -> Option<Self> {
        let (first, rest) = bytes.split_first()?;
        (*first == version).then_some(Reader { rest })
    }

    /// All that has not been read yet, as the record's last field.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// The record must end here.
    pub(crate) fn finish(self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Refuses a varint that is longer than it need be, so that a value has one spelling.
    pub(crate) fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return (byte != 0 || shift == 0).then_some(value);
            }
        }
        None
    }

    /// A number of items, each at least `item_len` bytes long: never more than can follow.
    pub(crate) fn count(&mut self, item_len: usize) -> Option<usize> {
        let count = usize::try_from(self.varint()?).ok()?;
        (count <= self.rest.len() / item_len.max(1)).then_some(count)
    }

    fn text(&mut self) -> Option<&'a str> {
        let len = usize::try_from(self.varint()?).ok()?;
        let (text, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        std::str::from_utf8(text).ok()
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*bytes)
    }

    pub(crate) fn string(&mut self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    pub(crate) fn uri(&mut self) -> Option<String> {
        let prefix = uri_prefix::prefix(self.byte()?)?;
        let rest = self.text()?;
        let mut value = String::with_capacity(prefix.len() + rest.len());
        value.push_str(prefix);
        value.push_str(rest);
        Some(value)
    }

    pub(crate) fn address(&mut self) -> Option<IpAddr> {
        match self.byte()? {
            4 => Some(self.array::<4>()?.into()),
            16 => Some(self.array::<16>()?.into()),
            _ => None,
        }
    }

    pub(crate) fn sp(&mut self) -> Option<SpId> {
        self.array().map(SpId::from_bytes)
    }

    pub(crate) fn boolean(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// The outer `None` is a malformed record, the inner one an absent value.
    pub(crate) fn option(
        &mut self,
        read: fn(&mut Self) -> Option<String>,
    ) -> Option<Option<String>> {
        if self.boolean()? { read(self).map(Some) } else { Some(None) }
    }

    pub(crate) fn instant(&mut self) -> Option<UnixTime> {
        let value = self.varint()?;
        Some(UnixTime::from_secs((value >> 1).cast_signed() ^ -(value & 1).cast_signed()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip_instant(value: UnixTime) -> Option<UnixTime> {
        let mut writer = Writer::new(1);
        writer.instant(value);
        let bytes = writer.finish();
        let mut reader = Reader::new(&bytes, 1)?;
        let value = reader.instant()?;
        reader.finish()?;
        Some(value)
    }

    #[test]
    fn instants_of_every_size_survive() {
        for value in [0, 1, -1, 63, 64, 1_800_000_000, -62_135_596_800, i64::MAX, i64::MIN] {
            let value = UnixTime::from_secs(value);
            assert_eq!(round_trip_instant(value), Some(value));
        }
    }

    #[test]
    fn short_instants_reach_from_1970_to_2106() {
        let kept = |seconds| read_short_instant(short_instant(UnixTime::from_secs(seconds)));
        for (seconds, expected) in
            [(1_800_000_000, 1_800_000_000), (-1, 0), (i64::MAX, i64::from(u32::MAX))]
        {
            assert_eq!(kept(seconds), UnixTime::from_secs(expected));
        }
    }

    #[test]
    fn varints_that_overflow_or_are_too_long_are_refused() {
        let varint = |bytes: &[u8]| Reader { rest: bytes }.varint();
        assert_eq!(varint(&[0xff, 0x01]), Some(255));
        assert_eq!(varint(&[0x80, 0x00]), None, "0 in two bytes");
        assert_eq!(varint(&[0x80]), None, "unfinished");
        let mut max = [0xff; 10];
        max[9] = 0x01;
        assert_eq!(varint(&max), Some(u64::MAX));
        max[9] = 0x02;
        assert_eq!(varint(&max), None, "65 bits");
        assert_eq!(varint(&[0xff; 11]), None);
    }

    #[test]
    fn a_length_or_count_beyond_the_input_is_refused() {
        assert_eq!(Reader { rest: &[5, b'a', b'b'] }.string(), None);
        assert_eq!(Reader { rest: &[3, 0, 0] }.count(1), None);
        assert_eq!(Reader { rest: &[2, 0, 0] }.count(1), Some(2));
        assert_eq!(Reader { rest: &[2, 0, 0] }.count(2), None);
    }

    #[test]
    fn text_that_is_not_utf8_is_refused() {
        assert_eq!(Reader { rest: &[2, 0xc3, 0x28] }.string(), None);
    }
}
