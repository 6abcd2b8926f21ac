//! `saml_status`: how all SPs are, for who runs the server. What stands in front of the location decides who sees
//! it; it is an ordinary page to nginx.

use std::rc::Rc;

use http::{Headers, accepts, arguments, browser};
use nginx_sys::{
    NGINX_VERSION, NGX_DECLINED, NGX_HTTP_GET, NGX_HTTP_HEAD, NGX_HTTP_INTERNAL_SERVER_ERROR,
    ngx_http_request_t, ngx_int_t,
};
use ngx::http::{HttpModuleMainConf, Request};
use pages::{About, Purpose, Reply};
use saml::reason;
use saml::refusal::{Refusal, quote};
use sp::{Sites, VERSION};
use status::{Health, LookUps, NodeStatus, Status, StoreStatus, json, open_metrics};
use zone::{BOUNDS, Counter, LookUpEnd};

use crate::clock::now;
use crate::context::Context;
use crate::entry::enter;
use crate::module::{MainConf, SamlModule};
use crate::request::headers;
use crate::store::Store;
use crate::{counters, endpoint, idp, remote_user, respond, stories};

const FAILED: ngx_int_t = NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t;

/// As `Allow` names them.
const METHODS: &str = "GET, HEAD";

/// Bytes of a block in the zone.
const BLOCK: u64 = 256;

/// The content handler, as the command table has it.
pub unsafe extern "C" fn handle(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls content handlers with a live request.
    let r = unsafe { Request::from_ngx_http_request(r) };
    enter(FAILED, || answer(r))
}

fn answer(r: &mut Request) -> ngx_int_t {
    let query = r.as_ref().args.as_bytes();
    if arguments(query, "debug").next().is_some() {
        return diagnose(r).unwrap_or(FAILED);
    }
    if r.as_ref().method & (NGX_HTTP_GET | NGX_HTTP_HEAD) as usize == 0 {
        return refuse_method(r);
    }
    let Some(main) = SamlModule::main_conf(r) else { return NGX_DECLINED as ngx_int_t };
    let status = status(main);
    let query = r.as_ref().args.as_bytes();
    let reply = match Format::asked(query, headers(r)) {
        Format::Health => {
            let health = Health::of(&status);
            Reply::json(if health.is_good() { 200 } else { 503 }, health.json())
        }
        Format::Html => Reply::status_page(&status),
        Format::Json => Reply::json(200, json(&status)),
        Format::OpenMetrics => match open_metrics(status) {
            Ok(text) => Reply::open_metrics(text),
            Err(_) => return FAILED,
        },
    };
    respond::send(r, &reply)
}

/// Stories of logins, for an operator by name. `None` = out of memory.
fn diagnose(r: &mut Request) -> Option<ngx_int_t> {
    let sps: Vec<_> = SamlModule::main_conf(r)?.sps.iter().flat_map(Sites::iter).cloned().collect();
    let operator = remote_user::verified(r).unwrap_or_default();
    // A subrequest has a context of its own: several of one page may wait at once.
    if !r.is_main() {
        Context::of_subrequest(r)?;
    }
    let stories = stories::current();
    endpoint::run(r, Vec::new(), |visit| sp::diagnose(visit, sps, operator, stories))
}

fn refuse_method(r: &mut Request) -> ngx_int_t {
    let Some(context) = Context::of_or_new(r) else { return FAILED };
    context.circumstances().allow.replace(Some(METHODS.to_owned()));
    let method = String::from_utf8_lossy(r.as_ref().method_name.as_bytes()).into_owned();
    let detail = format!("the method is {}, saml_status takes {METHODS}", quote(&method));
    let purpose = Purpose { about: About::Operate, ..Purpose::default() };
    respond::refuse(r, &Refusal::new(&reason::METHOD_NOT_ALLOWED, detail), &purpose)
}

enum Format {
    Health,
    Html,
    Json,
    OpenMetrics,
}

impl Format {
    /// `?health` for a load balancer, `?format=`, or else as the client reads.
    fn asked(query: &[u8], headers: &impl Headers) -> Self {
        let first = |name| arguments(query, name).next();
        match first("format").as_deref() {
            _ if first("health").is_some() => Self::Health,
            Some("html") => Self::Html,
            Some("openmetrics") => Self::OpenMetrics,
            Some(_) => Self::Json,
            None if accepts(headers, "application/openmetrics-text") => Self::OpenMetrics,
            None if browser::navigates(headers) => Self::Html,
            None => Self::Json,
        }
    }
}

/// What this worker knows, and what all of them count.
fn status(main: &MainConf) -> Status {
    let now = now();
    for sites in &main.sps {
        sites.first().heed(now);
    }
    let mut status = Status {
        version: VERSION.to_owned(),
        built_for: format!("nginx/{}", NGINX_VERSION.to_string_lossy()),
        now,
        sps: main.sps.iter().map(|sites| sites.first().status(now)).collect(),
        stores: stores(main).iter().map(|store| of_store(store)).collect(),
        metadata: idp::status(),
        ..Status::default()
    };
    if let Some(counters) = counters::current() {
        status.count_events(counters.named());
        status.uncounted = counters.so_far(Counter::Uncounted);
        status.disagreements = counters.so_far(Counter::SecondVerifierDisagreements);
        status.look_ups = look_ups(&counters.look_ups());
    }
    status
}

/// Each once.
fn stores(main: &MainConf) -> Vec<&Rc<Store>> {
    let mut stores: Vec<&Rc<Store>> = Vec::new();
    for sp in main.sps.iter().map(Sites::first) {
        if !stores.iter().any(|known| Rc::ptr_eq(known, &sp.sessions.store)) {
            stores.push(&sp.sessions.store);
        }
    }
    stores
}

fn of_store(store: &Store) -> StoreStatus {
    let level = store.zone.fill_level();
    let node = |(name, is_up): (&str, bool)| NodeStatus { name: name.to_owned(), is_up };
    let nodes = store.remote.as_ref().map(|remote| remote.client().states().map(node).collect());
    StoreStatus {
        name: store.name.clone(),
        sessions: level.sessions,
        claims: level.claims,
        tombstones: level.tombstones,
        bytes: level.blocks * BLOCK,
        used_bytes: level.used_blocks * BLOCK,
        pinned_bytes: level.pinned_blocks * BLOCK,
        evictions: level.evictions,
        nodes: nodes.unwrap_or_default(),
    }
}

fn look_ups(all: &zone::LookUps) -> LookUps {
    let ended = LookUpEnd::ALL.iter().zip(all.ended);
    LookUps {
        ended: ended.map(|(ended, count)| (ended.name().to_owned(), count)).collect(),
        waited: BOUNDS.into_iter().zip(all.waited).collect(),
        waited_longer: all.waited.last().copied().unwrap_or_default(),
        waited_sum: all.waited_sum,
    }
}
