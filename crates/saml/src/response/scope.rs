//! Values with a scope, `jane@example.edu`: an IdP speaks for the domains that its metadata gives it, and
//! for no others (eduPerson 2.2, Subject Identifier Attributes 3.3.1).

use identity::{Attribute, normalise, uri_tail};

use crate::provider::{Idp, ScopeCheck};
use crate::reason;
use crate::refusal::{Refusal, quote};

/// Names of attributes whose values have a scope, as they are [compared](normalise): as URIs, their last
/// parts, and what people call them.
const SCOPED: [&str; 16] = [
    "urn_oid_1_3_6_1_4_1_5923_1_1_1_6",
    "urn_oid_1_3_6_1_4_1_5923_1_1_1_9",
    "urn_oid_1_3_6_1_4_1_5923_1_1_1_13",
    "1_3_6_1_4_1_5923_1_1_1_6",
    "1_3_6_1_4_1_5923_1_1_1_9",
    "1_3_6_1_4_1_5923_1_1_1_13",
    "edupersonprincipalname",
    "edupersonscopedaffiliation",
    "edupersonuniqueid",
    "eppn",
    "epsa",
    "epuid",
    "subject_id",
    "pairwise_id",
    "samlsubjectid",
    "samlpairwiseid",
];

/// Scopes in one login: nobody is at home in so many, and each is looked for among all of the IdP's.
const MAX_SCOPES: usize = 16;

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
    let mut known: Vec<&str> = Vec::new();
    for (name, value) in scoped.flat_map(|one| one.values.iter().map(|value| (&one.name, value))) {
        // Who reads another @ than we do would see another scope.
        let mut parts = value.split('@');
        let scope = match (parts.next(), parts.next(), parts.next()) {
            (Some(_), Some(scope), None) => Some(scope),
            _ => None,
        };
        if scope.is_some_and(|scope| known.contains(&scope)) {
            continue;
        }
        let ours = scope.filter(|scope| known.len() < MAX_SCOPES && idp.scopes.contain(scope));
        let Some(scope) = ours else {
            let detail = format!(
                "a value of {} is {}, and the scopes in the metadata of {} do not cover that",
                quote(name),
                quote(value),
                quote(&idp.entity_id)
            );
            return Err(Refusal::new(&reason::ATTRIBUTE_SCOPE_MISMATCH, detail));
        };
        known.push(scope);
    }
    Ok(())
}

/// By any name that an application could find it by: a variable, whose name holds letters, digits and
/// underscores alone, stands for `subject_id` as well as for `subject-id`.
fn is_scoped(attribute: &Attribute, idp: &Idp) -> bool {
    let name = attribute.name.as_str();
    let names = [Some(name), uri_tail(name), attribute.friendly_name.as_deref()];
    let own = &idp.policy.scoped_attributes;
    names.into_iter().flatten().map(normalise).any(|name| {
        SCOPED.contains(&name.as_str()) || own.iter().any(|known| normalise(known) == name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_as_they_are_compared() {
        for name in SCOPED {
            assert_eq!(normalise(name), name);
        }
    }
}
