//! The location directives: `auth_saml…` and the handlers.

use std::rc::Rc;

use clock::Seconds;
use http::HttpUrl;
use identity::{Comparison, RequestedAuthnContext};

use sp::{
    CacheControl, EndpointKind, ForceAuthn, Idp, Location, Mode, Preflight, Protection, Sp,
    Unauthenticated,
};

use crate::directive::{Directive, many, once, one};
use crate::line::Line;
use crate::place::{ConfigError, Given, Place};

/// What one `http`, `server` or `location` said.
#[derive(Clone, Default)]
pub struct RawLocation {
    pub auth: Option<Given<RawAuth>>,
    pub mode: Option<Given<Mode>>,
    pub unauthenticated: Option<Given<Unauthenticated>>,
    pub force_authn: Option<Given<ForceAuthn>>,
    pub authn_context: Option<Given<RequestedAuthnContext>>,
    pub cache_control: Option<Given<CacheControl>>,
    pub strip_cookies: Option<Given<bool>>,
    pub preflight: Option<Given<Preflight>>,
    pub cors_origins: Option<Given<Vec<String>>>,
    /// Never inherited.
    pub endpoint: Option<Given<RawHandler>>,
}

/// `saml_acs SP [QUERY]` and the like.
#[derive(Clone)]
pub struct RawHandler {
    pub kind: EndpointKind,
    pub sp: String,
    /// With its `?`, or empty.
    pub query: String,
}

/// `auth_saml SP [idp=NAME]` or `auth_saml off`.
#[derive(Clone)]
pub enum RawAuth {
    Off,
    On { sp: String, idp: Option<String> },
}

pub static LOCATION_DIRECTIVES: &[Directive<RawLocation>] = &[
    many("auth_saml", 1, 2, |raw, line| once(&mut raw.auth, line, auth(line))),
    one("auth_saml_mode", |raw, line| {
        let choices = [("require", Mode::Require), ("optional", Mode::Optional)];
        once(&mut raw.mode, line, line.choice(&choices))
    }),
    one("auth_saml_unauthenticated", |raw, line| {
        use Unauthenticated::{Auto, Redirect, Status401};
        let choices = [("auto", Auto), ("redirect", Redirect), ("401", Status401)];
        once(&mut raw.unauthenticated, line, line.choice(&choices))
    }),
    one("auth_saml_force_authn", |raw, line| {
        let value = match line.arg() {
            "on" => Ok(ForceAuthn::On),
            "off" => Ok(ForceAuthn::Off),
            _ => line.seconds(Seconds(1), Seconds(365 * 24 * 3600)).map(ForceAuthn::Age),
        };
        once(&mut raw.force_authn, line, value)
    }),
    many("auth_saml_authn_context", 1, usize::MAX, |raw, line| {
        once(&mut raw.authn_context, line, authn_context(line))
    }),
    one("auth_saml_cache_control", |raw, line| {
        use CacheControl::{NoStore, Off, On};
        let choices = [("on", On), ("off", Off), ("no-store", NoStore)];
        once(&mut raw.cache_control, line, line.choice(&choices))
    }),
    one("auth_saml_strip_cookies", |raw, line| once(&mut raw.strip_cookies, line, line.flag())),
    one("auth_saml_preflight", |raw, line| {
        use Preflight::{Answer, Off, Pass};
        let choices = [("off", Off), ("answer", Answer), ("pass", Pass)];
        once(&mut raw.preflight, line, line.choice(&choices))
    }),
    many("auth_saml_cors_origin", 1, usize::MAX, |raw, line| {
        once(&mut raw.cors_origins, line, cors_origins(line))
    }),
    many("saml_acs", 1, 2, |raw, line| endpoint(raw, line, EndpointKind::Acs)),
    many("saml_sls", 1, 2, |raw, line| endpoint(raw, line, EndpointKind::Sls)),
    one("saml_login", |raw, line| endpoint(raw, line, EndpointKind::Login)),
    one("saml_logout", |raw, line| endpoint(raw, line, EndpointKind::Logout)),
    one("saml_metadata", |raw, line| endpoint(raw, line, EndpointKind::Metadata)),
];

fn auth(line: &Line<'_>) -> Result<RawAuth, String> {
    match line.args.as_slice() {
        ["off"] => Ok(RawAuth::Off),
        [sp] => Ok(RawAuth::On { sp: (*sp).to_owned(), idp: None }),
        [sp, option] => match option.strip_prefix("idp=") {
            Some(idp) if !idp.is_empty() && *sp != "off" => {
                Ok(RawAuth::On { sp: (*sp).to_owned(), idp: Some(idp.to_owned()) })
            }
            _ => Err(format!("invalid parameter \"{option}\", it must be idp=NAME after the SP")),
        },
        _ => Err("\"auth_saml\" takes the name of a saml_sp, or off".into()),
    }
}

fn authn_context(line: &Line<'_>) -> Result<RequestedAuthnContext, String> {
    let mut asked =
        RequestedAuthnContext { classes: Vec::new(), comparison: Comparison::default() };
    for &arg in &line.args {
        match arg.strip_prefix("comparison=") {
            Some(name) => {
                asked.comparison = Comparison::from_name(name).ok_or_else(|| {
                    format!(
                        "invalid comparison \"{name}\", it must be exact, minimum, maximum or better"
                    )
                })?;
            }
            None => asked.classes.push(class_uri(arg)?),
        }
    }
    if asked.classes.is_empty() {
        return Err("\"auth_saml_authn_context\" names no class; give one or more".into());
    }
    Ok(asked)
}

/// A short name of the classes that the AuthnContext specification (3.4) defines, or a URI.
fn class_uri(name: &str) -> Result<String, String> {
    if name.contains(':') {
        return Ok(name.to_owned());
    }
    if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(format!("urn:oasis:names:tc:SAML:2.0:ac:classes:{name}"));
    }
    Err(format!("\"{name}\" is neither a URI nor a class like PasswordProtectedTransport"))
}

/// Origins as browsers write them (Fetch 3.2): scheme, host, port unless it is the default.
fn cors_origins(line: &Line<'_>) -> Result<Vec<String>, String> {
    line.args
        .iter()
        .map(|&arg| match HttpUrl::parse(arg) {
            Some(url) if matches!(url.rest(), "" | "/") => Ok(url.origin()),
            _ => Err(format!(
                "invalid origin \"{arg}\" in \"{}\" directive, it must be scheme, host and port \
                 only, like https://spa.example.com; any origin is none that could send cookies",
                line.name
            )),
        })
        .collect()
}

fn endpoint(raw: &mut RawLocation, line: &Line<'_>, kind: EndpointKind) -> Result<(), String> {
    if raw.endpoint.is_some() {
        return Err(format!(
            "\"{}\" in a location that has a SAML handler already; give each its own location",
            line.name
        ));
    }
    let handler = line.text().and_then(|sp| Ok(RawHandler { kind, sp, query: query(line)? }));
    once(&mut raw.endpoint, line, handler)
}

/// The query that the endpoint's URL has in metadata and messages.
fn query(line: &Line<'_>) -> Result<String, String> {
    let Some(&query) = line.args.get(1) else { return Ok(String::new()) };
    if is_url_query(query) {
        return Ok(query.to_owned());
    }
    Err(format!(
        "invalid query \"{query}\" in \"{}\", it must be like ?tenant=1, in the characters of a URL, \
         and without the parameters of SAML itself",
        line.name
    ))
}

/// `?` and what RFC 3986 3.4 allows without an escape in any format, and `%XX`.
fn is_url_query(query: &str) -> bool {
    const OF_BINDINGS: [&str; 6] =
        ["SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature", "SAMLEncoding"];
    let Some(pairs) = query.strip_prefix('?').filter(|pairs| !pairs.is_empty()) else {
        return false;
    };
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$*+,:@/?&=%".contains(&b);
    let mut names = form_urlencoded::parse(pairs.as_bytes()).map(|(name, _)| name);
    pairs.bytes().all(is_plain)
        && pairs.split('%').skip(1).all(is_escape)
        && !names.any(|name| OF_BINDINGS.contains(&&*name))
}

/// Do two hexadecimal digits follow?
fn is_escape(after_percent: &str) -> bool {
    after_percent.get(..2).is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

impl RawLocation {
    /// Takes what is unset from the level above (nginx's usual merge).
    pub fn inherit(&mut self, above: &Self) {
        fn inherit<T: Clone>(slot: &mut Option<T>, above: &Option<T>) {
            if slot.is_none() {
                slot.clone_from(above);
            }
        }
        inherit(&mut self.auth, &above.auth);
        inherit(&mut self.mode, &above.mode);
        inherit(&mut self.unauthenticated, &above.unauthenticated);
        inherit(&mut self.force_authn, &above.force_authn);
        inherit(&mut self.authn_context, &above.authn_context);
        inherit(&mut self.cache_control, &above.cache_control);
        inherit(&mut self.preflight, &above.preflight);
        inherit(&mut self.cors_origins, &above.cors_origins);
        inherit(&mut self.strip_cookies, &above.strip_cookies);
    }
}

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
    fn value<T: Copy>(given: &Option<Given<T>>, default: T) -> T {
        given.as_ref().map_or(default, |given| given.value)
    }
    Ok(Protection {
        sp,
        idp,
        mode: value(&raw.mode, Mode::Require),
        unauthenticated: value(&raw.unauthenticated, Unauthenticated::Auto),
        force_authn: value(&raw.force_authn, ForceAuthn::Off),
        authn_context: raw.authn_context.as_ref().map(|g| g.value.clone()),
        cache_control: value(&raw.cache_control, CacheControl::On),
        preflight: preflight(raw)?,
        cors_origins: raw.cors_origins.as_ref().map(|g| g.value.clone()).unwrap_or_default(),
    })
}

fn preflight(raw: &RawLocation) -> Result<Preflight, ConfigError> {
    match &raw.preflight {
        Some(Given { value: Preflight::Answer, place }) if raw.cors_origins.is_none() => {
            Err(ConfigError::new(
                place,
                "\"auth_saml_preflight answer\" has no origin to answer for; add \
                 \"auth_saml_cors_origin https://spa.example.com;\", the origin of the page whose \
                 scripts ask",
            ))
        }
        given => Ok(given.as_ref().map_or(Preflight::Off, |given| given.value)),
    }
}

fn find_sp<S>(sps: &[Rc<Sp<S>>], name: &str, place: &Place) -> Result<Rc<Sp<S>>, ConfigError> {
    sps.iter().find(|sp| sp.name == name).cloned().ok_or_else(|| unknown_sp(name, place))
}

/// The error for an SP that no block defines.
pub fn unknown_sp(name: &str, place: &Place) -> ConfigError {
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
