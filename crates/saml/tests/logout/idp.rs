//! An IdP that logs out, and the SP that judges what it says.

use clock::{Seconds, UnixTime};
use saml::instant;
use saml::logout::{LogoutOutcome, LogoutRequest};
use saml::message::Expected;
use saml::provider::{Binding, Endpoint, Idp, Policy};
use saml::receive::{Received, receive};
use saml::refusal::Refusal;
use xmldoc::{Limits, SignaturePlace};

pub use crate::key::{IDP_KEY, Key, RSA_KEY, SP_KEY, STRANGER};

pub const IDP: &str = "https://idp.example.org/metadata";
pub const SLS: &str = "https://app.example.com/saml/sls";
pub const REQUEST: &str = "_request1";
/// 2026-11-21T11:30:00Z
pub const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);
/// In seconds, as the instants around [`NOW`].
pub const SKEW: i64 = 60;

/// An instant relative to now.
pub fn after(seconds: i64) -> UnixTime {
    NOW + Seconds(seconds)
}

/// The same as the IdP writes it.
pub fn at(seconds: i64) -> String {
    instant::format(after(seconds))
}

/// A message to be: edited as text, then signed.
#[derive(Clone)]
pub struct Message {
    pub xml: String,
    pub key: Option<&'static Key>,
}

impl Message {
    pub fn request() -> Self {
        let (now, after) = (at(0), at(300));
        let xml = format!(
            r#"<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_logout1" Version="2.0" IssueInstant="{now}" Destination="{SLS}" NotOnOrAfter="{after}">
  <saml:Issuer>{IDP}</saml:Issuer>
  <saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" NameQualifier="{IDP}" SPNameQualifier="urn:sp">alice</saml:NameID>
  <samlp:SessionIndex>s::1</samlp:SessionIndex>
</samlp:LogoutRequest>"#
        );
        Self { xml, key: Some(&IDP_KEY) }
    }

    pub fn response() -> Self {
        let now = at(0);
        let xml = format!(
            r#"<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_answer1" Version="2.0" IssueInstant="{now}" Destination="{SLS}" InResponseTo="{REQUEST}">
  <saml:Issuer>{IDP}</saml:Issuer>
  <samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
</samlp:LogoutResponse>"#
        );
        Self { xml, key: Some(&IDP_KEY) }
    }

    /// Replaces the one occurrence of `from`.
    pub fn edit(mut self, from: &str, to: &str) -> Self {
        assert_eq!(self.xml.matches(from).count(), 1, "{from} must stand once in {}", self.xml);
        self.xml = self.xml.replace(from, to);
        self
    }

    pub fn signed_by(mut self, key: &'static Key) -> Self {
        self.key = Some(key);
        self
    }

    pub fn unsigned(mut self) -> Self {
        self.key = None;
        self
    }

    /// As it goes over the wire.
    pub fn xml(&self) -> String {
        match self.key {
            Some(key) => key.sign(&self.xml, SignaturePlace::AfterIssuer),
            None => self.xml.clone(),
        }
    }

    #[track_caller]
    pub fn code(&self) -> &'static str {
        Sp::new().refusal(self).code()
    }

    #[track_caller]
    pub fn logout(&self) -> LogoutRequest {
        Sp::new().logout(self)
    }

    #[track_caller]
    pub fn outcome(&self) -> LogoutOutcome {
        match Sp::new().judge(receive(self.xml().as_bytes(), &Limits::default())) {
            Ok(Accepted::Response(outcome)) => outcome,
            other => panic!("{other:?}"),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub enum Accepted {
    Request(Box<LogoutRequest>),
    Response(LogoutOutcome),
}

/// The SP and its settings.
pub struct Sp {
    pub policy: Policy,
    pub keys: Vec<&'static Key>,
    pub sp_keys: Vec<&'static Key>,
    /// The end of the IdP's metadata.
    pub idp_until: Option<UnixTime>,
    pub now: UnixTime,
    pub url: &'static str,
    pub asked: Option<&'static str>,
}

impl Sp {
    pub fn new() -> Self {
        Self {
            policy: Policy { clock_skew: Seconds(SKEW), ..Policy::default() },
            keys: vec![&IDP_KEY],
            sp_keys: Vec::new(),
            idp_until: None,
            now: NOW,
            url: SLS,
            asked: Some(REQUEST),
        }
    }

    pub fn at(seconds: i64) -> Self {
        Self { now: after(seconds), ..Self::new() }
    }

    /// `require_signed_logout off`.
    pub fn trusting() -> Self {
        let mut sp = Self::new();
        sp.policy.require_signed_logout = false;
        sp
    }

    pub fn judge(&self, received: Result<Received, Refusal>) -> Result<Accepted, Refusal> {
        let location = "https://idp.example.org/sso".to_owned();
        let idp = Idp {
            entity_id: IDP.to_owned(),
            sso: Endpoint { binding: Binding::Redirect, location },
            slo: Vec::new(),
            keys: self.keys.iter().map(|key| key.verifying()).collect(),
            artifact_resolution: Vec::new(),
            encryption_key: None,
            scopes: Default::default(),
            valid_until: self.idp_until,
            policy: self.policy.clone(),
        };
        let decryption_keys: Vec<_> = self.sp_keys.iter().map(|key| key.decryption()).collect();
        let expected = Expected {
            url: self.url,
            sp_entity_id: "urn:sp",
            idp: &idp,
            decryption_keys: &decryption_keys,
            now: self.now,
            examination: None,
        };
        match received? {
            Received::LogoutRequest(request) => {
                request.accept(&expected).map(|request| Accepted::Request(request.into()))
            }
            Received::LogoutResponse(response) => {
                response.accept(&expected, self.asked).map(Accepted::Response)
            }
            Received::Response(_) => panic!("a Response"),
        }
    }

    pub fn accept(&self, xml: &str) -> Result<Accepted, Refusal> {
        self.judge(receive(xml.as_bytes(), &Limits::default()))
    }

    #[track_caller]
    pub fn logout(&self, message: &Message) -> LogoutRequest {
        match self.accept(&message.xml()) {
            Ok(Accepted::Request(request)) => *request,
            other => panic!("{other:?}\n{}", message.xml()),
        }
    }

    #[track_caller]
    pub fn refusal(&self, message: &Message) -> Refusal {
        match self.accept(&message.xml()) {
            Ok(accepted) => panic!("accepted: {accepted:?}\n{}", message.xml()),
            Err(refusal) => refusal,
        }
    }
}
