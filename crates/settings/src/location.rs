//! What a location runs on.

use std::rc::Rc;

use sp::{Location, Mode, Preflight, Protection, Sites, Sp, WantedIdp};

use crate::place::{ConfigError, Given, Place};
use crate::raw::{FORWARD_AUTH, RawAuth, RawLocation};
use crate::rules::rules;

/// Resolves names against the validated SPs, and those of variables by `index`, the number by which the
/// server knows each.
///
/// # Errors
/// A name that nothing has, or settings that do not go together.
pub fn location<S>(
    raw: &RawLocation,
    sps: &[Sites<Rc<Sp<S>>>],
    index: &mut dyn FnMut(&str) -> Result<usize, String>,
) -> Result<Location<S>, ConfigError> {
    let endpoint = match &raw.endpoint {
        Some(Given { value: handler, place }) => {
            Some((handler.kind, find_sp(sps, &handler.sp, place)?.map(Rc::clone)))
        }
        None => None,
    };
    let protection = match &raw.auth {
        Some(Given { value: RawAuth::On { sp, idp }, place }) => {
            let sites = find_sp(sps, sp, place)?;
            let sp = sites.first();
            let idp =
                idp.as_deref().map_or(Ok(WantedIdp::Any), |name| wanted_idp(sp, name, place))?;
            let protection = protection(raw, Rc::clone(sp), idp, index)?;
            Some(sites.map(|sp| Rc::new(protection.at(Rc::clone(sp)))))
        }
        Some(Given { value: RawAuth::Off, .. }) | None => None,
    };
    if let (Some(Given { place, .. }), None) = (&raw.forward_auth, &protection) {
        return Err(ConfigError::new(
            place,
            format!(
                "\"{FORWARD_AUTH}\" tells a proxy who is let in, and nothing keeps anybody out here; add \
                 \"auth_saml SP;\""
            ),
        ));
    }
    let debug = raw.debug.as_ref().map(|g| Rc::clone(&g.value)).unwrap_or_default();
    if let (Some(protection), true) = (&protection, debug.link) {
        protection.first().sp.gives_debug_links.set(true);
    }
    let strip_cookies = raw.strip_cookies.as_ref().is_none_or(|g| g.value);
    let jwt_audience = raw.jwt_audience.as_ref().map(|g| g.value.as_slice()).unwrap_or_default();
    Ok(Location {
        protection,
        endpoint,
        forward_auth: raw.forward_auth.as_ref().map(|given| Rc::clone(&given.value)),
        strip_cookies,
        debug,
        returns_content: false,
        jwt_audience: jwt_audience.into(),
    })
}

fn protection<S>(
    raw: &RawLocation,
    sp: Rc<Sp<S>>,
    idp: WantedIdp,
    index: &mut dyn FnMut(&str) -> Result<usize, String>,
) -> Result<Protection<S>, ConfigError> {
    if let Some(Given { value: Preflight::Answer, place }) = &raw.preflight
        && raw.cors_origins.is_none()
    {
        return Err(ConfigError::new(
            place,
            "\"auth_saml_preflight answer\" has no origin to answer for; add \
             \"auth_saml_cors_origin https://spa.example.com;\", the origin of the page whose \
             scripts ask",
        ));
    }
    let rules = Rc::new(rules(raw, &sp, index)?);
    let mut protection = Protection { rules, ..Protection::new(sp, idp) };
    raw.set(&mut protection);
    if raw.forward_auth.is_some() {
        only_ask(&mut protection);
    }
    if protection.mode == Mode::Passive {
        protection.sp.tries_passively.set(true);
    }
    if protection.ecp {
        protection.sp.takes_paos.set(true);
    }
    Ok(protection)
}

/// A proxy that asks hands on neither a form nor the envelope of a program, and lets in a preflight that is answered.
fn only_ask<S>(protection: &mut Protection<S>) {
    protection.preserve_post = None;
    protection.ecp = false;
    protection.preflight = Preflight::Off;
    if protection.mode == Mode::Passive {
        protection.mode = Mode::Optional;
    }
}

/// Refuses a rule in a location where it would keep out nobody. `own` is what [`RawLocation::own_rule`] says of
/// it.
///
/// # Errors
/// There is one, and the location is open to all, or a handler's.
pub fn check_rule<S>(
    own: Option<(&'static str, Place)>,
    location: &Location<S>,
) -> Result<(), ConfigError> {
    let Some((name, place)) = own else { return Ok(()) };
    let sentence = match location {
        Location { endpoint: Some((kind, _)), .. } => format!(
            "\"{name}\" keeps nobody out of the location of \"{}\", which is never protected; take the line away",
            kind.directive()
        ),
        Location { protection: None, .. } => format!(
            "\"{name}\" keeps nobody out of a location without \"auth_saml\"; add \"auth_saml SP;\", or take the \
             line away"
        ),
        _ => return Ok(()),
    };
    Err(ConfigError::new(&place, sentence))
}

fn find_sp<'a, S>(
    sps: &'a [Sites<Rc<Sp<S>>>],
    name: &str,
    place: &Place,
) -> Result<&'a Sites<Rc<Sp<S>>>, ConfigError> {
    let mut sps = sps.iter();
    sps.find(|sites| sites.first().name == name).ok_or_else(|| unknown_sp(name, place))
}

/// The error for an SP that no block defines.
pub(crate) fn unknown_sp(name: &str, place: &Place) -> ConfigError {
    ConfigError::new(
        place,
        format!("unknown SP \"{name}\": add \"saml_sp {name} {{ … }}\" in http, or fix the name"),
    )
}

/// By the name of its block, its entityID, or a variable.
fn wanted_idp<S>(sp: &Sp<S>, name: &str, place: &Place) -> Result<WantedIdp, ConfigError> {
    if let Some(variable) = name.strip_prefix('$') {
        return match is_variable(variable) {
            true => Ok(WantedIdp::OfVariable(variable.to_ascii_lowercase())),
            false => Err(ConfigError::new(
                place,
                format!(
                    "invalid variable \"{name}\" in \"auth_saml\", idp= takes one alone, and none of this \
                     module's, whose values come of the session"
                ),
            )),
        };
    }
    if let Some(idp) = sp.idps.named(name) {
        return Ok(WantedIdp::One(Rc::clone(idp)));
    }
    if sp.idps.federation(name).is_some() {
        let sentence = format!(
            "idp={name} of \"auth_saml\" is a whole federation; name one of its IdPs by its entityID, or give \
             those who come here a saml_sp of their own"
        );
        return Err(ConfigError::new(place, sentence));
    }
    // Which those are is known when the metadata is there.
    if sp.idps.has_federation() && name.contains(':') {
        return Ok(WantedIdp::OfEntity(name.to_owned()));
    }
    Err({
        let known: Vec<_> = sp.idps.blocks().map(|block| block.name.as_str()).collect();
        ConfigError::new(
            place,
            format!(
                "unknown IdP \"{name}\" in \"auth_saml\": saml_sp \"{}\" has {}",
                sp.name,
                known.join(", ")
            ),
        )
    })
}

/// A name as nginx writes it, of a variable that does not need the session.
fn is_variable(name: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let is_ours = name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("saml_"));
    !name.is_empty() && name.bytes().all(is_plain) && !is_ours
}
