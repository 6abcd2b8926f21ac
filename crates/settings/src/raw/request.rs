//! What AuthnRequests say: lines of `saml_idp`, or of `saml_sp` as the default for its IdPs.

use saml::provider::{ExtraArgument, ExtraValue, PreferredContext, RequestPolicy, ResponseBinding};

use crate::authn_context::authn_context;
use crate::directives::directives;
use crate::line::Line;

/// IdPs, requesters and classes of one line.
const MANY: usize = 16;

directives! {
    /// The settings of AuthnRequests, which may stand in either block.
    pub struct RawRequest merged into RequestPolicy {}

    sets response_binding: ResponseBinding = "response_binding", |line| {
        use ResponseBinding::{Artifact, Post};
        line.choice(&[("post", Post), ("artifact", Artifact)])
    };
    sets issuer_format: bool = "issuer_format", Line::flag;
    sets name_id_sp_qualifier: Option<String> = "name_id_sp_qualifier", entity_or_off;
    sets acs_index: Option<u16> = "acs_index", number_or_off;
    sets attribute_consuming_service_index: Option<u16> = "attribute_consuming_service_index",
        number_or_off;
    sets provider_name: Option<String> = "provider_name", |line| match line.arg() {
        "off" => Ok(None),
        _ => line.text().map(Some),
    };
    sets consent: Option<String> = "consent", consent;
    sets requested_idp: Vec<String> = "requested_idp" [1..=16], entities;
    sets requester_id: Vec<String> = "requester_id" [1..=16], entities;
    sets proxy_count: Option<u16> = "proxy_count", number_or_off;
    sets authn_context: Option<PreferredContext> = "authn_context" [1..], preferred_context;
    sets subject_hint: bool = "subject_hint", Line::flag;
    sets extra_arguments: Vec<ExtraArgument> = "extra_request_args" [1..=8], extra_arguments;
    once extensions: String = "extensions", Line::text;
}

fn number_or_off(line: &Line<'_>) -> Result<Option<u16>, String> {
    if line.arg() == "off" {
        return Ok(None);
    }
    let number = line.number(0, u16::MAX.into())?;
    Ok(u16::try_from(number).ok())
}

/// An entityID (Core 8.3.6), which IdPs in the wild do not always write as a URI.
fn entity(line: &Line<'_>, text: &str) -> Result<String, String> {
    if (1..=1024).contains(&text.len()) && !text.contains(char::is_whitespace) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "invalid entityID \"{text}\" in \"{}\" directive, it must have 1 to 1024 characters and no \
         blank",
        line.name
    ))
}

fn entity_or_off(line: &Line<'_>) -> Result<Option<String>, String> {
    match line.arg() {
        "off" => Ok(None),
        text => entity(line, text).map(Some),
    }
}

fn entities(line: &Line<'_>) -> Result<Vec<String>, String> {
    match line.args.as_slice() {
        ["off"] => Ok(Vec::new()),
        entities => entities.iter().map(|text| entity(line, text)).collect(),
    }
}

/// A short name of Core 8.4, or a URI.
fn consent(line: &Line<'_>) -> Result<Option<String>, String> {
    const NAMES: [&str; 7] = [
        "unspecified",
        "obtained",
        "prior",
        "current-implicit",
        "current-explicit",
        "unavailable",
        "inapplicable",
    ];
    match line.arg() {
        "off" => Ok(None),
        name if NAMES.contains(&name) => {
            Ok(Some(format!("urn:oasis:names:tc:SAML:2.0:consent:{name}")))
        }
        uri if uri.contains(':') && !uri.contains(char::is_whitespace) => Ok(Some(uri.to_owned())),
        other => Err(format!(
            "\"consent\" \"{other}\" is no URI; it must be one, or {}, or off",
            NAMES.join(", ")
        )),
    }
}

/// As `auth_saml_authn_context`, and `fallback=on`.
fn preferred_context(line: &Line<'_>) -> Result<Option<PreferredContext>, String> {
    if line.args.as_slice() == ["off"] {
        return Ok(None);
    }
    let (mut args, mut in_turn) = (Vec::new(), false);
    for &arg in &line.args {
        match arg.strip_prefix("fallback=") {
            Some("on") => in_turn = true,
            Some("off") => in_turn = false,
            Some(other) => {
                return Err(format!("invalid fallback \"{other}\", it must be on or off"));
            }
            None => args.push(arg),
        }
    }
    let asked = authn_context(&Line { name: line.name, args, place: line.place.clone() })?;
    if asked.classes.len() > MANY {
        return Err(format!("\"{}\" names more than {MANY} classes", line.name));
    }
    Ok(Some(PreferredContext { asked, in_turn }))
}

/// `NAME`, which the login link has, `NAME=text` or `NAME=$variable`.
fn extra_arguments(line: &Line<'_>) -> Result<Vec<ExtraArgument>, String> {
    if line.args.as_slice() == ["off"] {
        return Ok(Vec::new());
    }
    let mut arguments: Vec<ExtraArgument> = Vec::new();
    for &arg in &line.args {
        let argument = extra_argument(line, arg)?;
        if arguments.iter().any(|other| other.name == argument.name) {
            return Err(format!("\"{}\" has \"{}\" twice; leave one", line.name, argument.name));
        }
        arguments.push(argument);
    }
    Ok(arguments)
}

fn extra_argument(line: &Line<'_>, arg: &str) -> Result<ExtraArgument, String> {
    /// Of bindings, and of `saml_login` and `saml_discovery` themselves.
    const TAKEN: [&str; 17] = [
        "SAMLRequest",
        "SAMLResponse",
        "SAMLEncoding",
        "SAMLart",
        "RelayState",
        "SigAlg",
        "Signature",
        "return",
        "idp",
        "force_authn",
        "passive",
        "authn_context",
        "comparison",
        "q",
        "remember",
        "saml_choice",
        "entityID",
    ];
    let (name, value) = match arg.split_once('=') {
        None => (arg, ExtraValue::Argument),
        Some((name, value)) => (name, extra_value(value)),
    };
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    if !(1..=64).contains(&name.len()) || !name.bytes().all(is_plain) || TAKEN.contains(&name) {
        return Err(format!(
            "invalid argument \"{name}\" in \"{}\" directive, it must be a name of letters, digits and \
             \"-._\" that neither SAML nor a login uses, like login_hint or domain_hint=example.com",
            line.name
        ));
    }
    let is_empty = match &value {
        ExtraValue::Argument => false,
        ExtraValue::Text(text) | ExtraValue::Variable(text) => text.is_empty(),
    };
    if is_empty || arg.len() > 256 {
        return Err(format!(
            "the value of \"{name}\" in \"{}\" must have 1 to 256 bytes",
            line.name
        ));
    }
    Ok(ExtraArgument { name: name.to_owned(), value })
}

fn extra_value(text: &str) -> ExtraValue {
    match text.strip_prefix('$') {
        Some(name) => {
            let bare = name.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
            ExtraValue::Variable(bare.unwrap_or(name).to_ascii_lowercase())
        }
        None => ExtraValue::Text(text.to_owned()),
    }
}
