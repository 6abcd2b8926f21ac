//! Where an SP's endpoints are.

use crate::endpoint_kind::EndpointKind;

/// The absolute URLs of an SP's endpoints, as IdPs and browsers know them.
#[derive(Clone, Debug)]
pub struct Endpoints {
    acs: String,
    urls: Vec<(EndpointKind, String)>,
}

impl Endpoints {
    /// Each kind once; `None` = there is no ACS among them, without which no SP works.
    pub fn new(urls: Vec<(EndpointKind, String)>) -> Option<Self> {
        let acs = urls.iter().find(|(kind, _)| *kind == EndpointKind::Acs)?.1.clone();
        Some(Self { acs, urls })
    }

    /// The Assertion Consumer Service's.
    pub fn acs(&self) -> &str {
        &self.acs
    }

    /// That of an endpoint; `None` = there is none.
    pub fn get(&self, kind: EndpointKind) -> Option<&str> {
        self.urls.iter().find(|(known, _)| *known == kind).map(|(_, url)| url.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_sp_without_acs_is_none() {
        assert!(Endpoints::new(Vec::new()).is_none());
        assert!(Endpoints::new(vec![(EndpointKind::Sls, "https://a/sls".into())]).is_none());
    }

    #[test]
    fn endpoints_are_found_by_their_kind() {
        let sls = (EndpointKind::Sls, "https://a/sls".to_owned());
        let acs = (EndpointKind::Acs, "https://a/acs".to_owned());
        let endpoints = Endpoints::new(vec![sls, acs]).unwrap();
        assert_eq!(endpoints.acs(), "https://a/acs");
        assert_eq!(endpoints.get(EndpointKind::Acs), Some("https://a/acs"));
        assert_eq!(endpoints.get(EndpointKind::Sls), Some("https://a/sls"));
        assert_eq!(endpoints.get(EndpointKind::Login), None);
    }
}
