//! Who is asked when neither the location nor a link says it: the person chooses.

use std::rc::Rc;

use form_urlencoded::Serializer;
use http::Headers;
use pages::Reply;
use saml::refusal::Refusal;
use session::AwaitedChoice;

use crate::discovery::Discovery;
use crate::endpoint_kind::EndpointKind;
use crate::idp::Idp;
use crate::random;
use crate::session_store::SessionStore;
use crate::sp::{Sp, sealing_failed};

/// The argument of `saml_discovery` by which a discovery service leads back to a login.
pub(crate) const AWAITED_CHOICE: &str = "saml_choice";

/// The argument in which the service says who was chosen.
pub(crate) const CHOSEN_ENTITY: &str = "entityID";

/// One IdP is to be chosen (IdpDisco 2.4.1).
const POLICY: &str = "urn:oasis:names:tc:SAML:profiles:SSO:idp-discovery-protocol:single";

/// Who decides.
pub(crate) enum Asked {
    /// This one is asked to sign the person in.
    Idp(Rc<Idp>),
    /// The person is asked first: by this answer.
    Person(Reply),
}

/// Finds the IdP of a login that names none. `hinted` is who it could be; `login` says what it is to be like, should
/// the person be asked.
///
/// # Errors
/// No IdP has metadata yet, all are disabled, what `login` says, or libcrypto fails.
pub(crate) fn find<S: SessionStore>(
    sp: &Sp<S>,
    r: &impl Headers,
    hinted: Option<Rc<Idp>>,
    login: impl FnOnce() -> Result<AwaitedChoice, Refusal>,
) -> Result<Asked, Refusal> {
    if let Some(idp) = remembered(sp, r).or(hinted) {
        return Ok(Asked::Idp(idp));
    }
    let page = sp.endpoints.get(EndpointKind::Discovery).filter(|_| sp.idps.is_choice());
    match (&sp.discovery, page) {
        (Discovery::Off, _) | (_, None) => Ok(Asked::Idp(sp.default_idp()?)),
        (Discovery::Builtin, Some(page)) => Ok(Asked::Person(lead_to_page(sp, page, &login()?))),
        (Discovery::Service(service), Some(page)) => {
            let address = address(sp, service, page, &login()?)?;
            Ok(Asked::Person(Reply::redirect(302, address)))
        }
    }
}

/// Would a person have to say it on our page?
pub(crate) fn is_on_page<S>(sp: &Sp<S>, r: &impl Headers) -> bool {
    sp.discovery == Discovery::Builtin
        && sp.idps.is_choice()
        && sp.endpoints.get(EndpointKind::Discovery).is_some()
        && remembered(sp, r).is_none()
}

fn lead_to_page<S>(sp: &Sp<S>, page: &str, login: &AwaitedChoice) -> Reply {
    // Without a page nobody can choose: they go on without a session.
    if login.passive {
        return Reply::redirect(303, sp.absolute(&login.return_url));
    }
    let query = Serializer::new(String::new()).extend_pairs(arguments(login)).finish();
    Reply::redirect(302, format!("{page}?{query}"))
}

/// The IdP that this browser's user wants to go to by themselves, where they choose on our page.
fn remembered<S>(sp: &Sp<S>, r: &impl Headers) -> Option<Rc<Idp>> {
    if sp.discovery != Discovery::Builtin {
        return None;
    }
    let choices = sp.cookies.idp_choices(r);
    sp.idps.called(choices.automatic()?).filter(|idp| idp.is_offered())
}

/// Where somebody starts again whose login for `page` was refused. Where people choose their IdP they may
/// have chosen wrongly, for always even, so that they choose once more.
pub(crate) fn start_again<S>(sp: &Sp<S>, page: &str) -> String {
    match sp.endpoints.get(EndpointKind::Discovery) {
        Some(choosing) if sp.discovery == Discovery::Builtin && sp.idps.is_choice() => {
            let mut query = Serializer::new(String::new());
            query.append_pair("return", &sp.at_home(page.to_owned()));
            format!("{choosing}?{}", query.finish())
        }
        _ => page.to_owned(),
    }
}

/// What a login is to be like, as arguments of `saml_login` and `saml_discovery`.
pub(crate) fn arguments(login: &AwaitedChoice) -> Vec<(&str, String)> {
    let mut arguments = vec![("return", login.return_url.clone())];
    for (name, is_set) in [("force_authn", login.force_authn), ("passive", login.passive)] {
        arguments.extend(is_set.then(|| (name, "1".to_owned())));
    }
    if let Some(asked) = &login.authn_context {
        let classes = asked.classes.iter();
        arguments.extend(classes.map(|class| ("authn_context", class.clone())));
        arguments.push(("comparison", asked.comparison.as_str().to_owned()));
    }
    arguments.extend(login.hints.iter().map(|(name, value)| (&**name, value.clone())));
    arguments
}

/// Where the discovery service asks the person, and comes back from (IdpDisco 2.4.1).
fn address<S: SessionStore>(
    sp: &Sp<S>,
    service: &str,
    page: &str,
    login: &AwaitedChoice,
) -> Result<String, Refusal> {
    let sealed = login.seal(sp.sessions.secrets()?, &sp.id, random::bytes());
    let sealed = sealed.map_err(|e| sealing_failed(&e))?;
    let mut query = Serializer::new(String::new());
    query
        .append_pair("entityID", &sp.entity_id)
        .append_pair("return", &format!("{page}?{AWAITED_CHOICE}={sealed}"))
        .append_pair("returnIDParam", CHOSEN_ENTITY)
        .append_pair("policy", POLICY);
    if login.passive {
        query.append_pair("isPassive", "true");
    }
    let separator = if service.contains('?') { '&' } else { '?' };
    Ok(format!("{service}{separator}{}", query.finish()))
}
