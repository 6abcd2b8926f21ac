//! Valid Responses, their signature, and our verdict.

use std::sync::LazyLock;

use clock::{Seconds, UnixTime};
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use saml::message::Expected;
use saml::provider::{Binding, Endpoint, Idp, Policy};
use saml::receive::{Received, receive};
use saml::response::Asked;
use xmldoc::{
    DigestAlgorithm, Limits, SignatureAlgorithm, SignaturePlace, SigningKey, VerifyingKey,
    sign_enveloped,
};

use crate::node::{A, Node};

const IDP: &str = "https://idp.example.org/metadata";
const SP: &str = "https://app.example.com/saml/metadata";
const ACS: &str = "https://app.example.com/saml/acs";
const REQUEST: &str = "_request1";
/// 2026-11-21T11:30:00Z
pub const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);

static PAIR: LazyLock<PKey<Private>> = LazyLock::new(|| {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
});

static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    SigningKey::from_pem(&PAIR.private_key_to_pem_pkcs8().unwrap(), None).unwrap()
});

pub static TRUSTED: LazyLock<Idp> = LazyLock::new(|| Idp {
    entity_id: IDP.to_owned(),
    sso: Endpoint { binding: Binding::Redirect, location: "https://idp.example.org/".to_owned() },
    slo: Vec::new(),
    artifact_resolution: Vec::new(),
    encryption_key: None,
    scopes: Default::default(),
    valid_until: None,
    keys: vec![VerifyingKey::from_public_key_pem(&PAIR.public_key_to_pem().unwrap()).unwrap()],
    policy: Policy::default(),
});

/// A plain one and one with everything that may stand in a Response.
pub fn valid_responses() -> [Node; 2] {
    [response("", PLAIN, ""), response(EXTENSIONS, RICH, STATUS_DETAIL)]
}

const EXTENSIONS: &str = "<samlp:Extensions><x:Hint>y</x:Hint></samlp:Extensions>";
const STATUS_DETAIL: &str = "<samlp:StatusMessage>ok</samlp:StatusMessage>\
    <samlp:StatusDetail><x:Detail/></samlp:StatusDetail>";

const PLAIN: &str = r#"<saml:Subject><saml:NameID>alice</saml:NameID>
    <saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData InResponseTo="_request1" NotOnOrAfter="2026-11-21T11:35:00Z" Recipient="https://app.example.com/saml/acs"/></saml:SubjectConfirmation></saml:Subject>
    <saml:Conditions><saml:AudienceRestriction><saml:Audience>https://app.example.com/saml/metadata</saml:Audience></saml:AudienceRestriction></saml:Conditions>
    <saml:AuthnStatement AuthnInstant="2026-11-21T11:29:00Z"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"#;

const RICH: &str = r#"<saml:Subject>
      <saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" NameQualifier="a" SPNameQualifier="b" SPProvidedID="c">alice</saml:NameID>
      <saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"><saml:NameID>proxy</saml:NameID><saml:SubjectConfirmationData NotBefore="2026-11-21T11:00:00Z" Address="192.0.2.1"><x:Any/></saml:SubjectConfirmationData></saml:SubjectConfirmation>
      <saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData InResponseTo="_request1" NotOnOrAfter="2026-11-21T11:35:00.5Z" Recipient="https://app.example.com/saml/acs"/></saml:SubjectConfirmation>
      <saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"/>
    </saml:Subject>
    <saml:Conditions NotBefore="2026-11-21T11:25:00Z" NotOnOrAfter="2026-11-21T11:35:00Z">
      <saml:AudienceRestriction><saml:Audience>https://app.example.com/saml/metadata</saml:Audience><saml:Audience>other</saml:Audience></saml:AudienceRestriction>
      <saml:OneTimeUse/><saml:ProxyRestriction Count="1"><saml:Audience>urn:y</saml:Audience></saml:ProxyRestriction>
    </saml:Conditions>
    <saml:Advice><saml:AssertionIDRef>_other</saml:AssertionIDRef><x:Any/></saml:Advice>
    <saml:AuthnStatement AuthnInstant="2026-11-21T11:29:00Z" SessionIndex="s1" SessionNotOnOrAfter="2026-11-21T19:29:00Z">
      <saml:SubjectLocality Address="192.0.2.1" DNSName="a.example"/>
      <saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef><saml:AuthnContextDeclRef>urn:decl</saml:AuthnContextDeclRef><saml:AuthenticatingAuthority>https://up.example/</saml:AuthenticatingAuthority></saml:AuthnContext>
    </saml:AuthnStatement>
    <saml:AuthnStatement AuthnInstant="2026-11-21T10:00:00Z"><saml:AuthnContext><saml:AuthnContextDecl><x:Any/></saml:AuthnContextDecl></saml:AuthnContext></saml:AuthnStatement>
    <saml:AuthzDecisionStatement Resource="https://app.example.com/" Decision="Permit"><saml:Action Namespace="urn:a">read</saml:Action></saml:AuthzDecisionStatement>
    <saml:AttributeStatement>
      <saml:Attribute Name="mail" FriendlyName="email" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:basic" x:Source="ldap"><saml:AttributeValue xsi:type="xs:string">alice@example.org</saml:AttributeValue><saml:AttributeValue xsi:nil="true"/></saml:Attribute>
      <saml:Attribute Name="id"><saml:AttributeValue><saml:NameID>abc</saml:NameID></saml:AttributeValue></saml:Attribute><saml:Attribute Name="none"/>
    </saml:AttributeStatement>
    <saml:AttributeStatement><saml:Attribute Name="mail"><saml:AttributeValue>a@example.org</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>"#;

fn response(extensions: &str, assertion: &str, status_detail: &str) -> Node {
    Node::parse(&format!(
        r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="{A}" xmlns:x="urn:x" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ID="_r" Version="2.0" IssueInstant="2026-11-21T11:30:00Z" Destination="{ACS}" InResponseTo="{REQUEST}"><saml:Issuer>{IDP}</saml:Issuer>{extensions}<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>{status_detail}</samlp:Status><saml:Assertion ID="_a" Version="2.0" IssueInstant="2026-11-21T11:30:00Z"><saml:Issuer>{IDP}</saml:Issuer>{assertion}</saml:Assertion></samlp:Response>"#
    ))
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    Response,
    Assertion,
}

/// The Response as XML, it or its Assertions signed as they are; `None` when that cannot be.
pub fn sign(response: &Node, signed: Signed) -> Option<String> {
    if signed == Signed::Response {
        return sign_root(response);
    }
    let mut response = response.clone();
    let mut count = 0;
    for assertion in response.children.iter_mut().filter(|child| child.is(A, "Assertion")) {
        *assertion = Node::parse(&sign_root(assertion)?);
        count += 1;
    }
    (count > 0).then(|| response.to_xml())
}

/// The root as XML, signed as it is.
pub fn sign_root(node: &Node) -> Option<String> {
    let (signature, digest) = (SignatureAlgorithm::EcdsaSha256, DigestAlgorithm::Sha256);
    let issuer_first = node.children.first().is_some_and(|child| child.is(A, "Issuer"));
    let place = if issuer_first { SignaturePlace::AfterIssuer } else { SignaturePlace::First };
    sign_enveloped(&node.to_xml(), place, &KEY, None, signature, digest).ok()
}

pub fn accepts(xml: &str) -> bool {
    let asked = Asked {
        id: REQUEST,
        issue_instant: NOW - Seconds(30),
        force_authn: false,
        authn_context: None,
    };
    let expected = Expected {
        sp_entity_id: SP,
        url: ACS,
        idp: &TRUSTED,
        decryption_keys: &[],
        now: NOW,
        examination: None,
    };
    let received = receive(xml.as_bytes(), &Limits::default());
    let Ok(Received::Response(response)) = received else { return false };
    response.accept(&expected, Some(asked)).is_ok()
}
