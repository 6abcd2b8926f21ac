//! `saml_logout`: ends the session of this SP, then the one at the IdP (Profiles 4.4.3.1).

use clock::Seconds;
use http::Headers;
use pages::{About, LoggedOut, Reply, logged_out};
use saml::binding::Outgoing;
use saml::logout::{Delivery, OutgoingLogoutRequest};
use saml::reason;
use saml::refusal::{Refusal, quote};
use session::{Authentications, PendingLogout, Session};

use super::embedded::{Frames, refuse_embedded};
use super::logout_origin::request_id;
use super::logout_soap;
use super::return_argument::return_argument;
use crate::endpoint_kind::EndpointKind;
use crate::event::{Member, What};
use crate::identity_token::session_id;
use crate::random;
use crate::recorded;
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::Visit;

/// How long the IdP has to answer, other applications to sign out of included; and then, how long the
/// answer is remembered.
pub(super) const ANSWER_WITHIN: Seconds = Seconds(600);

/// Ends the browser's session, and asks the IdP to do the same.
pub(super) async fn answer<S: SessionStore>(visit: &Visit, sp: &Sp<S>) -> Result<Reply, Refusal> {
    // First: the page that asks after a request of another site keeps the argument.
    let target = return_argument(visit, sp)?.or_else(|| sp.logout_redirect.clone());
    refuse_cross_site(&visit.head, sp)?;
    refuse_embedded(&visit.head, Frames::OfAPerson)?;
    let id = request_id(sp);
    visit.circumstances.set_request_id(&id);
    let Some(live) = sp.kept_session_of(visit).await? else {
        return Ok(forgotten(sp, here(target)));
    };
    sp.sessions.end_live(&live, visit.now).await?;
    let (session, session_id) = (live.session.to_session(), session_id(&live.key));
    let member = Member { session: &session, session_id: &session_id };
    sp.tell(visit, &session.idp, What::LogoutByUser(member));
    end_at_other_origins(visit, sp, &session).await?;
    let heard = sp.notify(visit, session.clone(), &session_id).await;
    let reply = at_idp(visit, sp, &session, id, target).await?;
    let reply = forgotten(sp, reply);
    Ok(match heard {
        Ok(()) => reply,
        Err(refusal) => reply.because(refusal),
    })
}

/// The browser has no session any more, and gets none silently.
fn forgotten<S>(sp: &Sp<S>, reply: Reply) -> Reply {
    reply.with_cookie(sp.cookies.clear_session()).with_cookies(sp.without_passive_tries())
}

/// To the IdP all origins are one SP, which it will not ask to end what it has asked for: what the same session
/// of the IdP has opened at the others.
async fn end_at_other_origins<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    session: &Session,
) -> Result<(), Refusal> {
    let now = visit.now;
    if !sp.sessions.rules().several_origins {
        return Ok(());
    }
    let (idp, name_id) = (session.idp.as_str(), session.name_id.value.as_str());
    let set = sp.sessions.of_name_id(idp, name_id, now).await?;
    let members = set.of_authentications(&Authentications::one(session.authn_instant), now);
    if members.is_empty() {
        return Ok(());
    }
    let ending: Vec<_> = members.iter().map(|member| (member.key, member.expires)).collect();
    for (key, session) in sp.sessions.end_all(&ending, now).await? {
        let member = Member { session: &session, session_id: &session_id(&key) };
        sp.tell(visit, &session.idp, What::LogoutByUser(member));
    }
    let keys = members.iter().map(|member| member.key).collect();
    sp.sessions.forget(idp, name_id, &keys, now).await
}

/// Only this SP knew of the session, or knows it no more.
fn here(target: Option<String>) -> Reply {
    match target {
        Some(url) => Reply::redirect(303, url),
        None => Reply::html(200, logged_out(LoggedOut::Here, None)),
    }
}

/// Sends the LogoutRequest, if the IdP takes one and could answer.
async fn at_idp<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    session: &Session,
    id: String,
    target: Option<String>,
) -> Result<Reply, Refusal> {
    let Some(idp) = sp.idps.of_entity(&session.idp) else { return Ok(here(target)) };
    let Some(current) = idp.current().filter(|_| !idp.is_disabled()) else {
        return Ok(here(target));
    };
    let endpoint = current.logout_request_endpoint();
    let (Some(endpoint), Some(_)) = (endpoint, sp.endpoints.get(EndpointKind::Sls)) else {
        return Ok(here(target));
    };
    let session_indexes: Vec<String> = session.session_index.iter().cloned().collect();
    let request = OutgoingLogoutRequest {
        id: &id,
        issue_instant: visit.now,
        sp_entity_id: &sp.entity_id,
        name_id: &session.name_id,
        session_indexes: &session_indexes,
        relay_state: &id,
    };
    match visit.sign(request.draft(&current, endpoint, sp.signer().as_ref())).await? {
        Delivery::Browser(outgoing) => {
            recorded::logout_sent(visit, "logout_request_sent", &id, &outgoing);
            let reply = match outgoing {
                Outgoing::Redirect(url) => Reply::redirect(303, url),
                Outgoing::Post { action, fields } => {
                    Reply::html(200, pages::post_form(About::SignOut, &action, &fields, false))
                }
            };
            let logout = PendingLogout {
                request_id: id,
                idp: idp.name().to_owned(),
                return_url: target,
                expires: visit.now + ANSWER_WITHIN,
                end: None,
            };
            Ok(reply.with_cookie(remember(sp, &logout)?))
        }
        Delivery::Soap { url, envelope } => {
            recorded::logout_posted(visit, "logout_request_sent", &url, &envelope);
            Ok(logout_soap::ask(visit, sp, &idp, &id, (url, envelope), target).await)
        }
    }
}

/// The cookie that keeps a logout.
pub(super) fn remember<S: SessionStore>(
    sp: &Sp<S>,
    logout: &PendingLogout,
) -> Result<String, Refusal> {
    let sealed = logout
        .seal_cookie(sp.sessions.secrets()?, &sp.id, random::bytes())
        .map_err(|e| Refusal::new(&reason::SEALING_FAILED, e.to_string()))?;
    Ok(sp.cookies.set_logout(&sealed, ANSWER_WITHIN))
}

/// Another site may not log people out, nor lead their browser here by a redirect. Browsers say where
/// a request comes from, redirects on its way included (Fetch Metadata 2.3); those that do not send
/// Origin or Referer (RFC 6454 7, RFC 9110 10.1.3).
fn refuse_cross_site<S>(head: &impl Headers, sp: &Sp<S>) -> Result<(), Refusal> {
    let refuse = |what: String| Err(Refusal::new(&reason::LOGOUT_CROSS_SITE, what));
    let from = head.first("origin").or_else(|| head.first("referer"));
    let from = from.map(String::from_utf8_lossy);
    match (head.first("sec-fetch-site"), from) {
        (Some(b"same-origin"), _) | (Some(b"none") | None, None) => Ok(()),
        // A neighbour below one domain is another site all the same, unless it is listed.
        (Some(b"none" | b"same-site") | None, Some(from)) if sp.return_targets.is_home(&from) => {
            Ok(())
        }
        (site, from) => {
            let absent = || "not there".to_owned();
            refuse(format!(
                "Sec-Fetch-Site is {}, Origin or Referer is {}",
                site.map_or_else(absent, |site| quote(&String::from_utf8_lossy(site))),
                from.map_or_else(absent, |from| quote(&from)),
            ))
        }
    }
}
