//! The answer of another server.

use crate::headers::Headers;

/// A whole answer to a request of ours. The other server is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// 200 to 999: an interim answer (1xx) is none.
    pub status: u16,
    /// Its header fields as they came; names in any case.
    pub fields: Vec<(String, Vec<u8>)>,
    /// Without its content coding.
    pub body: Vec<u8>,
}

impl Headers for Answer {
    fn values<'r>(&'r self, name: &str) -> impl Iterator<Item = &'r [u8]> {
        self.fields
            .iter()
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
    }
}
