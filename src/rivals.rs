//! Attributes that one variable could mean as well: whoever made the configuration hears of them.

use std::cell::RefCell;
use std::collections::HashSet;

use nginx_sys::NGX_LOG_WARN;
use ngx::http::Request;
use ngx::ngx_log_error;
use saml::refusal::quote;
use session::{AttributeName, Rivals};
use sp::LiveSession;

/// Pairs of attributes that one worker warns of; beyond, somebody sends ever new ones.
const MOST_WARNINGS: usize = 64;

/// Says once in this worker that a variable could mean either of two attributes.
#[inline]
pub fn warn(r: &Request, live: &LiveSession, name: &AttributeName) {
    if let Some(rivals) = live.session.rivals(name) {
        warn_once(r, name, rivals);
    }
}

#[cold]
fn warn_once(r: &Request, name: &AttributeName, rivals: &Rivals) {
    thread_local! {
        static SAID: RefCell<HashSet<[Box<str>; 2]>> = RefCell::default();
    }
    let is_news = SAID.with_borrow_mut(|said| {
        said.len() < MOST_WARNINGS && said.insert([rivals.chosen.clone(), rivals.other.clone()])
    });
    if is_news {
        ngx_log_error!(
            NGX_LOG_WARN,
            r.log(),
            "saml: $saml_attr_{} is the attribute {}, and could be {}; an \"attribute\" line in the \
             saml_sp says which",
            name.normal(),
            quote(&rivals.chosen),
            quote(&rivals.other)
        );
    }
}
