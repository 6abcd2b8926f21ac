//! Whether a load balancer should send people here.

use crate::{IdpState, Status};

/// What speaks against it; nothing = it should.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// A sentence each.
    pub problems: Vec<String>,
}

impl Health {
    /// People cannot log in where all nodes of a store are down, no IdP of an SP is ready, or all certificates of
    /// an SP have ended.
    pub fn of(status: &Status) -> Self {
        let mut problems = Vec::new();
        for store in &status.stores {
            if !store.nodes.is_empty() && store.nodes.iter().all(|node| !node.is_up) {
                problems.push(format!(
                    "no memcached node of saml_session_store \"{}\" answers",
                    store.name
                ));
            }
        }
        for sp in &status.sps {
            if !sp.idps.iter().any(|idp| idp.state == IdpState::Ready) {
                problems
                    .push(format!("no IdP of saml_sp \"{}\" has metadata that is valid", sp.name));
            }
            let has_ended = |end| end <= status.now;
            if !sp.certificates.is_empty()
                && sp.certificates.iter().all(|certificate| has_ended(certificate.not_after))
            {
                problems.push(format!("all certificates of saml_sp \"{}\" have ended", sp.name));
            }
        }
        Self { problems }
    }

    /// Nothing speaks against it.
    pub fn is_good(&self) -> bool {
        self.problems.is_empty()
    }

    /// For programs.
    pub fn json(&self) -> String {
        let status = if self.is_good() { "ok" } else { "failing" };
        let json = serde_json::json!({ "status": status, "problems": self.problems });
        format!("{json}\n")
    }
}

#[cfg(test)]
mod tests {
    use clock::{Seconds, UnixTime};

    use super::*;
    use crate::{CertificateStatus, IdpStatus, NodeStatus, SpStatus, StoreStatus};

    const NOW: UnixTime = UnixTime::from_secs(1000);

    fn status(states: &[IdpState], nodes: &[bool], ends: &[i64]) -> Status {
        let idp = |state: &IdpState| IdpStatus {
            name: "corp".to_owned(),
            entity_id: None,
            members: None,
            state: *state,
            valid_until: None,
        };
        let node = |is_up: &bool| NodeStatus { name: "127.0.0.1:1".to_owned(), is_up: *is_up };
        let certificate =
            |end: &i64| CertificateStatus { sha256: String::new(), not_after: NOW + Seconds(*end) };
        let sp = SpStatus {
            name: "app".to_owned(),
            idps: states.iter().map(idp).collect(),
            certificates: ends.iter().map(certificate).collect(),
            ..SpStatus::default()
        };
        let store = StoreStatus {
            name: "sessions".to_owned(),
            nodes: nodes.iter().map(node).collect(),
            ..StoreStatus::default()
        };
        Status { now: NOW, sps: vec![sp], stores: vec![store], ..Status::default() }
    }

    #[test]
    fn one_of_each_is_enough() {
        use IdpState::{Awaited, Disabled, Expired, Ready};
        for (states, nodes, ends, problems) in [
            (&[Ready][..], &[][..], &[][..], &[][..]),
            (&[Expired, Ready], &[false, true], &[-1, 1], &[]),
            (&[Expired, Awaited, Disabled], &[true], &[1], &["no IdP of saml_sp \"app\""]),
            (&[Ready], &[false, false], &[1], &["no memcached node of saml_session_store"]),
            (&[Ready], &[], &[-1, 0], &["all certificates of saml_sp \"app\""]),
            (&[], &[false], &[0], &["no memcached", "no IdP", "all certificates"]),
        ] {
            let health = Health::of(&status(states, nodes, ends));
            assert_eq!(health.problems.len(), problems.len(), "{health:?}");
            assert_eq!(health.is_good(), problems.is_empty());
            for (found, expected) in health.problems.iter().zip(problems) {
                assert!(found.starts_with(expected), "{found}");
            }
        }
    }

    #[test]
    fn it_is_json() {
        let health = Health { problems: vec!["a \"b\"".to_owned()] };
        assert_eq!(health.json(), "{\"problems\":[\"a \\\"b\\\"\"],\"status\":\"failing\"}\n");
        assert_eq!(Health::default().json(), "{\"problems\":[],\"status\":\"ok\"}\n");
    }
}
