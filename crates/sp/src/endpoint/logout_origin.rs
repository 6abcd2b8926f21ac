//! At which of several origins a logout began. No LogoutRequest can say where its answer is to go, and most
//! IdPs send all answers to the first SingleLogoutService of the metadata; the cookie of a logout stays
//! where it began. So the ID of the request says where that is, the answer repeats it, and whichever origin
//! gets the answer sends the browser on with it.

use http::{browser, escape_target, is_address};
use openssl::sha::sha256;
use pages::Reply;
use saml::logout::ReceivedLogoutResponse;

use crate::random;
use crate::sp::Sp;
use crate::visit::Visit;

/// The ID of a LogoutRequest that begins here.
pub(super) fn request_id<S>(sp: &Sp<S>) -> String {
    let id = random::id();
    if sp.origins.len() < 2 { id } else { format!("{id}-{}", tag(&sp.base_url)) }
}

/// Sends a browser with an answer to the logout of this ID on to the origin where that began, to the same
/// endpoint; `url` is its URL here. `None` = it did not begin at another origin of ours. Nothing of the
/// answer is believed here, and where it goes to is an origin of ours, whoever sent it.
pub(super) fn send_on<S>(visit: &Visit, sp: &Sp<S>, id: &str, url: &str) -> Option<Reply> {
    if !browser::is_browser(&visit.head) {
        return None;
    }
    let (_, begun_at) = id.rsplit_once('-')?;
    let origin =
        sp.origins.iter().find(|origin| **origin != sp.base_url && tag(origin) == begun_at)?;
    let path = url.strip_prefix(&sp.base_url)?.split('?').next()?;
    let query = visit.head.query();
    let separator: &[u8] = if query.is_empty() { b"" } else { b"?" };
    // Octet by octet, as the IdP has signed them.
    let target = escape_target(&[path.as_bytes(), separator, query].concat());
    // 307 has the browser post the form again (RFC 9110 15.4.8).
    let status = if visit.is_post() { 307 } else { 303 };
    Some(Reply::redirect(status, format!("{origin}{target}")))
}

/// What the Destination of an answer to a logout of ours must be, which has come to `url`: that, or where the
/// endpoint is at another origin, from which the browser was sent on.
pub(super) fn address<S>(sp: &Sp<S>, url: &str, response: &ReceivedLogoutResponse) -> String {
    let Some(found) = response.destination() else { return url.to_owned() };
    let named = sp.at_all_origins(url).find(|ours| is_address(&found, ours));
    named.unwrap_or_else(|| url.to_owned())
}

/// 32 bits: two origins that share them by chance get answers that are not theirs, and say so.
fn tag(origin: &str) -> String {
    sha256(origin.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
