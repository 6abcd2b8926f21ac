//! `$saml_jwt`: who has the session, signed for an application that believes nobody's headers (RFC 7519).

mod issuer;
mod kept;

use std::rc::Rc;

use clock::{Seconds, UnixTime};
use jwt::NotSigned;
use serde_json::{Map, Value};
use session::{DecodedSession, StoreKey, join};

pub use self::issuer::{ClaimForm, JwtClaim, JwtIssuer};
pub use self::kept::Jwts;
use crate::live_session::LiveSession;
use crate::session_store::SessionStore;
use crate::sp::Sp;

impl<S: SessionStore> Sp<S> {
    /// The token that tells an application who has this session: signed once, and again after half of its
    /// life. An empty `audience` means the site itself. `None` = there is none.
    /// `told` hears of a new one, or why there is none when that is news.
    pub fn jwt(
        &self,
        live: &LiveSession,
        audience: &Rc<[String]>,
        now: UnixTime,
        told: impl FnOnce(Result<&JwtIssuer, &str>),
    ) -> Option<Rc<str>> {
        let issuer = self.jwt_issuer.as_deref();
        // A session that several origins share has a token for each of them.
        let audience = if audience.is_empty() { &self.own_audience } else { audience };
        let span = issuer.map_or(Seconds(60), |issuer| Seconds(issuer.lifetime.0 / 2));
        if let Some(kept) = live.jwts.get(audience, span, now) {
            return kept;
        }
        let made = issuer.ok_or_else(|| self.no_key());
        let made =
            made.and_then(|issuer| Ok((issuer, self.make_jwt(issuer, live, audience, now)?)));
        let token: Option<Rc<str>> = match made {
            Ok((issuer, token)) => {
                told(Ok(issuer));
                Some(token.into())
            }
            Err(why) => {
                told(Err(&why));
                None
            }
        };
        live.jwts.keep(audience, now, token.clone());
        live.account();
        token
    }

    fn no_key(&self) -> String {
        let name = &self.name;
        format!(
            "saml_sp \"{name}\" has no key to sign it with; add \"certificate_key\" or \"jwt_key\""
        )
    }

    fn make_jwt(
        &self,
        issuer: &JwtIssuer,
        live: &LiveSession,
        audience: &[String],
        now: UnixTime,
    ) -> Result<String, String> {
        let claims = self.claims(issuer, live, audience, now)?;
        issuer.keys.sign(claims, issuer.max_size).map_err(|why| match why {
            NotSigned::TooLarge(_) => format!(
                "{why}, \"jwt_max_size\" of saml_sp \"{}\" is {}; make it larger if the application \
                 takes such a header, or leave out a \"jwt_claim\"",
                self.name, issuer.max_size
            ),
            NotSigned::Failed(_) => why.to_string(),
        })
    }

    fn claims(
        &self,
        issuer: &JwtIssuer,
        live: &LiveSession,
        audience: &[String],
        now: UnixTime,
    ) -> Result<Map<String, Value>, String> {
        let session = &live.session;
        let user = self.user(live);
        if user.is_empty() {
            return Err("the session's user has no name".to_owned());
        }
        let mut claims = Map::new();
        for claim in &issuer.claims {
            let values = session.values(&claim.attribute);
            let value = values.map(|values| match claim.form {
                ClaimForm::Text => join(values, &self.sessions.rules().separator).into(),
                ClaimForm::Array => values.collect(),
            });
            claims.extend(value.map(|value| (claim.name.clone(), value)));
        }
        if issuer.name_id {
            claims.extend(name_id(session));
        }
        claims.extend(
            [
                ("iss", issuer.issuer.as_str().into()),
                ("aud", audience_claim(audience)),
                ("sub", user.into()),
                ("iat", now.as_secs().into()),
                ("exp", (now + issuer.lifetime).min(session.expires).as_secs().into()),
                ("auth_time", session.authn_instant.as_secs().into()),
                ("sid", session_id(&live.key).into()),
                ("idp", session.idp().into()),
            ]
            .map(|(name, value): (&str, Value)| (name.to_owned(), value)),
        );
        if let Some(class) = session.authn_context() {
            claims.insert("acr".to_owned(), class.into());
        }
        Ok(claims)
    }
}

/// A string where there is one alone (RFC 7519 4.1.3).
fn audience_claim(audience: &[String]) -> Value {
    match audience {
        [one] => one.as_str().into(),
        several => several.into(),
    }
}

fn name_id(session: &DecodedSession) -> impl Iterator<Item = (String, Value)> {
    let value = [("name_id".to_owned(), session.name_id().into())];
    let format = session.name_id_format();
    value.into_iter().chain(format.map(|uri| ("name_id_format".to_owned(), uri.into())))
}

/// Tells the session from the user's others, on all workers and hosts; nothing can be found or opened
/// by it.
pub fn session_id(key: &StoreKey) -> String {
    let mut digest = openssl::sha::Sha256::new();
    digest.update(b"saml_jwt sid");
    digest.update(key.as_bytes());
    digest.finish().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
