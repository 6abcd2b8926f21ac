//! The files that the configurations name: keys, certificates, metadata, secrets.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use openssl::asn1::Asn1Time;
use openssl::base64::encode_block;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Rsa;
use openssl::symm::Cipher;
use openssl::x509::{X509, X509Name};

/// When the tests take place.
pub(crate) const NOW: i64 = 1_795_260_600;
const DAY: i64 = 24 * 3600;
/// Folders of templates.
const TEMPLATES: [(&str, &str); 6] = [
    ("pages/go_on.html", "<p>{{ url }}</p>"),
    ("pages/README", "{{"),
    ("broken-pages/go_on.html", "<p>\n{% if url %}</p>"),
    ("strange-pages/go_on.html", "<p>\n{{ uri }}</p>"),
    ("strange-pages/going_on.html", "<p>"),
    ("no-pages/README", ""),
];
/// More than any warning waits for.
const FAR: i64 = NOW + 1000 * DAY;

/// The folder that all are in, made anew in each run.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("settings");
        fs::create_dir_all(folder.join("html")).unwrap();
        for (name, content) in all() {
            write(&folder, name, content, 0o600);
        }
        for (name, template) in TEMPLATES {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, template).unwrap();
        }
        write(&folder, "open.pem", fs::read(folder.join("other.key")).unwrap(), 0o644);
        write(&folder, "secret.txt", SECRET, 0o644);
        folder
    });
    &FOLDER
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>, mode: u32) {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn all() -> Vec<(&'static str, Vec<u8>)> {
    let [sp, other, idp] = [rsa(2048), rsa(2048), rsa(2048)];
    let [ec, short] = [ec(), rsa(1024)];
    let ed25519 = PKey::generate_ed25519().unwrap();
    let x25519 = PKey::generate_x25519().unwrap();
    let good = metadata("https://idp.example.org", &certificate(&idp, FAR), SSO_BY_REDIRECT);
    let another = metadata("https://second.example.org", &certificate(&idp, FAR), SSO_BY_REDIRECT);
    let with_soap = [SSO_BY_REDIRECT, SLO_BY_SOAP].concat();
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("logo.png", b"\x89PNG\r\n\x1a\n".to_vec()),
        ("large.png", [&b"\x89PNG\r\n\x1a\n"[..], &[0; 64 << 10]].concat()),
        ("sp.crt", certificate(&sp, FAR).to_pem().unwrap()),
        ("sp.key", sp.private_key_to_pem_pkcs8().unwrap()),
        ("locked.key", locked(&sp)),
        ("passwords", text("wrong\r\n\nright\r\n")),
        ("other.crt", certificate(&other, FAR).to_pem().unwrap()),
        ("other.key", other.private_key_to_pem_pkcs8().unwrap()),
        ("old.crt", certificate(&sp, NOW - DAY).to_pem().unwrap()),
        ("ec.crt", certificate(&ec, FAR).to_pem().unwrap()),
        ("ec.key", ec.private_key_to_pem_pkcs8().unwrap()),
        ("ed25519.crt", certificate(&ed25519, FAR).to_pem().unwrap()),
        ("ed25519.key", ed25519.private_key_to_pem_pkcs8().unwrap()),
        ("x25519.crt", certified(&x25519, FAR, &ed25519).to_pem().unwrap()),
        ("x25519.key", x25519.private_key_to_pem_pkcs8().unwrap()),
        ("idp.pub", idp.public_key_to_pem().unwrap()),
        ("idp.xml", text(&good)),
        ("second.xml", text(&another)),
        ("signed.xml", text(&another.replacen("entityID", "ID=\"_signed\" entityID", 1))),
        ("short.crt", certificate(&short, FAR).to_pem().unwrap()),
        (
            "soap.xml",
            text(&metadata("https://soap.example.org", &certificate(&idp, FAR), &with_soap)),
        ),
        (
            "old.xml",
            text(&metadata(
                "https://old.example.org",
                &certificate(&idp, NOW - DAY),
                SSO_BY_REDIRECT,
            )),
        ),
        (
            "short-key.xml",
            text(&metadata(
                "https://short.example.org",
                &certificate(&short, FAR),
                SSO_BY_REDIRECT,
            )),
        ),
        ("no-endpoint.xml", text(&good.replace(SSO_BY_REDIRECT, ""))),
        ("no-key.xml", text(&without(&good, "<md:KeyDescriptor>", "</md:KeyDescriptor>"))),
        ("artifact.xml", text(&good.replace("HTTP-Redirect", "HTTP-Artifact"))),
        ("an-sp.xml", text(&good.replace("IDPSSODescriptor", "SPSSODescriptor"))),
        (
            "aggregate.xml",
            text(&format!(
                "<md:EntitiesDescriptor xmlns:md=\"{MD}\">{good}{another}</md:EntitiesDescriptor>"
            )),
        ),
        ("broken.xml", text("<md:EntityDescriptor")),
        ("doctype.xml", text(&format!("<!DOCTYPE x []>{good}"))),
        (
            "extensions.xml",
            text(
                "<?xml version=\"1.0\"?>\n<e:Extensions xmlns:e=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
                 <x:a xmlns:x=\"urn:x\"/></e:Extensions>\n",
            ),
        ),
        (
            "sp-extensions.xml",
            text(
                "<m:Extensions xmlns:m=\"urn:oasis:names:tc:SAML:2.0:metadata\">\
                 <x:a xmlns:x=\"urn:x\"/></m:Extensions>\n",
            ),
        ),
        ("html.xml", text("<html><body>Log in</body></html>")),
        ("empty.xml", Vec::new()),
        ("good.secret", text(SECRET)),
        ("short.secret", text("abc")),
    ]
}

const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const SSO_BY_REDIRECT: &str = "<md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:\
     HTTP-Redirect\" Location=\"https://idp.example.org/sso\"/>";
const SLO_BY_SOAP: &str = "<md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:SOAP\" \
     Location=\"https://idp.example.org:8443/slo\"/>";

fn metadata(entity_id: &str, certificate: &X509, endpoints: &str) -> String {
    // The schema wants SingleLogoutService first.
    let mut endpoints: Vec<_> = endpoints.split_inclusive("/>").collect();
    endpoints.sort_unstable();
    let (endpoints, certificate) =
        (endpoints.concat(), encode_block(&certificate.to_der().unwrap()));
    format!(
        "<md:EntityDescriptor xmlns:md=\"{MD}\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" \
         entityID=\"{entity_id}\"><md:IDPSSODescriptor \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><md:KeyDescriptor>\
         <ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data>\
         </ds:KeyInfo></md:KeyDescriptor>{endpoints}</md:IDPSSODescriptor></md:EntityDescriptor>"
    )
}

fn without(text: &str, from: &str, to: &str) -> String {
    let (before, rest) = text.split_once(from).unwrap();
    [before, rest.split_once(to).unwrap().1].concat()
}

fn rsa(bits: u32) -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap()
}

fn ec() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn locked(key: &PKey<Private>) -> Vec<u8> {
    key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_128_cbc(), b"right").unwrap()
}

fn certificate(key: &PKey<Private>, until: i64) -> X509 {
    certified(key, until, key)
}

fn certified(key: &PKey<Private>, until: i64, issuer: &PKey<Private>) -> X509 {
    let mut name = X509Name::builder().unwrap();
    name.append_entry_by_nid(Nid::COMMONNAME, "test").unwrap();
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(NOW - 2 * DAY).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(until).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    let digest = match issuer.id() {
        Id::ED25519 => MessageDigest::null(),
        _ => MessageDigest::sha256(),
    };
    builder.sign(issuer, digest).unwrap();
    builder.build()
}
