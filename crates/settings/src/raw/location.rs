//! The location directives: `auth_saml…` and the endpoints.

use std::rc::Rc;

use clock::Seconds;
use diagnosis::Scope;
use http::HttpUrl;
use identity::RequestedAuthnContext;
use session::{AttributeRule, PreservedPost};
use sp::{
    CacheControl, EndpointKind, ForceAuthn, ForwardAuth, Mode, Preflight, Protection,
    Unauthenticated,
};

use super::YEAR;
use super::operator::OperatorPage;
use super::rule::{self, RawRule};
use crate::authn_context::authn_context;
use crate::directive::{Arity, apply, once};
use crate::directives::directives;
use crate::line::Line;
use crate::place::{Given, Place};

directives! {
    /// What one `http`, `server` or `location` said.
    pub struct RawLocation merged into Protection<S>, of any S {
        /// Never inherited.
        pub endpoint: Option<Given<RawHandler>>,
        /// Never inherited.
        pub operator_page: Option<Given<OperatorPage>>,
        /// Never inherited.
        pub forward_auth: Option<Given<Rc<ForwardAuth>>>,
    }

    once auth: RawAuth = "auth_saml" [1..=2], auth;
    sets mode: Mode = "auth_saml_mode", |line| {
        use Mode::{Optional, Passive, Require};
        line.choice(&[("require", Require), ("optional", Optional), ("passive", Passive)])
    };
    sets unauthenticated: Unauthenticated = "auth_saml_unauthenticated", |line| {
        use Unauthenticated::{Auto, Redirect, Status401};
        line.choice(&[("auto", Auto), ("redirect", Redirect), ("401", Status401)])
    };
    sets preserve_post: Option<usize> = "auth_saml_preserve_post", |line| match line.arg() {
        "off" => Ok(None),
        _ => line.size(1, PreservedPost::MAX_BODY).map(Some),
    };
    sets ecp: bool = "auth_saml_ecp", Line::flag;
    sets force_authn: ForceAuthn = "auth_saml_force_authn", |line| match line.arg() {
        "on" => Ok(ForceAuthn::On),
        "off" => Ok(ForceAuthn::Off),
        _ => line.seconds(Seconds(1), YEAR).map(ForceAuthn::Age),
    };
    sets authn_context: Option<RequestedAuthnContext> = "auth_saml_authn_context" [1..],
        |line| authn_context(line).map(Some);
    sets cache_control: CacheControl = "auth_saml_cache_control", |line| {
        use CacheControl::{NoStore, Off, On};
        line.choice(&[("on", On), ("off", Off), ("no-store", NoStore)])
    };
    once strip_cookies: bool = "auth_saml_strip_cookies", Line::flag;
    once jwt_audience: Vec<String> = "auth_saml_jwt_audience" [1..], jwt_audience;
    sets preflight: Preflight = "auth_saml_preflight", |line| {
        use Preflight::{Answer, Off, Pass};
        line.choice(&[("off", Off), ("answer", Answer), ("pass", Pass)])
    };
    sets cors_origins: Vec<String> = "auth_saml_cors_origin" [1..], cors_origins;
    /// All must hold.
    each require: RawRule<Vec<String>> = "auth_saml_require" [1..], rule::variables;
    /// All must hold.
    each require_attribute: RawRule<Rc<AttributeRule>> = "auth_saml_require_attribute" [1..],
        rule::attribute;
    once debug: Rc<Scope> = "saml_debug" [1..], debug;
    once require_idp: RawRule<Vec<String>> = "auth_saml_require_idp" [1..], rule::idps;
}

/// The directive of a location that tells a proxy who has got in.
pub const FORWARD_AUTH: &str = "saml_auth";

/// `auth_saml SP [idp=NAME]` or `auth_saml off`.
#[derive(Clone)]
pub enum RawAuth {
    /// Nobody is asked.
    Off,
    /// A session of this SP is wanted.
    On {
        /// The name of the `saml_sp`.
        sp: String,
        /// The name of the `saml_idp`.
        idp: Option<String>,
    },
}

/// `saml_acs SP [QUERY]` and the like.
#[derive(Clone)]
pub struct RawHandler {
    /// Which endpoint.
    pub kind: EndpointKind,
    /// The name of its `saml_sp`.
    pub sp: String,
    /// With its `?`, or empty.
    pub query: String,
}

impl RawLocation {
    /// Applies one directive: a row of the table, or that of an endpoint.
    ///
    /// # Errors
    /// A sentence without its place.
    pub fn apply(&mut self, line: &Line<'_>) -> Result<(), String> {
        if let Some(outcome) = apply(Self::DIRECTIVES, self, line) {
            return outcome;
        }
        if let Some(&kind) = EndpointKind::ALL.iter().find(|kind| kind.directive() == line.name) {
            return self.apply_endpoint(kind, line);
        }
        if line.name == FORWARD_AUTH {
            return self.apply_forward_auth(line);
        }
        match OperatorPage::ALL.iter().find(|page| page.directive() == line.name) {
            Some(&page) => self.apply_operator_page(page, line),
            None => Err(format!("unknown directive \"{}\"", line.name)),
        }
    }

    /// A rule on who may enter that stands at this level itself, before it inherits: its directive and where.
    pub fn own_rule(&self) -> Option<(&'static str, Place)> {
        let own = [
            ("auth_saml_require", self.require.first().map(|given| &given.place)),
            (
                "auth_saml_require_attribute",
                self.require_attribute.first().map(|given| &given.place),
            ),
            ("auth_saml_require_idp", self.require_idp.as_ref().map(|given| &given.place)),
        ];
        own.into_iter().find_map(|(name, place)| Some((name, place?.clone())))
    }

    /// The directive of what answers here by itself, and where it stands.
    pub fn handler(&self) -> Option<(&Place, &'static str)> {
        let endpoint =
            self.endpoint.as_ref().map(|given| (&given.place, given.value.kind.directive()));
        let page = self.operator_page.as_ref().map(|given| (&given.place, given.value.directive()));
        let forward_auth = self.forward_auth.as_ref().map(|given| (&given.place, FORWARD_AUTH));
        endpoint.or(page).or(forward_auth)
    }

    fn apply_endpoint(&mut self, kind: EndpointKind, line: &Line<'_>) -> Result<(), String> {
        RawHandler::arity(kind).check(line)?;
        self.check_free(line)?;
        once(&mut self.endpoint, line, |line| {
            Ok(RawHandler { kind, sp: line.text()?, query: query(line)? })
        })
    }

    fn apply_operator_page(&mut self, page: OperatorPage, line: &Line<'_>) -> Result<(), String> {
        Arity::NONE.check(line)?;
        self.check_free(line)?;
        once(&mut self.operator_page, line, |_| Ok(page))
    }

    fn apply_forward_auth(&mut self, line: &Line<'_>) -> Result<(), String> {
        self.check_free(line)?;
        once(&mut self.forward_auth, line, |line| ForwardAuth::new(&line.args).map(Rc::new))
    }

    /// Before a level inherits: a proxy that asks takes a redirect for a fault, unless this very level says that
    /// it hands the answer to the browser.
    pub fn complete(&mut self) {
        let Some(Given { place, .. }) = &self.forward_auth else { return };
        let place = place.clone();
        self.unauthenticated.get_or_insert(Given { value: Unauthenticated::Status401, place });
    }

    fn check_free(&self, line: &Line<'_>) -> Result<(), String> {
        if self.handler().is_none() {
            return Ok(());
        }
        Err(format!(
            "\"{}\" in a location that has a SAML handler already; give each its own location",
            line.name
        ))
    }
}

impl RawHandler {
    /// How many arguments the directive of an endpoint takes: its SP, and a query where it may have one.
    pub const fn arity(kind: EndpointKind) -> Arity {
        Arity { min: 1, max: if kind.takes_query() { 2 } else { 1 } }
    }
}

/// Whose logins are recorded for administrators.
fn debug(line: &Line<'_>) -> Result<Rc<Scope>, String> {
    if line.args == ["off"] {
        return Ok(Rc::default());
    }
    Scope::parse(&line.args).map(Rc::new).map_err(|error| error.to_string())
}

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

/// Whom a token is for (RFC 7519 4.1.3): a name each, and no variable, which a client might choose.
fn jwt_audience(line: &Line<'_>) -> Result<Vec<String>, String> {
    let mut audience: Vec<String> = Vec::new();
    for &arg in &line.args {
        if arg.is_empty() || arg.contains('$') || audience.iter().any(|known| known == arg) {
            return Err(format!(
                "invalid audience \"{arg}\" in \"{}\" directive, it must be a name that the \
                 application knows itself by, each once, and no variable",
                line.name
            ));
        }
        audience.push(arg.to_owned());
    }
    Ok(audience)
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
