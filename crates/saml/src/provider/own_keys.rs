//! What this SP has keys for.

use xmldoc::SigningKey;

/// What this SP has keys for.
#[derive(Clone, Copy, Default)]
pub struct OwnKeys<'a> {
    /// Its first key, which signs; `None` = nothing goes out signed.
    pub signer: Option<&'a SigningKey>,
    /// Does one of its keys decrypt?
    pub decrypts: bool,
}
