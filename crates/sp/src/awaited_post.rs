//! A kept form whose sender chooses an IdP first: a cookie of this browser has it meanwhile, so that no address
//! of a login can bring somebody else's form.

use clock::UnixTime;
use http::Headers;
use pages::Reply;
use saml::refusal::Refusal;
use session::{AwaitedPost, PostToken};

use crate::random;
use crate::session_store::SessionStore;
use crate::sp::{Sp, sealing_failed};

/// The form that waits for a login that ends at `return_url`.
///
/// # Errors
/// The store has no secret yet.
pub(crate) fn of_login<S: SessionStore>(
    sp: &Sp<S>,
    r: &impl Headers,
    return_url: &str,
    now: UnixTime,
) -> Result<Option<PostToken>, Refusal> {
    let return_url = sp.at_home(return_url.to_owned());
    Ok(awaited(sp, r, now)?.filter(|it| it.return_url == return_url).map(|it| it.token))
}

/// Has the browser remember `post` while its user chooses an IdP; when a login to the same page begins without
/// one, what it remembers is over.
///
/// # Errors
/// The store has no secret yet, or libcrypto fails.
pub(crate) fn remember<S: SessionStore>(
    sp: &Sp<S>,
    r: &impl Headers,
    post: Option<PostToken>,
    return_url: &str,
    now: UnixTime,
    reply: Reply,
) -> Result<Reply, Refusal> {
    let Some(token) = post else {
        return Ok(match of_login(sp, r, return_url, now)? {
            Some(_) => reply.with_cookie(sp.cookies.clear_post()),
            None => reply,
        });
    };
    let return_url = sp.at_home(return_url.to_owned());
    let awaited = AwaitedPost { token, return_url, expires: now + sp.request_lifetime };
    let sealed = awaited.seal_cookie(sp.sessions.secrets()?, &sp.id, random::bytes());
    let sealed = sealed.map_err(|e| sealing_failed(&e))?;
    Ok(reply.with_cookie(sp.cookies.set_post(&sealed, sp.request_lifetime)))
}

fn awaited<S: SessionStore>(
    sp: &Sp<S>,
    r: &impl Headers,
    now: UnixTime,
) -> Result<Option<AwaitedPost>, Refusal> {
    let secrets = sp.sessions.secrets()?;
    let mut values = sp.cookies.post_values(r);
    Ok(values.find_map(|value| AwaitedPost::open_cookie(secrets, &sp.id, value, now)))
}
