//! Which forms are kept while their senders log in: those that a person sent from a page of this site. Nobody else's,
//! or a page of another site could have one sent in the name of whoever logs in.

use http::{Headers, browser, content_type};
use saml::binding::does_ecp;

use super::{Challenge, Method};
use crate::protection::Unauthenticated;
use crate::session_store::SessionStore;

/// How browsers encode forms (HTML 4.10.21.7).
const FORM_TYPES: [&str; 3] =
    ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];

/// Longest `Content-Type`, bytes: that of a form has a boundary of 70 at most (RFC 2046 5.1.1).
const MAX_CONTENT_TYPE: usize = 256;

impl<S: SessionStore, H: Headers> Challenge<'_, S, H> {
    /// May the form be kept, whose body has `len` bytes? `None` = nobody knows how many they will be.
    pub fn is_preservable(&self, len: Option<usize>) -> bool {
        let protection = self.protection;
        let Some(limit) = protection.preserve_post else { return false };
        if !self.is_own_form() || !self.comes_back_whole() {
            return false;
        }
        match len {
            Some(len) if len <= limit => true,
            Some(len) => {
                (self.warn)(&format!(
                    "a form of {len} bytes is not kept over the login, \
                     \"auth_saml_preserve_post\" is {limit} here"
                ));
                false
            }
            None => false,
        }
    }

    /// Has a person sent it from a page of this site, to where a login can begin?
    fn is_own_form(&self) -> bool {
        let (head, protection) = (self.head, self.protection);
        self.method == Method::Post
            && protection.unauthenticated != Unauthenticated::Status401
            && !(protection.ecp && does_ecp(head))
            && self.idp.as_deref().is_none_or(|idp| idp.check_enabled().is_ok())
            && browser::navigates(head)
            && !browser::is_subresource(head)
            && content_type(head).is_some_and(is_form)
            && !head.has("content-encoding")
            && protection.sp.is_sent_by_own_page(head)
    }
}

fn is_form(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    content_type.len() <= MAX_CONTENT_TYPE
        && FORM_TYPES.iter().any(|form| media_type.eq_ignore_ascii_case(form))
}
