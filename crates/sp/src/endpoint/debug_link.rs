//! A link by which an administrator has a login recorded (`saml_debug link`). To open it has no effect: programs look
//! at links ahead of people. The button on its page has.

use http::Headers;
use pages::{Reply, ask_to_record};
use saml::reason;
use saml::refusal::Refusal;
use session::DebugPass;

use crate::login::{Arguments, Client, Hints, Login};
use crate::recorded::request;
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::Visit;

/// The argument of the ACS that is such a link.
pub(crate) const DEBUG_LINK: &str = "saml_debug";

/// Asks the person, or begins their story and the login.
pub(super) async fn answer<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    sealed: &str,
) -> Result<Reply, Refusal> {
    let pass = pass(visit, sp, sealed)?;
    let site = visit.head.first("sec-fetch-site");
    let is_pressed = visit.is_post() && site.is_none_or(|site| site == b"same-origin");
    if !is_pressed {
        return Ok(private(Reply::html(200, ask_to_record())));
    }
    let story = sp.story_of(&pass, String::new());
    if !sp.sessions.claim_debug_link(&story.id.to_string(), pass.until, visit.now).await? {
        return Err(invalid("it was used before"));
    }
    // Its time begins with the first step.
    let pass = DebugPass { until: visit.now + diagnosis::LIFETIME, ..pass };
    let story = sp.story_of(&pass, String::new());
    visit.circumstances.diagnosis.begin(&story, None);
    request(&visit.circumstances, &visit.head, || sp.cookie_facts(&visit.head));
    visit.server.note(&format!(
        "a browser is recorded for ten minutes by a link of saml_debug at saml_sp \"{}\"",
        sp.name
    ));
    let login = Login {
        client: Client::Browser,
        idp: None,
        hinted: None,
        return_url: sp.login_redirect.clone(),
        force_authn: false,
        passive: false,
        authn_context: None,
        refused_contexts: 0,
        replaces: None,
        post: None,
        hints: Hints { arguments: Arguments::NONE, variables: &visit.variables },
    };
    let reply = login.send(sp, visit).await?;
    Ok(private(reply.with_cookies(sp.debug_cookie(&pass, visit.now))))
}

fn pass<S: SessionStore>(visit: &Visit, sp: &Sp<S>, sealed: &str) -> Result<DebugPass, Refusal> {
    if !sp.gives_debug_links.get() || visit.circumstances.diagnosis.asked().is_none() {
        return Err(invalid("no location of the SP has \"saml_debug link\""));
    }
    let pass = DebugPass::open_link(sp.sessions.secrets()?, &sp.id, sealed.as_bytes(), visit.now);
    let pass = pass.filter(|pass| pass.owner.is_some());
    pass.ok_or_else(|| invalid("it is not one of ours, or older than ten minutes"))
}

fn invalid(why: &str) -> Refusal {
    Refusal::new(&reason::DEBUG_LINK_INVALID, format!("the \"{DEBUG_LINK}\" argument: {why}"))
}

/// The address is nobody else's to know.
fn private(reply: Reply) -> Reply {
    reply.with_header("Referrer-Policy", "no-referrer".to_owned())
}
