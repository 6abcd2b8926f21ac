//! `base_url`: the origins at which browsers see an SP.

use http::{Hosts, HttpUrl, Scheme};
use sp::Sites;

use crate::place::{ConfigError, Given};
use crate::raw::RawSp;
use crate::warnings::Warnings;

/// Origins of one SP: all of them stand in its metadata, with some URLs each.
const MOST: usize = 256;

/// The origins of an SP, each once, in its one spelling, without a trailing slash. Warns of those to which
/// anybody can listen.
///
/// # Errors
/// There is none, or too many; one is none, or two are the same to a request.
pub(super) fn origins(raw: &RawSp, warnings: &mut Warnings) -> Result<Sites<String>, ConfigError> {
    let Some((given, (main, others))) =
        raw.base_url.as_ref().and_then(|given| Some((given, given.value.split_first()?)))
    else {
        return Err(ConfigError::new(
            &raw.place,
            format!(
                "saml_sp \"{}\" has no \"base_url\"; give the origin that browsers see, \
                 like \"base_url https://app.example.com;\"",
                raw.name
            ),
        ));
    };
    let refuse = |message: String| Err(ConfigError::new(&given.place, message));
    if given.value.len() > MOST {
        let count = given.value.len();
        return refuse(format!("\"base_url\" has {count} origins, and {MOST} is the most"));
    }
    let mut urls = vec![origin(given, main, warnings)?];
    for other in others {
        urls.push(origin(given, other, warnings)?);
    }
    let mut origins = urls.iter().map(HttpUrl::origin);
    let main = origins.next().unwrap_or_default();
    if others.is_empty() {
        return Ok(Sites::one(main));
    }
    match Hosts::new(&urls) {
        Ok(hosts) => Ok(Sites::several(main, origins.collect(), hosts)),
        Err((one, two)) => {
            let text = |number: usize| given.value.get(number).map_or("", String::as_str);
            refuse(format!(
                "\"base_url\" \"{}\" and \"{}\" are the same to a request, whose Host says no scheme; \
                 leave one",
                text(one),
                text(two)
            ))
        }
    }
}

fn origin<'a>(
    given: &Given<Vec<String>>,
    text: &'a str,
    warnings: &mut Warnings,
) -> Result<HttpUrl<'a>, ConfigError> {
    let url = HttpUrl::parse(text).filter(|url| matches!(url.rest(), "" | "/"));
    let url = url.ok_or_else(|| {
        let why = if text.contains('*') {
            "is no single origin, and IdPs must know each address to which they send people back; list \
             the hosts, like \"base_url https://a.example.com https://b.example.com;\""
        } else {
            "must be scheme, host and port only, like https://app.example.com"
        };
        ConfigError::new(&given.place, format!("\"base_url\" \"{text}\" {why}"))
    })?;
    if url.scheme() == Scheme::Http {
        warnings.add(
            &given.place,
            format!(
                "\"base_url\" \"{text}\" is plain http: cookies go without Secure and can be stolen on \
                 the way; use https except for trials"
            ),
        );
    }
    Ok(url)
}
