//! The rules of a location, made of its lines.

use std::rc::Rc;

use sp::{AllowedIdp, Rule, Rules, Sp, Variable};

use crate::place::{ConfigError, Given, Place};
use crate::raw::{RawLocation, RawRule};

/// Resolves the names of IdPs and variables. `index` is the number by which the server knows a variable.
///
/// # Errors
/// A name that nothing has, or `off` beside other lines.
pub(crate) fn rules<S>(
    raw: &RawLocation,
    sp: &Sp<S>,
    index: &mut dyn FnMut(&str) -> Result<usize, String>,
) -> Result<Rules, ConfigError> {
    let mut rules = Rules::default();
    for (Rule { demand, line }, _) in lines(&raw.require_attribute, "auth_saml_require_attribute")?
    {
        rules.attributes.push(Rule { demand: Rc::clone(demand), line: Rc::clone(line) });
    }
    for (Rule { demand, line }, place) in lines(&raw.require, "auth_saml_require")? {
        let known = demand.iter().map(|name| {
            let index = index(name).map_err(|why| {
                ConfigError::new(place, format!("\"auth_saml_require\" \"${name}\": {why}"))
            })?;
            Ok(Variable { name: name.clone(), index })
        });
        let demand = known.collect::<Result<_, _>>()?;
        rules.variables.push(Rule { demand, line: Rc::clone(line) });
    }
    if let Some(Given { value: Some(Rule { demand, line }), place }) = &raw.require_idp {
        let allowed = demand.iter().map(|name| allowed_idp(sp, name, place));
        let demand = allowed.collect::<Result<_, _>>()?;
        rules.idps = Some(Rule { demand, line: Rc::clone(line) });
    }
    Ok(rules)
}

/// The rules of one level, or none where it says `off`.
fn lines<'r, T>(
    given: &'r [Given<RawRule<T>>],
    name: &str,
) -> Result<impl Iterator<Item = (&'r Rule<T>, &'r Place)>, ConfigError> {
    if let (Some(off), true) = (given.iter().find(|line| line.value.is_none()), given.len() > 1) {
        let sentence =
            format!("\"{name} off\" stands beside other lines of it; leave one or the other");
        return Err(ConfigError::new(&off.place, sentence));
    }
    Ok(given.iter().filter_map(|line| Some((line.value.as_ref()?, &line.place))))
}

/// By the name of its block, be it a federation's, or by its entityID.
fn allowed_idp<S>(sp: &Sp<S>, name: &str, place: &Place) -> Result<AllowedIdp, ConfigError> {
    if let Some(federation) = sp.idps.federation(name) {
        return Ok(AllowedIdp::OfFederation(Rc::clone(federation)));
    }
    if let Some(idp) = sp.idps.named(name) {
        return Ok(AllowedIdp::One(Rc::clone(idp)));
    }
    let is_awaited = || sp.idps.iter().any(|idp| idp.current().is_none());
    // Which entities those are is known when the metadata is there, and may change with it.
    let is_entity = sp.idps.has_federation() || is_awaited();
    if name.contains(':') && (is_entity || sp.idps.of_entity(name).is_some()) {
        return Ok(AllowedIdp::OfEntity(name.to_owned()));
    }
    let known: Vec<_> = sp.idps.blocks().map(|block| block.name.as_str()).collect();
    let sentence = format!(
        "unknown IdP \"{name}\" in \"auth_saml_require_idp\": saml_sp \"{}\" has {}",
        sp.name,
        known.join(", ")
    );
    Err(ConfigError::new(place, sentence))
}
