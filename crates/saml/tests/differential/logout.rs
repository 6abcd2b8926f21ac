//! Valid LogoutRequests and LogoutResponses, and our verdict on them.

use saml::message::Expected;
use saml::receive::{Received, receive};
use xmldoc::Limits;

use crate::node::{A, Node};
use crate::response::{NOW, TRUSTED};

const SLS: &str = "https://app.example.com/saml/sls";
const REQUEST: &str = "_request1";

/// A plain one of each, and one with everything that may stand in it.
pub fn valid_messages() -> [Node; 4] {
    const IDENTIFIER: &str = "<saml:NameID>alice</saml:NameID>";
    const WHOLE: &str = r#"<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" NameQualifier="a" SPNameQualifier="b" SPProvidedID="c">alice</saml:NameID><samlp:SessionIndex>s::1</samlp:SessionIndex><samlp:SessionIndex/>"#;
    const EXTENSIONS: &str = "<samlp:Extensions><x:Hint>y</x:Hint></samlp:Extensions>";
    const SUCCESS: &str =
        r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>"#;
    const PARTIAL: &str = r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:PartialLogout"/></samlp:StatusCode><samlp:StatusMessage>some</samlp:StatusMessage><samlp:StatusDetail><x:Detail/></samlp:StatusDetail>"#;
    let status = |content: &str| format!("<samlp:Status>{content}</samlp:Status>");
    let answers = format!(r#"InResponseTo="{REQUEST}""#);
    let all = r#"NotOnOrAfter="2026-11-21T11:35:00Z" Reason="urn:oasis:names:tc:SAML:2.0:logout:user" Consent="urn:x""#;
    [
        message("LogoutRequest", "", IDENTIFIER),
        message("LogoutRequest", all, &format!("{EXTENSIONS}{WHOLE}")),
        message("LogoutResponse", &answers, &status(SUCCESS)),
        message("LogoutResponse", &answers, &format!("{EXTENSIONS}{}", status(PARTIAL))),
    ]
}

fn message(name: &str, attributes: &str, content: &str) -> Node {
    Node::parse(&format!(
        r#"<samlp:{name} xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="{A}" xmlns:x="urn:x" ID="_m" Version="2.0" IssueInstant="2026-11-21T11:30:00Z" Destination="{SLS}" {attributes}><saml:Issuer>{}</saml:Issuer>{content}</samlp:{name}>"#,
        TRUSTED.entity_id
    ))
}

pub fn accepts(xml: &str) -> bool {
    let expected = Expected {
        url: SLS,
        sp_entity_id: "urn:sp",
        idp: &TRUSTED,
        decryption_keys: &[],
        now: NOW,
        examination: None,
    };
    match receive(xml.as_bytes(), &Limits::default()) {
        Ok(Received::LogoutRequest(request)) => request.accept(&expected).is_ok(),
        Ok(Received::LogoutResponse(response)) => response.accept(&expected, Some(REQUEST)).is_ok(),
        _ => false,
    }
}
