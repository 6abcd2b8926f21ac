//! `saml_status?debug`: who runs the server sees stories of logins, and makes links that begin one.

use std::rc::Rc;

use diagnosis::{Entry, Origin, Stories, Story, StoryId};
use http::{arguments, browser};
use pages::{DiagnosedSite, DiagnosisPage, Reply};
use saml::instant;
use saml::reason;
use saml::refusal::{Refusal, quote};
use serde_json::{Value, json};

use crate::administration::{form, proof, search};
use crate::endpoint::DEBUG_LINK;
use crate::random;
use crate::session_store::SessionStore;
use crate::sp::{Sp, sealing_failed};
use crate::story::{new_pass, owner};
use crate::visit::Visit;

/// What is taken, as `Allow` names it.
const METHODS: &str = "GET, HEAD, POST";

/// Stories on the page.
const MOST_STORIES: usize = 200;

/// Answers an operator, whom the server knows by this name. `stories` = `None` when no location has `saml_debug`.
///
/// # Errors
/// The operator has no name, or what is asked for is not there, or not to be had so.
pub async fn diagnose<S: SessionStore>(
    visit: Visit,
    sps: Vec<Rc<Sp<S>>>,
    operator: String,
    stories: Option<Rc<dyn Stories>>,
) -> Result<Reply, Refusal> {
    let owner = owner(&operator).ok_or_else(|| {
        Refusal::new(&reason::OPERATOR_UNNAMED, "nobody was let in to saml_status?debug by name")
    })?;
    let stories = stories.as_deref();
    match visit.head.method() {
        "GET" | "HEAD" => {
            let wanted = visit.head.argument("debug").unwrap_or_default();
            let all = stories.map(|stories| seen_by(stories, owner)).unwrap_or_default();
            match (wanted.as_ref(), stories) {
                ("", _) => list(&visit, &sps, &operator, stories.is_some(), &all, None),
                (id, stories) => {
                    let id = StoryId::parse(id);
                    let story = all.iter().find(|story| Some(story.id) == id);
                    let (story, stories) = story.zip(stories).ok_or_else(|| {
                        search::invalid(
                            "there is no such story, or none that is yours; each ends \
                             ten minutes after its begin"
                                .to_owned(),
                        )
                    })?;
                    Ok(told(&visit, story, &stories.entries(story)))
                }
            }
        }
        "POST" => {
            proof::refuse_cross_site(&visit.head)?;
            let form = form(&visit).await?;
            let sp = site_of(&form, &sps)?;
            proof::check_token(&form, &sp, &purpose(&operator), visit.now)?;
            if !sp.gives_debug_links.get() {
                let name = quote(&sp.name);
                let why = format!("no location of saml_sp {name} has \"saml_debug link\"");
                return Err(search::invalid(why));
            }
            let pass = new_pass(Some(owner), visit.now);
            let sealed = pass.seal_link(sp.sessions.secrets()?, &sp.id, random::bytes());
            let sealed = sealed.map_err(|error| sealing_failed(&error))?;
            let acs = sp.endpoints.acs();
            let separator = if acs.contains('?') { '&' } else { '?' };
            let link = format!("{acs}{separator}{DEBUG_LINK}={sealed}");
            visit.server.note(&format!(
                "operator {} made a link to record a login at saml_sp {}",
                quote(&operator),
                quote(&sp.name)
            ));
            let made = Some((link.as_str(), instant::format(pass.until)));
            let all = stories.map(|stories| seen_by(stories, owner)).unwrap_or_default();
            list(&visit, &sps, &operator, true, &all, made)
        }
        method => {
            visit.circumstances.allow.replace(Some(METHODS.to_owned()));
            let detail =
                format!("the method is {}, saml_status?debug takes {METHODS}", quote(method));
            Err(Refusal::new(&reason::METHOD_NOT_ALLOWED, detail))
        }
    }
}

/// The newest first.
fn seen_by(stories: &dyn Stories, owner: diagnosis::Owner) -> Vec<Story> {
    let mut seen: Vec<Story> =
        stories.all().into_iter().filter(|story| story.is_for(Some(owner))).collect();
    seen.sort_by_key(|story| (-story.begun.as_secs(), story.id.0));
    seen.truncate(MOST_STORIES);
    seen
}

/// A token is for links alone, and none that ends sessions.
fn purpose(operator: &str) -> String {
    format!("saml_debug {operator}")
}

fn site_of<S>(form: &[u8], sps: &[Rc<Sp<S>>]) -> Result<Rc<Sp<S>>, Refusal> {
    let field = |name: &str| arguments(form, name).next().unwrap_or_default();
    let (name, base_url) = (field("sp"), field("base_url"));
    let is_it =
        |sp: &&Rc<Sp<S>>| sp.name == *name && (base_url.is_empty() || sp.base_url == *base_url);
    let found = sps.iter().find(is_it).cloned();
    found.ok_or_else(|| search::invalid(format!("there is no saml_sp {} there", quote(&name))))
}

fn list<S: SessionStore>(
    visit: &Visit,
    sps: &[Rc<Sp<S>>],
    operator: &str,
    is_on: bool,
    stories: &[Story],
    link: Option<(&str, String)>,
) -> Result<Reply, Refusal> {
    let giving = sps.iter().filter(|sp| sp.gives_debug_links.get());
    let site = |sp: &Rc<Sp<S>>| {
        let secrets = sp.sessions.secrets()?;
        let token = secrets.order_token(&sp.id, &purpose(operator), random::bytes(), visit.now);
        Ok::<_, Refusal>(DiagnosedSite {
            sp: sp.name.clone(),
            base_url: sp.base_url.clone(),
            token: token.map_err(|error| sealing_failed(&error))?,
        })
    };
    let sites: Vec<_> = giving.map(site).collect::<Result<_, _>>()?;
    let reply = if is_for_person(visit) {
        Reply::diagnosis_page(&DiagnosisPage { is_on, sites: &sites, link, stories })
    } else {
        let sites = sites
            .iter()
            .map(|site| json!({ "sp": site.sp, "base_url": site.base_url, "token": site.token }));
        let object = json!({
            "enabled": is_on,
            "stories": stories.iter().map(|story| of_story(story, None)).collect::<Vec<_>>(),
            "sites": sites.collect::<Vec<_>>(),
            "link": link.as_ref().map(|(link, _)| *link),
        });
        Reply::json(200, format!("{object}\n"))
    };
    Ok(guarded(reply))
}

fn told(visit: &Visit, story: &Story, entries: &[Entry]) -> Reply {
    guarded(if is_for_person(visit) {
        Reply::story_page(story, entries)
    } else {
        let entries = entries.iter().map(Entry::to_json).collect();
        let object = of_story(story, Some(entries));
        Reply::json(200, format!("{object}\n"))
    })
}

fn of_story(story: &Story, entries: Option<Vec<Value>>) -> Value {
    let address = match &story.origin {
        Origin::Link(_) => None,
        Origin::Address(address) => Some(address),
    };
    json!({
        "id": story.id.to_string(), "sp": story.sp, "address": address,
        "begun": instant::format(story.begun), "ends": instant::format(story.ends()),
        "written": story.entries, "entries": entries,
    })
}

fn is_for_person(visit: &Visit) -> bool {
    match visit.head.argument("format").as_deref() {
        Some("html") => true,
        Some(_) => false,
        None => browser::navigates(&visit.head),
    }
}

fn guarded(reply: Reply) -> Reply {
    reply
        .with_header("Vary", "Accept, Sec-Fetch-Mode".to_owned())
        .with_header("Cross-Origin-Resource-Policy", "same-origin".to_owned())
        .with_header("Referrer-Policy", "no-referrer".to_owned())
}
