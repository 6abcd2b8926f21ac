//! `saml_jwks`: the public keys by which applications verify `$saml_jwt` (RFC 7517 5).

use clock::Seconds;
use pages::Reply;

use crate::publication::Document;
use crate::sp::Sp;

/// How long others keep it: a new key is published so long before it signs.
const KEPT_FOR: Seconds = Seconds(300);

/// The set of an SP without a key, which signs nothing.
const NO_KEYS: &str = "{\"keys\":[]}\n";

pub(super) fn answer<S>(sp: &Sp<S>) -> Reply {
    let keys = sp.jwt_issuer.as_ref().map(|issuer| issuer.keys.to_json());
    let document = Document::new(keys.unwrap_or_else(|| NO_KEYS.to_owned()));
    Reply::jwk_set(document.text, document.etag, KEPT_FOR)
}
