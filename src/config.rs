//! From nginx's directives to what requests run on: raw lines are collected while nginx reads, then made
//! into SPs by `crates/settings` in one go, so that every mistake shows at `nginx -t`. Here stands what
//! must know nginx.

mod audit_log;
mod block;
mod commands;
mod error_page;
mod host;
mod metadata_cache;
mod resource;
mod return_directive;
mod server;
mod store;

use std::ffi::{c_char, c_void};
use std::path::PathBuf;
use std::rc::Rc;
use std::{mem, ptr};

use nginx_sys::{
    NGX_HTTP_SATISFY_ANY, NGX_LOG_EMERG, NGX_LOG_WARN, ngx_command_t, ngx_conf_t,
    ngx_http_core_loc_conf_t, ngx_http_handler_pt,
};
use ngx::core::{NGX_CONF_ERROR, NGX_CONF_OK};
use ngx::http::{HttpModuleLocationConf, HttpModuleMainConf, NgxHttpCoreModule};
use ngx::ngx_log_error;
use settings::{
    Block, Built, ConfigError, FORWARD_AUTH, Files, Given, MetadataSource, OperatorPage, Place,
    RawEndpoint, RawHandler, RawLocation, SourcePlace, Warnings, check_rule, location,
};
use sp::{Preflight, WantedIdp};

pub use self::commands::{COMMANDS, Handlers, commands};
use self::host::Nginx;
use crate::board::{BoardZone, SLOTS};
use crate::clock::now;
use crate::counters::Counters;
use crate::event::{ThreadPool, give_memory_back};
use crate::module::{LocConf, Location, MainConf, SamlModule};
use crate::server_variable;
use crate::store::Posts;
use crate::stories;

/// Setter of a named block.
extern "C" fn set_block<B: Block>(
    cf: *mut ngx_conf_t,
    _cmd: *mut ngx_command_t,
    _conf: *mut c_void,
) -> *mut c_char {
    // SAFETY: nginx calls setters with a valid cf that nobody else holds.
    read_block::<B>(unsafe { &mut *cf })
}

fn read_block<B: Block>(cf: &mut ngx_conf_t) -> *mut c_char {
    let name = match block::words(cf).as_deref() {
        Ok([_, name]) => (*name).to_owned(),
        Ok(_) => return block::refuse(cf, "a SAML block takes one name"),
        Err(message) => return block::refuse(cf, &message.clone()),
    };
    let place = block::place(cf);
    let Some(main) = SamlModule::main_conf_mut(cf) else { return NGX_CONF_ERROR };
    let mut raw = match main.blocks.begin::<B>(&name, place) {
        Ok(raw) => raw,
        Err(message) => return block::refuse(cf, &message),
    };
    let outcome = block::parse(cf, &mut raw);
    if outcome != NGX_CONF_OK {
        return outcome;
    }
    let Some(main) = SamlModule::main_conf_mut(cf) else { return NGX_CONF_ERROR };
    main.blocks.add(raw);
    NGX_CONF_OK
}

/// Setter of every directive of `http` itself.
extern "C" fn set_http(
    cf: *mut ngx_conf_t,
    _cmd: *mut ngx_command_t,
    _conf: *mut c_void,
) -> *mut c_char {
    // SAFETY: nginx calls setters with a valid cf that nobody else holds.
    let cf = unsafe { &mut *cf };
    match apply_http(cf) {
        Ok(()) => NGX_CONF_OK,
        Err(message) => block::refuse(cf, &message),
    }
}

fn apply_http(cf: &mut ngx_conf_t) -> Result<(), String> {
    let main = SamlModule::main_conf_mut(cf).ok_or("no http block")?;
    main.blocks.http.apply(&block::line(cf)?)?;
    let pool = main.blocks.http.crypto_threads.as_ref().and_then(|given| given.value.clone());
    let (opened, logs) = (main.audit_logs.len(), &main.blocks.http.audit_logs);
    let new = logs.get(opened).map(|given| given.value.clone());
    if let Some(raw) = new {
        let others = main.audit_logs.clone();
        let log = audit_log::open(cf, &raw, &others)?;
        SamlModule::main_conf_mut(cf).ok_or("no http block")?.audit_logs.push(log);
    }
    if let Some(name) = pool {
        let pool = ThreadPool::named(cf, &name).map_err(|why| {
            format!("\"saml_crypto_threads\" needs threads: {why}; say \"saml_crypto_threads off\"")
        })?;
        SamlModule::main_conf_mut(cf).ok_or("no http block")?.crypto_threads = Some(pool);
    }
    Ok(())
}

/// Setter of every location directive.
extern "C" fn set_location(
    cf: *mut ngx_conf_t,
    cmd: *mut ngx_command_t,
    conf: *mut c_void,
) -> *mut c_char {
    // SAFETY: nginx calls setters with a valid cf and the command of the table, and with the LocConf
    // that our create_loc_conf made for this level. A command of an endpoint has its content handler.
    let (cf, conf, handler) = unsafe {
        let handler = mem::transmute::<*mut c_void, ngx_http_handler_pt>((*cmd).post);
        (&mut *cf, &mut *conf.cast::<LocConf>(), handler)
    };
    match apply_location(cf, conf, handler) {
        Ok(()) => NGX_CONF_OK,
        Err(message) => block::refuse(cf, &message),
    }
}

fn apply_location(
    cf: &mut ngx_conf_t,
    conf: &mut LocConf,
    handler: ngx_http_handler_pt,
) -> Result<(), String> {
    conf.raw.apply(&block::line(cf)?)?;
    if let Some(Given { value: Some(size), .. }) = conf.raw.preserve_post {
        let main = SamlModule::main_conf_mut(cf).ok_or("no http block")?;
        main.largest_post = main.largest_post.max(size);
    }
    if conf.raw.debug.as_ref().is_some_and(|given| given.value.is_on()) {
        SamlModule::main_conf_mut(cf).ok_or("no http block")?.records = true;
    }
    if conf.raw.operator_page.as_ref().is_some_and(|given| given.value == OperatorPage::Status) {
        SamlModule::main_conf_mut(cf).ok_or("no http block")?.shows_status = true;
    }
    if handler.is_none() {
        return Ok(());
    }
    conf.content_handler = handler;
    if let Some(given) = &conf.raw.operator_page {
        return handle(cf, given.value.directive(), handler).map(|_| ());
    }
    if conf.raw.forward_auth.is_some() {
        return handle(cf, FORWARD_AUTH, handler).map(|_| ());
    }
    match &conf.raw.endpoint {
        Some(given) => register_endpoint(cf, given.value.clone(), given.place.clone(), handler),
        None => Ok(()),
    }
}

/// Makes the location that of a handler.
fn handle<'c>(
    cf: &'c mut ngx_conf_t,
    directive: &str,
    handler: ngx_http_handler_pt,
) -> Result<&'c mut ngx_http_core_loc_conf_t, String> {
    let core: &mut ngx_http_core_loc_conf_t =
        NgxHttpCoreModule::location_conf_mut(cf).ok_or("no location to handle")?;
    if core.handler.is_some() {
        return Err(format!(
            "\"{directive}\" in a location that has another handler already; give SAML its own location"
        ));
    }
    core.handler = handler;
    Ok(core)
}

/// Makes the location that of an endpoint, and remembers its path for metadata and requests.
fn register_endpoint(
    cf: &mut ngx_conf_t,
    raw: RawHandler,
    place: Place,
    handler: ngx_http_handler_pt,
) -> Result<(), String> {
    let RawHandler { kind, sp, query } = raw;
    let core = handle(cf, kind.directive(), handler)?;
    let path = core.name.to_str().map_err(|_| "the location's name is not UTF-8")?.to_owned();
    let exact = core.exact_match() != 0;
    let main = SamlModule::main_conf_mut(cf).ok_or("no http block")?;
    main.blocks.endpoints.push(RawEndpoint { kind, sp, path, query, exact, place });
    Ok(())
}

/// Makes the SPs, once all of `http` has been read.
pub fn validate(cf: &mut ngx_conf_t) -> *mut c_char {
    let Some(main) = SamlModule::main_conf_mut(cf) else { return NGX_CONF_ERROR };
    let outcome = audit_log::formats(cf, &main.blocks.http, &mut main.audit_logs);
    if outcome.is_err() {
        return report(cf, outcome);
    }
    // Nobody has asked for anything, shared memory neither.
    if main.blocks.is_empty() {
        return NGX_CONF_OK;
    }
    let Ok(counters) = Counters::request(cf, store::zone_tag()) else { return NGX_CONF_ERROR };
    let files = Files { conf_prefix: conf_prefix(cf) };
    let mut warnings = Warnings::default();
    let posts = match posts(cf, main.largest_post) {
        Ok(posts) => posts,
        Err(error) => return report(cf, Err(error)),
    };
    if main.records {
        match stories::declare(cf, store::zone_tag()) {
            Ok(stories) => main.stories = Some(stories),
            Err(error) => {
                let why = format!("the zone of \"saml_debug\": {error}");
                return report(cf, Err(ConfigError::new(&Place::default(), why)));
            }
        }
    }
    let mut host = Nginx { cf, counters, posts };
    let outcome = main.blocks.build(&mut host, &files, now(), &mut warnings);
    say(cf, &warnings);
    let outcome = outcome.and_then(|Built { sps, sources, octets }| {
        give_memory_back(octets);
        main.sps = sps;
        main.counters = Some(counters);
        main.sources = sources.into_iter().map(Rc::new).collect();
        board(cf, main)
    });
    report(cf, outcome)
}

/// Where forms wait for logins, when some location keeps them, of `largest` bytes at most.
fn posts(cf: *mut ngx_conf_t, largest: usize) -> Result<Option<Posts>, ConfigError> {
    let posts = (largest > 0).then(|| Posts::request(cf, largest, store::zone_tag()));
    posts.transpose().map_err(|e| {
        ConfigError::new(&Place::default(), format!("the zone of \"auth_saml_preserve_post\": {e}"))
    })
}

/// Workers tell each other of what one of them fetches.
fn board(cf: *mut ngx_conf_t, main: &mut MainConf) -> Result<(), ConfigError> {
    let is_url = |source: &MetadataSource<_>| matches!(source.place, SourcePlace::Url { .. });
    let polled = main.blocks.idps.iter().filter(|idp| idp.events_poll.is_some()).count();
    let count = main.sources.iter().filter(|source| is_url(source)).count() + polled;
    let refuse = |why: String| Err(ConfigError::new(&Place::default(), why));
    if count > SLOTS {
        return refuse(format!(
            "{count} URLs stand in \"metadata\", \"events_jwks\" and \"events_poll\", and {SLOTS} is the most: \
             name one aggregate, or files"
        ));
    }
    if count > 0 {
        main.board = BoardZone::request(cf, store::zone_tag()).ok();
        if main.board.is_none() {
            return refuse("nginx cannot declare the zone of metadata".to_owned());
        }
    }
    Ok(())
}

/// Looks at all of it together, once every level is merged, and settles which servers get whose cookies.
pub fn finish(cf: &ngx_conf_t) -> *mut c_char {
    let Some(main) = SamlModule::main_conf(cf) else { return NGX_CONF_OK };
    let mut warnings = Warnings::default();
    server::check(cf, main, &mut warnings);
    say(cf, &warnings);
    report(cf, audit_log::check(&main.blocks.http, &main.audit_logs))
}

/// nginx's merge of one level with the level above.
pub fn merge(cf: &mut ngx_conf_t, above: &LocConf, conf: &mut LocConf) -> *mut c_char {
    let own_rule = conf.raw.own_rule();
    conf.raw.complete();
    conf.raw.inherit(&above.raw);
    if let Err(error) = inherit_endpoint(cf, above, conf) {
        return report(cf, Err(error));
    }
    let Some(main) = SamlModule::main_conf(cf) else { return NGX_CONF_ERROR };
    let mut index = |name: &str| server_variable::announce(cf, name);
    let outcome = location(&conf.raw, &main.sps, &mut index).and_then(|location| {
        // What stands in a server is for those of its locations that have an SP.
        if !server::is_merged(cf) {
            check_rule(own_rule, &location)?;
        }
        expect_variable(cf, conf, &location)?;
        error_page::check(cf, &conf.raw)?;
        server::note(cf, &conf.raw, &location);
        warn_of_debug(cf, main, &conf.raw);
        conf.location = location;
        look_around(cf, main, conf);
        Ok(())
    });
    report(cf, outcome)
}

/// nginx must know the variable that says whose users a location wants.
fn expect_variable(
    cf: &mut ngx_conf_t,
    conf: &LocConf,
    location: &Location,
) -> Result<(), ConfigError> {
    let (Some(given), Some(sites)) = (&conf.raw.auth, &location.protection) else {
        return Ok(());
    };
    let WantedIdp::OfVariable(name) = &sites.first().idp else { return Ok(()) };
    server_variable::announce(cf, name).map(|_| ()).map_err(|why| {
        ConfigError::new(&given.place, format!("\"auth_saml\" \"idp=${name}\": {why}"))
    })
}

/// An `if` or `limit_except` inside a handler's location is still that handler. Whoever else
/// wants to answer there would answer unprotected.
fn inherit_endpoint(
    cf: &mut ngx_conf_t,
    above: &LocConf,
    conf: &mut LocConf,
) -> Result<(), ConfigError> {
    let Some(core) = NgxHttpCoreModule::location_conf_mut(cf) else { return Ok(()) };
    if core.noname() != 0 && conf.content_handler.is_none() {
        conf.raw.endpoint.clone_from(&above.raw.endpoint);
        conf.raw.operator_page.clone_from(&above.raw.operator_page);
        conf.raw.forward_auth.clone_from(&above.raw.forward_auth);
        conf.content_handler = above.content_handler;
    }
    let (Some(ours), Some((place, directive))) = (conf.content_handler, conf.raw.handler()) else {
        return Ok(());
    };
    // nginx asks a limit_except for its own handler, and serves files when there is none.
    let core_handler = core.handler.get_or_insert(ours);
    if ptr::fn_addr_eq(*core_handler, ours) {
        return Ok(());
    }
    Err(ConfigError::new(
        place,
        format!(
            "the location of \"{directive}\" has another handler too (proxy_pass or the like); give SAML \
             its own location"
        ),
    ))
}

/// Nobody shall forget that people are recorded.
fn warn_of_debug(cf: &ngx_conf_t, main: &MainConf, raw: &RawLocation) {
    let Some(Given { value: scope, place }) = &raw.debug else { return };
    if !scope.is_on() {
        return;
    }
    let message = "\"saml_debug\" shows administrators all that messages say of those whose logins it records; \
                   take it away when you know what is wrong";
    warn(cf, main, place, message);
    if !main.shows_status {
        let message = "\"saml_debug\" is of no use without a location that has \"saml_status\", where \
                       stories are shown; add one, protected by \"auth_saml\" or \"auth_basic\"";
        warn(cf, main, place, message);
    }
}

/// What nginx's own directives mean for a protected location.
fn look_around(cf: &ngx_conf_t, main: &MainConf, conf: &mut LocConf) {
    let Some(given) = &conf.raw.auth else { return };
    let Some(core) = NgxHttpCoreModule::location_conf(cf) else { return };
    if conf.location.protection.is_none() || conf.location.endpoint.is_some() {
        return;
    }
    if core.satisfy == NGX_HTTP_SATISFY_ANY as usize {
        main.satisfies_any.set(true);
    }
    if let Some(Given { value: Preflight::Pass, place }) = &conf.raw.preflight {
        warn(
            cf,
            main,
            place,
            "\"auth_saml_preflight pass\" lets OPTIONS requests of anybody reach the \
             application, which must answer them by their method alone; \
             \"auth_saml_preflight answer\" keeps them away from it",
        );
    }
    if return_directive::gives_content(cf) {
        // The rewrite phase of a server has no location, and no access phase follows.
        if server::is_merged(cf) {
            warn(
                cf,
                main,
                &given.place,
                "a \"return\" of the server answers before \"auth_saml\" is asked; put it into \
                 a location to protect it",
            );
        } else {
            conf.location.returns_content = true;
            main.returns_content.set(true);
        }
    }
}

/// Says once what is said of many locations.
fn warn(cf: &ngx_conf_t, main: &MainConf, place: &Place, message: &str) {
    if main.warnings.borrow_mut().add_new(place, message.to_owned()) {
        ngx_log_error!(NGX_LOG_WARN, cf.log, "{} in {}", message, place);
    }
}

fn say(cf: &ngx_conf_t, warnings: &Warnings) {
    for (place, message) in warnings.iter() {
        ngx_log_error!(NGX_LOG_WARN, cf.log, "{} in {}", message, place);
    }
}

fn report(cf: &ngx_conf_t, outcome: Result<(), ConfigError>) -> *mut c_char {
    match outcome {
        Ok(()) => NGX_CONF_OK,
        Err(error) => {
            ngx_log_error!(NGX_LOG_EMERG, cf.log, "{}", error);
            NGX_CONF_ERROR
        }
    }
}

fn conf_prefix(cf: &ngx_conf_t) -> PathBuf {
    // SAFETY: cf.cycle is the cycle being configured; its conf_prefix is set before parsing.
    PathBuf::from(unsafe { (*cf.cycle).conf_prefix }.to_string())
}
