//! The keys in metadata (Metadata 2.4.1.1, xmldsig-core1 4.5).

use xmldoc::{Certificate, Element, EncryptionKey, VerifyingKey};

use crate::base64_binary;
use crate::namespace::{METADATA, XMLDSIG};

/// Longest certificate or number, bytes.
const KEY_MAX: usize = 64 * 1024;

/// A signing key of an IdP, with its certificate when it came in one.
#[derive(Clone)]
pub struct MetadataKey {
    /// What its signatures are verified with.
    pub key: VerifyingKey,
    /// What it came in; `None` = a bare KeyValue (xmldsig-core1 4.5.2).
    pub certificate: Option<Certificate>,
}

/// What the KeyDescriptors of a role hold.
#[derive(Default)]
pub(super) struct SigningKeys {
    /// In document order, each key once.
    pub keys: Vec<MetadataKey>,
    /// Why others were left out, a sentence each.
    pub unusable: Vec<String>,
}

impl SigningKeys {
    /// Reads every KeyDescriptor that may sign: use="signing", or no use at all.
    pub(super) fn read(role: &Element) -> Self {
        let mut found = Self::default();
        for key in descriptors(role, "signing").flat_map(held) {
            match key.and_then(Held::signing) {
                Ok(key) => found.add(key),
                Err(reason) => found.unusable.push(reason),
            }
        }
        found
    }

    fn add(&mut self, new: MetadataKey) {
        let fingerprint = new.key.fingerprint();
        match self.keys.iter_mut().find(|known| known.key.fingerprint() == fingerprint) {
            Some(known) => known.certificate = known.certificate.take().or(new.certificate),
            None => self.keys.push(new),
        }
    }
}

/// The first RSA key with use="encryption", or no use at all, else the first of another kind that can
/// be encrypted for, with the algorithms that stand beside it.
pub(super) fn encryption_key(role: &Element) -> Option<EncryptionKey> {
    let keys = descriptors(role, "encryption").flat_map(encryption_keys);
    // The first of those that are least.
    keys.min_by_key(|key| !key.is_rsa())
}

fn encryption_keys(descriptor: &Element) -> impl Iterator<Item = EncryptionKey> {
    let methods = || descriptor.children_named(METADATA, "EncryptionMethod");
    held(descriptor).filter_map(move |found| match found {
        Ok(Held::Certificate(certificate)) => {
            EncryptionKey::from_certificate(&certificate, methods())
        }
        Ok(Held::Bare(key)) => EncryptionKey::of(&key, methods()),
        Err(_) => None,
    })
}

/// The KeyDescriptors for `usage`, or for every use.
fn descriptors<'a>(role: &'a Element, usage: &'a str) -> impl Iterator<Item = &'a Element> {
    role.children_named(METADATA, "KeyDescriptor").filter(move |descriptor| {
        descriptor.attribute("use").is_none_or(|found| found.trim() == usage)
    })
}

/// A key in a KeyDescriptor, whatever it is for.
enum Held {
    Certificate(Certificate),
    Bare(VerifyingKey),
}

impl Held {
    /// To verify with.
    fn signing(self) -> Result<MetadataKey, String> {
        match self {
            Self::Bare(key) => Ok(MetadataKey { key, certificate: None }),
            Self::Certificate(certificate) => {
                let key = VerifyingKey::from_certificate(&certificate)
                    .map_err(|e| format!("certificate {}: {e}", certificate.describe()))?;
                Ok(MetadataKey { key, certificate: Some(certificate) })
            }
        }
    }
}

/// What a KeyDescriptor holds, or why it cannot be used.
fn held(descriptor: &Element) -> impl Iterator<Item = Result<Held, String>> {
    let key_infos = descriptor.children_named(XMLDSIG, "KeyInfo");
    key_infos.flat_map(|key_info| &key_info.children).filter_map(|child| match child {
        data if data.is(XMLDSIG, "X509Data") => certificate(data),
        value if value.is(XMLDSIG, "KeyValue") => bare_key(value),
        _ => None,
    })
}

/// The first certificate of an X509Data: those behind it are its issuers, which sign no messages.
fn certificate(x509_data: &Element) -> Option<Result<Held, String>> {
    let text = x509_data
        .children_named(XMLDSIG, "X509Certificate")
        .map(|certificate| certificate.text.as_str())
        .find(|text| !text.trim().is_empty())?;
    Some(read_certificate(text))
}

fn read_certificate(text: &str) -> Result<Held, String> {
    let der = certificate_octets(text)?;
    let certificate = Certificate::from_der(&der).map_err(|e| format!("X509Certificate: {e}"))?;
    Ok(Held::Certificate(certificate))
}

/// DER in base64; some IdPs put PEM's armour around it, or encode a whole PEM file once more.
fn certificate_octets(text: &str) -> Result<Vec<u8>, String> {
    const NAME: &str = "X509Certificate";
    if let Some(inside) = without_armour(text) {
        return decode(NAME, inside);
    }
    let octets = decode(NAME, text)?;
    let pem = std::str::from_utf8(&octets).ok().and_then(without_armour);
    match pem {
        Some(inside) => decode(NAME, inside),
        None => Ok(octets),
    }
}

/// What the first PEM block holds (RFC 7468 2); those behind it are issuers.
fn without_armour(text: &str) -> Option<&str> {
    let (_, inside) = text.split_once("-----BEGIN CERTIFICATE-----")?;
    inside.split_once("-----END CERTIFICATE-----").map(|(inside, _)| inside)
}

/// An RSAKeyValue; other kinds of bare keys are left out.
fn bare_key(key_value: &Element) -> Option<Result<Held, String>> {
    match key_value.child(XMLDSIG, "RSAKeyValue") {
        Some(rsa) => Some(read_rsa(rsa)),
        None => key_value
            .children
            .first()
            .map(|other| Err(format!("KeyValue holds {}, not RSAKeyValue", other.name))),
    }
}

fn read_rsa(rsa: &Element) -> Result<Held, String> {
    let number = |name| {
        let text = rsa.child(XMLDSIG, name).map(|child| child.text.as_str()).unwrap_or_default();
        decode(name, text)
    };
    let (modulus, exponent) = (number("Modulus")?, number("Exponent")?);
    let key = VerifyingKey::from_rsa_components(&modulus, &exponent)
        .map_err(|e| format!("RSAKeyValue: {e}"))?;
    Ok(Held::Bare(key))
}

fn decode(name: &str, text: &str) -> Result<Vec<u8>, String> {
    match base64_binary::decode(text, KEY_MAX) {
        Ok(octets) if octets.is_empty() => Err(format!("{name} is empty")),
        Ok(octets) => Ok(octets),
        Err(_) => Err(format!("{name} is not base64")),
    }
}
