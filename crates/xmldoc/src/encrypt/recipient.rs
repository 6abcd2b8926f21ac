//! Whom a content key is for, and how it gets there (xmlenc-core1 5.5 to 5.7).
use std::fmt;

use openssl::encrypt::Encrypter;
use openssl::error::ErrorStack;
use openssl::pkey::{Id, PKey, Private, Public};
use openssl::rand::rand_bytes;
use openssl::rsa::Padding;

use super::error::EncryptError;
use crate::agreement::{CONCAT_KDF, ConcatKdf, Curve};
use crate::decrypt::algorithm::{KeyTransport, OaepDigest, RSA_OAEP, RSA_OAEP_MGF1P};
use crate::decrypt::fields::algorithm;
use crate::decrypt::key_wrap::KeyWrap;
use crate::keys::KeyKind;
use crate::outline::DSIG;
use crate::{Certificate, DigestAlgorithm, Element};

/// Octets of PartyUInfo, as many as in the W3C's own examples.
const PARTY_U_INFO: usize = 16;

/// What goes into an EncryptedKey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptedKey {
    /// The EncryptionMethod's Algorithm.
    pub algorithm: &'static str,
    /// What else tells how it is encrypted.
    pub method: KeyMethod,
    /// CipherValue, before base64.
    pub encrypted: Vec<u8>,
}

/// How a content key is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyMethod {
    /// With an RSA key, by OAEP (xmlenc-core1 5.5.2).
    Oaep {
        /// The DigestMethod's Algorithm.
        digest: &'static str,
        /// The MGF's Algorithm; `None` where the EncryptionMethod has but one.
        mgf: Option<&'static str>,
    },
    /// With a key that was agreed on (xmlenc-core1 5.6).
    Agreement(Agreement),
}

/// What goes into an AgreementMethod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Its Algorithm.
    pub algorithm: &'static str,
    /// The Algorithm of its KeyDerivationMethod.
    pub derivation: &'static str,
    /// The Algorithm of the DigestMethod in ConcatKDFParams.
    pub digest: &'static str,
    /// The attributes of ConcatKDFParams: what their bit strings hold, which are whole octets.
    pub parameters: [(&'static str, Vec<u8>); 3],
    /// The key in OriginatorKeyInfo.
    pub originator: PublicKey,
    /// The certificate in RecipientKeyInfo (DER).
    pub recipient: Option<Vec<u8>>,
}

/// A key as `ds:KeyInfo` holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// An ECKeyValue: the URI of its NamedCurve, and its PublicKey (xmldsig-core1 4.5.2.3).
    EcKeyValue(&'static str, Vec<u8>),
    /// A DEREncodedKeyValue (xmldsig-core1 4.5.9).
    DerEncoded(Vec<u8>),
}

impl PublicKey {
    /// In the form that most readers know.
    fn of(key: &PKey<Private>) -> Result<Self, ErrorStack> {
        let info = key.public_key_to_der()?;
        let point = Curve::split(&info)
            .and_then(|(curve, point)| Some(Self::EcKeyValue(curve.urn()?, point.to_vec())));
        Ok(point.unwrap_or(Self::DerEncoded(info)))
    }
}

/// A key of an IdP, and how it wants content keys.
#[derive(Clone)]
pub(super) struct Recipient {
    key: PKey<Public>,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Oaep {
        algorithm: &'static str,
        digest: OaepDigest,
        mgf: OaepDigest,
    },
    Agreement {
        curve: &'static Curve,
        digest: DigestAlgorithm,
        wrap: KeyWrap,
        der: Option<Vec<u8>>,
    },
}

impl Recipient {
    /// `None` for a key that content keys cannot be encrypted for.
    pub(super) fn new(
        key: PKey<Public>,
        certificate: Option<&Certificate>,
        methods: &[&Element],
    ) -> Option<Self> {
        let way = match Curve::of(&key) {
            Some(curve) => Way::agreement(curve, certificate, methods),
            None if key.id() == Id::RSA && KeyKind::of(&key).is_ok() => Way::oaep(methods),
            None => return None,
        };
        Some(Self { key, way })
    }

    pub(super) fn agreement_method(&self) -> Option<&'static str> {
        match self.way {
            Way::Oaep { .. } => None,
            Way::Agreement { curve, .. } => Some(curve.method),
        }
    }

    pub(super) fn encrypt(&self, content_key: &[u8]) -> Result<EncryptedKey, EncryptError> {
        match &self.way {
            Way::Oaep { algorithm, digest, mgf } => {
                let encrypted = transport(&self.key, *digest, *mgf, content_key)?;
                let mgf = (*algorithm == RSA_OAEP).then(|| mgf.mgf_uri());
                let method = KeyMethod::Oaep { digest: digest.digest_uri(), mgf };
                Ok(EncryptedKey { algorithm, method, encrypted })
            }
            Way::Agreement { curve, digest, wrap, der } => {
                self.agree(curve, *digest, *wrap, der.clone(), content_key)
            }
        }
    }

    /// With a key of ours for this one message (NIST SP 800-56A 6.2.2.2: one party is ephemeral).
    fn agree(
        &self,
        curve: &'static Curve,
        digest: DigestAlgorithm,
        wrap: KeyWrap,
        recipient: Option<Vec<u8>>,
        content_key: &[u8],
    ) -> Result<EncryptedKey, EncryptError> {
        let ephemeral = curve.generate()?;
        let mut party_u_info = vec![0; PARTY_U_INFO];
        rand_bytes(&mut party_u_info)?;
        // None is empty: some readers take that for a mistake.
        let parameters =
            [("AlgorithmID", vec![0]), ("PartyUInfo", party_u_info), ("PartyVInfo", vec![0])];
        let other_info = parameters.iter().flat_map(|(_, octets)| octets).copied().collect();
        let kdf = ConcatKdf { digest, other_info };
        let key = kdf.key(&ephemeral, &self.key, wrap.key_length());
        let key = key.ok_or_else(|| {
            EncryptError(format!("nothing can be agreed on with the {curve} key of the IdP"))
        })?;
        let agreement = Agreement {
            algorithm: curve.method,
            derivation: CONCAT_KDF,
            digest: digest.uri(),
            parameters,
            originator: PublicKey::of(&ephemeral)?,
            recipient,
        };
        let method = KeyMethod::Agreement(agreement);
        Ok(EncryptedKey { algorithm: wrap.uri(), method, encrypted: wrap.wrap(&key, content_key)? })
    }
}

impl Way {
    /// The first kind of OAEP that is listed, else the one that everybody has: SHA-1 twice.
    fn oaep(methods: &[&Element]) -> Self {
        let listed = methods.iter().find_map(|method| match KeyTransport::read(method) {
            Ok(KeyTransport::RsaOaep { digest, mgf, label }) if label.is_empty() => {
                let is_mgf1p = algorithm(method) == RSA_OAEP_MGF1P;
                let algorithm = if is_mgf1p { RSA_OAEP_MGF1P } else { RSA_OAEP };
                Some(Self::Oaep { algorithm, digest, mgf })
            }
            _ => None,
        });
        let sha1 = OaepDigest::Sha1;
        listed.unwrap_or(Self::Oaep { algorithm: RSA_OAEP_MGF1P, digest: sha1, mgf: sha1 })
    }

    /// The first key wrap that is listed, else AES-256; ConcatKDF with the digest that stands in an
    /// EncryptionMethod of the agreement or of ConcatKDF, else SHA-256.
    fn agreement(
        curve: &'static Curve,
        certificate: Option<&Certificate>,
        methods: &[&Element],
    ) -> Self {
        let mut wraps = methods.iter().filter_map(|method| KeyWrap::from_uri(algorithm(method)));
        let of_agreement =
            methods.iter().filter(|method| [curve.method, CONCAT_KDF].contains(&algorithm(method)));
        let mut digests = of_agreement
            .filter_map(|method| {
                DigestAlgorithm::from_uri(algorithm(method.child(DSIG, "DigestMethod")?))
            })
            .filter(|digest| *digest != DigestAlgorithm::Sha1);
        Self::Agreement {
            curve,
            digest: digests.next().unwrap_or(DigestAlgorithm::Sha256),
            wrap: wraps.next().unwrap_or(KeyWrap::Aes256),
            der: certificate.map(|certificate| certificate.der().to_vec()),
        }
    }
}

fn transport(
    key: &PKey<Public>,
    digest: OaepDigest,
    mgf: OaepDigest,
    content_key: &[u8],
) -> Result<Vec<u8>, ErrorStack> {
    let mut encrypter = Encrypter::new(key)?;
    encrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
    encrypter.set_rsa_oaep_md(digest.message_digest())?;
    encrypter.set_rsa_mgf1_md(mgf.message_digest())?;
    let mut encrypted = vec![0; encrypter.encrypt_len(content_key)?];
    let length = encrypter.encrypt(content_key, &mut encrypted)?;
    encrypted.truncate(length);
    Ok(encrypted)
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.way {
            Way::Oaep { algorithm, digest, mgf } => {
                write!(f, "RSA {} by {algorithm}, {digest:?}, {mgf:?}", self.key.bits())
            }
            Way::Agreement { curve, digest, wrap, .. } => {
                write!(f, "{curve} by {digest:?}, {wrap:?}")
            }
        }
    }
}
