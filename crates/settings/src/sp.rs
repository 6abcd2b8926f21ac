//! A validated SP: its lines, and those that they name, made into one value.

mod attributes;
mod cookies;
mod credential;
mod description;
mod endpoints;
mod jwt_issuer;
mod logout_notify;
mod look;
mod origins;
mod publication;
mod return_targets;
mod session_attributes;
mod session_rules;
mod site;
mod user;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use clock::Seconds;
use saml::provider::{OwnKeys, Policy};
use session::SpId;
use sp::{Discovery, EndpointKind, Endpoints, Idps, Published, SameEntity, Sites, Sp};

use self::credential::{Pairs, pairs, passphrases};
use self::endpoints::endpoints;
use self::jwt_issuer::jwt_issuer;
use self::logout_notify::logout_notify;
use self::look::look;
use self::origins::origins;
use self::publication::publication;
use self::session_attributes::session_attributes;
use self::session_rules::session_rules;
use self::site::site;
use crate::host::Host;
use crate::idp::{federation, idp};
use crate::place::ConfigError;
use crate::raw::RawSp;
use crate::surroundings::Surroundings;
use crate::warnings::Warnings;

/// Validates one `saml_sp` block: the SP at each of its origins.
///
/// # Errors
/// What is wrong with it, or missing.
pub(crate) fn sp<H: Host>(
    raw: &RawSp,
    around: &mut Surroundings<'_, H>,
    warnings: &mut Warnings,
) -> Result<Sites<Rc<Sp<H::Sessions>>>, ConfigError> {
    endpoints::check(&raw.name, around.endpoints)?;
    let origins = origins(raw, warnings)?;
    let passphrases = passphrases(raw, around.files, warnings)?;
    let pairs = pairs(raw, &passphrases, around.files, around.now, warnings)?;
    let idps = idps(raw, &pairs, around, warnings)?;
    let main = endpoints(raw, origins.first(), around.endpoints)?;
    let discovery = discovery(raw, &main)?;
    warn_of_chance(raw, &idps, &discovery, warnings);
    transmitters(raw, &idps, &main, warnings)?;
    let entity_id = entity_id(raw, &main)?;
    let sites = origins.try_map(|origin| site(raw, origin, &origins, &entity_id, around))?;
    let unsigned_logout = policies(&idps).any(|policy| !policy.require_signed_logout);
    let (id, several) = (sites.first().id, origins.iter().nth(1).is_some());
    let rules = session_rules(raw, id, &entity_id, several, unsigned_logout, warnings)?;
    let session_attributes = session_attributes(raw, &rules.attributes)?;
    let store = store(raw, around)?;
    let publication =
        publication(raw, &entity_id, &pairs.credentials, policies(&idps), around.files)?;
    let look = Rc::new(look(raw, &publication.description, around.files, warnings)?);
    let jwt_issuer =
        jwt_issuer(raw, &entity_id, &pairs.credentials, &passphrases, around.files, warnings)?;
    let logout_notify = logout_notify(raw)?;
    let main_sessions = Rc::new(around.host.sessions(&store, rules));
    let mut sessions = vec![(id, Rc::clone(&main_sessions))];
    let (idps, publication) = (Rc::new(idps), Rc::new(publication));
    let published = Rc::new(Published::default());
    let (takes_paos, tries_passively) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
    let gives_debug_links = Rc::new(Cell::new(false));
    let credentials: Rc<[_]> = pairs.credentials.into();
    let decryption_keys: Arc<[_]> = pairs.decryption_keys.into();
    let (origins, jwt_issuer) = (origins.iter().cloned().collect(), jwt_issuer.map(Rc::new));
    Ok(sites.into_map(|site| {
        Rc::new(Sp {
            name: raw.name.clone(),
            id: site.id,
            entity_id: entity_id.clone(),
            own_audience: [site.base_url.clone()].into(),
            base_url: site.base_url,
            origins: Rc::clone(&origins),
            endpoints: site.endpoints,
            credentials: Rc::clone(&credentials),
            decryption_keys: Arc::clone(&decryption_keys),
            takes_paos: Rc::clone(&takes_paos),
            gives_debug_links: Rc::clone(&gives_debug_links),
            tries_passively: Rc::clone(&tries_passively),
            passive_retry: raw.passive_retry.as_ref().map_or(Seconds(600), |g| g.value),
            idps: Rc::clone(&idps),
            discovery: discovery.clone(),
            sessions: sessions_of(site.id, &main_sessions, &mut sessions, around.host),
            cookies: site.cookies,
            return_targets: site.return_targets,
            login_redirect: site.login_redirect,
            logout_redirect: site.logout_redirect,
            logout_notify: Rc::clone(&logout_notify),
            keep_fragment: raw.keep_fragment.as_ref().is_some_and(|given| given.value),
            request_lifetime: raw.request_lifetime.as_ref().map_or(Seconds(600), |g| g.value),
            max_message_size: raw.max_message_size.as_ref().map_or(256 << 10, |g| g.value),
            publication: Rc::clone(&publication),
            published: Rc::clone(&published),
            session_attributes: session_attributes.clone(),
            look: Rc::clone(&look),
            jwt_issuer: jwt_issuer.clone(),
        })
    }))
}

/// The sessions of an identity: the same for all origins that have it, as `known` keeps them. `main` are
/// those of the main origin.
fn sessions_of<H: Host>(
    id: SpId,
    main: &Rc<H::Sessions>,
    known: &mut Vec<(SpId, Rc<H::Sessions>)>,
    host: &mut H,
) -> Rc<H::Sessions> {
    if let Some((_, sessions)) = known.iter().find(|(other, _)| *other == id) {
        return Rc::clone(sessions);
    }
    let own = Rc::new(host.sessions_at(main, id));
    known.push((id, Rc::clone(&own)));
    own
}

/// Can the SP of the block `raw` stand beside `other`?
///
/// # Errors
/// Both are one SP, whose sessions would pass the rules of either block and count for both.
pub(crate) fn compare<S>(
    sites: &Sites<Rc<Sp<S>>>,
    others: &Sites<Rc<Sp<S>>>,
    raw: &RawSp,
    warnings: &mut Warnings,
) -> Result<(), ConfigError> {
    let (sp, other) = (sites.first(), others.first());
    let Sp { name, entity_id, origins, .. } = &**sp;
    let shared = origins.iter().find(|origin| other.origins.contains(origin));
    if let Some(base_url) = shared.filter(|_| *entity_id == other.entity_id) {
        return Err(ConfigError::new(
            &raw.place,
            format!(
                "saml_sp \"{}\" and \"{name}\" are one SP: both have entity_id \"{entity_id}\" \
                 and base_url \"{base_url}\"; give one another \"entity_id\", or leave one",
                other.name
            ),
        ));
    }
    let mut pairs = sites.iter().flat_map(|one| others.iter().map(move |two| (one, two)));
    if let Some(collision) = pairs.find_map(|(one, two)| one.cookies.collide_with(&two.cookies)) {
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

/// Whose tokens come to `saml_events` must be clear by who has issued them.
fn transmitters(
    raw: &RawSp,
    idps: &Idps,
    endpoints: &Endpoints,
    warnings: &mut Warnings,
) -> Result<(), ConfigError> {
    let known = || idps.iter().filter_map(|idp| Some((idp.name(), &idp.transmitter()?.issuer)));
    for (number, (name, issuer)) in known().enumerate() {
        if let Some((other, _)) = known().take(number).find(|(_, other)| *other == issuer) {
            let sentence = format!(
                "saml_idp \"{other}\" and \"{name}\" of saml_sp \"{}\" have the same \"events_issuer\" \
                 \"{issuer}\", and an event of it would be of neither; leave one",
                raw.name
            );
            return Err(ConfigError::new(&raw.place, sentence));
        }
    }
    let transmitters = || idps.iter().filter_map(|idp| Some((idp.name(), idp.transmitter()?)));
    let polled = transmitters().find(|(_, transmitter)| transmitter.poll.is_some());
    if let (Some((idp, _)), Some(given)) = (polled, raw.logout_notify.first()) {
        let sentence = format!(
            "\"logout_notify\" of saml_sp \"{}\" cannot tell of the events of saml_idp \"{idp}\", which \
             come by \"events_poll\" and with no request; have them pushed to a \"saml_events\" location",
            raw.name
        );
        return Err(ConfigError::new(&given.place, sentence));
    }
    let pushed = transmitters().find(|(_, transmitter)| transmitter.poll.is_none());
    match (endpoints.get(EndpointKind::Events), pushed) {
        (Some(_), None) if polled.is_none() => Err(ConfigError::new(
            &raw.place,
            format!(
                "saml_sp \"{}\" has a \"saml_events\" location and no IdP that tells of events: add \
                 \"events_issuer\" and \"events_jwks\" to its saml_idp",
                raw.name
            ),
        )),
        (None, Some((idp, _))) => {
            let sentence = format!(
                "the events of saml_idp \"{idp}\" cannot come to saml_sp \"{0}\": add \
                 \"location = /saml/events {{ saml_events {0}; }}\" to its server",
                raw.name
            );
            warnings.add(&raw.place, sentence);
            Ok(())
        }
        _ => Ok(()),
    }
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
