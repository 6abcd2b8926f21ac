//! Where the lines stand that made an IdP.

use saml::provider::{Finding, Setting};

use crate::place::{ConfigError, Given, Place};
use crate::raw::{RawIdp, RawPolicy};
use crate::warnings::Warnings;

/// The lines of a `saml_idp`.
pub(super) struct IdpLines<'a> {
    /// The block itself.
    pub(super) raw: &'a RawIdp,
    /// Its policy, with the SP's where it is silent.
    pub(super) policy: &'a RawPolicy,
}

impl IdpLines<'_> {
    /// Gives what `judge` finds its place: errors, and warnings, which come in a list.
    ///
    /// # Errors
    /// That of `judge`.
    pub(super) fn judge<T>(
        &self,
        warnings: &mut Warnings,
        judge: impl FnOnce(&mut Vec<Finding>) -> Result<T, Finding>,
    ) -> Result<T, ConfigError> {
        let mut found = Vec::new();
        let outcome = judge(&mut found);
        for Finding { setting, sentence } in found {
            warnings.add(self.place(setting), sentence);
        }
        outcome.map_err(|error| ConfigError::new(self.place(error.setting), error.sentence))
    }

    /// Where `setting` stands; of one that is unset, the block.
    fn place(&self, setting: Setting) -> &Place {
        fn of<T>(given: &Option<Given<T>>) -> Option<&Place> {
            given.as_ref().map(|given| &given.place)
        }
        let place = match setting {
            Setting::Block => None,
            Setting::Metadata => of(&self.raw.metadata),
            Setting::SecondVerifier => of(&self.policy.second_verifier),
            Setting::SsoBinding => of(&self.policy.sso_binding),
            Setting::ResponseBinding => of(&self.policy.request.response_binding),
            Setting::SignRequests => of(&self.policy.sign_requests),
            Setting::Encryption => of(&self.policy.encryption),
            Setting::SignatureAlgorithm => of(&self.policy.signature_algorithm),
            Setting::SloBinding => of(&self.policy.slo_binding),
            Setting::SignLogout => of(&self.policy.sign_logout),
            Setting::RequireSignedLogout => of(&self.policy.require_signed_logout),
            Setting::NameIdEncrypted => of(&self.policy.name_id_encrypted),
        };
        place.unwrap_or(&self.raw.place)
    }
}
