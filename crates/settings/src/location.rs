//! What a location runs on.

use std::rc::Rc;

use sp::{Idp, Location, Preflight, Protection, Sp};

use crate::place::{ConfigError, Given, Place};
use crate::raw::{RawAuth, RawLocation};

/// Resolves names against the validated SPs.
///
/// # Errors
/// A name that nothing has, or settings that do not go together.
pub fn location<S>(raw: &RawLocation, sps: &[Rc<Sp<S>>]) -> Result<Location<S>, ConfigError> {
    let endpoint = match &raw.endpoint {
        Some(Given { value: handler, place }) => {
            Some((handler.kind, find_sp(sps, &handler.sp, place)?))
        }
        None => None,
    };
    let protection = match &raw.auth {
        Some(Given { value: RawAuth::On { sp, idp }, place }) => {
            let sp = find_sp(sps, sp, place)?;
            let idp = idp.as_deref().map(|name| find_idp(&sp, name, place)).transpose()?;
            Some(Rc::new(protection(raw, sp, idp)?))
        }
        Some(Given { value: RawAuth::Off, .. }) | None => None,
    };
    let strip_cookies = raw.strip_cookies.as_ref().is_none_or(|g| g.value);
    Ok(Location { protection, endpoint, strip_cookies, returns_content: false })
}

fn protection<S>(
    raw: &RawLocation,
    sp: Rc<Sp<S>>,
    idp: Option<Rc<Idp>>,
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
    let mut protection = Protection::new(sp, idp);
    raw.set(&mut protection);
    Ok(protection)
}

fn find_sp<S>(sps: &[Rc<Sp<S>>], name: &str, place: &Place) -> Result<Rc<Sp<S>>, ConfigError> {
    sps.iter().find(|sp| sp.name == name).cloned().ok_or_else(|| unknown_sp(name, place))
}

/// The error for an SP that no block defines.
pub(crate) fn unknown_sp(name: &str, place: &Place) -> ConfigError {
    ConfigError::new(
        place,
        format!("unknown SP \"{name}\": add \"saml_sp {name} {{ … }}\" in http, or fix the name"),
    )
}

fn find_idp<S>(sp: &Sp<S>, name: &str, place: &Place) -> Result<Rc<Idp>, ConfigError> {
    sp.idps.named(name).cloned().ok_or_else(|| {
        let known: Vec<_> = sp.idps.iter().map(|idp| idp.name()).collect();
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
