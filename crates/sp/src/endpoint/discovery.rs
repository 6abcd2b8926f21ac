//! `saml_discovery`: who chooses their IdP does so here, or comes back here from the service where they did.

mod listing;

use http::Headers;
use pages::{Discovery as Page, Reply};
use saml::reason;
use saml::refusal::{Refusal, quote};
use session::AwaitedChoice;

use self::listing::Listing;
use super::embedded::{Frames, refuse_embedded};
use super::login;
use crate::awaited_post;
use crate::discovery::Discovery;
use crate::endpoint_kind::EndpointKind;
use crate::idp_choice::{AWAITED_CHOICE, CHOSEN_ENTITY, arguments};
use crate::login::{Arguments, Client, Hints, Login};
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::Visit;

/// The argument that has the choice made by itself from now on.
const REMEMBER: &str = "remember";

pub(super) async fn answer<S: SessionStore>(visit: &Visit, sp: &Sp<S>) -> Result<Reply, Refusal> {
    refuse_embedded(&visit.head, Frames::Any)?;
    if let Some(sealed) = visit.head.argument(AWAITED_CHOICE) {
        return chosen_elsewhere(visit, sp, &sealed).await;
    }
    let login = login::asked(visit, sp)?;
    match (&login.idp, &sp.discovery) {
        (None, Discovery::Off | Discovery::Builtin) => page(visit, sp, &login),
        (Some(idp), Discovery::Off | Discovery::Builtin) => {
            let is_automatic = login::flag(visit, REMEMBER);
            let choices = sp.cookies.idp_choices(&visit.head).with(idp.name(), is_automatic);
            let reply = start(visit, sp, login).await?;
            if is_begun_elsewhere(visit) {
                return Ok(reply);
            }
            Ok(reply.with_cookie(sp.cookies.set_idp_choices(&choices)))
        }
        (_, Discovery::Service(_)) => start(visit, sp, login).await,
    }
}

/// A link of another site begins a login, and must not choose for the next ones (Fetch Metadata 2.3).
fn is_begun_elsewhere(visit: &Visit) -> bool {
    matches!(visit.head.first("sec-fetch-site"), Some(b"cross-site" | b"same-site"))
}

/// The login goes on, with the form that waits for it.
async fn start<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    login: Login<'_>,
) -> Result<Reply, Refusal> {
    let post = awaited_post::of_login(sp, &visit.head, &login.return_url, visit.now)?;
    let is_taken = post.is_some() && login.idp.is_some();
    let login = Login { post, ..login };
    let reply = login.send(sp, visit).await?;
    Ok(if is_taken { reply.with_cookie(sp.cookies.clear_post()) } else { reply })
}

/// The answer of the discovery service (IdpDisco 2.4.2). Anybody can write it: all that is believed of it is
/// the entityID of an IdP of ours, as of a link.
async fn chosen_elsewhere<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    sealed: &str,
) -> Result<Reply, Refusal> {
    let Some(awaited) = AwaitedChoice::open(sp.sessions.secrets()?, &sp.id, sealed) else {
        let detail = format!("the \"{AWAITED_CHOICE}\" argument is not ours");
        return Err(Refusal::new(&reason::ARGUMENT_INVALID, detail));
    };
    let AwaitedChoice { return_url, force_authn, passive, authn_context, hints } = awaited;
    // A reload may have made a handler of it since.
    let return_url = sp.return_targets.check(&sp.absolute(&return_url));
    let return_url = return_url.unwrap_or_else(|| sp.login_redirect.clone());
    visit.circumstances.start_again.replace(Some(return_url.clone()));
    let chosen = visit.head.argument(CHOSEN_ENTITY).unwrap_or_default();
    if chosen.is_empty() {
        if passive {
            return Ok(Reply::redirect(303, return_url));
        }
        let detail = "the discovery service came back without an entityID";
        return Err(Refusal::new(&reason::IDP_NOT_CHOSEN, detail));
    }
    let idp = sp.idps.of_entity(&chosen);
    if passive && idp.as_ref().is_none_or(|idp| !idp.is_offered()) {
        return Ok(Reply::redirect(303, return_url));
    }
    let idp = idp.ok_or_else(|| {
        let detail = format!(
            "the discovery service came back with {}, no \"idp\" of saml_sp \"{}\"",
            quote(&chosen),
            sp.name
        );
        Refusal::new(&reason::IDP_NOT_OFFERED, detail)
    })?;
    let login = Login {
        client: Client::Browser,
        idp: Some(idp),
        hinted: None,
        return_url,
        force_authn,
        passive,
        authn_context,
        refused_contexts: 0,
        replaces: None,
        post: None,
        hints: Hints { arguments: Arguments::Kept(&hints), variables: &visit.variables },
    };
    start(visit, sp, login).await
}

fn page<S>(visit: &Visit, sp: &Sp<S>, login: &Login<'_>) -> Result<Reply, Refusal> {
    let choices = sp.cookies.idp_choices(&visit.head);
    let searched = visit.head.argument("q").unwrap_or_default();
    let languages = http::languages(&visit.head);
    let listing = Listing::new(&sp.idps, &languages, &searched, choices.names());
    let remembers = sp.discovery == Discovery::Builtin;
    Ok(Reply::discovery(&Page {
        action: sp.endpoints.get(EndpointKind::Discovery).unwrap_or_default(),
        fields: &arguments(&login.awaited_choice(sp)?),
        searched: &listing.searched,
        recent: &listing.recent(),
        others: &listing.others(),
        found: listing.found(),
        remember: remembers.then(|| choices.automatic().is_some()),
    }))
}
