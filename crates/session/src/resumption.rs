//! What became of a login whose cookie was not there, for the page that looks whether the browser is
//! signed in by now.

use clock::UnixTime;

use crate::bound_key::{NONCE_LEN, SealError};
use crate::secret::Secrets;
use crate::sp_id::SpId;
use crate::wire::{Reader, Writer};

const VERSION: u8 = 1;
const PURPOSE: &str = "resumption";
const MAX_LEN: usize = 4096;

/// The IdP's cross-site POST brings no session's cookie; a page of this site asks once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resumption {
    /// `ID` of the AuthnRequest.
    pub request_id: String,
    /// Where the browser wanted to go, checked by the caller.
    pub page: String,
    /// The login was known, and took too long.
    pub expired: bool,
    /// No longer usable at this instant.
    pub expires: UnixTime,
}

impl Resumption {
    /// Base64url of the sealed record, bound to `sp`: for the query of a URL.
    ///
    /// # Errors
    /// Only when libcrypto fails.
    pub fn seal(
        &self,
        secrets: &Secrets,
        sp: &SpId,
        random_nonce: [u8; NONCE_LEN],
    ) -> Result<String, SealError> {
        let mut writer = Writer::new(VERSION);
        writer.string(&self.request_id);
        writer.string(&self.page);
        writer.boolean(self.expired);
        writer.instant(self.expires);
        secrets.seal_text(PURPOSE, sp, random_nonce, &writer.finish())
    }

    /// Opens it at `sp`; `None` for what is not ours, damaged or too old.
    pub fn open(secrets: &Secrets, sp: &SpId, sealed: &str, now: UnixTime) -> Option<Self> {
        if sealed.len() > MAX_LEN {
            return None;
        }
        let plain = secrets.open_text(PURPOSE, sp, sealed.as_bytes())?;
        let mut reader = Reader::new(&plain, VERSION)?;
        let resumption = Self {
            request_id: reader.string()?,
            page: reader.string()?,
            expired: reader.boolean()?,
            expires: reader.instant()?,
        };
        reader.finish()?;
        (now < resumption.expires).then_some(resumption)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::{app, at, wiki};
    use crate::secret::tests::secret;

    #[test]
    fn it_opens_at_its_sp_until_it_expires() {
        let secrets = Secrets::one(secret(1));
        let resumption = Resumption {
            request_id: "_a".into(),
            page: "/page".into(),
            expired: true,
            expires: at(1000),
        };
        let sealed = resumption.seal(&secrets, &app(), [3; NONCE_LEN]).unwrap();
        let open = |sp, now| Resumption::open(&secrets, &sp, &sealed, now);
        assert_eq!(open(app(), at(999)), Some(resumption));
        assert_eq!(open(app(), at(1000)), None);
        assert_eq!(open(wiki(), at(999)), None);
        assert_eq!(Resumption::open(&secrets, &app(), &sealed[1..], at(999)), None);
        assert_eq!(Resumption::open(&secrets, &app(), &"A".repeat(10_000), at(999)), None);
    }
}
