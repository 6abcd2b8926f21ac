//! What new metadata changes: for the log, so that an administrator can compare it with what the IdP's
//! people have announced.

use std::fmt;

use xmldoc::VerifyingKey;

use super::endpoint::{ArtifactEndpoint, Binding, Endpoint, LogoutBinding, LogoutEndpoint};
use super::idp::Idp;
use crate::metadata::Scopes;
use crate::refusal::quote;

impl Idp {
    /// What is known of it that is worth a comparison, a clause each.
    pub fn introduction(&self) -> Vec<String> {
        let entity = format!("entityID {}", quote(&self.entity_id));
        let keys = self.keys.iter().map(|key| format!("signing key {}", key.describe()));
        [entity].into_iter().chain(keys).collect()
    }

    /// What is otherwise than it was in `old`, a clause each, the keys first.
    pub fn changes_since(&self, old: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        let mut note = |was_changed: bool, what: fmt::Arguments<'_>| {
            if was_changed {
                changes.push(what.to_string());
            }
        };
        for key in without(&self.keys, &old.keys) {
            note(true, format_args!("a new signing key, {}", key.describe()));
        }
        for key in without(&old.keys, &self.keys) {
            note(true, format_args!("no longer the signing key {}", key.describe()));
        }
        let (was, is) = (&old.entity_id, &self.entity_id);
        note(was != is, format_args!("entityID {}, was {}", quote(is), quote(was)));
        let (was, is) = (&old.sso, &self.sso);
        note(was != is, format_args!("SingleSignOnService {}, was {}", sso(is), sso(was)));
        let (was, is) = (&old.slo, &self.slo);
        note(was != is, format_args!("SingleLogoutService {}, was {}", slo(is), slo(was)));
        let (was, is) = (&old.artifact_resolution, &self.artifact_resolution);
        let (said_was, said_is) = (artifact(was), artifact(is));
        note(was != is, format_args!("ArtifactResolutionService {said_is}, was {said_was}"));
        let (was, is) = (scopes(&old.scopes), scopes(&self.scopes));
        note(was != is, format_args!("Scope {is}, was {was}"));
        changes
    }
}

/// Those of `keys` that `others` have not.
fn without<'a>(
    keys: &'a [VerifyingKey],
    others: &'a [VerifyingKey],
) -> impl Iterator<Item = &'a VerifyingKey> {
    let has = |print| others.iter().any(|other| other.fingerprint() == print);
    keys.iter().filter(move |key| !has(key.fingerprint()))
}

fn sso(endpoint: &Endpoint) -> String {
    format!("{} by {}", quote(&endpoint.location), browser(endpoint.binding))
}

fn slo(endpoints: &[LogoutEndpoint]) -> String {
    let said: Vec<String> = endpoints
        .iter()
        .map(|endpoint| {
            let by = match endpoint.binding {
                LogoutBinding::Browser(binding) => browser(binding),
                LogoutBinding::Soap => "soap",
            };
            let answers = endpoint.response_location.as_deref();
            let answers =
                answers.map_or_else(String::new, |url| format!(" (answers to {})", quote(url)));
            format!("{} by {by}{answers}", quote(&endpoint.location))
        })
        .collect();
    if said.is_empty() { "none".to_owned() } else { said.join(" and ") }
}

fn artifact(endpoints: &[ArtifactEndpoint]) -> String {
    let said: Vec<String> = endpoints
        .iter()
        .map(|endpoint| {
            let number = endpoint.index.map(|index| format!(" number {index}"));
            format!("{}{}", quote(&endpoint.location), number.unwrap_or_default())
        })
        .collect();
    if said.is_empty() { "none".to_owned() } else { said.join(" and ") }
}

fn scopes(scopes: &Scopes) -> String {
    let texts: Vec<String> = scopes.texts().into_iter().map(quote).collect();
    if texts.is_empty() { "none".to_owned() } else { texts.join(" and ") }
}

fn browser(binding: Binding) -> &'static str {
    match binding {
        Binding::Redirect => "redirect",
        Binding::Post => "post",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::IdpMetadata;
    use crate::provider::Policy;
    use crate::test_credentials::Credential;

    fn key(credential: &Credential) -> VerifyingKey {
        VerifyingKey::from_certificate(&credential.certificate()).unwrap()
    }

    fn idp(keys: Vec<VerifyingKey>) -> Idp {
        Idp {
            entity_id: "https://idp".into(),
            sso: Endpoint { binding: Binding::Redirect, location: "https://idp/sso".into() },
            slo: Vec::new(),
            keys,
            artifact_resolution: Vec::new(),
            encryption_key: None,
            scopes: Default::default(),
            valid_until: None,
            policy: Policy::default(),
        }
    }

    #[test]
    fn an_introduction_has_the_name_and_the_keys() {
        let key = key(&Credential::rsa());
        let expected =
            ["entityID \"https://idp\"".to_owned(), format!("signing key {}", key.describe())];
        assert_eq!(idp(vec![key]).introduction(), expected);
    }

    #[test]
    fn a_new_key_and_an_old_one_are_told_by_their_fingerprints() {
        let (first, second) = (key(&Credential::rsa()), key(&Credential::p256()));
        let old = idp(vec![first.clone()]);
        let both = idp(vec![second.clone(), first.clone()]);
        let new = idp(vec![second.clone()]);
        let added = format!("a new signing key, {}", second.describe());
        let gone = format!("no longer the signing key {}", first.describe());
        assert_eq!(both.changes_since(&old), [added.as_str()]);
        assert_eq!(new.changes_since(&both), [gone.as_str()]);
        assert_eq!(new.changes_since(&old), [added, gone]);
        let turned = idp(vec![first, second]);
        assert_eq!(turned.changes_since(&both), Vec::<String>::new(), "their order says nothing");
    }

    #[test]
    fn whom_it_speaks_for_is_told() {
        let with_scope = |scope: &str| {
            let document = format!(
                "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"urn:x\">\
                 <IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
                 <Extensions>{scope}</Extensions></IDPSSODescriptor></EntityDescriptor>"
            );
            let metadata = IdpMetadata::parse(document.as_bytes(), None).unwrap();
            Idp { scopes: metadata.scopes, ..idp(Vec::new()) }
        };
        let scope = "<s:Scope xmlns:s=\"urn:mace:shibboleth:metadata:1.0\">example.edu</s:Scope>";
        let (none, one) = (with_scope(""), with_scope(scope));
        assert_eq!(one.changes_since(&none), ["Scope \"example.edu\", was none"]);
        assert_eq!(none.changes_since(&one), ["Scope none, was \"example.edu\""]);
        assert!(one.changes_since(&with_scope(scope)).is_empty());
    }

    #[test]
    fn endpoints_are_told_as_they_were_and_are() {
        let old = idp(Vec::new());
        let mut new = idp(Vec::new());
        new.entity_id = "urn:new".into();
        new.sso.binding = Binding::Post;
        let endpoint = |binding, response: Option<&str>| LogoutEndpoint {
            binding,
            location: "https://idp/slo".into(),
            response_location: response.map(str::to_owned),
        };
        new.slo = vec![
            endpoint(LogoutBinding::REDIRECT, Some("https://idp/slo-answers")),
            endpoint(LogoutBinding::Soap, None),
        ];
        let location = "https://idp/artifact".to_owned();
        new.artifact_resolution = vec![ArtifactEndpoint { index: Some(3), location }];
        let expected = [
            "entityID \"urn:new\", was \"https://idp\"",
            "SingleSignOnService \"https://idp/sso\" by post, was \"https://idp/sso\" by redirect",
            "SingleLogoutService \"https://idp/slo\" by redirect (answers to \
             \"https://idp/slo-answers\") and \"https://idp/slo\" by soap, was none",
            "ArtifactResolutionService \"https://idp/artifact\" number 3, was none",
        ];
        assert_eq!(new.changes_since(&old), expected);
    }
}
