//! A validated SP: its lines, and those that they name, made into one value.

mod attributes;
mod cookies;
mod credential;
mod description;
mod endpoints;
mod jwt_issuer;
mod look;
mod publication;
mod return_targets;
mod session_attributes;
mod session_rules;
mod user;

use std::cell::Cell;
use std::rc::Rc;

use clock::Seconds;
use http::{HttpUrl, Scheme};
use saml::provider::{OwnKeys, Policy};
use session::SpId;
use sp::{Cookies, Discovery, EndpointKind, Endpoints, Idps, Published, SameEntity, Sp};

use self::credential::{Pairs, pairs, passphrases};
use self::endpoints::endpoints;
use self::jwt_issuer::jwt_issuer;
use self::look::look;
use self::publication::publication;
use self::return_targets::{return_targets, target};
use self::session_attributes::session_attributes;
use self::session_rules::session_rules;
use crate::host::Host;
use crate::idp::{federation, idp};
use crate::place::{ConfigError, Given};
use crate::raw::RawSp;
use crate::surroundings::Surroundings;
use crate::warnings::Warnings;

/// Validates one `saml_sp` block.
///
/// # Errors
/// What is wrong with it, or missing.
pub(crate) fn sp<H: Host>(
    raw: &RawSp,
    around: &mut Surroundings<'_, H>,
    warnings: &mut Warnings,
) -> Result<Sp<H::Sessions>, ConfigError> {
    endpoints::check(&raw.name, around.endpoints)?;
    let base = base_url(raw, warnings)?;
    let passphrases = passphrases(raw, around.files, warnings)?;
    let pairs = pairs(raw, &passphrases, around.files, around.now, warnings)?;
    let idps = idps(raw, &pairs, around, warnings)?;
    let endpoints = endpoints(raw, &base, around.endpoints)?;
    let discovery = discovery(raw, &endpoints)?;
    warn_of_chance(raw, &idps, &discovery, warnings);
    let targets = return_targets(raw, &base, Rc::clone(&around.handler_paths))?;
    let front_page = || Given { value: "/".to_owned(), place: raw.place.clone() };
    let login_redirect = raw.login_redirect.clone().unwrap_or_else(front_page);
    let login_redirect = target(&targets, "login_redirect", &login_redirect)?;
    let logout_redirect = raw.logout_redirect.as_ref();
    let logout_redirect =
        logout_redirect.map(|given| target(&targets, "logout_redirect", given)).transpose()?;
    let entity_id = entity_id(raw, &endpoints)?;
    let id = SpId::new(&entity_id, &base);
    let unsigned_logout = policies(&idps).any(|policy| !policy.require_signed_logout);
    let rules = session_rules(raw, id, &entity_id, unsigned_logout, warnings)?;
    let session_attributes = session_attributes(raw, &rules.attributes)?;
    let store = store(raw, around)?;
    let publication =
        publication(raw, &entity_id, &pairs.credentials, policies(&idps), around.files)?;
    let look = look(raw, &publication.description, around.files, warnings)?;
    let jwt_issuer =
        jwt_issuer(raw, &entity_id, &pairs.credentials, &passphrases, around.files, warnings)?;
    Ok(Sp {
        name: raw.name.clone(),
        id,
        publication,
        entity_id,
        published: Published::default(),
        session_attributes,
        look,
        jwt_issuer,
        takes_paos: Cell::new(false),
        tries_passively: Cell::new(false),
        passive_retry: raw.passive_retry.as_ref().map_or(Seconds(600), |g| g.value),
        sessions: Rc::new(around.host.sessions(&store, rules)),
        cookies: cookies(raw, &base, &endpoints, id)?,
        keep_fragment: raw.keep_fragment.as_ref().is_some_and(|given| given.value),
        request_lifetime: raw.request_lifetime.as_ref().map_or(Seconds(600), |g| g.value),
        max_message_size: raw.max_message_size.as_ref().map_or(256 << 10, |g| g.value),
        base_url: base,
        endpoints,
        credentials: pairs.credentials,
        decryption_keys: pairs.decryption_keys,
        idps,
        discovery,
        return_targets: targets,
        login_redirect,
        logout_redirect,
        logout_notify: logout_notify(raw)?,
    })
}

/// Can the SP of the block `raw` stand beside `other`?
///
/// # Errors
/// Both are one SP, whose sessions would pass the rules of either block and count for both.
pub(crate) fn compare<S>(
    sp: &Sp<S>,
    other: &Sp<S>,
    raw: &RawSp,
    warnings: &mut Warnings,
) -> Result<(), ConfigError> {
    let Sp { name, entity_id, base_url, .. } = sp;
    if sp.id == other.id {
        return Err(ConfigError::new(
            &raw.place,
            format!(
                "saml_sp \"{}\" and \"{name}\" are one SP: both have entity_id \"{entity_id}\" \
                 and base_url \"{base_url}\"; give one another \"entity_id\", or leave one",
                other.name
            ),
        ));
    }
    if let Some(collision) = sp.cookies.collide_with(&other.cookies) {
        warnings.add(
            &raw.place,
            format!(
                "saml_sp \"{}\" and \"{name}\" {collision}; give one a \"cookie_name\"",
                other.name
            ),
        );
    }
    Ok(())
}

fn base_url(raw: &RawSp, warnings: &mut Warnings) -> Result<String, ConfigError> {
    let Some(given) = &raw.base_url else {
        return Err(ConfigError::new(
            &raw.place,
            format!(
                "saml_sp \"{}\" has no \"base_url\"; give the origin that browsers see, \
                 like \"base_url https://app.example.com;\"",
                raw.name
            ),
        ));
    };
    let refuse = || {
        ConfigError::new(
            &given.place,
            format!(
                "\"base_url\" \"{}\" must be scheme, host and port only, \
                 like https://app.example.com",
                given.value
            ),
        )
    };
    let url = HttpUrl::parse(&given.value).filter(|url| matches!(url.rest(), "" | "/"));
    let url = url.ok_or_else(refuse)?;
    if url.scheme() == Scheme::Http {
        warnings.add(
            &given.place,
            format!(
                "\"base_url\" \"{}\" is plain http: cookies go without Secure and can be stolen on \
                 the way; use https except for trials",
                given.value
            ),
        );
    }
    Ok(url.origin())
}

fn policies(idps: &Idps) -> impl Iterator<Item = &Policy> + Clone {
    idps.blocks().map(|block| &block.policy)
}

/// Where it is not off, there must be a place to choose at, or to come back to.
fn discovery(raw: &RawSp, endpoints: &Endpoints) -> Result<Discovery, ConfigError> {
    let Some(given) = &raw.discovery else { return Ok(Discovery::Off) };
    if given.value != Discovery::Off && endpoints.get(EndpointKind::Discovery).is_none() {
        return Err(ConfigError::new(
            &given.place,
            format!(
                "\"discovery\" of saml_sp \"{0}\" needs \"location = /saml/discovery {{ saml_discovery {0}; }}\" \
                 in its server",
                raw.name
            ),
        ));
    }
    Ok(given.value.clone())
}

/// Among thousands none is the one that is meant when nobody says so.
fn warn_of_chance(raw: &RawSp, idps: &Idps, discovery: &Discovery, warnings: &mut Warnings) {
    if *discovery != Discovery::Off || !idps.has_federation() || idps.enabled().next().is_some() {
        return;
    }
    warnings.add(
        &raw.place,
        format!(
            "the IdPs of saml_sp \"{}\" are a federation, and nobody is asked which is theirs: add \
             \"discovery builtin\" or the URL of a discovery service, or the first one is taken where no \
             \"idp=\" says whom",
            raw.name
        ),
    );
}

fn entity_id(raw: &RawSp, endpoints: &Endpoints) -> Result<String, ConfigError> {
    match (&raw.entity_id, endpoints.get(EndpointKind::Metadata)) {
        (Some(given), _) if given.value.len() > 1024 => Err(ConfigError::new(
            &given.place,
            "\"entity_id\" is longer than 1024 characters (Core 8.3.6)",
        )),
        (Some(given), _) => Ok(given.value.clone()),
        (None, Some(metadata_url)) => Ok(metadata_url.to_owned()),
        (None, None) => Err(ConfigError::new(
            &raw.place,
            format!(
                "saml_sp \"{}\" has no \"entity_id\" and no saml_metadata location to name it \
                 after; add one of them",
                raw.name
            ),
        )),
    }
}

fn idps<H: Host>(
    raw: &RawSp,
    pairs: &Pairs,
    around: &mut Surroundings<'_, H>,
    warnings: &mut Warnings,
) -> Result<Idps, ConfigError> {
    let own = OwnKeys {
        signer: pairs.credentials.first().map(|c| &c.key),
        decrypts: !pairs.decryption_keys.is_empty(),
    };
    let mut idps = Idps::default();
    for given in &raw.idp {
        let Some(block) = around.idps.iter().find(|idp| idp.name == given.value) else {
            return Err(ConfigError::new(
                &given.place,
                format!(
                    "unknown IdP \"{0}\": add \"saml_idp {0} {{ … }}\" in http, or fix the name",
                    given.value
                ),
            ));
        };
        if block.is_federation() {
            idps.add_federation(federation(block, &raw.policy, own, around, warnings)?);
            continue;
        }
        let idp = idp(block, &raw.policy, own, around, warnings)?;
        idps.add(idp).map_err(|SameEntity { twin, entity_id }| {
            ConfigError::new(
                &given.place,
                format!(
                    "saml_idp \"{twin}\" and \"{}\" of saml_sp \"{}\" are the same entity \
                     \"{entity_id}\"; leave one",
                    block.name, raw.name
                ),
            )
        })?;
    }
    if !raw.idp.is_empty() && idps.blocks().all(|block| block.disabled) {
        warnings.add(
            &raw.place,
            format!("all IdPs of saml_sp \"{}\" are disabled: nobody can log in there", raw.name),
        );
    }
    if raw.idp.is_empty() {
        return Err(ConfigError::new(
            &raw.place,
            format!("saml_sp \"{}\" has no \"idp\"; name a saml_idp block", raw.name),
        ));
    }
    Ok(idps)
}

fn store<H: Host>(raw: &RawSp, around: &Surroundings<'_, H>) -> Result<Rc<H::Store>, ConfigError> {
    let named = raw.session_store.as_ref();
    let name = named.map_or(crate::store::DEFAULT, |g| g.value.as_str());
    let mut stores = around.stores.iter();
    stores.find(|(known, _)| known == name).map(|(_, store)| Rc::clone(store)).ok_or_else(|| {
        ConfigError::new(
            named.map_or(&raw.place, |g| &g.place),
            format!(
                "unknown session store \"{name}\": add \"saml_session_store {name} {{ … }}\" in \
                 http, or leave \"session_store\" out for a 16m shared-memory store"
            ),
        )
    })
}

fn logout_notify(raw: &RawSp) -> Result<Option<String>, ConfigError> {
    let Some(given) = &raw.logout_notify else { return Ok(None) };
    if given.value.starts_with('/') && !given.value.contains(['?', '#']) {
        return Ok(Some(given.value.clone()));
    }
    Err(ConfigError::new(
        &given.place,
        format!(
            "\"logout_notify\" \"{}\" must be the path of a location, without arguments, like \
             /saml/logged-out",
            given.value
        ),
    ))
}

/// The cookies, when a logout can see the session's.
fn cookies(
    raw: &RawSp,
    base_url: &str,
    endpoints: &Endpoints,
    id: SpId,
) -> Result<Cookies, ConfigError> {
    let cookies = cookies::cookies(raw, base_url, id)?;
    let logout = endpoints.get(EndpointKind::Logout).and_then(|url| url.strip_prefix(base_url));
    match (&raw.cookie_path, logout) {
        (Some(given), Some(path)) if !cookies.reach(path) => Err(ConfigError::new(
            &given.place,
            format!(
                "\"cookie_path\" \"{}\" hides the session from saml_logout at \"{path}\"; \
                 put saml_logout below it",
                given.value
            ),
        )),
        _ => Ok(cookies),
    }
}
