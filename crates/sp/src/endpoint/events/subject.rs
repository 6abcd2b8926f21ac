//! Whom an event is about, as the IdP calls them in assertions.

use saml::refusal::quote;
use secevent::{Identifier, SecurityEventToken, Subject};

use crate::transmitter::Transmitter;

/// Who of the IdP's users it could be.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// By their NameIDs: of one person, who may have several.
    pub name_ids: Vec<String>,
    /// One session of theirs, where it is known which.
    pub session_index: Option<String>,
    /// Why it could be nobody.
    pub unknown: Option<String>,
}

/// The subject of the token; where it names a session alone, or nobody, it is nobody's.
pub(super) fn known(token: &SecurityEventToken, transmitter: &Transmitter, idp: &str) -> Known {
    let Some(Subject { user, session }) = &token.subject else {
        return Known {
            unknown: Some("does not say whom it is about".to_owned()),
            ..Known::default()
        };
    };
    let mut name_ids: Vec<String> = Vec::new();
    for identifier in user {
        if let Some(name_id) = name_id(identifier, transmitter, idp)
            && !name_ids.contains(&name_id)
        {
            name_ids.push(name_id);
        }
    }
    let session_index = match session {
        Some(Identifier::Opaque(id)) if transmitter.knows_session_indexes => Some(id.clone()),
        // Rather a session too many than one too few.
        _ => None,
    };
    let unknown = name_ids.is_empty().then(|| {
        let formats: Vec<_> = user.iter().map(Identifier::format).collect();
        match formats.is_empty() {
            true => "names a session and no user".to_owned(),
            false => {
                let formats = quote(&formats.join(", "));
                format!("names its subject by {formats}, which is no NameID")
            }
        }
    });
    Known { name_ids, session_index, unknown }
}

/// What the IdP's assertions would call them: whatever the identifier says, where it could be said of the IdP's
/// users alone.
fn name_id(identifier: &Identifier, transmitter: &Transmitter, idp: &str) -> Option<String> {
    let name = match identifier {
        Identifier::Email(name)
        | Identifier::Opaque(name)
        | Identifier::Account(name)
        | Identifier::PhoneNumber(name)
        | Identifier::Uri(name) => name,
        Identifier::IssuerAndSubject { issuer, subject }
            if *issuer == transmitter.issuer || issuer == idp =>
        {
            subject
        }
        Identifier::IssuerAndSubject { .. }
        | Identifier::SamlAssertionId { .. }
        | Identifier::Unknown(_) => return None,
    };
    // As a NameID is read.
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}
