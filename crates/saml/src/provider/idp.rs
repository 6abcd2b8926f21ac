//! An IdP as the protocol needs to know it.

use clock::UnixTime;
use xmldoc::{EncryptionKey, VerifyingKey};

use super::endpoint::{ArtifactEndpoint, Binding, Endpoint, LogoutBinding, LogoutEndpoint};
use super::policy::Policy;
use crate::metadata::Scopes;
use crate::refusal::{Refusal, quote};
use crate::{instant, reason};

/// An IdP this SP trusts.
pub struct Idp {
    /// What the Issuer of all its messages must be.
    pub entity_id: String,
    /// Where AuthnRequests go, and how.
    pub sso: Endpoint,
    /// Where logout messages go, in the IdP's order; none = it knows of no single logout.
    pub slo: Vec<LogoutEndpoint>,
    /// Where artifacts are resolved; none = it is to answer by HTTP-POST.
    pub artifact_resolution: Vec<ArtifactEndpoint>,
    /// Keys that may sign for this IdP; at least one.
    pub keys: Vec<VerifyingKey>,
    /// For what only the IdP may read; `None` = it has published no RSA key for that.
    pub encryption_key: Option<EncryptionKey>,
    /// Whom it speaks for.
    pub scopes: Scopes,
    /// When its metadata ends; `None` = never, as what was given by hand.
    pub valid_until: Option<UnixTime>,
    /// What this SP demands of it, and how it is spoken to.
    pub policy: Policy,
}

impl Idp {
    /// May what its metadata says be believed at `now`? The clocks may differ by the policy's skew.
    ///
    /// # Errors
    /// `idp_metadata_expired`.
    pub fn check_validity(&self, now: UnixTime) -> Result<(), Refusal> {
        let Some(until) = self.valid_until else { return Ok(()) };
        if now < until + self.policy.clock_skew {
            return Ok(());
        }
        let (name, until) = (quote(&self.entity_id), instant::format(until));
        let detail = format!("the metadata of {name} was valid until {until}");
        Err(Refusal::new(&reason::IDP_METADATA_EXPIRED, detail))
    }

    /// Where LogoutRequests go: by `slo_binding`, or else by the first of [`LogoutBinding::ALL`] that
    /// the IdP has.
    pub fn logout_request_endpoint(&self) -> Option<&LogoutEndpoint> {
        let by = |binding| self.slo.iter().find(|endpoint| endpoint.binding == binding);
        match self.policy.slo_binding {
            Some(binding) => by(binding),
            None => LogoutBinding::ALL.into_iter().find_map(by),
        }
    }

    /// Where the message lies that an artifact with this EndpointIndex refers to (Bindings 3.6.4.2).
    pub fn artifact_endpoint(&self, index: u16) -> Option<&ArtifactEndpoint> {
        let has_it = |endpoint: &&ArtifactEndpoint| endpoint.index.is_none_or(|own| own == index);
        self.artifact_resolution.iter().find(has_it)
    }

    /// Where the answer to a LogoutRequest goes that came through the browser: back by its own
    /// binding, or by the other one when the IdP has only that (Profiles 4.4.3.4).
    pub fn logout_response_endpoint(&self, came_by: Binding) -> Option<Endpoint> {
        let browser = || self.slo.iter().filter_map(LogoutEndpoint::for_browser_answers);
        browser().find(|endpoint| endpoint.binding == came_by).or_else(|| browser().next())
    }
}

#[cfg(test)]
mod tests {
    use clock::Seconds;

    use super::*;

    fn idp(slo: &[(LogoutBinding, &str, Option<&str>)]) -> Idp {
        let endpoint = |&(binding, location, response): &(_, &str, Option<&str>)| LogoutEndpoint {
            binding,
            location: location.to_owned(),
            response_location: response.map(str::to_owned),
        };
        Idp {
            entity_id: String::new(),
            sso: Endpoint { binding: Binding::Redirect, location: String::new() },
            slo: slo.iter().map(endpoint).collect(),
            keys: Vec::new(),
            artifact_resolution: Vec::new(),
            encryption_key: None,
            scopes: Default::default(),
            valid_until: None,
            policy: Policy::default(),
        }
    }

    const SOAP: LogoutBinding = LogoutBinding::Soap;
    const REDIRECT: LogoutBinding = LogoutBinding::REDIRECT;
    const POST: LogoutBinding = LogoutBinding::POST;

    #[test]
    fn requests_go_by_redirect_then_post_then_soap() {
        let location = |idp: &Idp| idp.logout_request_endpoint().map(|e| e.location.clone());
        let mut all = idp(&[(SOAP, "s", None), (POST, "p", Some("q")), (REDIRECT, "r", None)]);
        assert_eq!(location(&all).as_deref(), Some("r"));
        assert_eq!(location(&idp(&[(SOAP, "s", None), (POST, "p", None)])).as_deref(), Some("p"));
        assert_eq!(location(&idp(&[(SOAP, "s", None)])).as_deref(), Some("s"));
        assert_eq!(location(&idp(&[])), None);
        for (binding, expected) in [(SOAP, "s"), (POST, "p"), (REDIRECT, "r")] {
            all.policy.slo_binding = Some(binding);
            assert_eq!(location(&all).as_deref(), Some(expected));
        }
        let mut some = idp(&[(REDIRECT, "r", None)]);
        some.policy.slo_binding = Some(SOAP);
        assert_eq!(location(&some), None);
    }

    #[test]
    fn answers_go_back_the_way_the_request_came_if_they_can() {
        let answer = |idp: &Idp, came_by| {
            let endpoint = idp.logout_response_endpoint(came_by);
            endpoint.map(|e| (e.binding, e.location))
        };
        let all = idp(&[(SOAP, "s", None), (POST, "p", Some("q")), (REDIRECT, "r", None)]);
        assert_eq!(answer(&all, Binding::Redirect), Some((Binding::Redirect, "r".to_owned())));
        assert_eq!(answer(&all, Binding::Post), Some((Binding::Post, "q".to_owned())));
        let post = idp(&[(POST, "p", None), (SOAP, "s", None)]);
        assert_eq!(answer(&post, Binding::Redirect), Some((Binding::Post, "p".to_owned())));
        assert_eq!(answer(&idp(&[(SOAP, "s", None)]), Binding::Post), None);
    }

    #[test]
    fn an_artifact_is_resolved_at_the_endpoint_of_its_number() {
        let endpoint =
            |index, location: &str| ArtifactEndpoint { index, location: location.to_owned() };
        let mut several = idp(&[]);
        let location = |idp: &Idp, index| idp.artifact_endpoint(index).map(|e| e.location.clone());
        assert_eq!(location(&several, 0), None);
        several.artifact_resolution =
            vec![endpoint(Some(7), "seven"), endpoint(Some(0), "zero"), endpoint(Some(7), "no")];
        assert_eq!(location(&several, 0).as_deref(), Some("zero"));
        assert_eq!(location(&several, 7).as_deref(), Some("seven"));
        assert_eq!(location(&several, 1), None);
        several.artifact_resolution = vec![endpoint(None, "by hand")];
        assert_eq!(location(&several, 65_535).as_deref(), Some("by hand"));
    }

    #[test]
    fn metadata_is_believed_up_to_its_end_and_the_skew() {
        let end = UnixTime::from_secs(1_795_260_600);
        let mut limited = idp(&[]);
        assert!(limited.check_validity(UnixTime::MAX).is_ok());
        limited.valid_until = Some(end);
        let last = end + limited.policy.clock_skew - Seconds(1);
        assert!(limited.check_validity(last).is_ok());
        let refusal = limited.check_validity(last + Seconds(1)).unwrap_err();
        assert_eq!(refusal.reason().code(), "idp_metadata_expired");
        assert!(refusal.to_string().contains("2026-11-21T11:30:00Z"), "{refusal}");
    }
}
