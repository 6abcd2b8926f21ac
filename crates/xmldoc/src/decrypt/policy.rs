//! What an administrator has allowed beyond the strong algorithms.

/// Which weak algorithms an administrator has allowed for one IdP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DecryptionPolicy {
    /// RSA PKCS#1 v1.5 key transport.
    pub allow_rsa1_5: bool,
    /// CBC where no signature covers the ciphertext.
    pub allow_cbc: bool,
    /// Triple DES.
    pub allow_3des: bool,
}

/// Does a verified signature cover the ciphertext?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coverage {
    Signed,
    Unsigned,
}

/// EncryptedKeys times decryption keys; more is no message of an IdP's.
pub(super) const MOST_ATTEMPTS: usize = 16;

/// Where anybody may have made the ciphertext: the key it is for, and another one during a rollover.
const MOST_ATTEMPTS_FOR_STRANGERS: usize = 2;

impl Coverage {
    /// Private key operations for one ciphertext.
    pub(super) fn most_attempts(self) -> usize {
        match self {
            Self::Signed => MOST_ATTEMPTS,
            Self::Unsigned => MOST_ATTEMPTS_FOR_STRANGERS,
        }
    }
}
