//! `RelayState` of a login: where the browser wanted to go, in what the IdP sends back. The login's
//! cookie says it better, but a browser with many tabs gives cookies up.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::bound_key::SealError;
use crate::length::length_octets;
use crate::secret::{Secret, Secrets};
use crate::sp_id::SpId;

const DOMAIN: &[u8] = b"saml relay state\0";

/// Bytes of a `RelayState` (Bindings 3.4.3).
const LENGTH_MAX: usize = 80;

/// Enough to keep strangers from sending browsers to pages of this site, which links can do as well.
const TAG_LEN: usize = 10;

/// Bytes of the page, which base64 and the tag leave.
const PAGE_MAX: usize = LENGTH_MAX / 4 * 3 - TAG_LEN;

impl Secrets {
    /// The `RelayState` of the AuthnRequest `request_id`: letters, digits, `-` and `_`, which every IdP
    /// gives back unchanged. Of a long `page` (a path with its query) only the path stays, or nothing.
    ///
    /// # Errors
    /// Only when libcrypto fails.
    pub fn relay_state(
        &self,
        sp: &SpId,
        request_id: &str,
        page: &str,
    ) -> Result<String, SealError> {
        let path = page.split('?').next().unwrap_or_default();
        let kept = [page, path].into_iter().find(|kept| kept.len() <= PAGE_MAX).unwrap_or("/");
        let tag = tag(self.sealing(), sp, request_id, kept.as_bytes()).ok_or(SealError)?;
        Ok(URL_SAFE_NO_PAD.encode([tag.as_slice(), kept.as_bytes()].concat()))
    }

    /// The page in a `RelayState` that this SP has sent along with the AuthnRequest `request_id`.
    pub fn wanted_page(&self, sp: &SpId, request_id: &str, relay_state: &str) -> Option<String> {
        if relay_state.len() > LENGTH_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(relay_state).ok()?;
        let (found, page) = bytes.split_first_chunk::<TAG_LEN>()?;
        let is_ours = self.opening().any(|secret| {
            tag(secret, sp, request_id, page).is_some_and(|tag| openssl::memcmp::eq(&tag, found))
        });
        let page = String::from_utf8(page.to_vec()).ok()?;
        (is_ours && page.starts_with('/')).then_some(page)
    }
}

fn tag(secret: &Secret, sp: &SpId, request_id: &str, page: &[u8]) -> Option<[u8; TAG_LEN]> {
    let length = length_octets(request_id.len());
    let parts = [DOMAIN, sp.as_bytes(), &length, request_id.as_bytes(), page];
    secret.derive(&parts)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::{app, wiki};
    use crate::secret::tests::secret;

    fn secrets(bytes: &[u8]) -> Secrets {
        Secrets::new(bytes.iter().map(|byte| secret(*byte)).collect()).unwrap()
    }

    #[test]
    fn a_page_comes_back_for_its_own_request_alone() {
        let state = secrets(&[1]).relay_state(&app(), "_a", "/page?x=1").unwrap();
        let page = |secrets: Secrets, sp, id, state: &str| secrets.wanted_page(&sp, id, state);
        assert_eq!(page(secrets(&[1]), app(), "_a", &state).as_deref(), Some("/page?x=1"));
        assert_eq!(page(secrets(&[2, 1]), app(), "_a", &state).as_deref(), Some("/page?x=1"));
        assert_eq!(page(secrets(&[2]), app(), "_a", &state), None);
        assert_eq!(page(secrets(&[1]), wiki(), "_a", &state), None);
        assert_eq!(page(secrets(&[1]), app(), "_b", &state), None);
        for at in 0..state.len() {
            let mut other = state.clone().into_bytes();
            other[at] = if other[at] == b'x' { b'y' } else { b'x' };
            let other = String::from_utf8(other).unwrap();
            let found = page(secrets(&[1]), app(), "_a", &other);
            assert_eq!(found, None, "{at}");
        }
    }

    /// IdPs give back what another build has sent.
    #[test]
    fn the_bytes_stay_what_they_are() {
        assert_eq!(
            secrets(&[1]).relay_state(&app(), "_a", "/page?x=1").unwrap(),
            "LRJSrN6DIWk27i9wYWdlP3g9MQ"
        );
    }

    #[test]
    fn it_is_never_longer_than_the_specification_says() {
        let secrets = secrets(&[1]);
        let kept = |page: &str| {
            let state = secrets.relay_state(&app(), "_a", page).unwrap();
            assert!(state.len() <= LENGTH_MAX, "{}", state.len());
            secrets.wanted_page(&app(), "_a", &state).unwrap()
        };
        let longest = format!("/{}", "a".repeat(PAGE_MAX - 1));
        assert_eq!(kept(&longest), longest);
        assert_eq!(kept(&format!("/a?{longest}")), "/a");
        assert_eq!(kept(&format!("{longest}b")), "/");
    }

    #[test]
    fn strangers_say_nothing() {
        for state in
            ["", "_id", "/", "http://evil.example.org/", &"A".repeat(80), &"A".repeat(1000)]
        {
            assert_eq!(secrets(&[1]).wanted_page(&app(), "_a", state), None, "{state}");
        }
    }
}
