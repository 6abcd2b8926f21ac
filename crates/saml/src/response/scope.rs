//! Values with a scope, `jane@example.edu`: an IdP speaks for the domains that its metadata gives it, and
//! for no others (eduPerson 2.2, Subject Identifier Attributes 3.3.1).

use identity::Attribute;

use crate::provider::{Idp, ScopeCheck};
use crate::reason;
use crate::refusal::{Refusal, quote};

/// Names of attributes whose values have a scope: as URIs, their last parts, and what people call them.
const SCOPED: [&str; 14] = [
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.6",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.9",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.13",
    "1.3.6.1.4.1.5923.1.1.1.6",
    "1.3.6.1.4.1.5923.1.1.1.9",
    "1.3.6.1.4.1.5923.1.1.1.13",
    "eduPersonPrincipalName",
    "eduPersonScopedAffiliation",
    "eduPersonUniqueId",
    "eppn",
    "epsa",
    "epuid",
    "subject-id",
    "pairwise-id",
];

/// Are the scopes of all values that have one the IdP's?
pub(super) fn check(attributes: &[Attribute], idp: &Idp) -> Result<(), Refusal> {
    let is_judged = match idp.policy.check_scope {
        ScopeCheck::Off => false,
        ScopeCheck::Auto => !idp.scopes.is_empty(),
        ScopeCheck::On => true,
    };
    if !is_judged {
        return Ok(());
    }
    let scoped = attributes.iter().filter(|attribute| is_scoped(attribute, idp));
    for (name, value) in scoped.flat_map(|one| one.values.iter().map(|value| (&one.name, value))) {
        // Who reads another @ than we do would see another scope.
        let mut parts = value.split('@');
        let is_ours = matches!((parts.next(), parts.next(), parts.next()), (Some(_), Some(scope), None)
            if idp.scopes.contain(scope));
        if !is_ours {
            let detail = format!(
                "a value of {} is {}, and the scopes in the metadata of {} do not cover that",
                quote(name),
                quote(value),
                quote(&idp.entity_id)
            );
            return Err(Refusal::new(&reason::ATTRIBUTE_SCOPE_MISMATCH, detail));
        }
    }
    Ok(())
}

/// By any name that an application could find it by.
fn is_scoped(attribute: &Attribute, idp: &Idp) -> bool {
    let name = attribute.name.as_str();
    let tail = name.rsplit_once(['/', ':', '#']).map(|(_, tail)| tail);
    let names = [Some(name), tail, attribute.friendly_name.as_deref()];
    let own = idp.policy.scoped_attributes.iter().map(String::as_str);
    let mut known = SCOPED.into_iter().chain(own);
    known.any(|known| names.into_iter().flatten().any(|name| name.eq_ignore_ascii_case(known)))
}
