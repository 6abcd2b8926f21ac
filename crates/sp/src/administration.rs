//! `saml_sessions`: who runs the server sees which sessions there are, ends them, and disables IdPs.
//!
//! It is of no SP, and whoever may come here is for the server to say. To look has no effect; what has one is a POST
//! from a page of this site.

mod deed;
mod listing;
mod prefix;
mod proof;
mod search;
mod view;

use std::rc::Rc;

use http::Headers;
use pages::Reply;
use saml::reason;
use saml::refusal::{Refusal, quote};

use self::search::{Search, invalid};
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::{BodyError, Visit};

/// What is taken, as `Allow` names it.
const METHODS: &str = "GET, HEAD, POST";

/// Bytes of a form: a NameID, an entityID and what else it has fit several times.
const BODY_MAX: usize = 32 << 10;

/// The media type of a form, in lower case.
const FORM: &[u8] = b"application/x-www-form-urlencoded";

/// Answers an operator, whom the server knows by this name; empty = by none. `sps` has each SP at all of its origins,
/// the main one first.
///
/// # Errors
/// What is asked for is not understood, comes from another site, or the store does not do it.
pub async fn administer<S: SessionStore>(
    visit: Visit,
    sps: Vec<Rc<Sp<S>>>,
    operator: String,
) -> Result<Reply, Refusal> {
    match visit.head.method() {
        "GET" | "HEAD" => {
            let search = Search::new(visit.head.query(), &sps)?;
            let found = listing::find(&visit, &search).await?;
            view::found(&visit, &sps, &search, &found, &operator)
        }
        "POST" => {
            proof::refuse_cross_site(&visit.head)?;
            let form = form(&visit).await?;
            let (sp, deed) = deed::read(&form, &sps)?;
            proof::check_token(&form, &sp, &operator, visit.now)?;
            let done = deed.carry_out(&visit, &sp, &operator).await?;
            Ok(view::done(&visit, &sp, &done))
        }
        method => {
            visit.circumstances.allow.replace(Some(METHODS.to_owned()));
            let detail = format!("the method is {}, saml_sessions takes {METHODS}", quote(method));
            Err(Refusal::new(&reason::METHOD_NOT_ALLOWED, detail))
        }
    }
}

/// The fields of a form that was posted.
async fn form(visit: &Visit) -> Result<Vec<u8>, Refusal> {
    let given = visit.head.first("content-type").unwrap_or_default();
    let essence = given.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    if !essence.eq_ignore_ascii_case(FORM) {
        let given = quote(&String::from_utf8_lossy(given));
        return Err(invalid(format!("the Content-Type is {given}, an order is a form")));
    }
    visit.body(BODY_MAX).await.map_err(|error| match error {
        BodyError::TooLarge => invalid(format!("the form has more than {BODY_MAX} bytes")),
        BodyError::Unreadable => {
            Refusal::new(&reason::BODY_UNREADABLE, "nginx's temporary file cannot be read back")
        }
    })
}
