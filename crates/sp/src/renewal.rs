//! New metadata of an IdP takes the place of the old, or does not.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use clock::{Seconds, UnixTime};
use saml::metadata::{IdpMetadata, MetadataError};
use saml::provider::{self, Finding, LogoutBinding, OwnKeys};
use saml::refusal::quote;

use crate::back_channel::reaches;
use crate::idp::{Current, Idp};
use crate::idps::SameEntity;
use crate::sp::Sp;

/// New metadata that fits, and has not taken its place yet.
pub struct Renewal {
    new: Current,
    /// What is otherwise than before, a clause each; of an IdP that was awaited, what it is.
    pub changes: Vec<String>,
    /// What is worth a warning, a sentence each.
    pub warnings: Vec<String>,
}

/// Why all stays as it was.
#[derive(Debug, PartialEq, Eq)]
pub enum NotRenewed {
    /// It is past its time, or says nothing of it when it must.
    Validity(MetadataError),
    /// It does not fit the settings, or has nothing that can be used.
    Unfit(Finding),
    /// Another IdP of this SP is that entity.
    SameEntity(SameEntity),
}

impl<S> Sp<S> {
    /// What `metadata` says of `idp`, one of this SP's, when it can be used. `longest` is how far off its
    /// validUntil may be, which must be there then.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn renewal(
        &self,
        idp: &Idp,
        metadata: &IdpMetadata,
        longest: Option<Seconds>,
        now: UnixTime,
    ) -> Result<Renewal, NotRenewed> {
        metadata.validity.check(now, longest).map_err(NotRenewed::Validity)?;
        let own = OwnKeys {
            signer: self.credentials.first().map(|credential| &credential.key),
            decrypts: !self.decryption_keys.is_empty(),
        };
        let mut findings = Vec::new();
        let provider = provider::Idp::new(idp.settings(), Some(metadata), own, now, &mut findings)
            .map_err(NotRenewed::Unfit)?;
        let old = idp.current();
        let changes = match &old {
            Some(old) => provider.changes_since(old),
            None => provider.introduction(),
        };
        let mut warnings: Vec<_> = findings.into_iter().map(|found| found.sentence).collect();
        warnings.extend(unreached(idp, &provider));
        let (provider, ui) = (Arc::new(provider), Rc::new(metadata.ui.clone()));
        Ok(Renewal { new: Current { provider, ui }, changes, warnings })
    }

    /// Puts it in the place of what was known of `idp`.
    ///
    /// # Errors
    /// Another IdP of this SP is that entity; nothing has changed then.
    pub fn renew(&self, idp: &Rc<Idp>, renewal: Renewal) -> Result<(), NotRenewed> {
        self.idps.swap(idp, renewal.new).map_err(NotRenewed::SameEntity)
    }
}

/// What this host asks servers for to which it has no way: their addresses are found at a reload.
fn unreached(idp: &Idp, new: &provider::Idp) -> Vec<String> {
    let channels = idp.back_channels();
    let logout = new.logout_request_endpoint();
    let logout = logout.filter(|endpoint| endpoint.binding == LogoutBinding::Soap);
    let logout = logout.map(|endpoint| endpoint.location.as_str());
    let logout = logout.filter(|url| !reaches(channels.logout.as_ref(), url)).map(|url| {
        format!(
            "logouts by SOAP go to {} now: reload nginx, which finds its address then; until that \
             people are signed out here alone",
            quote(url)
        )
    });
    let artifacts = new.artifact_resolution.iter().map(|endpoint| endpoint.location.as_str());
    let artifacts = artifacts.filter(|url| !reaches(channels.artifacts.as_ref(), url)).map(|url| {
        format!(
            "artifacts are resolved at {} now: reload nginx, which finds its address then; until \
             that nobody logs in by them",
            quote(url)
        )
    });
    logout.into_iter().chain(artifacts).collect()
}

impl fmt::Display for NotRenewed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Validity(error) => error.fmt(f),
            Self::Unfit(error) => error.fmt(f),
            Self::SameEntity(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NotRenewed {}
