//! What other tools encrypt, and every pair of algorithms.
use openssl::hash::MessageDigest;

use super::*;
use crate::testing::{Argument, xmlsec1};

const CIPHERS: [(ContentCipher, &str); 7] = [
    (ContentCipher::AesGcm { bits: 128 }, "aes-128"),
    (ContentCipher::AesGcm { bits: 192 }, "aes-192"),
    (ContentCipher::AesGcm { bits: 256 }, "aes-256"),
    (ContentCipher::AesCbc { bits: 128 }, "aes-128"),
    (ContentCipher::AesCbc { bits: 192 }, "aes-192"),
    (ContentCipher::AesCbc { bits: 256 }, "aes-256"),
    (ContentCipher::TripleDesCbc, "des-192"),
];

#[test]
fn opens_what_xmlsec1_encrypts() {
    let pem = testing::other_rsa().public_pem();
    for (cipher, session_key) in CIPHERS {
        for transport in ["rsa-1_5", "rsa-oaep-mgf1p"] {
            let template = format!(
                "<EncryptedData xmlns=\"{XENC}\" Type=\"{XENC}Element\"><EncryptionMethod \
                 Algorithm=\"{}\"/><KeyInfo xmlns=\"{DSIG}\"><EncryptedKey xmlns=\"{XENC}\">\
                 <EncryptionMethod Algorithm=\"{XENC}{transport}\"/><KeyInfo xmlns=\"{DSIG}\">\
                 <KeyName/></KeyInfo><CipherData><CipherValue/></CipherData></EncryptedKey>\
                 </KeyInfo><CipherData><CipherValue/></CipherData></EncryptedData>",
                cipher.uri()
            );
            let holder = format!("<a:EncryptedAssertion>{}</a:EncryptedAssertion>", assertion());
            let (data, node) = (response(&holder), format!("{A}:Assertion"));
            let arguments = [
                Argument::Word("--encrypt"),
                Argument::Word("--pubkey-pem"),
                Argument::File(&pem),
                Argument::Word("--session-key"),
                Argument::Word(session_key),
                Argument::Word("--xml-data"),
                Argument::File(data.as_bytes()),
                Argument::Word("--node-name"),
                Argument::Word(&node),
                Argument::File(template.as_bytes()),
            ];
            let Some(output) = xmlsec1(&arguments) else { return };
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let xml = String::from_utf8(output.stdout).unwrap();
            assert!(!xml.contains("NameID") && xml.contains(cipher.uri()), "{xml}");
            let xml = signed(xml.strip_prefix("<?xml version=\"1.0\"?>\n").unwrap());
            let element = open_signed(&xml, ALL).unwrap().into_element();
            assert_eq!(name_id(&element), "jo", "{cipher:?} {transport}");
        }
    }
}

/// An EncryptionMethod and how to wrap as it says: OAEP's digest and MGF (else RSA 1.5), and label.
type Transport = (String, Option<(MessageDigest, MessageDigest)>, &'static [u8]);

fn transports() -> Vec<Transport> {
    const ENC: &str = "http://www.w3.org/2001/04/xmlenc#";
    const MORE: &str = "http://www.w3.org/2001/04/xmldsig-more#";
    let sha1 = MessageDigest::sha1();
    let digests = [
        (String::new(), sha1),
        (format!("{DSIG}sha1"), sha1),
        (format!("{MORE}sha224"), MessageDigest::sha224()),
        (format!("{ENC}sha256"), MessageDigest::sha256()),
        (format!("{MORE}sha384"), MessageDigest::sha384()),
        (format!("{ENC}sha512"), MessageDigest::sha512()),
    ];
    let mgfs = [
        (String::new(), sha1),
        ("sha1".into(), sha1),
        ("sha224".into(), MessageDigest::sha224()),
        ("sha256".into(), MessageDigest::sha256()),
        ("sha384".into(), MessageDigest::sha384()),
        ("sha512".into(), MessageDigest::sha512()),
    ];
    let method = |algorithm: &str, content: &str| {
        format!("<x:EncryptionMethod Algorithm=\"{algorithm}\">{content}</x:EncryptionMethod>")
    };
    let mut all = vec![(method(&format!("{ENC}rsa-1_5"), ""), None, [].as_slice())];
    for (uri, digest) in &digests {
        let element = match uri.as_str() {
            "" => String::new(),
            uri => format!("<d:DigestMethod xmlns:d=\"{DSIG}\" Algorithm=\"{uri}\"/>"),
        };
        let mgf1p = method(&format!("{ENC}rsa-oaep-mgf1p"), &element);
        all.push((mgf1p, Some((*digest, sha1)), &[]));
        for (name, mgf) in &mgfs {
            let mgf_element = match name.as_str() {
                "" => String::new(),
                name => format!(
                    "<e:MGF xmlns:e=\"http://www.w3.org/2009/xmlenc11#\" \
                     Algorithm=\"http://www.w3.org/2009/xmlenc11#mgf1{name}\"/>"
                ),
            };
            let label = "<x:OAEPparams>bGF\n iZWw=</x:OAEPparams>";
            let oaep = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
            let xml = method(oaep, &format!("{label}{element}{mgf_element}"));
            all.push((xml, Some((*digest, *mgf)), b"label"));
        }
    }
    all
}

#[test]
fn opens_every_cipher_under_every_key_transport() {
    let to = testing::other_rsa();
    for (method, oaep, label) in transports() {
        for (cipher, _) in CIPHERS {
            let key = random(cipher.key_length());
            let wrapped = wrap(to, &key, |encrypter| {
                let Some((digest, mgf)) = oaep else {
                    return encrypter.set_rsa_padding(Padding::PKCS1);
                };
                encrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
                encrypter.set_rsa_oaep_md(digest)?;
                encrypter.set_rsa_mgf1_md(mgf)?;
                if label.is_empty() { Ok(()) } else { encrypter.set_rsa_oaep_label(label) }
            });
            let sealing = Sealing { cipher, key, method: method.clone(), wrapped };
            let holder = sealing.seal("EncryptedAssertion", &signed(&assertion()));
            let (element, by) = open_unsigned(&response(&holder), ALL).unwrap();
            assert_eq!((name_id(&element), by.key), ("jo", 0), "{cipher:?} {method}");
        }
    }
}

#[test]
fn takes_plaintexts_of_every_length_of_padding() {
    for spaces in 0..17 {
        let name = format!("jo{}", " ".repeat(spaces));
        let xml = assertion().replace("jo", &name);
        for cipher in [CBC, ContentCipher::TripleDesCbc, GCM] {
            let opened = open_signed(&signed(&response(&seal(cipher, &xml))), ALL).unwrap();
            assert_eq!(name_id(&opened.into_element()), name);
        }
    }
}
