//! An IdP that answers as told, and the SP that judges it.

use clock::{Seconds, UnixTime};
use saml::instant;
use saml::message::Expected;
use saml::metadata::Scopes;
use saml::provider::{Binding, Endpoint, Idp, Policy};
use saml::receive::{Received, receive};
use saml::refusal::Refusal;
use saml::response::{Asked, Login, ReceivedResponse};
use xmldoc::{Limits, SignaturePlace};

pub use crate::key::{IDP_KEY, Key, RSA_KEY, SP_KEY, STRANGER};

pub const IDP: &str = "https://idp.example.org/metadata";
pub const SP: &str = "https://app.example.com/saml/metadata";
pub const ACS: &str = "https://app.example.com/saml/acs";
pub const REQUEST: &str = "_request1";
/// 2026-11-21T11:30:00Z
pub const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);
/// In seconds, as the instants around [`NOW`].
pub const SKEW: i64 = 60;

/// What is signed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    Nothing,
    Assertion,
    Response,
    Both,
}

/// A Response to be: edited as text, then signed.
pub struct Answer {
    pub response: String,
    pub assertion: String,
    sign: Sign,
    response_key: &'static Key,
    assertion_key: &'static Key,
}

/// An instant relative to now.
pub fn after(seconds: i64) -> UnixTime {
    NOW + Seconds(seconds)
}

/// The same as the IdP writes it.
pub fn at(seconds: i64) -> String {
    instant::format(after(seconds))
}

/// The default confirmation, for tests that add more of them.
pub fn confirmation(data_attributes: &str) -> String {
    format!(
        r#"<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData {data_attributes}/></saml:SubjectConfirmation>"#
    )
}

impl Answer {
    pub fn new() -> Self {
        let (now, before, after, earlier) = (at(0), at(-300), at(300), at(-10));
        let confirmation = confirmation(&format!(
            r#"InResponseTo="{REQUEST}" NotOnOrAfter="{after}" Recipient="{ACS}""#
        ));
        let assertion = format!(
            r#"<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_assertion1" Version="2.0" IssueInstant="{now}">
  <saml:Issuer>{IDP}</saml:Issuer>
  <saml:Subject>
    <saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" NameQualifier="{IDP}" SPNameQualifier="{SP}">alice</saml:NameID>
    {confirmation}
  </saml:Subject>
  <saml:Conditions NotBefore="{before}" NotOnOrAfter="{after}">
    <saml:AudienceRestriction><saml:Audience>{SP}</saml:Audience></saml:AudienceRestriction>
  </saml:Conditions>
  <saml:AuthnStatement AuthnInstant="{earlier}" SessionIndex="s::1">
    <saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext>
  </saml:AuthnStatement>
  <saml:AttributeStatement>
    <saml:Attribute Name="mail" FriendlyName="email"><saml:AttributeValue>alice@example.org</saml:AttributeValue></saml:Attribute>
  </saml:AttributeStatement>
</saml:Assertion>"#
        );
        let response = format!(
            r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_response1" Version="2.0" IssueInstant="{now}" Destination="{ACS}" InResponseTo="{REQUEST}">
  <saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">{IDP}</saml:Issuer>
  <samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
  {{assertion}}
</samlp:Response>"#
        );
        Self {
            response,
            assertion,
            sign: Sign::Assertion,
            response_key: &IDP_KEY,
            assertion_key: &IDP_KEY,
        }
    }

    pub fn signed(mut self, sign: Sign) -> Self {
        self.sign = sign;
        self
    }

    pub fn response_key(mut self, key: &'static Key) -> Self {
        self.response_key = key;
        self
    }

    pub fn assertion_key(mut self, key: &'static Key) -> Self {
        self.assertion_key = key;
        self
    }

    /// Replaces the one occurrence of `from` in the Assertion.
    pub fn assertion(mut self, from: &str, to: &str) -> Self {
        self.assertion = replaced(&self.assertion, from, to);
        self
    }

    /// Replaces the one occurrence of `from` in the Response around the Assertion.
    pub fn response(mut self, from: &str, to: &str) -> Self {
        self.response = replaced(&self.response, from, to);
        self
    }

    /// The Assertion, signed when it is to be.
    pub fn assertion_xml(&self) -> String {
        match self.sign {
            Sign::Assertion | Sign::Both => {
                self.assertion_key.sign(&self.assertion, SignaturePlace::AfterIssuer)
            }
            Sign::Nothing | Sign::Response => self.assertion.clone(),
        }
    }

    /// The whole Response, with `content` in the place of the Assertion.
    pub fn around(&self, content: &str) -> String {
        let xml = self.response.replace("{assertion}", content);
        match self.sign {
            Sign::Response | Sign::Both => {
                self.response_key.sign(&xml, SignaturePlace::AfterIssuer)
            }
            Sign::Nothing | Sign::Assertion => xml,
        }
    }

    pub fn xml(&self) -> String {
        self.around(&self.assertion_xml())
    }

    pub fn login(&self) -> Login {
        Judge::new().login(&self.xml())
    }

    pub fn code(&self) -> &'static str {
        Judge::new().refusal(&self.xml()).code()
    }

    pub fn refusal(&self) -> Refusal {
        Judge::new().refusal(&self.xml())
    }
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from} must stand once in {text}");
    text.replace(from, to)
}

/// The SP, its settings and the pending login.
pub struct Judge {
    pub policy: Policy,
    pub keys: Vec<&'static Key>,
    /// The SP's own, to decrypt with.
    pub sp_keys: Vec<&'static Key>,
    pub now: UnixTime,
    pub request: Option<Asked<'static>>,
    pub idp: &'static str,
    /// The end of the IdP's metadata.
    pub idp_until: Option<UnixTime>,
    /// Whom it speaks for, by its metadata.
    pub scopes: Scopes,
    pub sp: &'static str,
    pub acs: &'static str,
}

impl Judge {
    pub fn new() -> Self {
        Self {
            policy: Policy { clock_skew: Seconds(SKEW), ..Policy::default() },
            keys: vec![&IDP_KEY],
            sp_keys: Vec::new(),
            idp: IDP,
            idp_until: None,
            scopes: Scopes::default(),
            sp: SP,
            acs: ACS,
            now: NOW,
            request: Some(Asked {
                id: REQUEST,
                issue_instant: after(-30),
                force_authn: false,
                authn_context: None,
            }),
        }
    }

    /// No login is pending.
    pub fn unsolicited(allowed: bool) -> Self {
        let mut judge = Self { request: None, ..Self::new() };
        judge.policy.allow_unsolicited = allowed;
        judge
    }

    pub fn at(seconds: i64) -> Self {
        Self { now: after(seconds), ..Self::new() }
    }

    /// Takes assertions of this age, in seconds.
    pub fn of_old(seconds: i64) -> Self {
        let mut judge = Self::new();
        judge.policy.max_assertion_age = Seconds(seconds);
        judge
    }

    pub fn accept(&self, xml: &str) -> Result<Login, Refusal> {
        self.judge(received(xml)?)
    }

    /// The IdP as the SP knows it.
    pub fn idp(&self) -> Idp {
        Idp {
            entity_id: self.idp.to_owned(),
            sso: Endpoint {
                binding: Binding::Redirect,
                location: "https://idp.example.org/sso".into(),
            },
            slo: Vec::new(),
            artifact_resolution: Vec::new(),
            encryption_key: None,
            scopes: self.scopes.clone(),
            valid_until: self.idp_until,
            keys: self.keys.iter().map(|key| key.verifying()).collect(),
            policy: self.policy.clone(),
        }
    }

    pub fn judge(&self, response: ReceivedResponse) -> Result<Login, Refusal> {
        let idp = self.idp();
        let decryption_keys: Vec<_> = self.sp_keys.iter().map(|key| key.decryption()).collect();
        let expected = Expected {
            sp_entity_id: self.sp,
            url: self.acs,
            idp: &idp,
            decryption_keys: &decryption_keys,
            now: self.now,
            examination: None,
        };
        response.accept(&expected, self.request)
    }

    #[track_caller]
    pub fn login(&self, xml: &str) -> Login {
        match self.accept(xml) {
            Ok(login) => login,
            Err(refusal) => panic!("refused: {refusal}\n{xml}"),
        }
    }

    #[track_caller]
    pub fn refusal(&self, xml: &str) -> Refusal {
        match self.accept(xml) {
            Ok(login) => panic!("accepted: {login:?}\n{xml}"),
            Err(refusal) => refusal,
        }
    }

    #[track_caller]
    pub fn code(&self, xml: &str) -> &'static str {
        self.refusal(xml).code()
    }
}

pub fn received(xml: &str) -> Result<ReceivedResponse, Refusal> {
    match receive(xml.as_bytes(), &Limits::default())? {
        Received::Response(response) => Ok(response),
        _ => panic!("no Response: {xml}"),
    }
}
