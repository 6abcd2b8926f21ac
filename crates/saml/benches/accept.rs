//! What accepting a Response costs, from the form to the Login, beside xmlsec1's bare verification of
//! the same document: one parse and one xmlSecDSigCtxVerify, nothing before or after.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clock::UnixTime;
use criterion::{Criterion, criterion_group};
use openssl::encrypt::Encrypter;
use openssl::pkey::{PKey, Private};
use openssl::rand::rand_bytes;
use openssl::rsa::{Padding, Rsa};
use openssl::symm::{Cipher, encrypt_aead};
use saml::binding::decode_post;
use saml::message::Expected;
use saml::provider::{Binding, Endpoint, Idp, Policy};
use saml::receive::{Received, receive_post};
use saml::response::{Asked, Login};
use xmldoc::{
    DecryptionKey, DigestAlgorithm, Limits, SecondVerifier, SignaturePlace, SigningKey,
    VerifyingKey, sign_enveloped,
};

const IDP: &str = "https://idp.example.org/metadata";
const SP: &str = "https://app.example.com/saml/metadata";
const ACS: &str = "https://app.example.com/saml/acs";
const REQUEST: &str = "_4fee3b046395c4e751011e97f8900b5273d56685";
/// 2026-11-21T11:30:00Z
const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);
const FORM: &str = "application/x-www-form-urlencoded";
const MAX: usize = 256 * 1024;

/// Pairs of measurements, taken in turns; the median is what counts.
const ROUNDS: usize = 4000;

/// A signed Response on its way, and the SP that takes it.
struct Posted {
    xml: String,
    body: Vec<u8>,
    idp: Idp,
    bare: xmlsec1::Key,
    keys: Vec<DecryptionKey>,
}

impl Posted {
    /// `seal` makes the Assertion's XML what stands in the Response.
    fn new(attributes: usize, idp: &Pair, sp: &Pair, seal: impl Fn(String) -> String) -> Self {
        let xml = idp.sign(&response(&seal(assertion(attributes))));
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("SAMLResponse", &STANDARD.encode(&xml))
            .append_pair("RelayState", REQUEST)
            .finish()
            .into_bytes();
        let location = "https://idp.example.org/sso".to_owned();
        let bare = idp.bare();
        let idp = Idp {
            entity_id: IDP.to_owned(),
            sso: Endpoint { binding: Binding::Redirect, location },
            slo: Vec::new(),
            keys: vec![idp.verifying()],
            artifact_resolution: Vec::new(),
            encryption_key: None,
            scopes: Default::default(),
            valid_until: None,
            policy: Policy::default(),
        };
        let keys = DecryptionKey::of(&sp.signing()).into_iter().collect();
        Self { xml, body, idp, bare, keys }
    }

    /// xmlsec1 must agree, as `second_verifier` has it.
    fn confirmed(mut self) -> Self {
        let confirmed = |key: VerifyingKey| {
            let theirs = xmlsec1::Key::from_public_der(&key.public_der().unwrap()).unwrap();
            key.with_second(Arc::new(Second(theirs)))
        };
        self.idp.keys = self.idp.keys.into_iter().map(confirmed).collect();
        self
    }

    fn bare(&self) {
        assert!(xmlsec1::verify_root(black_box(self.xml.as_bytes()), &self.bare));
    }

    fn accept(&self) -> Login {
        let message = decode_post(Some(FORM), black_box(&self.body), MAX).unwrap();
        let limits = Limits { bytes: MAX, ..Limits::default() };
        let Received::Response(response) = receive_post(message, &limits).unwrap() else {
            panic!("no Response");
        };
        let asked =
            Asked { id: REQUEST, issue_instant: NOW, force_authn: false, authn_context: None };
        let expected = Expected {
            sp_entity_id: SP,
            url: ACS,
            idp: &self.idp,
            decryption_keys: &self.keys,
            now: NOW,
            examination: None,
        };
        response.accept(&expected, Some(asked)).unwrap()
    }

    /// Medians of both, taken in turns.
    fn compare(&self, name: &str) {
        let mut times = [Vec::with_capacity(ROUNDS), Vec::with_capacity(ROUNDS)];
        for _ in 0..ROUNDS {
            times[0].push(time(|| self.bare()));
            times[1].push(time(|| drop(black_box(self.accept()))));
        }
        let [bare, accept] = times.map(median);
        let ratio = accept.as_secs_f64() / bare.as_secs_f64();
        println!("{name}: accept {accept:?} / bare xmlsec1 {bare:?} = {ratio:.3}");
    }
}

/// xmlsec1 with the IdP's key.
struct Second(xmlsec1::Key);

impl SecondVerifier for Second {
    fn verify(&self, document: &str, octets: &str) -> Result<(), String> {
        xmlsec1::verify(document.as_bytes(), octets.as_bytes(), &self.0)
    }
}

fn time(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

struct Pair(PKey<Private>);

impl Pair {
    fn new() -> Self {
        Self(PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap())
    }

    fn signing(&self) -> SigningKey {
        SigningKey::from_pem(&self.0.private_key_to_pem_pkcs8().unwrap(), None).unwrap()
    }

    fn verifying(&self) -> VerifyingKey {
        VerifyingKey::from_public_key_pem(&self.0.public_key_to_pem().unwrap()).unwrap()
    }

    fn bare(&self) -> xmlsec1::Key {
        xmlsec1::Key::from_pem(&self.0.public_key_to_pem().unwrap()).unwrap()
    }

    fn sign(&self, xml: &str) -> String {
        let (key, place) = (self.signing(), SignaturePlace::AfterIssuer);
        let algorithm = key.default_algorithm();
        sign_enveloped(xml, place, &key, None, algorithm, DigestAlgorithm::Sha256).unwrap()
    }

    /// AES-256-GCM under RSA-OAEP.
    fn encrypt(&self, xml: &str) -> String {
        let (mut key, mut iv, mut tag) = ([0; 32], [0; 12], [0; 16]);
        rand_bytes(&mut key).unwrap();
        rand_bytes(&mut iv).unwrap();
        let cipher = Cipher::aes_256_gcm();
        let sealed = encrypt_aead(cipher, &key, Some(&iv), b"", xml.as_bytes(), &mut tag).unwrap();
        let mut encrypter = Encrypter::new(&self.0).unwrap();
        encrypter.set_rsa_padding(Padding::PKCS1_OAEP).unwrap();
        let mut wrapped = vec![0; encrypter.encrypt_len(&key).unwrap()];
        let length = encrypter.encrypt(&key, &mut wrapped).unwrap();
        format!(
            "<saml:EncryptedAssertion><xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" \
             Type=\"http://www.w3.org/2001/04/xmlenc#Element\"><xenc:EncryptionMethod \
             Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\"/>\
             <ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><xenc:EncryptedKey>\
             <xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\"/>\
             <xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue></xenc:CipherData>\
             </xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue>\
             </xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>",
            STANDARD.encode(&wrapped[..length]),
            STANDARD.encode([&iv[..], &sealed, &tag].concat())
        )
    }
}

fn assertion(attributes: usize) -> String {
    let attributes: String = (0..attributes)
        .map(|n| {
            format!(
                "<saml:Attribute Name=\"urn:oid:0.9.2342.19200300.100.1.{n}\" \
                 NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\">\
                 <saml:AttributeValue xsi:type=\"xs:string\">value {n} of somebody@example.org\
                 </saml:AttributeValue></saml:Attribute>"
            )
        })
        .collect();
    format!(
        "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" ID=\"_d71a3a8e9fcc45c9e9d248ef7049393fc8f04e5f\" \
         Version=\"2.0\" IssueInstant=\"2026-11-21T11:30:00Z\"><saml:Issuer>{IDP}</saml:Issuer>\
         <saml:Subject><saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\">\
         _ce3d2948b4cf20146dee0a0b3dd6f69b6cf86f62d7</saml:NameID>\
         <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
         <saml:SubjectConfirmationData NotOnOrAfter=\"2026-11-21T11:35:00Z\" Recipient=\"{ACS}\" \
         InResponseTo=\"{REQUEST}\"/></saml:SubjectConfirmation></saml:Subject>\
         <saml:Conditions NotBefore=\"2026-11-21T11:29:30Z\" NotOnOrAfter=\"2026-11-21T11:35:00Z\">\
         <saml:AudienceRestriction><saml:Audience>{SP}</saml:Audience></saml:AudienceRestriction>\
         </saml:Conditions><saml:AuthnStatement AuthnInstant=\"2026-11-21T11:29:59Z\" \
         SessionIndex=\"_be9967abd904ddcae3c0eb4189adbe3f71e327cf93\"><saml:AuthnContext>\
         <saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password\
         </saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>\
         <saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion>"
    )
}

fn response(assertion: &str) -> String {
    format!(
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_8e8dc5f69a98cc4c1ff3427e5ce34606\" \
         Version=\"2.0\" IssueInstant=\"2026-11-21T11:30:00Z\" Destination=\"{ACS}\" \
         InResponseTo=\"{REQUEST}\"><saml:Issuer>{IDP}</saml:Issuer><samlp:Status>\
         <samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>\
         {assertion}</samlp:Response>"
    )
}

fn cases() -> [(&'static str, Posted); 5] {
    let (idp, sp) = (Pair::new(), Pair::new());
    let clear = |assertion: String| assertion;
    let encrypted = |assertion: String| sp.encrypt(&assertion);
    [
        ("5 attributes", Posted::new(5, &idp, &sp, clear)),
        ("50 attributes", Posted::new(50, &idp, &sp, clear)),
        ("5 attributes, encrypted", Posted::new(5, &idp, &sp, encrypted)),
        ("5 attributes, second verifier", Posted::new(5, &idp, &sp, clear).confirmed()),
        ("50 attributes, second verifier", Posted::new(50, &idp, &sp, clear).confirmed()),
    ]
}

fn accept(criterion: &mut Criterion) {
    let cases = cases();
    for (name, case) in &cases {
        let mut group = criterion.benchmark_group(*name);
        group.bench_function("bare xmlsec1", |b| b.iter(|| case.bare()));
        group.bench_function("accept", |b| b.iter(|| case.accept()));
        group.finish();
    }
    for (name, case) in &cases {
        case.compare(name);
    }
}

criterion_group!(benches, accept);

/// `--counted CASE` does little but accept that Response once, for `scripts/instructions`.
fn main() {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--counted");
    if let Some(wanted) = arguments.nth(1) {
        let cases = cases();
        let (_, case) = cases.iter().find(|(name, _)| *name == wanted).unwrap();
        // The first one sets up what a worker sets up once.
        (0..4).for_each(|_| drop(case.accept()));
        drop(counted(case));
    } else {
        benches();
        Criterion::default().configure_from_args().final_summary();
    }
}

/// What valgrind counts the instructions of.
#[inline(never)]
fn counted(case: &Posted) -> Login {
    case.accept()
}
