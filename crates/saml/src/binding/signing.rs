//! By which key a message is signed, and how.

use xmldoc::{Certificate, DigestAlgorithm, SignatureAlgorithm, SignaturePlace, SigningKey};

use crate::binding::send_error::SendError;
use crate::provider::{Policy, SignRequests};

/// The SP's credential for signing.
#[derive(Clone)]
pub struct Signer {
    /// What signs.
    pub key: SigningKey,
    /// Its certificate, which goes along in KeyInfo; a query has no room for it.
    pub certificate: Certificate,
}

/// How to sign.
pub(crate) struct Signing {
    pub signer: Signer,
    /// `None` = by the key's type.
    pub algorithm: Option<SignatureAlgorithm>,
    /// For enveloped signatures.
    pub digest: DigestAlgorithm,
}

impl Signing {
    /// As the setting `name` says, which is `when`; the algorithms are the policy's.
    pub(crate) fn by(
        when: SignRequests,
        name: &str,
        policy: &Policy,
        signer: Option<&Signer>,
    ) -> Result<Option<Self>, SendError> {
        let signer = match (when, signer) {
            (SignRequests::Off, _) => None,
            (SignRequests::Auto, signer) => signer,
            (SignRequests::On, Some(signer)) => Some(signer),
            (SignRequests::On, None) => {
                return Err(SendError(format!("{name} is on, but the SP has no certificate_key")));
            }
        };
        Ok(signer.cloned().map(|signer| Self {
            signer,
            algorithm: policy.signature_algorithm,
            digest: policy.digest_algorithm,
        }))
    }

    /// The message with a signature behind its Issuer.
    pub(crate) fn enveloped(&self, xml: &str) -> Result<String, SendError> {
        xmldoc::sign_enveloped(
            xml,
            SignaturePlace::AfterIssuer,
            &self.signer.key,
            Some(&self.signer.certificate),
            self.algorithm(),
            self.digest,
        )
        .map_err(|e| SendError(e.to_string()))
    }

    pub(crate) fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm.unwrap_or_else(|| self.signer.key.default_algorithm())
    }
}
