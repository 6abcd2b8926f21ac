//! Where an IdP has people read what to do when they cannot get in (Metadata 2.4.3, errorURL).

use form_urlencoded::byte_serialize;
use http::HttpUrl;

use clock::UnixTime;

use crate::reason::{self, Blame, Reason};

/// Bytes of one.
const MAX_ERROR_URL: usize = 2000;

/// An errorURL: with places for what went wrong, as REFEDS' SAML V2.0 Metadata Deployment Profile for errorURL has them,
/// or a plain address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorUrl(String);

/// What the places are filled with.
#[derive(Clone, Copy, Debug)]
pub struct Trouble<'a> {
    /// What kind it is of.
    pub code: ErrorCode,
    /// What it is about, in the SP's words.
    pub context: &'a str,
    /// The entityID of this SP.
    pub sp_entity_id: &'a str,
    /// By which its log has the rest.
    pub request_id: &'a str,
    /// When.
    pub now: UnixTime,
}

/// What kinds of trouble REFEDS' profile knows (2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The IdP does not say enough about the person.
    Identification,
    /// The login is not of the kind that was asked for.
    Authentication,
    /// What the IdP says of the person does not let them in.
    Authorization,
    /// Anything else that is the IdP's to mend.
    Other,
}

impl ErrorUrl {
    /// `None` = it is no URL that a browser can be led to.
    pub(super) fn read(value: &str) -> Option<Self> {
        let url = value.trim();
        let is_usable = url.len() <= MAX_ERROR_URL && HttpUrl::parse(url).is_some();
        is_usable.then(|| Self(url.to_owned()))
    }

    /// The address for who has this trouble.
    pub fn filled(&self, trouble: &Trouble<'_>) -> String {
        let timestamp = trouble.now.as_secs().to_string();
        let values = [
            ("ERRORURL_CODE", trouble.code.name()),
            ("ERRORURL_TS", &timestamp),
            ("ERRORURL_RP", trouble.sp_entity_id),
            ("ERRORURL_TID", trouble.request_id),
            ("ERRORURL_CTX", trouble.context),
        ];
        let fill = |url: String, (place, value): (&str, &str)| {
            url.replace(place, &byte_serialize(value.as_bytes()).collect::<String>())
        };
        values.into_iter().fold(self.0.clone(), fill)
    }
}

impl ErrorCode {
    /// That of a login that was refused; `None` = the IdP cannot do anything about it.
    pub fn of(reason: &Reason) -> Option<Self> {
        let is_one_of = |reasons: &[&Reason]| reasons.contains(&reason);
        if reason.blame() != Blame::Idp {
            return None;
        }
        let authentication = [
            &reason::NO_AUTHN_CONTEXT,
            &reason::AUTHN_CONTEXT_MISMATCH,
            &reason::AUTHN_NOT_FRESH,
            &reason::AUTHN_TOO_OLD,
            &reason::AUTHN_STATEMENT_MISSING,
        ];
        let identification = [
            &reason::SUBJECT_MISSING,
            &reason::NAME_ID_MISSING,
            &reason::ATTRIBUTE_SCOPE_MISMATCH,
            &reason::GROUP_OVERAGE,
        ];
        Some(match () {
            () if is_one_of(&authentication) => Self::Authentication,
            () if is_one_of(&identification) => Self::Identification,
            () => Self::Other,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Identification => "IDENTIFICATION_FAILURE",
            Self::Authentication => "AUTHENTICATION_FAILURE",
            Self::Authorization => "AUTHORIZATION_FAILURE",
            Self::Other => "OTHER_ERROR",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(code: ErrorCode, context: &str) -> Trouble<'_> {
        Trouble {
            code,
            context,
            sp_entity_id: "https://sp.example/saml?a=b&c",
            request_id: "_1f",
            now: UnixTime::from_secs(1_795_260_600),
        }
    }

    #[test]
    fn the_places_are_filled_in() {
        let url = ErrorUrl::read(
            " https://idp.example/help?code=ERRORURL_CODE&ts=ERRORURL_TS&rp=ERRORURL_RP&tid=ERRORURL_TID\
             &ctx=ERRORURL_CTX ",
        );
        let trouble = trouble(ErrorCode::Authorization, "a member of <staff>");
        assert_eq!(
            url.unwrap().filled(&trouble),
            "https://idp.example/help?code=AUTHORIZATION_FAILURE&ts=1795260600\
             &rp=https%3A%2F%2Fsp.example%2Fsaml%3Fa%3Db%26c&tid=_1f&ctx=a+member+of+%3Cstaff%3E"
        );
        let plain = ErrorUrl::read("https://idp.example/help").unwrap();
        assert_eq!(plain.filled(&trouble), "https://idp.example/help");
    }

    #[test]
    fn each_trouble_has_its_code_and_what_is_not_the_idps_has_none() {
        let url = ErrorUrl::read("https://idp.example/ERRORURL_CODE").unwrap();
        for (reason, code) in [
            (&reason::AUTHN_NOT_FRESH, "AUTHENTICATION_FAILURE"),
            (&reason::GROUP_OVERAGE, "IDENTIFICATION_FAILURE"),
            (&reason::SIGNATURE_MISSING, "OTHER_ERROR"),
        ] {
            let filled = ErrorCode::of(reason).map(|code| url.filled(&trouble(code, "")));
            assert_eq!(filled, Some(format!("https://idp.example/{code}")));
        }
        for reason in [&reason::STORE_FULL, &reason::REQUEST_EXPIRED, &reason::IDP_DISABLED] {
            assert_eq!(ErrorCode::of(reason), None);
        }
    }

    #[test]
    fn what_is_no_url_is_none() {
        let long = format!("https://idp.example/{}", "a".repeat(MAX_ERROR_URL));
        for value in ["", "javascript:alert(1)", "mailto:x@idp.example", "/help", &long] {
            assert_eq!(ErrorUrl::read(value), None, "{value}");
        }
    }
}
