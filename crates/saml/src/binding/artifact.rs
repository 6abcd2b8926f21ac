//! Receiving by HTTP-Artifact (Bindings 3.6.3): in a query or in a form.

use crate::artifact::Artifact;
use crate::binding::percent::{decode, fields};
use crate::binding::{RELAY_STATE, SAML_ARTIFACT, SAML_REQUEST, SAML_RESPONSE};
use crate::reason;
use crate::refusal::Refusal;

/// As many as in a form or a query with a message.
const FIELDS_MAX: usize = 32;

/// An artifact, and what came with it.
#[derive(Debug, PartialEq, Eq)]
pub struct ArtifactMessage {
    /// The reference to the message.
    pub artifact: Artifact,
    /// RelayState as it came, from a stranger (Bindings 3.6.3.1); `None` = there is none.
    pub relay_state: Option<String>,
}

/// Reads the `SAMLart` of a query, or of a form whose media type is known to be one; `None` = there is
/// none.
///
/// # Errors
/// `artifact_invalid`; `message_duplicate` when there are two, or a message beside it.
pub fn decode_artifact(pairs: &[u8]) -> Result<Option<ArtifactMessage>, Refusal> {
    let (mut artifact, mut relay_state, mut messages) = (None, None, 0);
    for field in fields(pairs).take(FIELDS_MAX) {
        match &*field.name() {
            SAML_ARTIFACT => {
                messages += 1;
                artifact = Some(field.value);
            }
            SAML_REQUEST | SAML_RESPONSE => messages += 1,
            RELAY_STATE => relay_state = Some(field.text()),
            _ => {}
        }
    }
    let Some(artifact) = artifact else { return Ok(None) };
    if messages > 1 {
        let detail = format!("{messages} messages and artifacts stand beside one another");
        return Err(Refusal::new(&reason::MESSAGE_DUPLICATE, detail));
    }
    let artifact = Artifact::parse(&String::from_utf8_lossy(&decode(artifact)))?;
    Ok(Some(ArtifactMessage { artifact, relay_state }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64_binary::encode;

    fn artifact() -> String {
        let octets = [&[0, 4, 0, 1][..], &[0xfb; 40]].concat();
        form_urlencoded::byte_serialize(encode(&octets).as_bytes()).collect()
    }

    fn code(pairs: &str) -> &'static str {
        decode_artifact(pairs.as_bytes()).unwrap_err().code()
    }

    #[test]
    fn an_artifact_is_read_with_its_relay_state() {
        let art = artifact();
        assert!(art.contains("%2B"), "{art}");
        let found = decode_artifact(format!("x=y&RelayState=a+b%26&SAMLart={art}").as_bytes());
        let found = found.unwrap().unwrap();
        assert_eq!(found.artifact.endpoint_index(), 1);
        assert_eq!(found.relay_state.as_deref(), Some("a b&"));
        let alone = decode_artifact(format!("%53AMLart={art}").as_bytes()).unwrap().unwrap();
        assert_eq!((alone.artifact, alone.relay_state), (found.artifact, None));
    }

    #[test]
    fn without_one_there_is_none() {
        for pairs in ["", "&", "RelayState=x", "samlart=x", "xSAMLart=x", "SAMLResponse="] {
            assert_eq!(decode_artifact(pairs.as_bytes()), Ok(None), "{pairs}");
        }
    }

    #[test]
    fn it_stands_alone() {
        let art = artifact();
        for pairs in [
            format!("SAMLart={art}&SAMLart={art}"),
            format!("SAMLart={art}&SAMLResponse="),
            format!("SAMLResponse=x&SAMLart={art}"),
            format!("SAMLRequest=x&SAMLart={art}"),
        ] {
            assert_eq!(code(&pairs), "message_duplicate", "{pairs}");
        }
        for pairs in ["SAMLart=", "SAMLart", "SAMLart=AAQ", "SAMLart=%ff"] {
            assert_eq!(code(pairs), "artifact_invalid", "{pairs}");
        }
    }
}
