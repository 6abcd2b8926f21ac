//! Responses by HTTP-Artifact: the ArtifactResponse around them, and whose word it is.

use saml::artifact::ReceivedArtifactResponse;
use saml::message::Expected;
use saml::provider::Idp;
use saml::refusal::Refusal;
use saml::response::Login;
use xmldoc::{Limits, SignaturePlace};

use crate::answer::*;
use crate::key::Key;
use crate::seal::{CBC, GCM, Seal};

const RESOLVE: &str = "_resolve1";
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
/// Whom the SP trusts as well.
const OTHER: &str = "https://other.example.org/metadata";

/// An ArtifactResponse to be: edited as text, then signed.
struct Resolution {
    xml: String,
    key: Option<&'static Key>,
}

impl Resolution {
    fn of(message: &str) -> Self {
        let now = at(0);
        let xml = format!(
            r#"<samlp:ArtifactResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_artifact1" Version="2.0" IssueInstant="{now}" InResponseTo="{RESOLVE}">
  <saml:Issuer>{IDP}</saml:Issuer>
  <samlp:Status><samlp:StatusCode Value="{SUCCESS}"/></samlp:Status>
  {message}
</samlp:ArtifactResponse>"#
        );
        Self { xml, key: None }
    }

    fn signed_by(self, key: &'static Key) -> Self {
        Self { key: Some(key), ..self }
    }

    /// Replaces the first occurrence of `from`, which is the ArtifactResponse's own.
    fn with(self, from: &str, to: &str) -> Self {
        assert!(self.xml.contains(from), "{from} stands not in {}", self.xml);
        Self { xml: self.xml.replacen(from, to, 1), ..self }
    }

    fn xml(&self) -> String {
        match self.key {
            Some(key) => key.sign(&self.xml, SignaturePlace::AfterIssuer),
            None => self.xml.clone(),
        }
    }

    fn login(&self) -> Login {
        accept(&Judge::new(), &self.xml()).unwrap()
    }

    fn code(&self) -> &'static str {
        accept(&Judge::new(), &self.xml()).unwrap_err().code()
    }
}

/// What comes of the ArtifactResponse, from IDP as the one that was asked to the login.
fn accept(judge: &Judge, xml: &str) -> Result<Login, Refusal> {
    judge.judge(resolve(judge, &enveloped(xml))?)
}

fn enveloped(xml: &str) -> String {
    format!(
        r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{xml}</s:Body></s:Envelope>"#
    )
}

fn resolve(judge: &Judge, body: &str) -> Result<saml::response::ReceivedResponse, Refusal> {
    let idp = Idp { entity_id: IDP.to_owned(), ..judge.idp() };
    let expected = Expected {
        sp_entity_id: judge.sp,
        url: judge.acs,
        idp: &idp,
        decryption_keys: &[],
        now: judge.now,
        examination: None,
    };
    ReceivedArtifactResponse::parse(body.as_bytes(), &Limits::default())?.accept(&expected, RESOLVE)
}

fn response(sign: Sign) -> String {
    Answer::new().signed(sign).xml()
}

#[test]
fn any_one_signature_lets_the_assertion_in() {
    let login = Answer::new().login();
    for sign in [Sign::Assertion, Sign::Response, Sign::Both] {
        assert_eq!(Resolution::of(&response(sign)).login(), login);
    }
    for sign in [Sign::Nothing, Sign::Assertion, Sign::Response, Sign::Both] {
        assert_eq!(Resolution::of(&response(sign)).signed_by(&IDP_KEY).login(), login);
    }
}

#[test]
fn the_channel_alone_is_no_signature() {
    assert_eq!(Resolution::of(&response(Sign::Nothing)).code(), "signature_missing");
}

#[test]
fn every_signature_must_verify() {
    for sign in [Sign::Nothing, Sign::Assertion, Sign::Response, Sign::Both] {
        let resolution = Resolution::of(&response(sign)).signed_by(&STRANGER);
        assert_eq!(resolution.code(), "signature_invalid");
    }
    for sign in [Sign::Assertion, Sign::Both] {
        let xml = Answer::new().signed(sign).assertion_key(&STRANGER).xml();
        assert_eq!(Resolution::of(&xml).signed_by(&IDP_KEY).code(), "signature_invalid");
    }
    for sign in [Sign::Response, Sign::Both] {
        let xml = Answer::new().signed(sign).response_key(&STRANGER).xml();
        assert_eq!(Resolution::of(&xml).signed_by(&IDP_KEY).code(), "signature_invalid");
    }
}

#[test]
fn what_its_signature_covers_cannot_be_changed() {
    let good = Resolution::of(&response(Sign::Nothing)).signed_by(&IDP_KEY).xml();
    for (from, to) in [
        (">alice<", ">admin<"),
        ("InResponseTo=\"_request1\" NotOnOrAfter", "InResponseTo=\"_request2\" NotOnOrAfter"),
        ("alice@example.org", "admin@example.org"),
    ] {
        assert!(good.contains(from));
        let evil = good.replace(from, to);
        let refusal = accept(&Judge::new(), &evil).unwrap_err();
        assert_eq!(refusal.code(), "digest_mismatch", "{from}");
    }
}

/// The signed ArtifactResponse is kept whole where a reader by name or by ID could find it.
#[test]
fn a_signature_elsewhere_vouches_for_nothing() {
    let good = Resolution::of(&response(Sign::Nothing)).signed_by(&IDP_KEY).xml();
    let evil = response(Sign::Nothing).replace(">alice<", ">admin<");
    let new_ids = |xml: String| {
        ["_response1", "_assertion1"].iter().fold(xml, |xml, id| xml.replace(id, &format!("{id}b")))
    };
    let evil = new_ids(evil);
    let around = |inside: &str| Resolution::of(inside).with("_artifact1", "_artifact2");
    let in_extensions = around(&evil).with(
        "<samlp:Status>",
        &format!("<samlp:Extensions>{good}</samlp:Extensions><samlp:Status>"),
    );
    assert_eq!(in_extensions.code(), "signature_missing");
    let beside = around(&format!("{evil}{good}"));
    assert_eq!(beside.code(), "structure");
    let instead = around(&good);
    assert_eq!(instead.code(), "message_unexpected");
    // Its signature is moved to one that was made around it.
    let (start, rest) = good.split_once("<ds:Signature").unwrap();
    let (signature, end) = rest.split_once("</ds:Signature>").unwrap();
    let bare = format!("{start}{end}");
    let signature = format!("<ds:Signature{signature}<ds:Object>{bare}</ds:Object></ds:Signature>");
    let moved = around(&evil).with("<samlp:Status>", &format!("{signature}<samlp:Status>"));
    let code = moved.code();
    assert!(["signature_structure", "reference_uri"].contains(&code), "{code}");
}

#[test]
fn the_assertion_of_another_response_is_not_taken() {
    let good = Resolution::of(&response(Sign::Assertion)).signed_by(&IDP_KEY).xml();
    let twice = good.replace(
        "</samlp:ArtifactResponse>",
        &format!(
            "{}</samlp:ArtifactResponse>",
            response(Sign::Nothing).replace("_response1", "_r2").replace("_assertion1", "_a2")
        ),
    );
    assert_eq!(accept(&Judge::new(), &twice).unwrap_err().code(), "digest_mismatch");
    let two = format!(
        "{}{}",
        response(Sign::Assertion),
        response(Sign::Nothing).replace("_response1", "_r2").replace("_assertion1", "_a2")
    );
    assert_eq!(Resolution::of(&two).code(), "structure");
    assert_eq!(Resolution::of(&two).signed_by(&IDP_KEY).code(), "structure");
}

/// IDP was asked. What it says of another's login is refused whoever has signed it.
#[test]
fn an_idp_hands_over_its_own_responses_alone() {
    let others = response(Sign::Nothing).replace(IDP, OTHER);
    let resolution = Resolution::of(&others).signed_by(&IDP_KEY);
    let of_other = Judge { idp: OTHER, ..Judge::new() };
    assert_eq!(accept(&of_other, &resolution.xml()).unwrap_err().code(), "issuer_mismatch");
    let signed = Answer::new().signed(Sign::Assertion).assertion_key(&STRANGER);
    let signed = signed.assertion(IDP_ISSUER, &format!("<saml:Issuer>{OTHER}</saml:Issuer>"));
    let xml = Resolution::of(&signed.xml().replace(IDP_ISSUER, "")).xml();
    let of_other = Judge { idp: OTHER, keys: vec![&IDP_KEY, &STRANGER], ..Judge::new() };
    assert_eq!(accept(&of_other, &xml).unwrap_err().code(), "issuer_mismatch");
    assert_eq!(Resolution::of(&others).signed_by(&IDP_KEY).code(), "issuer_mismatch");
}

const IDP_ISSUER: &str = "<saml:Issuer>https://idp.example.org/metadata</saml:Issuer>";

#[test]
fn it_is_the_answer_of_the_idp_to_our_request_and_recent() {
    let answer = || Resolution::of(&response(Sign::Assertion));
    let in_response_to = "InResponseTo=\"_resolve1\"";
    let instant = format!("IssueInstant=\"{}\"", at(0));
    let issued = |seconds| format!("IssueInstant=\"{}\"", at(seconds));
    for (from, to, code) in [
        (in_response_to, "InResponseTo=\"_resolve2\"", "in_response_to_mismatch"),
        (in_response_to, "InResponseTo=\"_request1\"", "in_response_to_mismatch"),
        (in_response_to, "", "in_response_to_missing"),
        (IDP_ISSUER, "", "issuer_missing"),
        (IDP_ISSUER, "<saml:Issuer>https://other.example.org/</saml:Issuer>", "issuer_mismatch"),
        ("Version=\"2.0\"", "Version=\"1.1\"", "version_unsupported"),
        ("ID=\"_artifact1\"", "", "id_missing"),
        (&instant, "", "instant_invalid"),
        (&instant, &issued(SKEW + 1), "issue_instant_future"),
        (&instant, &issued(-600 - SKEW), "artifact_response_stale"),
        (
            in_response_to,
            "InResponseTo=\"_resolve1\" Destination=\"https://x/\"",
            "destination_mismatch",
        ),
        (in_response_to, "InResponseTo=\"_resolve1\" Evil=\"x\"", "structure"),
    ] {
        assert_eq!(answer().with(from, to).code(), code, "{to}");
        let signed = answer().with(from, to);
        if !to.is_empty() || !from.starts_with("ID=") {
            assert_eq!(signed.signed_by(&IDP_KEY).code(), code, "{to}");
        }
    }
    answer().with(&instant, &issued(SKEW)).login();
    answer().with(&instant, &issued(1 - 600 - SKEW)).login();
    let here = format!("{in_response_to} Destination=\"{ACS}\"");
    answer().with(in_response_to, &here).login();
    answer().with(in_response_to, &format!("{in_response_to} Destination=\"\"")).login();
}

#[test]
fn what_the_idp_says_instead_of_a_response_is_told() {
    let nothing = Resolution::of("");
    assert_eq!(nothing.code(), "artifact_unknown");
    let denied = Resolution::of("").with(SUCCESS, "urn:oasis:names:tc:SAML:2.0:status:Requester");
    let refusal = accept(&Judge::new(), &denied.xml()).unwrap_err();
    assert_eq!(refusal.code(), "artifact_not_resolved");
    assert!(refusal.detail().contains("status:Requester"), "{refusal}");
    let request = "<samlp:LogoutRequest ID=\"_l\" Version=\"2.0\"/>";
    assert_eq!(Resolution::of(request).code(), "message_unexpected");
    let foreign = "<x xmlns=\"urn:x\"/>";
    assert_eq!(Resolution::of(foreign).code(), "message_unexpected");
}

#[test]
fn only_an_artifact_response_answers() {
    let judge = Judge::new();
    let code = |body: &str| resolve(&judge, body).err().unwrap().code();
    assert_eq!(code(&enveloped(&response(Sign::Response))), "message_unexpected");
    assert_eq!(code(&Resolution::of(&response(Sign::Response)).xml()), "soap_invalid");
    assert_eq!(code(&enveloped("")), "soap_invalid");
    assert_eq!(code(&enveloped("<s:Fault><faultstring>no</faultstring></s:Fault>")), "soap_fault");
    assert_eq!(code("<html/>"), "soap_invalid");
    assert_eq!(code(""), "xml_malformed");
}

/// Bindings 3.6 asks for none; when it is there it is ours.
#[test]
fn the_destination_of_the_response_may_be_left_out() {
    let destination = format!("Destination=\"{ACS}\" ");
    for sign in [Sign::Assertion, Sign::Response] {
        let without = Answer::new().signed(sign).response(&destination, "").xml();
        Resolution::of(&without).login();
        Resolution::of(&without).signed_by(&IDP_KEY).login();
    }
    let elsewhere = Answer::new().response(&destination, "Destination=\"https://x/\" ").xml();
    assert_eq!(Resolution::of(&elsewhere).code(), "destination_mismatch");
}

#[test]
fn the_response_is_judged_as_any_other() {
    let code = |answer: Answer| Resolution::of(&answer.xml()).signed_by(&IDP_KEY).code();
    let unsigned = || Answer::new().signed(Sign::Nothing);
    let asked = "InResponseTo=\"_request1\"";
    let another = "InResponseTo=\"_request2\"";
    assert_eq!(code(unsigned().response(asked, another)), "in_response_to_mismatch");
    let denied = "urn:oasis:names:tc:SAML:2.0:status:Responder";
    assert_eq!(code(unsigned().response(SUCCESS, denied)), "status_not_success");
    let audience = "<saml:Audience>https://app.example.com/saml/metadata</saml:Audience>";
    let other = "<saml:Audience>https://other.example.com/</saml:Audience>";
    assert_eq!(code(unsigned().assertion(audience, other)), "audience_mismatch");
    assert_eq!(
        code(unsigned().response("Version=\"2.0\"", "Version=\"2.0\" Evil=\"\"")),
        "structure"
    );
}

#[test]
fn the_signature_around_the_response_is_one_of_the_response() {
    let resolution = Resolution::of(&response(Sign::Assertion));
    let mut judge = Judge::new();
    judge.policy.want_response_signed = true;
    assert_eq!(accept(&judge, &resolution.xml()).unwrap_err().code(), "response_unsigned");
    accept(&judge, &resolution.signed_by(&IDP_KEY).xml()).unwrap();
    let resolution = Resolution::of(&response(Sign::Nothing)).signed_by(&IDP_KEY);
    let mut judge = Judge::new();
    judge.policy.want_assertion_signed = true;
    assert_eq!(accept(&judge, &resolution.xml()).unwrap_err().code(), "assertion_unsigned");
}

#[test]
fn encrypted_assertions_are_read_under_every_signature() {
    let judge = Judge { sp_keys: vec![&SP_KEY], ..Judge::new() };
    let sealed = |sign, cipher| {
        let answer = Answer::new().signed(sign);
        answer.around(&Seal::new(cipher).seal("EncryptedAssertion", &answer.assertion_xml()))
    };
    let login = Answer::new().login();
    let inside = Resolution::of(&sealed(Sign::Assertion, GCM)).xml();
    assert_eq!(accept(&judge, &inside).unwrap(), login);
    for cipher in [GCM, CBC] {
        let around = Resolution::of(&sealed(Sign::Nothing, cipher)).signed_by(&IDP_KEY);
        assert_eq!(accept(&judge, &around.xml()).unwrap(), login);
    }
    let nobody = Resolution::of(&sealed(Sign::Nothing, GCM)).xml();
    assert_eq!(accept(&judge, &nobody).unwrap_err().code(), "signature_missing");
    let stream = Resolution::of(&sealed(Sign::Assertion, CBC)).xml();
    assert_eq!(accept(&judge, &stream).unwrap_err().code(), "encryption_cbc_unsigned");
    let received = |xml: &str| resolve(&judge, &enveloped(xml)).unwrap().is_unvouched_ciphertext();
    assert!(
        received(&inside)
            && !received(&Resolution::of(&sealed(Sign::Nothing, GCM)).signed_by(&IDP_KEY).xml())
    );
}
