//! What real IdPs write, and must be understood: one habit, one test.
//!
//! Those that belong to one rule stand beside it: several confirmations and NameIDs in `subject`,
//! several AuthnStatements in `authn`, values in `attributes`, Destination and Issuer in `envelope`,
//! the places of a Signature in `signature`, the form in the unit tests of `binding::post`.

use xmldoc::{DigestAlgorithm, SignatureAlgorithm, SignaturePlace};

use crate::answer::*;

/// What the signatures of both elements may be.
const SIGNS: [Sign; 3] = [Sign::Assertion, Sign::Response, Sign::Both];

/// From `start` to `end`, inclusive.
fn span<'a>(xml: &'a str, start: &str, end: &str) -> &'a str {
    let from = xml.find(start).unwrap();
    let to = from + xml[from..].find(end).unwrap() + end.len();
    &xml[from..to]
}

#[track_caller]
fn is_alice(xml: &str) {
    let login = Judge::new().login(xml);
    assert_eq!(login.name_id.value, "alice");
    assert_eq!(login.attributes[0].values, ["alice@example.org"]);
}

#[test]
fn any_prefix_is_as_good_as_another() {
    for (protocol, assertion) in
        [("ns0", "ns1"), ("saml2p", "saml2"), ("saml", "samlp"), ("_", "é")]
    {
        for sign in SIGNS {
            let mut answer = Answer::new().signed(sign);
            let renamed = |xml: &str| {
                xml.replace("samlp", "\u{1}")
                    .replace("saml:", "\u{2}:")
                    .replace("xmlns:saml=", "xmlns:\u{2}=")
                    .replace('\u{1}', protocol)
                    .replace('\u{2}', assertion)
            };
            answer.response = renamed(&answer.response);
            answer.assertion = renamed(&answer.assertion);
            is_alice(&answer.xml());
        }
    }
}

#[test]
fn any_namespace_may_be_the_default_one() {
    for sign in SIGNS {
        let mut answer = Answer::new().signed(sign);
        answer.response = answer.response.replace("samlp:", "").replace("xmlns:samlp=", "xmlns=");
        answer.assertion = answer.assertion.replace("saml:", "").replace("xmlns:saml=", "xmlns=");
        is_alice(&answer.xml());
    }
}

#[test]
fn prefixes_may_be_bound_outside_the_assertion() {
    let xs = "xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
    let typed = |answer: Answer| {
        answer.assertion("<saml:AttributeValue>", "<saml:AttributeValue xsi:type=\"xs:string\">")
    };
    let outside = Answer::new()
        .signed(Sign::Response)
        .response("<samlp:Response", &format!("<samlp:Response {xs}"));
    is_alice(&typed(outside).xml());
    let inside = Answer::new().assertion("<saml:Assertion", &format!("<saml:Assertion {xs}"));
    is_alice(&typed(inside).xml());
}

#[test]
fn signature_values_are_wrapped_anyhow() {
    let xml = Answer::new().assertion_key(&RSA_KEY).xml();
    let judge = Judge { keys: vec![&RSA_KEY], ..Judge::new() };
    let value = span(&xml, "<ds:SignatureValue>", "</ds:SignatureValue>");
    let (start, end) = ("<ds:SignatureValue>", "</ds:SignatureValue>");
    let digits: String = value[start.len()..value.len() - end.len()].split_whitespace().collect();
    for (width, gap) in [(64, "\r\n"), (76, "\n    "), (72, "&#13;\n"), (60, " "), (999, "\t")] {
        let lines: Vec<&str> = digits
            .as_bytes()
            .chunks(width)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        let wrapped = format!("{start}{gap}{}{gap}{end}", lines.join(gap));
        judge.login(&xml.replace(value, &wrapped));
    }
}

#[test]
fn key_info_is_never_looked_at() {
    let xml = Answer::new().xml();
    let key_info = span(&xml, "<ds:KeyInfo>", "</ds:KeyInfo>");
    let stranger = STRANGER.sign(&Answer::new().assertion, SignaturePlace::AfterIssuer);
    for other in [
        "",
        "<ds:KeyInfo/>",
        "<ds:KeyInfo><ds:X509Data/></ds:KeyInfo>",
        "<ds:KeyInfo><ds:KeyName>idp</ds:KeyName></ds:KeyInfo>",
        "<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>",
        "<ds:KeyInfo><ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=x</ds:X509IssuerName><ds:X509SerialNumber>1</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data></ds:KeyInfo>",
        span(&stranger, "<ds:KeyInfo>", "</ds:KeyInfo>"),
    ] {
        is_alice(&xml.replace(key_info, other));
    }
}

#[test]
fn the_digest_need_not_be_the_signatures() {
    for (signature, digest) in [
        (SignatureAlgorithm::RsaSha512, DigestAlgorithm::Sha384),
        (SignatureAlgorithm::RsaSha256, DigestAlgorithm::Sha512),
        (SignatureAlgorithm::RsaPssSha256, DigestAlgorithm::Sha256),
    ] {
        let answer = Answer::new();
        let place = SignaturePlace::AfterIssuer;
        let signed = RSA_KEY.sign_with(&answer.assertion, place, signature, digest);
        Judge { keys: vec![&RSA_KEY], ..Judge::new() }.login(&answer.around(&signed));
    }
}

#[test]
fn a_signature_may_have_an_id() {
    let xml = Answer::new().xml();
    is_alice(&xml.replacen("<ds:Signature ", "<ds:Signature Id=\"_signature\" ", 1));
}

#[test]
fn a_declaration_and_a_byte_order_mark_may_stand_first() {
    let xml = Answer::new().xml();
    for first in [
        "<?xml version=\"1.0\"?>",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
        "<?xml version='1.0' encoding='utf-8' standalone=\"no\"?>\r\n\r\n",
        "\u{feff}",
        "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
        "\n",
    ] {
        is_alice(&format!("{first}{xml}\n"));
    }
}

#[test]
fn characters_may_be_written_as_references() {
    let answer = Answer::new().assertion(">alice@example.org<", ">&#x414;&#1072;&#xA;&amp;&#13;.<");
    assert_eq!(answer.login().attributes[0].values, ["\u{414}\u{430}\n&\r."]);
}

#[test]
fn line_ends_of_any_kind_are_layout() {
    for sign in SIGNS {
        let mut answer = Answer::new().signed(sign);
        answer.response = answer.response.replace('\n', "\r\n");
        answer.assertion = answer.assertion.replace('\n', "\r\n\t");
        is_alice(&answer.xml());
        is_alice(&Answer::new().signed(sign).xml().replace("\n  ", "\r\n  "));
    }
}

#[test]
fn times_have_fractions_and_offsets() {
    for (z, other) in [
        ("Z", ".123Z"),
        ("Z", ".1234567Z"),
        ("Z", "+00:00"),
        ("Z", "-00:00"),
        ("Z", ".5+00:00"),
        ("Z", ""),
    ] {
        for sign in SIGNS {
            let mut answer = Answer::new().signed(sign);
            answer.response = answer.response.replace(&format!("{z}\""), &format!("{other}\""));
            answer.assertion = answer.assertion.replace(&format!("{z}\""), &format!("{other}\""));
            assert!(!answer.assertion.contains(":00Z\""));
            is_alice(&answer.xml());
        }
    }
}

#[test]
fn not_before_is_often_just_now() {
    let (before, now) = (format!("NotBefore=\"{}\"", at(-300)), format!("NotBefore=\"{}\"", at(0)));
    let xml = Answer::new().assertion(&before, &now.replace('Z', ".999Z")).xml();
    is_alice(&xml);
    // The IdP's clock is ahead.
    Judge::at(-SKEW).login(&xml);
}

#[test]
fn a_confirmation_may_last_for_hours() {
    let end = format!("NotOnOrAfter=\"{}\" Recipient", at(300));
    let long = format!("NotOnOrAfter=\"{}\" Recipient", at(20 * 3600));
    let xml = Answer::new().assertion(&end, &long).xml();
    assert_eq!(Judge::of_old(86_400).login(&xml).replay_until, after(20 * 3600 + SKEW));
}

#[test]
fn an_attribute_statement_may_be_empty() {
    let own =
        span(&Answer::new().assertion, "<saml:AttributeStatement>", "</saml:AttributeStatement>")
            .to_owned();
    for empty in
        ["<saml:AttributeStatement/>", "<saml:AttributeStatement>\n</saml:AttributeStatement>"]
    {
        for sign in SIGNS {
            let answer = Answer::new().signed(sign).assertion(&own, empty);
            assert_eq!(answer.login().attributes, []);
        }
    }
}

#[test]
fn elements_come_out_of_order() {
    // Statements before Conditions before Subject, the Issuer last; and Status before the Issuer.
    let own = Answer::new();
    let conditions = span(&own.assertion, "<saml:Conditions", "</saml:Conditions>").to_owned();
    let statement =
        span(&own.assertion, "<saml:AuthnStatement", "</saml:AuthnStatement>").to_owned();
    let issuer = format!("<saml:Issuer>{IDP}</saml:Issuer>");
    let status = span(&own.response, "<samlp:Status>", "</samlp:Status>").to_owned();
    for sign in SIGNS {
        let answer = Answer::new()
            .signed(sign)
            .assertion(&conditions, "")
            .assertion(&statement, "")
            .assertion(&issuer, "")
            .assertion("<saml:Subject>", &format!("{statement}{conditions}<saml:Subject>"))
            .assertion("</saml:Assertion>", &format!("{issuer}</saml:Assertion>"))
            .response(&status, "")
            .response("{assertion}", &format!("{{assertion}}{status}"));
        is_alice(&answer.xml());
    }
}

#[test]
fn an_entity_id_need_not_be_a_uri() {
    for (idp, sp) in
        [("authentik", "my app"), ("IdP of É. & Söhne", "127.0.0.1"), ("urn:x", "app:%zz")]
    {
        let escaped = |id: &str| id.replace('&', "&amp;");
        for sign in SIGNS {
            let mut answer = Answer::new().signed(sign);
            for xml in [&mut answer.response, &mut answer.assertion] {
                *xml = xml.replace(IDP, &escaped(idp)).replace(SP, &escaped(sp));
            }
            let login = Judge { idp, sp, ..Judge::new() }.login(&answer.xml());
            assert_eq!(login.idp_entity_id, idp);
        }
    }
}

#[test]
fn an_idp_and_an_sp_may_share_an_entity_id() {
    let mut answer = Answer::new();
    for xml in [&mut answer.response, &mut answer.assertion] {
        *xml = xml.replace(IDP, "urn:shared").replace(SP, "urn:shared");
    }
    Judge { idp: "urn:shared", sp: "urn:shared", ..Judge::new() }.login(&answer.xml());
}

#[test]
fn an_acs_url_may_have_a_query() {
    let acs = "https://app.example.com/saml/acs?tenant=1&lang=en";
    for sign in SIGNS {
        let mut answer = Answer::new().signed(sign);
        for xml in [&mut answer.response, &mut answer.assertion] {
            *xml = xml.replace(ACS, &acs.replace('&', "&amp;"));
        }
        Judge { acs, ..Judge::new() }.login(&answer.xml());
    }
}

#[test]
fn a_status_message_may_be_anything_when_the_status_is_success() {
    for message in [
        "<samlp:StatusMessage/>",
        "<samlp:StatusMessage xml:lang=\"en\" code=\"0\">ok</samlp:StatusMessage>",
        "<samlp:StatusMessage><b xmlns=\"urn:x\">ok</b></samlp:StatusMessage>",
    ] {
        let end = "</samlp:Status>";
        is_alice(&Answer::new().response(end, &format!("{message}{end}")).xml());
    }
}

#[test]
fn consent_and_extensions_are_not_in_the_way() {
    let consent = "Consent=\"urn:oasis:names:tc:SAML:2.0:consent:unspecified\" ID=\"_response1\"";
    is_alice(&Answer::new().response("ID=\"_response1\"", consent).xml());
}

#[test]
fn what_vendors_add_to_attributes_is_ignored() {
    let tag = "<saml:Attribute Name=\"mail\"";
    let added = format!(
        "{tag} xmlns:a=\"http://schemas.xmlsoap.org/ws/2009/09/identity/claims\" a:OriginalIssuer=\"urn:x\" NameFormat=\"\""
    );
    is_alice(&Answer::new().assertion(tag, &added).xml());
}
