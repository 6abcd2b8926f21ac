//! An IdP that signs what it says.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clock::UnixTime;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use openssl::pkey::{PKey, Private};
use saml::instant::format;
use sp::random;
use xmldoc::{DigestAlgorithm, SignaturePlace, sign_enveloped};

use super::credential::{KEYS, signing};
use super::sent::Sent;
use super::{ACS, BASE_URL, SLS};

pub const SUCCESS: &[&str] = &["Success"];
pub const PARTIAL: &[&str] = &["Responder", "PartialLogout"];
pub const DENIED: &[&str] = &["Responder", "RequestDenied"];

/// Who says something, and under which key.
#[derive(Clone, Copy)]
pub struct Idp {
    pub entity_id: &'static str,
    pub key: &'static PKey<Private>,
}

/// A message on its way to the SP.
#[derive(Clone)]
pub struct Message {
    idp: Idp,
    parameter: &'static str,
    /// Without a signature.
    xml: String,
    pub relay_state: Option<String>,
}

/// The IdP that the SP asks when nothing says which.
pub fn corp() -> Idp {
    Idp { entity_id: "https://idp.corp.example/metadata", key: &KEYS.corp }
}

/// The SP's second IdP.
pub fn other() -> Idp {
    Idp { entity_id: "https://idp.other.example/metadata", key: &KEYS.other }
}

impl Idp {
    /// The message around `inside`; `attributes` besides those that all messages have.
    fn message(
        self,
        parameter: &'static str,
        name: &str,
        issued: UnixTime,
        attributes: &str,
        inside: &str,
    ) -> Message {
        let (id, issued, issuer) = (random::id(), format(issued), self.entity_id);
        let xml = format!(
            "<samlp:{name} xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{id}\" Version=\"2.0\" \
             IssueInstant=\"{issued}\" {attributes}><saml:Issuer>{issuer}</saml:Issuer>{inside}\
             </samlp:{name}>"
        );
        Message { idp: self, parameter, xml, relay_state: None }
    }

    /// A Response to `asked` with this inside: an Assertion, or nothing.
    pub fn response(
        self,
        asked: Option<&str>,
        status: &[&str],
        inside: &str,
        issued: UnixTime,
    ) -> Message {
        let attributes = format!("Destination=\"{ACS}\" {}", in_response_to(asked));
        let inside = status_element(status) + inside;
        self.message("SAMLResponse", "Response", issued, &attributes, &inside)
    }

    /// The ArtifactResponse to `asked` with this message inside.
    pub fn artifact_response(self, asked: &str, inside: &str, issued: UnixTime) -> Message {
        let inside = status_element(SUCCESS) + inside;
        let attributes = in_response_to(Some(asked));
        self.message("", "ArtifactResponse", issued, &attributes, &inside)
    }

    /// A LogoutRequest.
    pub fn logout_request(self, name_id: &str, indexes: &[&str], issued: UnixTime) -> Message {
        let inside = indexes.iter().fold(name_id_element(name_id), |inside, index| {
            inside + &format!("<samlp:SessionIndex>{index}</samlp:SessionIndex>")
        });
        let attributes = format!("Destination=\"{SLS}\"");
        self.message("SAMLRequest", "LogoutRequest", issued, &attributes, &inside)
    }

    /// A LogoutResponse to `asked`.
    pub fn logout_response(
        self,
        asked: Option<&str>,
        status: &[&str],
        issued: UnixTime,
    ) -> Message {
        let attributes = format!("Destination=\"{SLS}\" {}", in_response_to(asked));
        let inside = status_element(status);
        self.message("SAMLResponse", "LogoutResponse", issued, &attributes, &inside)
    }

    /// The answer to a message that asked for one, with its RelayState.
    pub fn logout_answer(self, asked: &Sent, status: &[&str], issued: UnixTime) -> Message {
        let answer = self.logout_response(Some(asked.attribute("ID")), status, issued);
        Message { relay_state: asked.relay_state.clone(), ..answer }
    }

    /// Signs the root of `xml`, behind its Issuer.
    pub fn sign(self, xml: &str) -> String {
        let key = signing(self.key);
        let (place, algorithm) = (SignaturePlace::AfterIssuer, key.default_algorithm());
        sign_enveloped(xml, place, &key, None, algorithm, DigestAlgorithm::Sha256).unwrap()
    }
}

impl Message {
    /// The same, with a RelayState.
    pub fn with_relay_state(self, relay_state: &str) -> Self {
        Self { relay_state: Some(relay_state.to_owned()), ..self }
    }

    /// With this as its last part.
    pub fn with(self, inside: &str) -> Self {
        let (before, end) = self.xml.rsplit_once("</").unwrap();
        Self { xml: format!("{before}{inside}</{end}"), ..self }
    }

    /// It is for the SP at this origin.
    pub fn at(self, origin: &str) -> Self {
        Self { xml: self.xml.replace(BASE_URL, origin), ..self }
    }

    /// A form for HTTP-POST, signed (Bindings 3.5.4).
    pub fn by_post(&self) -> String {
        self.form(&self.idp.sign(&self.xml))
    }

    /// The same without a signature.
    pub fn unsigned_by_post(&self) -> String {
        self.form(&self.xml)
    }

    fn form(&self, xml: &str) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair(self.parameter, &STANDARD.encode(xml));
        if let Some(relay_state) = &self.relay_state {
            form.append_pair("RelayState", relay_state);
        }
        form.finish()
    }

    /// A query for HTTP-Redirect, signed (Bindings 3.4.4.1).
    pub fn by_redirect(&self) -> String {
        let mut deflater = DeflateEncoder::new(Vec::new(), Compression::default());
        deflater.write_all(self.xml.as_bytes()).unwrap();
        let deflated = deflater.finish().unwrap();
        let key = signing(self.idp.key);
        let algorithm = key.default_algorithm();
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair(self.parameter, &STANDARD.encode(deflated));
        if let Some(relay_state) = &self.relay_state {
            query.append_pair("RelayState", relay_state);
        }
        let query = query.append_pair("SigAlg", algorithm.uri()).finish();
        let signature = STANDARD.encode(key.sign_octets(algorithm, query.as_bytes()).unwrap());
        let signature: String = form_urlencoded::byte_serialize(signature.as_bytes()).collect();
        format!("{query}&Signature={signature}")
    }

    /// The message, without a signature.
    pub fn unsigned(&self) -> &str {
        &self.xml
    }

    /// The message, signed.
    pub fn signed(&self) -> String {
        self.idp.sign(&self.xml)
    }

    /// An envelope with the signed message.
    pub fn by_soap(&self) -> String {
        envelope(&self.idp.sign(&self.xml))
    }

    /// What a program posts for PAOS: the signed message, and in the Header `blocks` and its RelayState.
    pub fn by_paos(&self, blocks: &str) -> String {
        let relay_state = self.relay_state.as_deref().unwrap_or_default();
        let header = format!(
            "<soap:Header><ecp:RelayState xmlns:ecp=\"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp\" \
             soap:mustUnderstand=\"1\">{relay_state}</ecp:RelayState>{blocks}</soap:Header>"
        );
        self.by_soap().replacen("<soap:Body>", &format!("{header}<soap:Body>"), 1)
    }
}

/// A SOAP envelope.
pub fn envelope(inside: &str) -> String {
    format!(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>\
         {inside}</soap:Body></soap:Envelope>"
    )
}

/// A persistent NameID for this SP.
pub fn name_id_element(name_id: &str) -> String {
    let format = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    format!("<saml:NameID Format=\"{format}\">{name_id}</saml:NameID>")
}

fn in_response_to(asked: Option<&str>) -> String {
    asked.map(|id| format!("InResponseTo=\"{id}\"")).unwrap_or_default()
}

fn status_element(codes: &[&str]) -> String {
    let code = codes.iter().rev().fold(String::new(), |inside, code| {
        let value = format!("urn:oasis:names:tc:SAML:2.0:status:{code}");
        format!("<samlp:StatusCode Value=\"{value}\">{inside}</samlp:StatusCode>")
    });
    format!("<samlp:Status>{code}</samlp:Status>")
}
