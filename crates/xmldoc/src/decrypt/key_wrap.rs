//! Content keys under another AES key (xmlenc-core1 5.7, RFC 3394).
use openssl::cipher::{Cipher, CipherRef};
use openssl::cipher_ctx::{CipherCtx, CipherCtxFlags};
use openssl::error::ErrorStack;

/// Bytes that a key grows by when it is wrapped: they show that it was not changed.
const CHECK: usize = 8;

/// AES Key Wrap by the length of the key that wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyWrap {
    Aes128,
    Aes192,
    Aes256,
}

const WRAPS: &[(KeyWrap, &str)] = &[
    (KeyWrap::Aes128, "http://www.w3.org/2001/04/xmlenc#kw-aes128"),
    (KeyWrap::Aes192, "http://www.w3.org/2001/04/xmlenc#kw-aes192"),
    (KeyWrap::Aes256, "http://www.w3.org/2001/04/xmlenc#kw-aes256"),
];

impl KeyWrap {
    pub(crate) fn from_uri(uri: &str) -> Option<Self> {
        WRAPS.iter().find(|row| row.1 == uri).map(|row| row.0)
    }

    pub(crate) fn uri(self) -> &'static str {
        WRAPS.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// Bytes of the key that wraps.
    pub(crate) fn key_length(self) -> usize {
        self.cipher().key_length()
    }

    /// The wrapped key, when it is `length` bytes long and was wrapped with `key`.
    pub(super) fn unwrap(self, key: &[u8], wrapped: &[u8], length: usize) -> Option<Vec<u8>> {
        if wrapped.len() != length + CHECK || key.len() != self.key_length() {
            return None;
        }
        self.decrypt(key, wrapped).ok().filter(|content_key| content_key.len() == length)
    }

    /// Wraps a content key with `key`, which must be as long as this wants it.
    ///
    /// # Errors
    /// The length of one of the keys is no AES key's.
    pub(crate) fn wrap(self, key: &[u8], content_key: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let mut context = CipherCtx::new()?;
        context.set_flags(CipherCtxFlags::FLAG_WRAP_ALLOW);
        context.encrypt_init(Some(self.cipher()), Some(key), None)?;
        let mut wrapped = Vec::new();
        context.cipher_update_vec(content_key, &mut wrapped)?;
        context.cipher_final_vec(&mut wrapped)?;
        Ok(wrapped)
    }

    fn decrypt(self, key: &[u8], wrapped: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let mut context = CipherCtx::new()?;
        context.set_flags(CipherCtxFlags::FLAG_WRAP_ALLOW);
        // No IV is the one of RFC 3394 2.2.3.1.
        context.decrypt_init(Some(self.cipher()), Some(key), None)?;
        let mut content_key = Vec::new();
        context.cipher_update_vec(wrapped, &mut content_key)?;
        context.cipher_final_vec(&mut content_key)?;
        Ok(content_key)
    }

    fn cipher(self) -> &'static CipherRef {
        match self {
            Self::Aes128 => Cipher::aes_128_wrap(),
            Self::Aes192 => Cipher::aes_192_wrap(),
            Self::Aes256 => Cipher::aes_256_wrap(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
    }

    /// RFC 3394 4.1 to 4.6.
    #[test]
    fn wraps_and_unwraps_the_keys_of_rfc_3394() {
        let (key, data) = (
            "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
            "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F",
        );
        for (wrap, length, wrapped) in [
            (KeyWrap::Aes128, 16, "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"),
            (KeyWrap::Aes192, 16, "96778B25AE6CA435F92B5B97C050AED2468AB8A17AD84E5D"),
            (KeyWrap::Aes256, 16, "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7"),
            (
                KeyWrap::Aes192,
                24,
                "031D33264E15D33268F24EC260743EDCE1C6C7DDEE725A936BA814915C6762D2",
            ),
            (
                KeyWrap::Aes256,
                24,
                "A8F9BC1612C68B3FF6E6F4FBE30E71E4769C8B80A32CB8958CD5D17D6B254DA1",
            ),
            (
                KeyWrap::Aes256,
                32,
                "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21",
            ),
        ] {
            let key = octets(&key[..2 * wrap.key_length()]);
            let (wrapped, data) = (octets(wrapped), octets(&data[..2 * length]));
            assert_eq!(wrap.wrap(&key, &data).unwrap(), wrapped, "{wrap:?} {length}");
            assert_eq!(wrap.unwrap(&key, &wrapped, length), Some(data), "{wrap:?} {length}");
            for place in 0..wrapped.len() {
                let mut changed = wrapped.clone();
                changed[place] ^= 1;
                assert_eq!(wrap.unwrap(&key, &changed, length), None);
            }
            for other in [&wrapped[8..], &wrapped[1..], &[], &[&wrapped[..], &[0; 8]].concat()] {
                assert_eq!(wrap.unwrap(&key, other, length), None);
            }
            assert_eq!(wrap.unwrap(&key, &wrapped, length - 8), None);
            assert!(ErrorStack::get().errors().is_empty());
        }
    }
}
