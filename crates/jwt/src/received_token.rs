//! A signed token of somebody else (RFC 7515 7.1): nothing of it is believed before its signature was verified.

use serde_json::{Map, Value};

use crate::strict_json::object;
use crate::trusted_keys::TrustedKeys;
use crate::unbase64url;

/// A token in the compact form, taken apart.
pub struct ReceivedToken<'a> {
    /// What is signed.
    signed: &'a str,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    signature: Vec<u8>,
}

/// Why a token is not taken: the end of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// It is none, or not of the wanted kind.
    Malformed(String),
    /// No trusted key has signed it.
    Untrusted(String),
}

impl<'a> ReceivedToken<'a> {
    /// Takes it apart; how long it may be is the caller's to say.
    ///
    /// # Errors
    /// It is no token in the compact form, or says something twice.
    pub fn parse(token: &'a str) -> Result<Self, String> {
        let mut parts = token.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err("it does not consist of three parts with dots between".to_owned());
        };
        let octets = |what: &str, part: &str| {
            unbase64url(part).ok_or_else(|| format!("its {what} is no base64url"))
        };
        let json = |what: &str, part: &str| {
            object(&octets(what, part)?).map_err(|why| format!("its {what}: {why}"))
        };
        let signed = token.rsplit_once('.').map(|(signed, _)| signed).unwrap_or_default();
        Ok(Self {
            signed,
            header: json("header", header)?,
            claims: json("payload", claims)?,
            signature: octets("signature", signature)?,
        })
    }

    /// Who says that they have issued it: unverified, to find their keys.
    pub fn issuer(&self) -> Option<&str> {
        self.claims.get("iss").and_then(Value::as_str)
    }

    /// Its claims, when it is of the type `typ` (RFC 8725 3.11) and one of `keys` has signed it. The algorithm is
    /// one of the key's; which keys there are, the token has no say in.
    ///
    /// # Errors
    /// It is of another type, wants what is not understood, or is not signed by any of them.
    pub fn verify(self, typ: &str, keys: &TrustedKeys) -> Result<Map<String, Value>, NotTaken> {
        let malformed = |why: &str| NotTaken::Malformed(why.to_owned());
        let text = |name: &str| match self.header.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(malformed("a member of its header is no text")),
        };
        // Nothing that may stand there is understood (RFC 7515 4.1.11).
        if self.header.contains_key("crit") {
            return Err(malformed("its header has \"crit\""));
        }
        let said = text("typ")?.unwrap_or_default().to_ascii_lowercase();
        if said.strip_prefix("application/").unwrap_or(&said) != typ {
            return Err(NotTaken::Malformed(format!("its type is not \"{typ}\"")));
        }
        let algorithm = text("alg")?.ok_or_else(|| malformed("its header has no \"alg\""))?;
        keys.verify(text("kid")?, algorithm, self.signed.as_bytes(), &self.signature)
            .map_err(NotTaken::Untrusted)?;
        Ok(self.claims)
    }
}
