//! `auth_saml_preserve_post`: a form that was sent without a session is kept while its sender logs in, and then
//! sent once more, by the browser, to the same page; here it takes the place of the ticket that stands for it.

use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;

use clock::{Seconds, UnixTime};
use http::{content_type, escape_target};
use nginx_sys::{NGX_HTTP_POST, NGX_LOG_WARN, ngx_int_t};
use ngx::http::{HttpModuleLocationConf, NgxHttpCoreModule, Request};
use ngx::ngx_log_error;
use saml::reason;
use saml::refusal::Refusal;
use session::{NoRoom, PostTicket, PostToken, PreservedPost};
use sp::{LiveSession, admit_ticket, random};

use crate::context::{Context, Posting};
use crate::module::Sp;
use crate::request::{body, client, headers};
use crate::request_body::{self, Read};
use crate::store::NotKept;
use crate::suspend::{self, Started};

/// Between two lines of a worker that say whose room is used up.
const SAID_EVERY: Seconds = Seconds(60);

/// Bytes of the body as its header says; `None` = it does not.
pub fn len(r: &Request) -> Option<usize> {
    usize::try_from(r.as_ref().headers_in.content_length_n).ok()
}

/// The ticket that a request has in the place of a form; pending while its body is read. Other bodies of members are
/// not touched, but for those of exactly this length.
///
/// # Errors
/// What the handler returns when the body does not come.
#[inline]
pub fn ticket(r: &mut Request, sp: &Sp) -> Poll<Result<Option<Vec<u8>>, ngx_int_t>> {
    if r.as_ref().method != NGX_HTTP_POST as usize {
        return Poll::Ready(Ok(None));
    }
    ticket_of_post(r, sp)
}

fn ticket_of_post(r: &mut Request, sp: &Sp) -> Poll<Result<Option<Vec<u8>>, ngx_int_t>> {
    if !may_have_ticket(r) || !sp.sessions.store.keeps_posts() {
        return Poll::Ready(Ok(None));
    }
    read(r).map_ok(|()| {
        let body = body(r, PostTicket::FORM_LEN).unwrap_or_default();
        PostTicket::in_form(&body).map(<[u8]>::to_vec)
    })
}

fn may_have_ticket(r: &Request) -> bool {
    len(r) == Some(PostTicket::FORM_LEN)
        && r.is_main()
        && content_type(headers(r)).is_some_and(|media_type| {
            media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
}

fn read(r: &mut Request) -> Poll<Result<(), ngx_int_t>> {
    match request_body::read(r) {
        Read::Whole => Poll::Ready(Ok(())),
        Read::Coming => Poll::Pending,
        Read::Failed(status) => Poll::Ready(Err(status)),
    }
}

/// Keeps the form of a request; pending while it is read and stored. `None` = it cannot be kept.
///
/// # Errors
/// What the handler returns when the body does not come.
pub fn keep(
    r: &mut Request,
    sp: &Rc<Sp>,
    now: UnixTime,
) -> Poll<Result<Option<PostToken>, ngx_int_t>> {
    if let Some(kept) = kept(r) {
        return kept.map(Ok);
    }
    let client = client(r);
    if let Err(why) = sp.sessions.store.check_post(client, len(r).unwrap_or(usize::MAX), now) {
        return Poll::Ready(Ok(tell(r, &why, now)));
    }
    match read(r) {
        Poll::Ready(Ok(())) => {}
        Poll::Ready(Err(status)) => return Poll::Ready(Err(status)),
        Poll::Pending => return Poll::Pending,
    }
    let Some(post) = form(r) else { return Poll::Ready(Ok(None)) };
    let token = PostToken::from_random(random::bytes());
    let storing = {
        let (sp, token) = (Rc::clone(sp), token.clone());
        let lifetime = sp.request_lifetime;
        async move { sp.sessions.keep_post(&token, &post, client, lifetime, now).await }
    };
    match suspend::start(r, storing) {
        Started::Done(outcome) => Poll::Ready(Ok(settled(r, token, outcome, now))),
        Started::Waiting(suspension) => {
            if let Some(context) = Context::of(r) {
                context.special().post.replace(Some(Posting::Keeping(token, suspension)));
            }
            Poll::Pending
        }
    }
}

/// What became of the form that this request has waited for; `None` = it waits for none.
fn kept(r: &Request) -> Option<Poll<Option<PostToken>>> {
    let special = Context::of(r)?.known_special()?;
    let outcome = match &*special.post.borrow() {
        Some(Posting::Keeping(_, suspension)) => suspension.take(r),
        Some(Posting::Taking(_)) | None => return None,
    };
    // Something else woke the request.
    let Some(outcome) = outcome else { return Some(Poll::Pending) };
    let Some(Posting::Keeping(token, _)) = special.post.take() else { return None };
    Some(Poll::Ready(settled(r, token, outcome, crate::clock::now())))
}

/// `None` of `outcome` = a panic, which is logged.
fn settled(
    r: &Request,
    token: PostToken,
    outcome: Option<Result<(), NotKept>>,
    now: UnixTime,
) -> Option<PostToken> {
    match outcome? {
        Ok(()) => Some(token),
        Err(why) => tell(r, &why, now),
    }
}

/// The form of a request whose body was read. What has a ticket was kept already; what is not whole, nobody wants.
fn form(r: &Request) -> Option<PreservedPost> {
    let body = body(r, PreservedPost::MAX_BODY).ok()?;
    (Some(body.len()) == len(r) && PostTicket::in_form(&body).is_none()).then_some(PreservedPost {
        target: target(r),
        content_type: content_type(headers(r))?.to_owned(),
        body,
    })
}

/// Path and query, as they are written in a header.
fn target(r: &Request) -> String {
    escape_target(r.as_ref().unparsed_uri.as_bytes())
}

/// Tells the administrator why a form is not kept. A flood must not fill the log.
fn tell(r: &Request, why: &NotKept, now: UnixTime) -> Option<PostToken> {
    thread_local! {
        static SAID: [Cell<Option<UnixTime>>; 2] = const { [Cell::new(None), Cell::new(None)] };
    }
    let is_news = SAID.with(|[of_client, of_all]| {
        let said = match why {
            NotKept::NoRoom { whose: NoRoom::Client, .. } => of_client,
            NotKept::NoRoom { whose: NoRoom::All, .. } => of_all,
            NotKept::Refused(_) => return true,
        };
        let is_old = said.get().is_none_or(|at| !(Seconds(0)..SAID_EVERY).contains(&(now - at)));
        if is_old {
            said.set(Some(now));
        }
        is_old
    });
    if is_news {
        let log = r.log();
        ngx_log_error!(NGX_LOG_WARN, log, "saml: a form is not kept over the login: {}", why);
    }
    None
}

/// Puts the form in the place of its ticket; pending while it is fetched.
///
/// # Errors
/// It is not this session's, not for this page, or there no more; another site has sent the ticket; or the store does not
/// answer. Nothing goes to the application.
pub fn restore(
    r: &mut Request,
    sp: &Rc<Sp>,
    live: &LiveSession,
    ticket: &[u8],
    now: UnixTime,
) -> Poll<Result<(), Refusal>> {
    if let Some(taken) = taken(r) {
        return taken.map(|taken| put(r, taken));
    }
    let token = match admit_ticket(sp, headers(r), live.key, &target(r), ticket) {
        Ok(token) => token,
        Err(refusal) => return Poll::Ready(Err(refusal)),
    };
    let taking = {
        let sp = Rc::clone(sp);
        async move { sp.sessions.take_post(&token, sp.request_lifetime, now).await }
    };
    match suspend::start(r, taking) {
        Started::Done(taken) => Poll::Ready(put(r, taken)),
        Started::Waiting(suspension) => {
            if let Some(context) = Context::of(r) {
                context.special().post.replace(Some(Posting::Taking(suspension)));
            }
            Poll::Pending
        }
    }
}

type Taken = Option<Result<Option<PreservedPost>, Refusal>>;

/// The form that this request has waited for; `None` = it waits for none.
fn taken(r: &Request) -> Option<Poll<Taken>> {
    let special = Context::of(r)?.known_special()?;
    let outcome = match &*special.post.borrow() {
        Some(Posting::Taking(suspension)) => suspension.take(r),
        Some(Posting::Keeping(..)) | None => return None,
    };
    let Some(outcome) = outcome else { return Some(Poll::Pending) };
    special.post.take();
    Some(Poll::Ready(outcome))
}

fn put(r: &mut Request, taken: Taken) -> Result<(), Refusal> {
    let taken = taken.unwrap_or_else(|| Err(Refusal::internal("a panic")))?;
    let Some(post) = taken.filter(|post| post.target == target(r)) else {
        let detail = "its ticket was used, or its time is over";
        return Err(Refusal::new(&reason::PRESERVED_POST_GONE, detail));
    };
    let most = NgxHttpCoreModule::location_conf(r).map_or(0, |core| core.client_max_body_size);
    if most > 0 && usize::try_from(most).is_ok_and(|most| post.body.len() > most) {
        let detail = format!("it has {} bytes, client_max_body_size is {most}", post.body.len());
        return Err(Refusal::new(&reason::PRESERVED_POST_REFUSED, detail));
    }
    let replaced = request_body::replace(r, &post.content_type, &post.body);
    replaced.ok_or_else(|| Refusal::internal("nginx has no memory for the form"))
}
