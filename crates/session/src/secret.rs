//! The secrets that seal what leaves this process: read from files, rotated by listing several.

use std::cell::{OnceCell, RefCell, RefMut};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use openssl::error::ErrorStack;
use zeroize::{Zeroize, Zeroizing};

use crate::bound_key::BoundKey;
use crate::hmac::{HMAC_LEN, HmacKey};
use crate::sp_id::SpId;

/// Fewest bytes of key material, as many as the derived keys have.
const MIN_LEN: usize = 32;

/// Salt of HKDF-Extract (RFC 5869 2.2): keeps these keys apart from other uses of the same file.
const SALT: &[u8; HMAC_LEN] = b"ngx_http_auth_saml_module secret";

/// Base64 of either alphabet is read, padded or not, as the common tools write it.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Key material to derive keys from (RFC 5869), wiped with all that was made of it.
pub struct Secret {
    material: Zeroizing<Vec<u8>>,
    /// HKDF's pseudorandom key, made at first use; `None` when libcrypto failed.
    extracted: OnceCell<Option<HmacKey>>,
    /// The keys of what is bound to an SP: as many as SPs have purposes.
    of_sps: RefCell<HashMap<(&'static str, SpId), BoundKey>>,
}

/// One or more secrets: the first seals, all open. Hosts that share a store rotate in three steps:
/// the new one second everywhere, then first everywhere, then alone.
#[derive(Debug)]
pub struct Secrets {
    first: Secret,
    others: Vec<Secret>,
}

/// Why a secret file cannot be used; `Display` is a sentence for `nginx -t`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretError {
    /// Fewer than 32 bytes of key material, after undoing hex or base64.
    TooShort {
        /// Bytes that there are.
        len: usize,
    },
    /// A PEM file: a certificate is public, and a private key has another purpose.
    Pem,
}

impl Secret {
    /// Key material from a file's content: text of hex or base64 digits (line breaks and blanks
    /// are skipped) is decoded, anything else is taken byte for byte.
    ///
    /// # Errors
    /// It is a PEM file, or there are too few bytes.
    pub fn from_file_bytes(content: &[u8]) -> Result<Self, SecretError> {
        if content.trim_ascii_start().starts_with(b"-----BEGIN") {
            return Err(SecretError::Pem);
        }
        let material = key_material(content);
        if material.len() < MIN_LEN {
            return Err(SecretError::TooShort { len: material.len() });
        }
        Ok(Self::of_material(material))
    }

    /// Key material fresh from a cryptographic random source, taken as it is.
    pub fn from_bytes(random: [u8; MIN_LEN]) -> Self {
        Self::of_material(Zeroizing::new(random.to_vec()))
    }

    fn of_material(material: Zeroizing<Vec<u8>>) -> Self {
        Self { material, extracted: OnceCell::new(), of_sps: RefCell::default() }
    }

    /// HKDF-Expand (RFC 5869 2.3) of one SHA-256 block; `None` when libcrypto failed.
    pub(crate) fn derive(&self, info: &[&[u8]]) -> Option<Zeroizing<[u8; HMAC_LEN]>> {
        let extracted = self.extracted.get_or_init(|| extract(&self.material).ok()).as_ref()?;
        let mut key = extracted.authenticate(&[info, &[&[1]]].concat()).ok()?;
        let derived = key.first_chunk().copied().map(Zeroizing::new);
        key.zeroize();
        derived
    }

    /// The key of a purpose and a context; `None` when libcrypto failed.
    pub(crate) fn bound_key(&self, purpose: &str, context: &[u8]) -> Option<BoundKey> {
        BoundKey::new(purpose, context, |binding| self.derive(&[binding]))
    }

    /// The key of a purpose and an SP, derived at first use; `None` when libcrypto failed.
    pub(crate) fn key_of_sp(
        &self,
        purpose: &'static str,
        sp: &SpId,
    ) -> Option<RefMut<'_, BoundKey>> {
        let (mut keys, whose) = (self.of_sps.borrow_mut(), (purpose, *sp));
        if let Entry::Vacant(place) = keys.entry(whose) {
            place.insert(self.bound_key(purpose, sp.as_bytes())?);
        }
        RefMut::filter_map(keys, |keys| keys.get_mut(&whose)).ok()
    }
}

impl Secrets {
    /// The secrets in the order of their files; `None` when there is none.
    pub fn new(list: Vec<Secret>) -> Option<Self> {
        let mut list = list.into_iter();
        Some(Self { first: list.next()?, others: list.collect() })
    }

    /// A single secret.
    pub fn one(secret: Secret) -> Self {
        Self { first: secret, others: Vec::new() }
    }

    pub(crate) fn sealing(&self) -> &Secret {
        &self.first
    }

    pub(crate) fn opening(&self) -> impl Iterator<Item = &Secret> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

/// HKDF-Extract (RFC 5869 2.2).
fn extract(material: &[u8]) -> Result<HmacKey, ErrorStack> {
    let mut extracted = HmacKey::new(SALT)?.authenticate(&[material])?;
    let key = extracted.first_chunk().map_or_else(|| Err(ErrorStack::get()), HmacKey::new);
    extracted.zeroize();
    key
}

/// Each buffer has its room from the start: one that grows leaves copies behind.
fn key_material(content: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut digits = Zeroizing::new(Vec::with_capacity(content.len()));
    digits.extend(content.iter().filter(|byte| !byte.is_ascii_whitespace()));
    from_hex(&digits)
        .or_else(|| from_base64(&STANDARD, &digits))
        .or_else(|| from_base64(&URL_SAFE, &digits))
        .unwrap_or_else(|| Zeroizing::new(content.to_vec()))
}

fn from_hex(digits: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    let mut bytes = Zeroizing::new(Vec::with_capacity(pairs.len()));
    for [high, low] in pairs {
        bytes.push(hex_digit(*high)? << 4 | hex_digit(*low)?);
    }
    Some(bytes)
}

fn from_base64(alphabet: &GeneralPurpose, digits: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; digits.len()]);
    let len = alphabet.decode_slice(digits, &mut bytes).ok()?;
    bytes.truncate(len);
    Some(bytes)
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { len } => write!(
                formatter,
                "holds {len} bytes of key material, at least {MIN_LEN} are needed; \
                 make it with \"openssl rand -base64 48\""
            ),
            Self::Pem => formatter.write_str(
                "is a PEM file, a secret is random bytes known to nobody else; \
                 make it with \"openssl rand -base64 48\"",
            ),
        }
    }
}

impl std::error::Error for SecretError {}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use openssl::md::Md;
    use openssl::pkey::Id;
    use openssl::pkey_ctx::{HkdfMode, PkeyCtx};

    pub(crate) fn secret(byte: u8) -> Secret {
        Secret::from_file_bytes(&[byte; 32]).unwrap()
    }

    fn derived(content: &[u8]) -> [u8; 32] {
        *Secret::from_file_bytes(content).unwrap().derive(&[b"test"]).unwrap()
    }

    /// libcrypto's own HKDF, whole.
    fn hkdf(material: &[u8], info: &[u8]) -> [u8; 32] {
        let mut context = PkeyCtx::new_id(Id::HKDF).unwrap();
        context.derive_init().unwrap();
        context.set_hkdf_mode(HkdfMode::EXTRACT_THEN_EXPAND).unwrap();
        context.set_hkdf_md(Md::sha256()).unwrap();
        context.set_hkdf_key(material).unwrap();
        context.set_hkdf_salt(SALT).unwrap();
        context.add_hkdf_info(info).unwrap();
        let mut key = [0; 32];
        context.derive(Some(&mut key)).unwrap();
        key
    }

    #[test]
    fn derivation_is_hkdf_sha256() {
        let secret = Secret::from_file_bytes(&[0xa5; 48]).unwrap();
        let derived = secret.derive(&[b"some ", b"purpose"]).unwrap();
        assert_eq!(*derived, hkdf(&[0xa5; 48], b"some purpose"));
    }

    #[test]
    fn hex_base64_and_raw_of_the_same_bytes_are_the_same_secret() {
        let raw: Vec<u8> = (0xd8..=0xff).collect();
        let expected = derived(&raw);
        let hex: String = raw.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(derived(format!("{hex}\n").as_bytes()), expected);
        assert_eq!(derived(hex.to_uppercase().as_bytes()), expected);
        let base64 = STANDARD.encode(&raw);
        assert_eq!(derived(format!("{base64}\r\n").as_bytes()), expected);
        assert_eq!(derived(base64.trim_end_matches('=').as_bytes()), expected);
        let (line, rest) = base64.split_at(24);
        assert_eq!(derived(format!("{line}\n{rest}\n").as_bytes()), expected);
        assert_eq!(derived(URL_SAFE.encode(&raw).as_bytes()), expected);
    }

    #[test]
    fn too_little_material_is_refused_with_a_sentence() {
        let refused = |content: &[u8]| Secret::from_file_bytes(content).unwrap_err();
        assert_eq!(refused(b""), SecretError::TooShort { len: 0 });
        assert_eq!(refused(&[0xff; 31]), SecretError::TooShort { len: 31 });
        assert_eq!(refused("ab".repeat(16).as_bytes()), SecretError::TooShort { len: 16 });
        assert_eq!(refused(&[b'Z'; 40]), SecretError::TooShort { len: 30 });
        let sentence = refused(b"hunter2 hunter2!").to_string();
        assert!(sentence.contains("16 bytes") && sentence.contains("at least 32"), "{sentence}");
    }

    #[test]
    fn given_bytes_are_never_taken_for_text() {
        let digits = [b'a'; 32];
        let key = Secret::from_bytes(digits).derive(&[b"test"]).unwrap();
        assert_eq!(*key, hkdf(&digits, b"test"));
    }

    #[test]
    fn raw_bytes_are_not_trimmed() {
        let mut raw = [0xee; 32];
        raw[31] = b'\n';
        assert_ne!(derived(&raw), derived(&[raw.as_slice(), b"\n"].concat()));
    }

    #[test]
    fn a_pem_file_is_refused() {
        let pem = b"-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG\n";
        assert_eq!(Secret::from_file_bytes(pem).unwrap_err(), SecretError::Pem);
    }

    #[test]
    fn debug_does_not_show_the_secret() {
        assert_eq!(format!("{:?}", secret(0xfe)), "Secret(..)");
    }

    #[test]
    fn an_empty_list_is_no_secrets() {
        assert!(Secrets::new(Vec::new()).is_none());
        assert_eq!(Secrets::new(vec![secret(1), secret(2)]).unwrap().opening().count(), 2);
    }
}
