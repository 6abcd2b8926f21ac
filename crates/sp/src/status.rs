//! How an SP is, for who runs the server.

use clock::UnixTime;
use openssl::sha::sha256;
use status::{CertificateStatus, IdpState, IdpStatus, SpStatus};

use crate::sp::Sp;

impl<S> Sp<S> {
    /// Its IdPs by their blocks, and its certificates.
    pub fn status(&self, now: UnixTime) -> SpStatus {
        let idps = self.idps.blocks().map(|block| self.idp_status(&block.name, now));
        let mut certificates: Vec<_> = self
            .certificates()
            .map(|certificate| CertificateStatus {
                sha256: sha256(certificate.der()).iter().map(|b| format!("{b:02x}")).collect(),
                not_after: certificate.not_after(),
            })
            .collect();
        // One that signs and decrypts is there twice.
        certificates.sort_by(|a, b| a.sha256.cmp(&b.sha256));
        certificates.dedup();
        SpStatus {
            name: self.name.clone(),
            entity_id: self.entity_id.clone(),
            idps: idps.collect(),
            certificates,
        }
    }

    fn idp_status(&self, name: &str, now: UnixTime) -> IdpStatus {
        let one = self.idps.named(name).and_then(|idp| idp.current());
        let all = self.idps.federation(name).and_then(|federation| federation.current());
        let valid_until = match (&one, &all) {
            (Some(idp), _) => idp.valid_until,
            (None, Some(federation)) => federation.validity.until,
            (None, None) => None,
        };
        let state = match valid_until {
            _ if self.idps.is_disabled(name) => IdpState::Disabled,
            _ if one.is_none() && all.is_none() => IdpState::Awaited,
            Some(end) if end <= now => IdpState::Expired,
            _ => IdpState::Ready,
        };
        IdpStatus {
            name: name.to_owned(),
            entity_id: one.map(|idp| idp.entity_id.clone()),
            members: all.map(|federation| federation.members().len()),
            state,
            valid_until,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_sp::{NOW, sp};

    #[test]
    fn its_idps_are_there_by_their_blocks() {
        let status = sp().status(NOW);
        assert_eq!((status.name.as_str(), status.idps.len()), ("app", 2));
        assert_eq!(status.idps[0].entity_id.as_deref(), Some("https://one.example"));
        assert_eq!((status.idps[0].state, status.idps[0].members), (IdpState::Ready, None));
    }
}
