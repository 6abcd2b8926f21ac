//! The private keys of PEM files, whatever they are good for (RFC 7468 10, 11).
use std::cell::Cell;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};

use super::KeyError;

/// The first private key of a PEM file; what else the file holds is passed over.
pub(crate) fn read_pem(pem: &[u8], passphrase: Option<&[u8]>) -> Result<PKey<Private>, KeyError> {
    let asked = Cell::new(false);
    // Always a callback: without one libcrypto would ask at the terminal.
    let answer = |buffer: &mut [u8]| {
        asked.set(true);
        let passphrase = passphrase.unwrap_or_default();
        match buffer.get_mut(..passphrase.len()) {
            Some(room) if !passphrase.is_empty() => {
                room.copy_from_slice(passphrase);
                Ok(passphrase.len())
            }
            _ => Err(ErrorStack::get()),
        }
    };
    PKey::private_key_from_pem_callback(pem, answer)
        .map_err(|e| no_private_key(pem, passphrase.is_some(), asked.get(), &e))
}

fn no_private_key(
    pem: &[u8],
    has_passphrase: bool,
    encrypted: bool,
    error: &ErrorStack,
) -> KeyError {
    let has = |marker: &str| pem.windows(marker.len()).any(|window| window == marker.as_bytes());
    if encrypted && has_passphrase {
        KeyError::new("holds an encrypted private key that the passphrase does not open")
    } else if encrypted {
        KeyError::new("holds an encrypted private key; set certificate_key_password_file")
    } else if has("PRIVATE KEY-----") {
        KeyError::openssl("holds a private key that cannot be read", error)
    } else if has("BEGIN CERTIFICATE") {
        KeyError::new("holds a certificate and no private key")
    } else {
        KeyError::new("holds no private key (no line `-----BEGIN PRIVATE KEY-----`)")
    }
}
