//! Sealing: AES-256-GCM under a key of its own for each purpose and context.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::bound_key::{NONCE_LEN, SealError, Sealed};
use crate::secret::Secrets;
use crate::sp_id::SpId;

/// No browser keeps a longer cookie (RFC 6265 6.1 asks for 4096), so no longer text is opened.
pub(crate) const MAX_TEXT_LEN: usize = 8192;

impl Secrets {
    /// Seals `plain` under the first secret: version, nonce, ciphertext, tag.
    ///
    /// `purpose` says what it is (at most 255 bytes), `context` what it belongs to: it opens only
    /// with the same two. `random_nonce` is fresh from a cryptographic random source.
    ///
    /// # Errors
    /// Only when libcrypto fails.
    pub fn seal(
        &self,
        purpose: &'static str,
        context: &[u8],
        random_nonce: [u8; NONCE_LEN],
        plain: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let key = self.sealing().bound_key(purpose, context);
        key.ok_or(SealError)?.seal(random_nonce, plain)
    }

    /// Opens what [`seal`](Secrets::seal) sealed under any of the secrets for this purpose and
    /// context; everything else is `None`.
    pub fn open(&self, purpose: &'static str, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let sealed = Sealed::split(sealed)?;
        self.opening().find_map(|secret| secret.bound_key(purpose, context)?.open(&sealed))
    }

    /// As [`seal`](Secrets::seal), in base64url for a cookie or a query, and bound to `sp`.
    ///
    /// # Errors
    /// Only when libcrypto fails.
    pub fn seal_text(
        &self,
        purpose: &'static str,
        sp: &SpId,
        random_nonce: [u8; NONCE_LEN],
        plain: &[u8],
    ) -> Result<String, SealError> {
        let mut key = self.sealing().key_of_sp(purpose, sp).ok_or(SealError)?;
        Ok(URL_SAFE_NO_PAD.encode(key.seal(random_nonce, plain)?))
    }

    /// Opens what [`seal_text`](Secrets::seal_text) sealed. What is longer than any of ours is not
    /// looked at.
    pub fn open_text(&self, purpose: &'static str, sp: &SpId, text: &[u8]) -> Option<Vec<u8>> {
        if text.len() > MAX_TEXT_LEN {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let sealed = Sealed::split(&sealed)?;
        self.opening().find_map(|secret| secret.key_of_sp(purpose, sp)?.open(&sealed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bound_key::VERSION;
    use crate::gcm::TAG_LEN;
    use crate::record::tests::{app, wiki};
    use crate::secret::tests::secret;

    const NONCE: [u8; NONCE_LEN] = [9; NONCE_LEN];

    fn secrets(bytes: &[u8]) -> Secrets {
        Secrets::new(bytes.iter().copied().map(secret).collect()).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_with_the_same_purpose_and_context_only() {
        let secrets = secrets(&[1]);
        let sealed = secrets.seal("pending", b"app", NONCE, b"plain").unwrap();
        assert_eq!(secrets.open("pending", b"app", &sealed).as_deref(), Some(b"plain".as_slice()));
        assert_eq!(secrets.open("session", b"app", &sealed), None);
        assert_eq!(secrets.open("pending", b"other", &sealed), None);
        assert_eq!(secrets.open("pendinga", b"pp", &sealed), None, "the boundary counts");
    }

    #[test]
    fn the_first_secret_seals_and_all_open() {
        let (old, rotated, new) = (secrets(&[1]), secrets(&[2, 1]), secrets(&[2]));
        let by_old = old.seal("p", b"c", NONCE, b"x").unwrap();
        let by_rotated = rotated.seal("p", b"c", NONCE, b"x").unwrap();
        assert!(rotated.open("p", b"c", &by_old).is_some());
        assert!(rotated.open("p", b"c", &by_rotated).is_some());
        assert!(new.open("p", b"c", &by_rotated).is_some());
        assert!(new.open("p", b"c", &by_old).is_none());
        assert!(old.open("p", b"c", &by_rotated).is_none());
    }

    #[test]
    fn no_changed_or_missing_byte_is_accepted() {
        let secrets = secrets(&[1]);
        let sealed = secrets.seal("p", b"c", NONCE, b"plain").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(secrets.open("p", b"c", &changed), None, "byte {at}");
            assert_eq!(secrets.open("p", b"c", &sealed[..at]), None, "cut at {at}");
        }
        assert_eq!(secrets.open("p", b"c", &[sealed.as_slice(), &[0]].concat()), None);
    }

    /// Browsers and stores hold such values: changed bytes need another version.
    #[test]
    fn the_bytes_are_those_of_this_version() {
        let secrets = secrets(&[1]);
        let sealed = secrets.seal("p", b"c", NONCE, b"plain").unwrap();
        assert_eq!(
            URL_SAFE_NO_PAD.encode(sealed),
            "AQkJCQkJCQkJCQkJCQtjudz9vsJTMO2q2YMBFyE9vFMpsQ"
        );
        let text = secrets.seal_text("pending login", &app(), NONCE, b"plain").unwrap();
        assert_eq!(text, "AQkJCQkJCQkJCQkJCQNKLwY5eox21TPXOfwf_Ji0AihDBA");
    }

    #[test]
    fn the_kept_key_is_that_of_the_purpose_and_the_sp() {
        let secrets = secrets(&[1]);
        for _ in 0..2 {
            for sp in [app(), wiki()] {
                for purpose in ["pending login", "resumption"] {
                    let text = secrets.seal_text(purpose, &sp, NONCE, b"plain").unwrap();
                    let sealed = secrets.seal(purpose, sp.as_bytes(), NONCE, b"plain").unwrap();
                    assert_eq!(text, URL_SAFE_NO_PAD.encode(sealed));
                    let opened = secrets.open_text(purpose, &sp, text.as_bytes());
                    assert_eq!(opened.as_deref(), Some(b"plain".as_slice()));
                }
            }
        }
    }

    #[test]
    fn nothing_can_be_sealed_too() {
        let secrets = secrets(&[1]);
        let sealed = secrets.seal("p", b"", NONCE, b"").unwrap();
        assert_eq!(sealed.len(), 1 + NONCE_LEN + TAG_LEN);
        assert_eq!(secrets.open("p", b"", &sealed), Some(Vec::new()));
    }

    #[test]
    fn a_failed_opening_leaves_no_error_for_nginx_to_find() {
        assert_eq!(secrets(&[1, 2]).open("p", b"c", &[VERSION; 64]), None);
        assert!(openssl::error::ErrorStack::get().errors().is_empty());
    }

    #[test]
    fn the_plain_text_does_not_show() {
        let sealed = secrets(&[1]).seal("p", b"c", NONCE, b"find me if you can").unwrap();
        assert!(!sealed.windows(4).any(|window| window == b"find"));
    }
}
