//! The shape of an encrypted element (xmlenc-core1 3, SAML Core 6): which key opens which data.
use super::algorithm::{
    ContentCipher, KeyTransport, OaepDigest, RSA_1_5, RSA_OAEP, RSA_OAEP_MGF1P,
};
use super::fields::{XENC, XENC11, algorithm, base64_octets, optional, required};
use super::hint::Hint;
use super::key_agreement::KeyAgreement;
use super::key_wrap::KeyWrap;
use super::policy::Coverage;
use super::{DecryptError, DecryptionPolicy};
use crate::Element;
use crate::outline::DSIG;

const TYPE_ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";
const TYPE_ENCRYPTED_KEY: &str = "http://www.w3.org/2001/04/xmlenc#EncryptedKey";

/// One EncryptedData and what its key may come from.
#[derive(Debug)]
pub(super) struct Encrypted {
    pub(super) cipher: ContentCipher,
    pub(super) ciphertext: Vec<u8>,
    pub(super) keys: Vec<KeySource>,
}

/// Where a content key comes from, and for whom that is.
#[derive(Debug)]
pub(super) struct KeySource {
    pub(super) method: KeyMethod,
    pub(super) hint: Hint,
}

/// How a content key comes.
#[derive(Debug)]
pub(super) enum KeyMethod {
    /// In an EncryptedKey for an RSA key.
    Transport { transport: KeyTransport, encrypted: Vec<u8> },
    /// In an EncryptedKey for a key on a curve: under the key that was agreed on.
    Wrap { agreement: KeyAgreement, wrap: KeyWrap, wrapped: Vec<u8> },
    /// It is itself what was agreed on (xmlenc-core1 5.6).
    Agreement(KeyAgreement),
}

impl Encrypted {
    /// `holder` is the SAML element around EncryptedData and perhaps EncryptedKeys.
    pub(super) fn read(holder: &Element) -> Result<Self, DecryptError> {
        let known = |e: &Element| e.is(XENC, "EncryptedData") || e.is(XENC, "EncryptedKey");
        if !holder.children.iter().all(known) {
            return Err(DecryptError::Structure("a stranger stands beside EncryptedData"));
        }
        let data = required(holder, XENC, "EncryptedData")?;
        if data.attribute("Type").is_some_and(|kind| kind != TYPE_ELEMENT) {
            return Err(DecryptError::Structure("EncryptedData's Type is not Element"));
        }
        let uri = algorithm(required(data, XENC, "EncryptionMethod")?);
        let cipher =
            ContentCipher::from_uri(uri).ok_or_else(|| DecryptError::Algorithm(uri.into()))?;
        let ciphertext = cipher_value(data)?;
        Ok(Self { cipher, ciphertext, keys: read_keys(holder, data)? })
    }

    /// Without what the policy forbids.
    pub(super) fn allowed(
        mut self,
        policy: &DecryptionPolicy,
        coverage: Coverage,
    ) -> Result<Self, DecryptError> {
        if self.cipher == ContentCipher::TripleDesCbc && !policy.allow_3des {
            return Err(DecryptError::Algorithm(self.cipher.uri().into()));
        }
        let is_covered = coverage == Coverage::Signed || self.cipher.is_authenticated();
        if !is_covered && !policy.allow_cbc {
            return Err(DecryptError::UnsignedCbc(self.cipher.uri().into()));
        }
        self.keys.retain(|key| !key.is_rsa1_5() || policy.allow_rsa1_5);
        if self.keys.is_empty() {
            return Err(DecryptError::Algorithm(RSA_1_5.into()));
        }
        Ok(self)
    }
}

/// The AgreementMethod in KeyInfo, or else the EncryptedKeys.
fn read_keys(holder: &Element, data: &Element) -> Result<Vec<KeySource>, DecryptError> {
    let key_info = optional(data, DSIG, "KeyInfo")?;
    let Some(method) = agreement_method(key_info)? else {
        return read_encrypted_keys(holder, key_info);
    };
    let mut beside = holder.children.iter().chain(key_info.into_iter().flat_map(|i| &i.children));
    if beside.any(|e| e.is(XENC, "EncryptedKey") || e.is(DSIG, "RetrievalMethod")) {
        return Err(DecryptError::Structure("AgreementMethod and EncryptedKey are both there"));
    }
    let method = KeyMethod::Agreement(KeyAgreement::read(method)?);
    Ok(vec![KeySource { method, hint: Hint::of(data) }])
}

/// Those that KeyInfo holds, and those beside EncryptedData: all, or the ones that KeyInfo names.
///
/// One that is for somebody else may use what this SP does not know; one must be known.
fn read_encrypted_keys(
    holder: &Element,
    key_info: Option<&Element>,
) -> Result<Vec<KeySource>, DecryptError> {
    let inside = key_info.into_iter().flat_map(|info| info.children_named(XENC, "EncryptedKey"));
    let named = retrieval_ids(key_info)?;
    let beside = || holder.children_named(XENC, "EncryptedKey");
    for id in &named {
        if beside().filter(|key| key.attribute("Id") == Some(id)).count() != 1 {
            return Err(DecryptError::Structure("RetrievalMethod names no EncryptedKey beside it"));
        }
    }
    let is_named = |key: &&Element| {
        named.is_empty() || key.attribute("Id").is_some_and(|id| named.contains(&id))
    };
    let (known, strange): (Vec<_>, Vec<_>) =
        inside.chain(beside().filter(is_named)).map(KeySource::read).partition(Result::is_ok);
    if known.is_empty() {
        let none = DecryptError::Structure("there is no EncryptedKey");
        return Err(strange.into_iter().find_map(Result::err).unwrap_or(none));
    }
    Ok(known.into_iter().flatten().collect())
}

/// Where KeyInfo's RetrievalMethods lead: nowhere but to an Id (xmlenc-core1 3.5.2).
fn retrieval_ids(key_info: Option<&Element>) -> Result<Vec<&str>, DecryptError> {
    let methods = key_info.into_iter().flat_map(|i| i.children_named(DSIG, "RetrievalMethod"));
    methods
        .map(retrieval_id)
        .collect::<Option<_>>()
        .ok_or(DecryptError::Structure("RetrievalMethod is not the plain Id of an EncryptedKey"))
}

fn retrieval_id(method: &Element) -> Option<&str> {
    let kind = method.attribute("Type");
    let is_plain = method.children.is_empty() && kind.is_none_or(|t| t == TYPE_ENCRYPTED_KEY);
    let id = method.attribute("URI")?.strip_prefix('#')?;
    (is_plain && !id.is_empty()).then_some(id)
}

fn agreement_method(key_info: Option<&Element>) -> Result<Option<&Element>, DecryptError> {
    key_info.map_or(Ok(None), |info| optional(info, XENC, "AgreementMethod"))
}

impl KeySource {
    /// Reads an EncryptedKey.
    fn read(element: &Element) -> Result<Self, DecryptError> {
        let method = required(element, XENC, "EncryptionMethod")?;
        let method = match KeyWrap::from_uri(algorithm(method)) {
            Some(wrap) => KeyMethod::Wrap {
                agreement: wrapping_agreement(element, wrap)?,
                wrap,
                wrapped: cipher_value(element)?,
            },
            None => KeyMethod::Transport {
                transport: KeyTransport::read(method)?,
                encrypted: cipher_value(element)?,
            },
        };
        Ok(Self { method, hint: Hint::of(element) })
    }

    fn is_rsa1_5(&self) -> bool {
        matches!(&self.method, KeyMethod::Transport { transport: KeyTransport::Rsa1_5, .. })
    }
}

/// Without one the wrapping key would be a secret that we share with somebody.
fn wrapping_agreement(
    encrypted_key: &Element,
    wrap: KeyWrap,
) -> Result<KeyAgreement, DecryptError> {
    let method = agreement_method(optional(encrypted_key, DSIG, "KeyInfo")?)?;
    KeyAgreement::read(method.ok_or_else(|| DecryptError::Algorithm(wrap.uri().to_owned()))?)
}

impl KeyTransport {
    /// Reads an EncryptionMethod, of an EncryptedKey or of metadata.
    pub(crate) fn read(method: &Element) -> Result<Self, DecryptError> {
        match algorithm(method) {
            RSA_1_5 => Ok(Self::Rsa1_5),
            RSA_OAEP_MGF1P => oaep(method, true),
            RSA_OAEP => oaep(method, false),
            uri => Err(DecryptError::Algorithm(uri.to_owned())),
        }
    }
}

/// Both digests are SHA-1 where nothing else is said (xmlenc-core1 5.5.2).
fn oaep(method: &Element, is_mgf1p: bool) -> Result<KeyTransport, DecryptError> {
    let digest = parameter(method, DSIG, "DigestMethod", OaepDigest::from_digest_uri)?;
    let mgf = parameter(method, XENC11, "MGF", OaepDigest::from_mgf_uri)?;
    if is_mgf1p && mgf != OaepDigest::Sha1 {
        return Err(DecryptError::Structure("rsa-oaep-mgf1p has another MGF than SHA-1's"));
    }
    let label = optional(method, XENC, "OAEPparams")?.map_or(Ok(Vec::new()), base64_octets)?;
    Ok(KeyTransport::RsaOaep { digest, mgf, label })
}

fn parameter(
    method: &Element,
    namespace: &str,
    name: &str,
    from_uri: fn(&str) -> Option<OaepDigest>,
) -> Result<OaepDigest, DecryptError> {
    let Some(element) = optional(method, namespace, name)? else { return Ok(OaepDigest::Sha1) };
    let uri = algorithm(element);
    from_uri(uri).ok_or_else(|| DecryptError::Algorithm(uri.into()))
}

/// The octets in CipherData; a CipherReference leads outside and is not followed.
fn cipher_value(element: &Element) -> Result<Vec<u8>, DecryptError> {
    match required(element, XENC, "CipherData")?.children.as_slice() {
        [value] if value.is(XENC, "CipherValue") => base64_octets(value),
        _ => Err(DecryptError::Structure("CipherData is not one CipherValue")),
    }
}
