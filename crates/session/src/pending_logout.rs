//! A logout under way: what must be remembered from LogoutRequest to LogoutResponse, and how far it
//! got then, sealed in a cookie.

use clock::UnixTime;

use crate::bound_key::{NONCE_LEN, SealError};
use crate::secret::Secrets;
use crate::sp_id::SpId;
use crate::wire::{Reader, Writer};

const VERSION: u8 = 3;
const PURPOSE: &str = "pending logout";

/// One LogoutRequest of ours whose LogoutResponse is awaited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingLogout {
    /// `ID` of the LogoutRequest; the LogoutResponse's `InResponseTo` must equal it.
    pub request_id: String,
    /// Name of the `saml_idp` block that was asked.
    pub idp: String,
    /// Where the browser goes afterwards, checked by the caller; `None` = a page that says so.
    pub return_url: Option<String>,
    /// End of the wait: no longer usable at this instant.
    pub expires: UnixTime,
    /// How far it got, once it has been answered: the same answer again is a reload or the Back button.
    pub end: Option<LogoutEnd>,
}

/// How far a logout got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogoutEnd {
    /// Here, at the IdP, and wherever the IdP had signed the user in.
    Everywhere,
    /// Here and at the IdP, but not everywhere (Core 3.2.2.2, PartialLogout).
    Partly,
    /// Here; the IdP's answer was refused for the reason with this code.
    HereOnly(String),
}

impl PendingLogout {
    /// The value of the cookie: base64url of the sealed record, bound to `sp`.
    ///
    /// # Errors
    /// Only when libcrypto fails.
    pub fn seal_cookie(
        &self,
        secrets: &Secrets,
        sp: &SpId,
        random_nonce: [u8; NONCE_LEN],
    ) -> Result<String, SealError> {
        let mut writer = Writer::new(VERSION);
        writer.string(&self.request_id);
        writer.string(&self.idp);
        writer.option(self.return_url.as_deref(), Writer::uri);
        writer.instant(self.expires);
        let (is_answered, is_whole, code) = match &self.end {
            None => (false, false, None),
            Some(LogoutEnd::Everywhere) => (true, true, None),
            Some(LogoutEnd::Partly) => (true, false, None),
            Some(LogoutEnd::HereOnly(code)) => (true, false, Some(code.as_str())),
        };
        writer.boolean(is_answered);
        writer.boolean(is_whole);
        writer.option(code, Writer::string);
        secrets.seal_text(PURPOSE, sp, random_nonce, &writer.finish())
    }

    /// Opens a cookie value at `sp`; `None` for what is not ours, damaged or too old.
    pub fn open_cookie(
        secrets: &Secrets,
        sp: &SpId,
        cookie_value: &[u8],
        now: UnixTime,
    ) -> Option<Self> {
        let plain = secrets.open_text(PURPOSE, sp, cookie_value)?;
        let mut reader = Reader::new(&plain, VERSION)?;
        let pending = Self {
            request_id: reader.string()?,
            idp: reader.string()?,
            return_url: reader.option(Reader::uri)?,
            expires: reader.instant()?,
            end: match (reader.boolean()?, reader.boolean()?, reader.option(Reader::string)?) {
                (false, false, None) => None,
                (true, true, None) => Some(LogoutEnd::Everywhere),
                (true, false, None) => Some(LogoutEnd::Partly),
                (true, false, Some(code)) => Some(LogoutEnd::HereOnly(code)),
                _ => return None,
            },
        };
        reader.finish()?;
        (now < pending.expires).then_some(pending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::{app, at, wiki};
    use crate::seal::MAX_TEXT_LEN;
    use crate::secret::tests::secret;

    const NONCE: [u8; NONCE_LEN] = [3; NONCE_LEN];

    fn pending(return_url: Option<&str>) -> PendingLogout {
        PendingLogout {
            request_id: "_5f2b8c1d9e3a47f0a6b5c4d3e2f1a0b9".into(),
            idp: "corp".into(),
            return_url: return_url.map(str::to_owned),
            expires: at(1600),
            end: None,
        }
    }

    #[test]
    fn a_pending_logout_survives_the_cookie() {
        let secrets = Secrets::one(secret(1));
        for return_url in [None, Some("https://app.example.com/bye")] {
            let cookie = pending(return_url).seal_cookie(&secrets, &app(), NONCE).unwrap();
            let open =
                |sp: &SpId, now| PendingLogout::open_cookie(&secrets, sp, cookie.as_bytes(), now);
            assert_eq!(open(&app(), at(1599)), Some(pending(return_url)));
            assert_eq!(open(&app(), at(1600)), None, "too late");
            assert_eq!(open(&wiki(), at(1599)), None, "of another SP");
        }
    }

    #[test]
    fn an_answered_logout_knows_how_far_it_got() {
        let secrets = Secrets::one(secret(1));
        for end in [
            LogoutEnd::Everywhere,
            LogoutEnd::Partly,
            LogoutEnd::HereOnly("logout_response_unsigned".into()),
        ] {
            let logout = PendingLogout { end: Some(end), ..pending(None) };
            let cookie = logout.seal_cookie(&secrets, &app(), NONCE).unwrap();
            let opened = PendingLogout::open_cookie(&secrets, &app(), cookie.as_bytes(), at(0));
            assert_eq!(opened, Some(logout));
        }
    }

    #[test]
    fn what_is_not_ours_does_not_open() {
        let secrets = Secrets::one(secret(1));
        let foreign = pending(None).seal_cookie(&Secrets::one(secret(2)), &app(), NONCE).unwrap();
        let long = "A".repeat(MAX_TEXT_LEN + 1);
        for value in ["", "x", "AAAA", &foreign, &long] {
            let opened = PendingLogout::open_cookie(&secrets, &app(), value.as_bytes(), at(0));
            assert_eq!(opened, None, "{value}");
        }
    }
}
