//! What lets a browser's logins be recorded (`saml_debug`): sealed into a link, and then into a cookie.

use clock::UnixTime;

use crate::bound_key::{NONCE_LEN, SealError};
use crate::secret::Secrets;
use crate::sp_id::SpId;
use crate::wire::{Reader, Writer};

const VERSION: u8 = 1;

/// The one in a link is no cookie, and the other way round.
const LINK: &str = "debug link";
const COOKIE: &str = "debug cookie";

/// Characters of the longest that is looked at.
const MAX_LEN: usize = 256;

/// The story that a browser is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DebugPass {
    /// The story's ID.
    pub story: [u8; 16],
    /// A hash of the name of the administrator who asked for it; `None` = it was begun by an address.
    pub owner: Option<[u8; 32]>,
    /// No longer usable at this instant.
    pub until: UnixTime,
}

impl DebugPass {
    /// For the query of a link at `sp`.
    ///
    /// # Errors
    /// Only when libcrypto fails.
    pub fn seal_link(
        &self,
        secrets: &Secrets,
        sp: &SpId,
        random_nonce: [u8; NONCE_LEN],
    ) -> Result<String, SealError> {
        secrets.seal_text(LINK, sp, random_nonce, &self.encode())
    }

    /// As [`DebugPass::seal_link`], for the value of a cookie.
    ///
    /// # Errors
    /// Only when libcrypto fails.
    pub fn seal_cookie(
        &self,
        secrets: &Secrets,
        sp: &SpId,
        random_nonce: [u8; NONCE_LEN],
    ) -> Result<String, SealError> {
        secrets.seal_text(COOKIE, sp, random_nonce, &self.encode())
    }

    /// What a link at `sp` holds; `None` for what is not ours, damaged or too old.
    pub fn open_link(secrets: &Secrets, sp: &SpId, sealed: &[u8], now: UnixTime) -> Option<Self> {
        Self::open(LINK, secrets, sp, sealed, now)
    }

    /// The same of a cookie.
    pub fn open_cookie(secrets: &Secrets, sp: &SpId, sealed: &[u8], now: UnixTime) -> Option<Self> {
        Self::open(COOKIE, secrets, sp, sealed, now)
    }

    fn open(
        purpose: &'static str,
        secrets: &Secrets,
        sp: &SpId,
        sealed: &[u8],
        now: UnixTime,
    ) -> Option<Self> {
        if sealed.len() > MAX_LEN {
            return None;
        }
        let plain = secrets.open_text(purpose, sp, sealed)?;
        let mut reader = Reader::new(&plain, VERSION)?;
        let story = reader.array()?;
        let has_owner = reader.boolean()?;
        let owner = reader.array()?;
        let until = reader.instant()?;
        reader.finish()?;
        let pass = Self { story, owner: has_owner.then_some(owner), until };
        (now < until).then_some(pass)
    }

    fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(VERSION);
        writer.array(&self.story);
        writer.boolean(self.owner.is_some());
        writer.array(&self.owner.unwrap_or_default());
        writer.instant(self.until);
        writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use clock::Seconds;

    use super::*;
    use crate::record::tests::{app, wiki};
    use crate::secret::tests::secret;

    const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);
    const NONCE: [u8; NONCE_LEN] = [9; NONCE_LEN];

    fn pass(owner: Option<[u8; 32]>) -> DebugPass {
        DebugPass { story: [3; 16], owner, until: NOW + Seconds(600) }
    }

    #[test]
    fn it_is_good_for_its_purpose_its_sp_and_its_time() {
        let secrets = Secrets::one(secret(1));
        for pass in [pass(None), pass(Some([5; 32]))] {
            let link = pass.seal_link(&secrets, &app(), NONCE).unwrap();
            let cookie = pass.seal_cookie(&secrets, &app(), NONCE).unwrap();
            let open = |sp: &SpId, sealed: &str, after: i64| {
                DebugPass::open_link(&secrets, sp, sealed.as_bytes(), NOW + Seconds(after))
            };
            assert_eq!(open(&app(), &link, 599), Some(pass));
            assert_eq!(open(&app(), &link, 600), None, "too old");
            assert_eq!(open(&wiki(), &link, 0), None, "of another SP");
            assert_eq!(open(&app(), &cookie, 0), None, "a cookie is no link");
            let of_cookie =
                |sealed: &str| DebugPass::open_cookie(&secrets, &app(), sealed.as_bytes(), NOW);
            assert_eq!((of_cookie(&cookie), of_cookie(&link)), (Some(pass), None));
            let others = Secrets::one(secret(2));
            assert_eq!(DebugPass::open_link(&others, &app(), link.as_bytes(), NOW), None);
            for end in 0..link.len() {
                assert_eq!(open(&app(), &link[..end], 0), None);
            }
        }
        assert_eq!(DebugPass::open_link(&secrets, &app(), &[b'A'; 100_000], NOW), None);
    }
}
