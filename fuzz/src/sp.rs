//! The SP that judges messages, and the IdP it trusts.
use std::sync::LazyLock;

use clock::Seconds;
use saml::artifact::ReceivedArtifactResponse;
use saml::instant;
use saml::logout::{LogoutOutcome, LogoutRequest};
use saml::message::Expected;
use saml::receive::{Received, receive, receive_soap};
use saml::provider::{Binding, Endpoint, Idp, Policy};
use saml::reason;
use saml::refusal::Refusal;
use saml::response::{Asked, Login, ReceivedResponse};
use xmldoc::{DecryptionKey, DecryptionPolicy, Limits, SigningKey};

use crate::seeds::{self, ENCRYPTED, LAX, MESSAGES, NOW};

pub const DECRYPTION_LAX: DecryptionPolicy =
    DecryptionPolicy { allow_rsa1_5: true, allow_cbc: true, allow_3des: true };

/// The SP's private key.
pub static DECRYPTION_KEYS: LazyLock<Vec<DecryptionKey>> = LazyLock::new(|| {
    let key = SigningKey::from_pem(include_bytes!("../keys/sp-rsa.key"), None);
    vec![DecryptionKey::of(&key.expect("a private key")).expect("an RSA key")]
});

/// An IdP with everything allowed that can be.
pub static IDP: LazyLock<Idp> = LazyLock::new(|| Idp {
    entity_id: "https://idp.example.org/metadata".into(),
    sso: Endpoint { binding: Binding::Redirect, location: "https://idp.example.org/sso".into() },
    slo: Vec::new(),
    artifact_resolution: Vec::new(),
    encryption_key: None,
    scopes: Default::default(),
    valid_until: None,
    keys: seeds::trusted_keys(),
    policy: Policy {
        allow_unsolicited: true,
        signature: LAX,
        decryption: DECRYPTION_LAX,
        ..Policy::default()
    },
});

/// Who the seeds log in.
pub static LOGINS: LazyLock<Vec<Login>> = LazyLock::new(|| {
    let messages = MESSAGES.iter().chain(ENCRYPTED);
    let logins =
        messages.filter_map(|message| accept(receive(message.as_bytes(), &Limits::default())).ok());
    let logins: Vec<Login> = logins.collect();
    assert_eq!(logins.len(), MESSAGES.len() + ENCRYPTED.len() - 1, "all but the unsigned one");
    logins
});

/// What the seeds log out.
pub static LOGOUTS: LazyLock<Vec<Judged>> = LazyLock::new(|| {
    let limits = Limits::default();
    let judged = seeds::LOGOUTS.iter().filter_map(|message| {
        let octets = message.as_bytes();
        judge(receive_soap(octets, &limits)).or_else(|_| judge(receive(octets, &limits))).ok()
    });
    let judged: Vec<Judged> = judged.collect();
    let refused = seeds::LOGOUTS.len() - judged.len();
    assert_eq!(refused, 2, "the unsigned one, and the one that says for nobody");
    judged
});

/// What a message brings about.
#[derive(Debug, PartialEq, Eq)]
pub enum Judged {
    Login(Login),
    LogoutRequest(LogoutRequest),
    LogoutResponse(LogoutOutcome),
}

/// Judges a message, an answer as the one to `_request1`.
pub fn judge(received: Result<Received, Refusal>) -> Result<Judged, Refusal> {
    let logout = expected("https://app.example.com/saml/sls");
    match received? {
        Received::Response(response) => log_in(response).map(Judged::Login),
        Received::LogoutRequest(request) => request.accept(&logout).map(Judged::LogoutRequest),
        Received::LogoutResponse(response) => {
            response.accept(&logout, Some("_request1")).map(Judged::LogoutResponse)
        }
    }
}

fn expected(url: &'static str) -> Expected<'static> {
    Expected {
        sp_entity_id: "https://app.example.com/saml/metadata",
        url,
        idp: &IDP,
        decryption_keys: &DECRYPTION_KEYS,
        now: NOW,
            examination: None,
    }
}

/// Who a message logs in.
pub fn accept(received: Result<Received, Refusal>) -> Result<Login, Refusal> {
    match judge(received)? {
        Judged::Login(login) => Ok(login),
        other => Err(Refusal::new(&reason::MESSAGE_UNEXPECTED, format!("{other:?}"))),
    }
}

/// Who a message logs in that the IdP hands out for an artifact, in an ArtifactResponse without a
/// signature.
pub fn accept_resolved(message: &str) -> Result<Login, Refusal> {
    let (id, issued) = (&IDP.entity_id, instant::format(NOW));
    let body = format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
         <p:ArtifactResponse xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_around\" \
         Version=\"2.0\" IssueInstant=\"{issued}\" InResponseTo=\"_resolve\">\
         <a:Issuer xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\">{id}</a:Issuer><p:Status>\
         <p:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></p:Status>{message}\
         </p:ArtifactResponse></s:Body></s:Envelope>"
    );
    let response = ReceivedArtifactResponse::parse(body.as_bytes(), &Limits::default())?;
    log_in(response.accept(&expected("https://app.example.com/saml/acs"), "_resolve")?)
}

fn log_in(response: ReceivedResponse) -> Result<Login, Refusal> {
    let asked = Asked {
        id: "_request1",
        issue_instant: NOW - Seconds(30),
        force_authn: false,
        authn_context: None,
    };
    response.accept(&expected("https://app.example.com/saml/acs"), Some(asked))
}
