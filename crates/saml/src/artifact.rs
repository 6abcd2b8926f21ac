//! The HTTP-Artifact binding (Bindings 3.6): the browser brings a reference to the IdP's message, and the
//! message itself is fetched from server to server (Profiles 5).

mod resolve;
mod response;

use openssl::sha::sha1;

pub use self::resolve::ArtifactResolve;
pub use self::response::{AGE_MOST, ReceivedArtifactResponse};
use crate::base64_binary;
use crate::reason;
use crate::refusal::Refusal;

/// The one format that SAML 2.0 defines (Bindings 3.6.4.2).
const TYPE_CODE: [u8; 2] = [0, 4];
/// Type code, EndpointIndex, SourceID and MessageHandle.
const LENGTH: usize = 2 + 2 + 20 + 20;

/// Whose an artifact is: SHA-1 of their entityID (Bindings 3.6.4.2). It finds the IdP that is asked, and
/// proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SourceId([u8; 20]);

/// A reference to one message of an IdP's, as a stranger brings it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    source: SourceId,
    endpoint_index: u16,
    text: String,
}

impl SourceId {
    /// That of an entity.
    pub fn of(entity_id: &str) -> Self {
        Self(sha1(entity_id.as_bytes()))
    }
}

impl Artifact {
    /// Reads the value of `SAMLart`: base64 of 44 octets, of type 0x0004.
    ///
    /// # Errors
    /// `artifact_invalid`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let octets = base64_binary::decode(text, LENGTH).unwrap_or_default();
        let Some((type_code, index, source)) = parts(&octets) else {
            let detail = format!("{} characters are no base64 of {LENGTH} octets", text.len());
            return Err(Refusal::new(&reason::ARTIFACT_INVALID, detail));
        };
        if type_code != TYPE_CODE {
            let found = u16::from_be_bytes(type_code);
            let detail = format!("the type is 0x{found:04x}, SAML 2.0 defines 0x0004 alone");
            return Err(Refusal::new(&reason::ARTIFACT_INVALID, detail));
        }
        Ok(Self {
            source: SourceId(source),
            endpoint_index: u16::from_be_bytes(index),
            text: base64_binary::encode(&octets),
        })
    }

    /// Whose it is.
    pub fn source(&self) -> SourceId {
        self.source
    }

    /// Which of their ArtifactResolutionServices has the message.
    pub fn endpoint_index(&self) -> u16 {
        self.endpoint_index
    }

    /// In base64, one line, padded, however it came. Whoever has it may fetch the message, so it does not
    /// belong into a log.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Type code, EndpointIndex and SourceID, when the MessageHandle behind them is as long as it must be.
fn parts(octets: &[u8]) -> Option<([u8; 2], [u8; 2], [u8; 20])> {
    let (type_code, rest) = octets.split_first_chunk()?;
    let (index, rest) = rest.split_first_chunk()?;
    let (source, handle) = rest.split_first_chunk()?;
    (handle.len() == 20).then_some((*type_code, *index, *source))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets() -> Vec<u8> {
        let mut octets = vec![0, 4, 1, 2];
        octets.extend(sha1(b"https://idp.example.org/metadata"));
        octets.extend(20..40);
        octets
    }

    #[test]
    fn an_artifact_says_whose_it_is_and_where_its_message_lies() {
        let text = base64_binary::encode(&octets());
        let artifact = Artifact::parse(&text).unwrap();
        assert_eq!(artifact.source(), SourceId::of("https://idp.example.org/metadata"));
        assert_ne!(artifact.source(), SourceId::of("https://idp.example.org/metadata/"));
        assert_eq!(artifact.endpoint_index(), 0x0102);
        assert_eq!(artifact.as_str(), text);
    }

    #[test]
    fn however_it_is_written_it_is_the_same_artifact() {
        let text = base64_binary::encode(&octets());
        let (first, rest) = text.split_at(20);
        for other in [text.trim_end_matches('=').to_owned(), format!(" {first}\r\n{rest}\n")] {
            assert_eq!(Artifact::parse(&other).unwrap().as_str(), text, "{other:?}");
        }
    }

    #[test]
    fn what_is_no_artifact_of_saml_2_0_is_refused() {
        let mut longer = octets();
        longer.push(0);
        let mut of_saml_1 = octets();
        of_saml_1[1] = 1;
        let shorter = &octets()[..LENGTH - 1];
        let others = [shorter, &longer, &of_saml_1, &[]].map(base64_binary::encode);
        let no_base64 = ["AAQ!".to_owned(), "é".repeat(30), "A".repeat(100_000)];
        for text in others.iter().chain(&no_base64) {
            assert_eq!(Artifact::parse(text).unwrap_err().code(), "artifact_invalid", "{text:.80}");
        }
    }
}
