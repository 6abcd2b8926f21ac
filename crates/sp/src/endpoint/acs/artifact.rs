//! An artifact comes in the place of a Response, which this host then fetches from the IdP (Bindings 3.6,
//! Profiles 5).

use std::rc::Rc;
use std::sync::Arc;

use clock::Seconds;
use pages::{About, Reply};
use saml::artifact::{Artifact, ArtifactResolve, ReceivedArtifactResponse};
use saml::provider;
use saml::reason;
use saml::refusal::{Refusal, Sender, quote};
use saml::response::ReceivedResponse;
use session::PendingLogin;

use super::arrival::go_on;
use super::known::Known;
use super::{consume, resumption};
use crate::artifact_budget;
use crate::endpoint::soap;
use crate::idp::Idp;
use crate::idp_choice;
use crate::random;
use crate::recorded;
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::Visit;

/// How long an artifact is remembered: anybody can bring one, and must not leave much behind.
const REMEMBERED_FOR: Seconds = Seconds(120);

/// Fetches the Response, and consumes it. Nobody is asked for whom no login is under way here: strangers
/// must not make this host connect.
pub(in crate::endpoint) async fn resolve<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    artifact: &Artifact,
    relay_state: Option<&str>,
) -> Result<Reply, Refusal> {
    visit.circumstances.about.set(Some(About::SignIn));
    let (idp, provider) = source(sp, artifact)?;
    let url = endpoint(&idp, &provider, artifact)?;
    match under_way(visit, sp, idp.name(), relay_state)? {
        UnderWay::Waiting(login) => expect(visit, sp, &login),
        // The Back button, as with a form.
        UnderWay::Answered(login) => return Ok(go_on(visit, sp, sp.absolute(&login.return_url))),
        UnderWay::Expired(login) => {
            let known = Known::Expired(login.return_url);
            return Err(resumption::refuse(visit, sp, &login.request_id, known, relay_state));
        }
        UnderWay::Nothing if provider.policy.allow_unsolicited => {}
        UnderWay::Nothing => return Err(unasked(visit, sp, &idp)),
    }
    recorded::fetched(visit, "artifact_response", &url);
    let response = fetch(visit, sp, &idp, &provider, artifact, url).await?;
    consume(visit, sp, response, relay_state).await
}

/// Who has made it, by their own account: the one that is asked.
fn source<S>(sp: &Sp<S>, artifact: &Artifact) -> Result<(Rc<Idp>, Arc<provider::Idp>), Refusal> {
    let known = sp.idps.of_source(artifact.source());
    let Some((idp, provider)) = known.and_then(|idp| Some((Rc::clone(&idp), idp.current()?)))
    else {
        let detail =
            format!("the SourceID of the artifact is no \"idp\" of saml_sp \"{}\"", sp.name);
        return Err(Refusal::new(&reason::IDP_UNKNOWN, detail));
    };
    idp.check_enabled()?;
    Ok((idp, provider))
}

/// Where it is resolved: never anywhere that a message names.
fn endpoint(idp: &Idp, provider: &provider::Idp, artifact: &Artifact) -> Result<String, Refusal> {
    let index = artifact.endpoint_index();
    let endpoint = provider.artifact_endpoint(index);
    endpoint.map(|endpoint| endpoint.location.clone()).ok_or_else(|| {
        let known: Vec<_> = provider
            .artifact_resolution
            .iter()
            .filter_map(|endpoint| Some(endpoint.index?.to_string()))
            .collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let detail = format!(
            "the EndpointIndex is {index}; of saml_idp {}, of which artifacts are taken when \
             response_binding is artifact, these are known: {known}",
            quote(idp.name())
        );
        Refusal::new(&reason::ARTIFACT_ENDPOINT_UNKNOWN, detail)
    })
}

/// What a browser knows of logins at the IdP of an artifact.
enum UnderWay {
    Waiting(PendingLogin),
    Answered(PendingLogin),
    Expired(PendingLogin),
    Nothing,
}

/// The login that RelayState names; or else one that waits, for some IdPs lose RelayState. Which login the
/// Response answers it says itself.
fn under_way<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    idp: &str,
    relay_state: Option<&str>,
) -> Result<UnderWay, Refusal> {
    let mut found = UnderWay::Nothing;
    for (login, has_expired) in sp.logins(&visit.head, visit.now)? {
        if login.idp != idp {
            continue;
        }
        let is_named = match relay_state {
            Some(state) => sp.is_named_by(&login, state)?,
            None => false,
        };
        let login = match (login.answered, has_expired) {
            (true, _) => UnderWay::Answered(login),
            (false, true) => UnderWay::Expired(login),
            (false, false) => UnderWay::Waiting(login),
        };
        if is_named {
            return Ok(login);
        }
        if matches!(login, UnderWay::Waiting(_)) {
            found = login;
        }
    }
    Ok(found)
}

/// What is refused from here on is no stranger's.
fn expect<S>(visit: &Visit, sp: &Sp<S>, login: &PendingLogin) {
    visit.circumstances.set_request_id(&login.request_id);
    visit.circumstances.sender.set(Sender::Known);
    let start_again = idp_choice::start_again(sp, &sp.absolute(&login.return_url));
    visit.circumstances.start_again.replace(Some(start_again));
}

fn unasked<S>(visit: &Visit, sp: &Sp<S>, idp: &Idp) -> Refusal {
    let detail = format!(
        "the artifact is one of saml_idp {}, where no login of this browser is under way: it sent {} cookies \
         of logins, base_url is {}, request_lifetime is {} s; allow_unsolicited is off",
        quote(idp.name()),
        sp.cookies.requests(&visit.head).count(),
        sp.base_url,
        sp.request_lifetime
    );
    Refusal::new(&reason::REQUEST_UNKNOWN, detail)
}

/// Asks the IdP for what the artifact refers to, once.
async fn fetch<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    idp: &Idp,
    provider: &Arc<provider::Idp>,
    artifact: &Artifact,
    url: String,
) -> Result<ReceivedResponse, Refusal> {
    provider.check_validity(visit.now)?;
    artifact_budget::take(visit)?;
    claim(visit, sp, provider, artifact).await?;
    let id = random::id();
    let resolve = ArtifactResolve {
        id: &id,
        issue_instant: visit.server.now(),
        sp_entity_id: &sp.entity_id,
        artifact,
    };
    let envelope = visit.sign(resolve.draft(provider, &url, sp.signer().as_ref())).await?;
    let channel = idp.back_channels().artifacts.as_ref();
    let answer = soap::post(sp, channel, url, envelope, &reason::ARTIFACT_NOT_RESOLVED).await?;
    let response = ReceivedArtifactResponse::parse(&answer, &sp.limits())?;
    let expected = sp.expected(visit, provider, sp.endpoints.acs(), visit.server.now());
    let response = response.accept(&expected, &id)?;
    artifact_budget::give_back(visit);
    Ok(response)
}

/// Once for all workers and hosts of the SP, before anybody is asked (Bindings 3.6.5.2).
async fn claim<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    provider: &provider::Idp,
    artifact: &Artifact,
) -> Result<(), Refusal> {
    let (issuer, artifact) = (provider.entity_id.as_str(), artifact.as_str());
    let until = visit.now + REMEMBERED_FOR;
    if sp.sessions.claim_artifact(issuer, artifact, until, visit.now).await? {
        return Ok(());
    }
    let detail = format!("an artifact of {} came again", quote(issuer));
    Err(Refusal::new(&reason::ARTIFACT_USED, detail))
}
