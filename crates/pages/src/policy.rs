//! The Content-Security-Policy of the pages (CSP 3).

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::discovery;
use crate::fragment::{KEEP, KEEP_AND_SUBMIT, RESTORE};
use crate::html::{STYLE, SUBMIT};
use crate::metadata_page;
use crate::session_page::{self, TELL};
use crate::sessions_page;
use crate::status_page;

/// All that there are.
const SCRIPTS: [&str; 4] = [SUBMIT, KEEP, KEEP_AND_SUBMIT, RESTORE];

/// A Content-Security-Policy under which these pages work and nothing else does. Hashes, because a
/// header per response with a nonce would say no more.
pub(crate) fn content_security_policy() -> String {
    format!("{}; frame-ancestors 'none'", frameable_content_security_policy())
}

/// The same for the page on which people choose their IdP, which has images and no scripts. Nothing is said
/// of forms: browsers would stop the redirect that follows one.
pub(crate) fn discovery_content_security_policy() -> String {
    static CSP: LazyLock<String> = LazyLock::new(|| {
        format!(
            "default-src 'none'; style-src 'sha256-{}' 'sha256-{}'; img-src data:; base-uri 'none'; \
             frame-ancestors 'none'",
            hash(STYLE),
            hash(discovery::STYLE)
        )
    });
    CSP.clone()
}

/// The same for the metadata's page, which has neither scripts nor images nor forms.
pub(crate) fn metadata_content_security_policy() -> String {
    static CSP: LazyLock<String> = LazyLock::new(|| still_policy(metadata_page::STYLE));
    CSP.clone()
}

/// The same for the status.
pub(crate) fn status_content_security_policy() -> String {
    static CSP: LazyLock<String> = LazyLock::new(|| still_policy(status_page::STYLE));
    CSP.clone()
}

/// The same for the sessions, whose forms go to this site.
pub(crate) fn sessions_content_security_policy() -> String {
    static CSP: LazyLock<String> = LazyLock::new(|| {
        still_policy(sessions_page::STYLE).replace("form-action 'none'", "form-action 'self'")
    });
    CSP.clone()
}

/// The same for the page of a session.
pub(crate) fn session_content_security_policy() -> String {
    static CSP: LazyLock<String> = LazyLock::new(|| still_policy(session_page::STYLE));
    CSP.clone()
}

/// The same for the end of a login in a window, or in a frame of a page of this origin.
pub(crate) fn told_content_security_policy() -> String {
    static CSP: LazyLock<String> = LazyLock::new(|| {
        format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'self'",
            hash(STYLE),
            hash(TELL)
        )
    });
    CSP.clone()
}

fn still_policy(style: &str) -> String {
    format!(
        "default-src 'none'; style-src 'sha256-{}' 'sha256-{}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        hash(STYLE),
        hash(style)
    )
}

fn hash(text: &str) -> String {
    STANDARD.encode(openssl::sha::sha256(text.as_bytes()))
}

/// The same for a page that an IdP may show in a frame.
pub(crate) fn frameable_content_security_policy() -> String {
    static CSP: LazyLock<String> = LazyLock::new(|| {
        format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src {}; base-uri 'none'",
            hash(STYLE),
            SCRIPTS.map(|script| format!("'sha256-{}'", hash(script))).join(" ")
        )
    });
    CSP.clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::post_form;
    use crate::fragment::keep;
    use crate::restore_fragment;

    /// The hash of what stands between two tags, as a browser takes it.
    fn hash_of(page: &str, tag: &str) -> String {
        let (_, after) = page.split_once(&format!("<{tag}>")).unwrap();
        let (content, _) = after.split_once(&format!("</{tag}>")).unwrap();
        format!("'sha256-{}'", STANDARD.encode(openssl::sha::sha256(content.as_bytes())))
    }

    #[test]
    fn the_hashes_are_of_what_stands_in_the_page() {
        let form = |keeps| post_form("Signing in", "https://idp.example/", &[], keeps);
        let style = hash_of(&form(false), "style");
        let pages = [form(false), keep("/"), form(true), restore_fragment("/")];
        let scripts = pages.map(|page| hash_of(&page, "script")).join(" ");
        assert_eq!(
            frameable_content_security_policy(),
            format!("default-src 'none'; style-src {style}; script-src {scripts}; base-uri 'none'")
        );
    }

    #[test]
    fn the_second_style_sheet_has_its_hash() {
        let page = crate::discovery::discovery(&crate::Discovery {
            action: "https://app.example.com/",
            fields: &[],
            searched: "",
            recent: &[],
            others: &[],
            found: 0,
            remember: None,
        });
        let first = hash_of(&page, "style");
        let second = hash_of(page.split_once("</style>").unwrap().1, "style");
        assert_eq!(
            discovery_content_security_policy(),
            format!(
                "default-src 'none'; style-src {first} {second}; img-src data:; base-uri 'none'; \
                 frame-ancestors 'none'"
            )
        );
        assert!(!page.contains("<script"));
        let page = crate::metadata_page::metadata_page(&crate::MetadataPage {
            entity_id: "",
            url: "",
            acs_urls: &[],
            sls_urls: &[],
            name_id_formats: &[],
            attributes: &[],
            certificates: &[],
            signs_requests: false,
            xml: "",
        });
        let second = hash_of(page.split_once("</style>").unwrap().1, "style");
        let policy = format!("style-src {first} {second}; base-uri");
        assert!(metadata_content_security_policy().contains(&policy));
    }

    #[test]
    fn the_pages_of_a_session_have_their_own() {
        let page = crate::session_page::signed_out(None);
        let second = hash_of(page.split_once("</style>").unwrap().1, "style");
        let policy = format!("style-src {} {second}; base-uri", hash_of(&page, "style"));
        assert!(session_content_security_policy().contains(&policy));
        let page = crate::session_page::told(true);
        let policy = told_content_security_policy();
        assert!(policy.contains(&format!("script-src {};", hash_of(&page, "script"))));
        assert!(policy.ends_with("frame-ancestors 'self'"));
    }

    #[test]
    fn pages_stand_alone_unless_they_may_be_framed() {
        assert_eq!(
            content_security_policy(),
            frameable_content_security_policy() + "; frame-ancestors 'none'"
        );
    }
}
