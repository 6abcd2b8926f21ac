//! A login whose IdP is being chosen at another site, in the address that leads back here.

use identity::RequestedAuthnContext;

use crate::bound_key::{NONCE_LEN, SealError};
use crate::pending::{read_context, write_context};
use crate::secret::Secrets;
use crate::sp_id::SpId;
use crate::wire::{Reader, Writer};

const VERSION: u8 = 1;
const PURPOSE: &str = "awaited choice";
const MAX_LEN: usize = 8192;

/// What the login is to be like once somebody is asked. The other site sees none of it. It can be used
/// again and again, as a link to a login can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwaitedChoice {
    /// Where it ends, checked by the caller.
    pub return_url: String,
    /// The IdP is asked for fresh credentials.
    pub force_authn: bool,
    /// Nobody may show a page.
    pub passive: bool,
    /// What the IdP is asked for.
    pub authn_context: Option<RequestedAuthnContext>,
    /// What the IdP may be told besides: arguments of the login link, names and values.
    pub hints: Vec<(String, String)>,
}

impl AwaitedChoice {
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
        writer.string(&self.return_url);
        writer.boolean(self.force_authn);
        writer.boolean(self.passive);
        writer.boolean(self.authn_context.is_some());
        if let Some(context) = &self.authn_context {
            write_context(&mut writer, context);
        }
        writer.count(self.hints.len());
        for (name, value) in &self.hints {
            writer.string(name);
            writer.string(value);
        }
        secrets.seal_text(PURPOSE, sp, random_nonce, &writer.finish())
    }

    /// Opens it at `sp`; `None` for what is not ours or damaged.
    pub fn open(secrets: &Secrets, sp: &SpId, sealed: &str) -> Option<Self> {
        if sealed.len() > MAX_LEN {
            return None;
        }
        let plain = secrets.open_text(PURPOSE, sp, sealed.as_bytes())?;
        let mut reader = Reader::new(&plain, VERSION)?;
        let choice = Self {
            return_url: reader.string()?,
            force_authn: reader.boolean()?,
            passive: reader.boolean()?,
            authn_context: match reader.boolean()? {
                true => Some(read_context(&mut reader)?),
                false => None,
            },
            hints: {
                let count = reader.count(2)?;
                let hint = |_| Some((reader.string()?, reader.string()?));
                (0..count).map(hint).collect::<Option<_>>()?
            },
        };
        reader.finish()?;
        Some(choice)
    }
}

#[cfg(test)]
mod tests {
    use identity::Comparison;

    use super::*;
    use crate::record::tests::{app, wiki};
    use crate::secret::tests::secret;

    #[test]
    fn it_opens_at_its_sp_alone() {
        let secrets = Secrets::one(secret(1));
        let context = RequestedAuthnContext {
            comparison: Comparison::Minimum,
            classes: vec!["urn:x".into(), "https://refeds.org/profile/mfa".into()],
        };
        for authn_context in [None, Some(context)] {
            let (force_authn, passive) = (authn_context.is_some(), authn_context.is_none());
            let return_url = "/page?x=1".to_owned();
            let hints = match force_authn {
                true => {
                    vec![("login_hint".to_owned(), "é".repeat(128)), ("whr".into(), "x".into())]
                }
                false => Vec::new(),
            };
            let choice = AwaitedChoice { return_url, force_authn, passive, authn_context, hints };
            let sealed = choice.seal(&secrets, &app(), [3; NONCE_LEN]).unwrap();
            let open = |sp, sealed: &str| AwaitedChoice::open(&secrets, &sp, sealed);
            assert_eq!(open(app(), &sealed), Some(choice));
            assert_eq!(open(wiki(), &sealed), None);
            assert_eq!(open(app(), sealed.get(1..).unwrap()), None);
            assert_eq!(open(app(), ""), None);
            assert_eq!(open(app(), &"A".repeat(10_000)), None);
            let others = Secrets::one(secret(2));
            assert_eq!(AwaitedChoice::open(&others, &app(), &sealed), None);
        }
    }
}
