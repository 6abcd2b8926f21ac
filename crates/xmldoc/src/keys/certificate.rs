//! X.509 certificates: containers for a key and its dates; no chain is ever built.
use std::fmt;

use clock::{Seconds, UnixTime};
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::x509::{X509, X509Ref};

use super::{KeyError, hex};

/// A certificate as configured or found in metadata.
#[derive(Clone)]
pub struct Certificate {
    x509: X509,
    der: Vec<u8>,
    not_before: UnixTime,
    not_after: UnixTime,
}

impl Certificate {
    /// The first `CERTIFICATE` block of a PEM file; what else the file holds is passed over.
    ///
    /// # Errors
    /// There is no such block, or no certificate in it.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let x509 = X509::from_pem(pem).map_err(|e| no_certificate(pem, &e))?;
        Self::new(x509)
    }

    /// As in the text of a `ds:X509Certificate`, base64 undone.
    ///
    /// # Errors
    /// It is no certificate, or its dates cannot be read.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let x509 =
            X509::from_der(der).map_err(|e| KeyError::openssl("is no X.509 certificate", &e))?;
        Self::new(x509)
    }

    fn new(x509: X509) -> Result<Self, KeyError> {
        let unreadable = |e| KeyError::openssl("holds a certificate that cannot be read", &e);
        Ok(Self {
            der: x509.to_der().map_err(unreadable)?,
            not_before: instant(x509.not_before())?,
            not_after: instant(x509.not_after())?,
            x509,
        })
    }

    /// The certificate's DER bytes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// From when on its issuer means it to be used (RFC 5280 4.1.2.5).
    pub fn not_before(&self) -> UnixTime {
        self.not_before
    }

    /// Until when its issuer means it to be used (RFC 5280 4.1.2.5).
    pub fn not_after(&self) -> UnixTime {
        self.not_after
    }

    /// Subject and SHA-256 fingerprint, for the log.
    pub fn describe(&self) -> String {
        let fingerprint = self.x509.digest(MessageDigest::sha256());
        let fingerprint = fingerprint.map_or_else(|_| "?".into(), |digest| hex(&digest));
        format!("{}, SHA-256 {fingerprint}", subject(&self.x509))
    }

    /// The common names in its subject.
    pub(crate) fn common_names(&self) -> Vec<String> {
        let entries = self.x509.subject_name().entries_by_nid(Nid::COMMONNAME);
        entries.filter_map(|entry| entry.data().to_string().ok()).collect()
    }

    pub(crate) fn x509(&self) -> &X509Ref {
        &self.x509
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.describe())
    }
}

fn no_certificate(pem: &[u8], error: &openssl::error::ErrorStack) -> KeyError {
    let has = |marker: &str| pem.windows(marker.len()).any(|window| window == marker.as_bytes());
    if has("BEGIN CERTIFICATE-----") {
        KeyError::openssl("holds a certificate that cannot be read", error)
    } else if has("PRIVATE KEY-----") {
        KeyError::new("holds a private key and no certificate")
    } else if has("BEGIN PUBLIC KEY") {
        KeyError::new("holds a bare public key and no certificate")
    } else if has("BEGIN CERTIFICATE REQUEST") {
        KeyError::new("holds a certificate request and no certificate")
    } else {
        KeyError::new("holds no certificate (no line `-----BEGIN CERTIFICATE-----`)")
    }
}

fn instant(time: &Asn1TimeRef) -> Result<UnixTime, KeyError> {
    let since_epoch = Asn1Time::from_unix(0).and_then(|epoch| epoch.diff(time));
    let difference = since_epoch
        .map_err(|e| KeyError::openssl("holds a certificate whose dates cannot be read", &e))?;
    let days = Seconds(86_400) * difference.days.into();
    Ok(UnixTime::default() + days + Seconds(difference.secs.into()))
}

fn subject(x509: &X509Ref) -> String {
    let entries = x509.subject_name().entries().filter_map(|entry| {
        let name = entry.object().nid().short_name().ok()?;
        let value = entry.data().to_string().ok()?;
        Some(format!("{name}={value}"))
    });
    let subject = entries.collect::<Vec<_>>().join(", ");
    if subject.is_empty() { "no subject".into() } else { subject }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn reads_pem_and_der_alike() {
        let pem = testing::rsa().certificate_pem();
        let first = Certificate::from_pem(&pem).unwrap();
        let second = Certificate::from_der(first.der()).unwrap();
        assert_eq!(first.der(), second.der());
        assert_eq!(first.not_after() - first.not_before(), Seconds(86_400));
        assert!(first.describe().starts_with("CN=test, SHA-256 "), "{}", first.describe());
    }

    #[test]
    fn says_what_the_file_holds_instead() {
        let error = |pem: &[u8]| Certificate::from_pem(pem).unwrap_err().0;
        assert!(error(&testing::rsa().private_pem()).contains("private key"));
        assert!(error(&testing::rsa().public_pem()).contains("bare public key"));
        assert!(error(b"hello").contains("no certificate"));
        assert!(Certificate::from_der(b"hello").is_err());
    }
}
