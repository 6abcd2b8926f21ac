//! What AuthnRequests say, of what lines name: a file, variables.

use saml::extensions::Extensions;
use saml::provider::{self, Binding, ExtraArgument, ExtraValue, RequestPolicy};

use crate::host::Host;
use crate::place::{ConfigError, Given};
use crate::raw::{RawIdp, RawRequest};
use crate::surroundings::Surroundings;
use crate::warnings::Warnings;

/// The settings, ours where `raw` is silent.
///
/// # Errors
/// `extensions` cannot be used, or `extra_request_args` names what is no variable.
pub(super) fn policy<H: Host>(
    raw: &RawRequest,
    around: &mut Surroundings<'_, H>,
) -> Result<RequestPolicy, ConfigError> {
    let mut policy = RequestPolicy::default();
    raw.set(&mut policy);
    if let Some(given) = raw.extensions.as_ref().filter(|given| given.value != "off") {
        let octets = around.files.read("extensions", given)?;
        let extensions = Extensions::of_request(&octets).map_err(|e| {
            ConfigError::new(&given.place, format!("\"extensions\" \"{}\": {e}", given.value))
        })?;
        policy.extensions = Some(extensions);
    }
    if let Some(given) = &raw.extra_arguments {
        variables(given, around.host)?;
    }
    Ok(policy)
}

/// Warns of arguments that the block itself gives, and that no URL carries.
pub(super) fn check_binding(raw: &RawIdp, idp: &provider::Idp, warnings: &mut Warnings) {
    let Some(given) = &raw.policy.request.extra_arguments else { return };
    if idp.sso.binding == Binding::Post && !given.value.is_empty() {
        warnings.add(
            &given.place,
            format!(
                "\"extra_request_args\" is of no use: requests go to saml_idp \"{}\" by HTTP-POST; say \
                 \"sso_binding redirect\", or leave it out",
                raw.name
            ),
        );
    }
}

fn variables<H: Host>(given: &Given<Vec<ExtraArgument>>, host: &mut H) -> Result<(), ConfigError> {
    for argument in &given.value {
        let ExtraValue::Variable(name) = &argument.value else { continue };
        host.variable(name).map_err(|why| {
            ConfigError::new(&given.place, format!("\"extra_request_args\" \"${name}\": {why}"))
        })?;
    }
    Ok(())
}
