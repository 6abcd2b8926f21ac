//! The message in a SOAP envelope, as a document of its own (SOAP 1.1 4, SAML Bindings 3.2).
use std::fmt;

use crate::{Document, Element, Limits, XmlError};

/// SOAP 1.1, the one that SAML's binding speaks.
const SOAP_1_1: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const SOAP_1_2: &str = "http://www.w3.org/2003/05/soap-envelope";

/// Why an envelope yields no message. A text in a variant is what the envelope has in that place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SoapError {
    /// The octets are no document that passes the gate.
    Xml(XmlError),
    /// It is no envelope with one message in its Body (SOAP 1.1 4): what stands in the way.
    Structure(&'static str),
    /// The other side failed, and says so.
    Fault(String),
}

impl fmt::Display for SoapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Xml(error) => error.fmt(f),
            Self::Structure(what) => f.write_str(what),
            Self::Fault(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for SoapError {}

impl From<XmlError> for SoapError {
    fn from(error: XmlError) -> Self {
        Self::Xml(error)
    }
}

impl Document {
    /// Is the root a SOAP envelope (1.1 or 1.2)?
    pub fn is_soap(&self) -> bool {
        self.root_is(SOAP_1_1, "Envelope") || self.root_is(SOAP_1_2, "Envelope")
    }

    /// Lets the envelope through the gate, and takes the one element in its Body for the document.
    ///
    /// The message stays in its place, so that its prefixes mean what they mean there.
    ///
    /// # Errors
    /// The gate refuses it, it is no envelope with one element in its Body, or that is a Fault.
    pub fn parse_soap(bytes: impl Into<Vec<u8>>, limits: &Limits) -> Result<Self, SoapError> {
        Self::parse(bytes, limits)?.into_soap_message(&[])
    }

    /// The one element in the Body of an envelope, as a document. `understood` are the blocks of its
    /// Header, by namespace and name, that the caller does as it must.
    ///
    /// # Errors
    /// It is no envelope with one element in its Body, or that is a Fault; a block must be understood and
    /// is not.
    pub fn into_soap_message(self, understood: &[(&str, &str)]) -> Result<Self, SoapError> {
        check(self.envelope(), understood)?;
        self.message().ok_or(SoapError::Structure("the message in the Body cannot be found"))
    }

    /// The element in the Body of an envelope whose structure is known to be good.
    fn message(self) -> Option<Self> {
        let body = self.root()?.children().find(|child| child.name() == "Body")?;
        let message = body.children().next()?.number;
        Some(self.with_root(message))
    }
}

/// One Body with one element, and no Header that must be understood and is not (Bindings 3.2.2.1).
fn check(envelope: &Element, understood: &[(&str, &str)]) -> Result<(), SoapError> {
    let Some(soap) = [SOAP_1_1, SOAP_1_2].into_iter().find(|soap| envelope.is(soap, "Envelope"))
    else {
        return Err(SoapError::Structure("the root element is no SOAP Envelope"));
    };
    let (headers, rest): (Vec<_>, Vec<_>) =
        envelope.children.iter().partition(|child| child.is(soap, "Header"));
    let is_understood =
        |block: &Element| understood.iter().any(|(namespace, name)| block.is(namespace, name));
    let mut blocks = headers.iter().flat_map(|header| &header.children);
    if blocks.any(|block| is_mandatory(block, soap) && !is_understood(block)) {
        return Err(SoapError::Structure("a SOAP Header must be understood, and is not"));
    }
    let [body] = rest.as_slice() else {
        return Err(SoapError::Structure("the SOAP Envelope holds not exactly one Body"));
    };
    if !body.is(soap, "Body") {
        return Err(SoapError::Structure("the SOAP Envelope holds no Body"));
    }
    match body.children.as_slice() {
        [fault] if fault.is(soap, "Fault") => Err(SoapError::Fault(reason_of(fault, soap))),
        [_] if body.text.trim().is_empty() => Ok(()),
        _ => Err(SoapError::Structure("the SOAP Body holds not exactly one element")),
    }
}

/// SOAP 1.1 4.2.3; SOAP 1.2 part 1 5.2.3.
fn is_mandatory(block: &Element, soap: &str) -> bool {
    matches!(block.attribute_ns(soap, "mustUnderstand").map(str::trim), Some("1" | "true"))
}

/// What the Fault says to people (SOAP 1.1 4.4; SOAP 1.2 part 1 5.4.2).
fn reason_of(fault: &Element, soap: &str) -> String {
    let reason = fault.child(soap, "Reason").and_then(|reason| reason.child(soap, "Text"));
    let text = fault.child("", "faultstring").or(reason).map(|text| text.text.trim());
    text.unwrap_or("no reason given").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, Argument};
    use crate::{
        DigestAlgorithm, SignatureAlgorithm, SignaturePlace, SignaturePolicy, sign_enveloped,
    };

    const P: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
    const STRICT: SignaturePolicy = SignaturePolicy { allow_sha1: false, allow_rsa1024: false };

    fn envelope(soap: &str, content: &str) -> String {
        format!("<s:Envelope xmlns:s=\"{soap}\" xmlns:p=\"{P}\">{content}</s:Envelope>")
    }

    fn parse(xml: &str) -> Result<Document, SoapError> {
        Document::parse_soap(xml.as_bytes(), &Limits::default())
    }

    fn refusal(content: &str) -> String {
        parse(&envelope(SOAP_1_1, content)).err().map(|e| e.to_string()).unwrap_or_default()
    }

    #[test]
    fn the_message_is_the_one_element_in_the_body() {
        for soap in [SOAP_1_1, SOAP_1_2] {
            for (body, text) in [
                ("<p:M a='1'/>", ""),
                ("\n <!-- <x/> --><p:M a=\"1\">t<p:M>u</p:M>v</p:M>\n", "tv"),
                ("<M xmlns='urn:oasis:names:tc:SAML:2.0:protocol' a='1'>t</M>", "t"),
                ("<q:M xmlns:q='urn:oasis:names:tc:SAML:2.0:protocol' a='1'>t</q:M>", "t"),
            ] {
                for header in ["", "<s:Header/>", "<s:Header><p:M a='0'><s:Body/></p:M></s:Header>"]
                {
                    let xml = envelope(soap, &format!("{header}\n<s:Body>{body}</s:Body>"));
                    for start in ["", "\u{FEFF}", "<?xml version='1.0'?>", "<!-- <M/> -->"] {
                        let message = parse(&format!("{start}{xml}")).unwrap().trusted_root();
                        assert!(message.is(P, "M"), "{xml}");
                        assert_eq!(
                            (message.attribute("a"), &*message.text),
                            (Some("1"), text),
                            "{xml}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn prefixes_mean_what_they_mean_around_the_message() {
        let xml = "<Envelope xmlns='http://schemas.xmlsoap.org/soap/envelope/' xmlns:a='urn:1' \
                   xmlns:b='urn:2'><Body xmlns:b='urn:3' xmlns:c='urn&#58;4'>\
                   <a:M xmlns:a='urn:5' b:x='6' c:y='7'><None/></a:M></Body></Envelope>";
        let message = parse(xml).unwrap().trusted_root();
        assert!(message.is("urn:5", "M"));
        assert_eq!(message.attribute_ns("urn:3", "x"), Some("6"));
        assert_eq!(message.attribute_ns("urn:4", "y"), Some("7"));
        assert!(message.children[0].is(SOAP_1_1, "None"));
    }

    #[test]
    fn an_undeclared_default_stays_undeclared() {
        for (envelope, body, message, expected) in [
            (" xmlns='urn:1'", " xmlns=''", "", ""),
            (" xmlns='urn:1'", "", " xmlns=''", ""),
            (" xmlns=''", " xmlns='urn:2'", "", "urn:2"),
        ] {
            let xml = format!(
                "<s:Envelope xmlns:s='{SOAP_1_1}'{envelope}><s:Body{body}><M{message}><N/></M>\
                 </s:Body></s:Envelope>"
            );
            let read = parse(&xml).unwrap().trusted_root();
            assert!(read.is(expected, "M") && read.children[0].is(expected, "N"), "{xml}");
        }
    }

    #[test]
    fn a_signature_made_in_place_verifies() {
        let pair = testing::rsa();
        let sign = |xml: &str| {
            let (algorithm, digest) = (SignatureAlgorithm::RsaSha256, DigestAlgorithm::Sha256);
            let (place, key) = (SignaturePlace::AfterIssuer, pair.signing());
            sign_enveloped(xml, place, &key, None, algorithm, digest).unwrap()
        };
        let message = sign(&format!("<p:M xmlns:p=\"{P}\" ID=\"_1\"><p:I/><p:N>jo</p:N></p:M>"));
        let xml = envelope(SOAP_1_1, &format!("<s:Body>{message}</s:Body>"));
        let keys = [pair.verifying()];
        let (verified, _) = parse(&xml).unwrap().verify_root(&keys, &STRICT).unwrap();
        assert_eq!(verified.child(P, "N").unwrap().text, "jo");
        let altered = parse(&xml.replace("jo", "al")).unwrap();
        assert!(altered.verify_root(&keys, &STRICT).is_err());
        let other = parse(&xml).unwrap();
        assert!(other.verify_root(&[testing::other_rsa().verifying()], &STRICT).is_err());
    }

    /// By xmlsec1, with a prefix in InclusiveNamespaces that only the envelope declares.
    #[test]
    fn what_a_signature_includes_of_the_envelope_is_not_lost() {
        const EXC: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
        let template = format!(
            "<p:M ID=\"_1\"><ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
             <ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"{EXC}\"/><ds:SignatureMethod \
             Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/><ds:Reference \
             URI=\"#_1\"><ds:Transforms><ds:Transform \
             Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/><ds:Transform \
             Algorithm=\"{EXC}\"><ec:InclusiveNamespaces xmlns:ec=\"{EXC}\" PrefixList=\"s\"/>\
             </ds:Transform></ds:Transforms><ds:DigestMethod \
             Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue/>\
             </ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>jo</p:M>"
        );
        let xml = envelope(SOAP_1_1, &format!("<s:Body>{template}</s:Body>"));
        let (pem, id) = (testing::rsa().private_pem(), format!("{P}:M"));
        let arguments = [
            Argument::Word("--sign"),
            Argument::Word("--id-attr:ID"),
            Argument::Word(&id),
            Argument::Word("--privkey-pem"),
            Argument::File(&pem),
            Argument::File(xml.as_bytes()),
        ];
        let Some(output) = testing::xmlsec1(&arguments) else { return };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let document = Document::parse_soap(output.stdout, &Limits::default()).unwrap();
        let (verified, _) = document.verify_root(&[testing::rsa().verifying()], &STRICT).unwrap();
        assert_eq!(verified.text, "jo");
    }

    #[test]
    fn anything_but_one_message_is_refused() {
        for (content, expected) in [
            ("", "not exactly one Body"),
            ("<s:Header/>", "not exactly one Body"),
            ("<s:Body><p:M/></s:Body><s:Body><p:M/></s:Body>", "not exactly one Body"),
            ("<s:Body><p:M/></s:Body><p:M/>", "not exactly one Body"),
            ("<p:Body><p:M/></p:Body>", "no Body"),
            ("<s:Body/>", "not exactly one element"),
            ("<s:Body>text</s:Body>", "not exactly one element"),
            ("<s:Body><p:M/>text</s:Body>", "not exactly one element"),
            ("<s:Body><p:M/><p:M/></s:Body>", "not exactly one element"),
            (
                "<s:Header><p:H s:mustUnderstand='1'/></s:Header><s:Body><p:M/></s:Body>",
                "understood",
            ),
        ] {
            let said = refusal(content);
            assert!(said.contains(expected), "{said}: {content}");
        }
        assert_eq!(
            refusal("<s:Header><p:H s:mustUnderstand='0'/></s:Header><s:Body><p:M/></s:Body>"),
            ""
        );
        let two = "<s:Header><p:H s:mustUnderstand='1'/><p:I s:mustUnderstand='true'/></s:Header>";
        let two = envelope(SOAP_1_1, &format!("{two}<s:Body><p:M/></s:Body>"));
        for (understood, is_good) in [
            (&[(P, "H"), (P, "I")][..], true),
            (&[(P, "H")], false),
            (&[("urn:x", "H"), (P, "I")], false),
            (&[], false),
        ] {
            let document = Document::parse(two.as_bytes(), &Limits::default()).unwrap();
            assert_eq!(document.into_soap_message(understood).is_ok(), is_good, "{understood:?}");
        }
        let plain = parse(&format!("<p:M xmlns:p='{P}'/>")).err().unwrap();
        assert_eq!(plain, SoapError::Structure("the root element is no SOAP Envelope"));
        assert!(parse(&envelope("urn:x", "<s:Body><p:M/></s:Body>")).is_err());
    }

    #[test]
    fn a_fault_speaks_for_itself() {
        let fault = "<s:Body><s:Fault><faultcode>s:Server</faultcode><faultstring> no\n</faultstring></s:Fault></s:Body>";
        assert_eq!(parse(&envelope(SOAP_1_1, fault)).err().unwrap(), SoapError::Fault("no".into()));
        let fault =
            "<s:Body><s:Fault><s:Code/><s:Reason><s:Text>no</s:Text></s:Reason></s:Fault></s:Body>";
        assert_eq!(parse(&envelope(SOAP_1_2, fault)).err().unwrap(), SoapError::Fault("no".into()));
        let fault = "<s:Body><s:Fault/></s:Body>";
        let expected = SoapError::Fault("no reason given".into());
        assert_eq!(parse(&envelope(SOAP_1_1, fault)).err().unwrap(), expected);
    }

    #[test]
    fn the_gate_is_in_front_of_envelopes_too() {
        let xml = envelope(SOAP_1_1, "<s:Body><p:M/></s:Body>");
        let doctype = parse(&format!("<!DOCTYPE x>{xml}")).err().unwrap();
        assert!(matches!(doctype, SoapError::Xml(XmlError::Gate(e)) if e.code() == "xml_doctype"));
        let twice = "<s:Header><p:H ID='1'/></s:Header><s:Body><p:M ID='1'/></s:Body>";
        let twice = parse(&envelope(SOAP_1_1, twice)).err().unwrap();
        assert!(
            matches!(twice, SoapError::Xml(XmlError::Gate(e)) if e.code() == "xml_duplicate_id")
        );
    }
}
