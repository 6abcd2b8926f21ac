//! `ngx_http_auth_saml_module`: nginx as a SAML 2.0 Service Provider. This file is the map: the
//! directives, the variables, the phase.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(
    clippy::needless_pass_by_ref_mut,
    reason = "ngx changes what hangs at a shared `ngx_conf_t`; whoever does so here has it alone"
)]

mod access;
mod administration;
mod attribute_variable;
mod audit;
mod board;
mod clock;
mod commit;
mod config;
mod context;
mod core_dump;
mod core_variable;
mod counters;
mod endpoint;
mod entrance;
mod entry;
mod errand;
mod event;
mod event_poll;
mod expiry;
mod forward_auth;
mod guard;
mod idp;
mod limits;
mod module;
mod notice;
mod own_pages;
mod preserved_post;
mod remote_user;
mod request;
mod request_body;
mod request_host;
mod respond;
mod response_header;
mod rewrite_phase;
mod rivals;
mod server_variable;
mod session_ends;
mod sessions;
mod shared_memory;
mod status;
mod store;
mod stories;
mod suspend;
mod upstream_cookies;
mod variables;
mod xmlsec1;

use std::ffi::{c_char, c_void};
use std::ptr;

use nginx_sys::{
    NGINX_VERSION, NGX_ERROR, NGX_HTTP_INTERNAL_SERVER_ERROR, NGX_HTTP_MODULE, NGX_LOG_NOTICE,
    NGX_LOG_WARN, NGX_OK, NGX_PROCESS_HELPER, NGX_PROCESS_WORKER, ngx_array_push, ngx_command_t,
    ngx_conf_t, ngx_cycle_t, ngx_http_handler_pt, ngx_http_module_t, ngx_http_phases,
    ngx_http_phases_NGX_HTTP_ACCESS_PHASE, ngx_http_phases_NGX_HTTP_PREACCESS_PHASE,
    ngx_http_phases_NGX_HTTP_PRECONTENT_PHASE, ngx_http_request_t, ngx_int_t, ngx_module_t,
    ngx_process, ngx_test_config, ngx_uint_t,
};
use ngx::core::{NGX_CONF_ERROR, NGX_CONF_OK};
use ngx::http::{HttpModule, HttpModuleMainConf, NgxHttpCoreModule, Request};
use ngx::ngx_log_error;

use ::sp::VERSION;
use entry::{enter as enter_module, pass};
use guard::guard;
use module::{LocConf, PhaseHandler, SamlModule, is_nothing_of_ours};

static mut COMMANDS: [ngx_command_t; config::COMMANDS] = config::commands(config::Handlers {
    endpoint: endpoint::handle,
    status: status::handle,
    sessions: administration::handle,
    forward_auth: forward_auth::handle,
});

static CONTEXT: ngx_http_module_t = ngx_http_module_t {
    preconfiguration: Some(SamlModule::preconfiguration),
    postconfiguration: Some(SamlModule::postconfiguration),
    create_main_conf: Some(SamlModule::create_main_conf),
    init_main_conf: Some(SamlModule::init_main_conf),
    create_srv_conf: Some(SamlModule::create_srv_conf),
    merge_srv_conf: None,
    create_loc_conf: Some(SamlModule::create_loc_conf),
    merge_loc_conf: Some(merge_loc_conf),
};

#[used]
#[allow(non_upper_case_globals)]
static mut ngx_http_auth_saml_module: ngx_module_t = ngx_module_t {
    ctx: ptr::from_ref(&CONTEXT).cast_mut().cast(),
    commands: (&raw mut COMMANDS).cast(),
    type_: NGX_HTTP_MODULE as ngx_uint_t,
    init_module: Some(init_module),
    init_process: Some(init_process),
    exit_process: Some(exit_process),
    ..ngx_module_t::default()
};

static REWRITE_CONTEXT: ngx_http_module_t = ngx_http_module_t {
    preconfiguration: None,
    postconfiguration: Some(enter_behind_all),
    create_main_conf: None,
    init_main_conf: None,
    create_srv_conf: None,
    merge_srv_conf: None,
    create_loc_conf: None,
    merge_loc_conf: None,
};

/// A second module in another place, behind all: only then has the rewrite module its place in the
/// rewrite phase, and a handler goes before the limits in preaccess.
#[used]
#[allow(non_upper_case_globals)]
static mut ngx_http_auth_saml_rewrite_module: ngx_module_t = ngx_module_t {
    ctx: ptr::from_ref(&REWRITE_CONTEXT).cast_mut().cast(),
    type_: NGX_HTTP_MODULE as ngx_uint_t,
    ..ngx_module_t::default()
};

/// What `load_module` looks for.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals)]
static mut ngx_modules: [*const ngx_module_t; 3] = [
    (&raw const ngx_http_auth_saml_module),
    (&raw const ngx_http_auth_saml_rewrite_module),
    ptr::null(),
];

#[unsafe(no_mangle)]
#[allow(non_upper_case_globals)]
static mut ngx_module_names: [*const c_char; 3] = [
    c"ngx_http_auth_saml_module".as_ptr(),
    c"ngx_http_auth_saml_rewrite_module".as_ptr(),
    ptr::null(),
];

/// Our place among nginx's modules; the second module, not named here, goes behind all. Access
/// handlers run from the last module to the first, so that ours runs after `allow`/`deny` and `auth_basic` (a login redirect must not pre-empt them under
/// `satisfy any`) and before `auth_request` (whose subrequest may want `$saml_…`).
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals)]
static mut ngx_module_order: [*const c_char; 4] = [
    c"ngx_http_auth_saml_module".as_ptr(),
    c"ngx_http_auth_basic_module".as_ptr(),
    c"ngx_http_access_module".as_ptr(),
    ptr::null(),
];

/// The master has taken a configuration: says which code runs it, since a reload keeps the old code.
unsafe extern "C" fn init_module(cycle: *mut ngx_cycle_t) -> ngx_int_t {
    // SAFETY: nginx calls it with the new cycle, in its only thread.
    let (cycle, is_test) = unsafe { (&*cycle, ngx_test_config != 0) };
    guard((), || {
        if let Some(main) = SamlModule::main_conf(cycle) {
            // SAFETY: the cycle has been read and serves nobody yet; its main conf lives as long as it does.
            main.attribute_variables.get_or_init(|| unsafe { variables::prepare(cycle) });
        }
    });
    if !is_test {
        let nginx = NGINX_VERSION.to_string_lossy();
        let commit = commit::commit().map_or_else(String::new, |c| format!(", commit {c}"));
        ngx_log_error!(
            NGX_LOG_NOTICE,
            cycle.log,
            "ngx_http_auth_saml_module/{} (built for nginx/{}{})",
            VERSION,
            nginx,
            commit
        );
        if let Some(main) = SamlModule::main_conf(cycle) {
            core_dump::settle(cycle, main.core_dump());
        }
    }
    NGX_OK as ngx_int_t
}

/// A process begins its work.
unsafe extern "C" fn init_process(cycle: *mut ngx_cycle_t) -> ngx_int_t {
    // SAFETY: nginx calls it with the cycle that the process runs, in its only thread.
    let (cycle, process) = unsafe { (&*cycle, ngx_process) };
    core_dump::hide_own();
    // nginx's own caches have processes that serve nobody.
    if process != NGX_PROCESS_HELPER as ngx_uint_t {
        guard((), || {
            SamlModule::main_conf(cycle).into_iter().for_each(|main| {
                main.counters.into_iter().for_each(counters::begin);
                let (logs, hide) = main.audit();
                audit::begin(logs, hide);
                stories::begin(main.stories);
                idp::start(main);
                event_poll::start(main);
                expiry::start(main);
                session_ends::start(main);
                // A reload of a single process would end the threads that it goes on with.
                let is_worker = process == NGX_PROCESS_WORKER as ngx_uint_t;
                event::begin_threads(main.crypto_threads.filter(|_| is_worker));
            });
        });
    }
    NGX_OK as ngx_int_t
}

/// A process ends, in order.
unsafe extern "C" fn exit_process(_cycle: *mut ngx_cycle_t) {
    guard((), event::end_threads);
}

impl HttpModule for SamlModule {
    fn module() -> &'static ngx_module_t {
        let module = &raw const ngx_http_auth_saml_module;
        // SAFETY: nginx writes the module's indexes before it calls anything of ours.
        unsafe { &*module }
    }

    unsafe extern "C" fn preconfiguration(cf: *mut ngx_conf_t) -> ngx_int_t {
        // SAFETY: nginx calls it with a valid cf.
        let cf = unsafe { &mut *cf };
        guard(NGX_ERROR as ngx_int_t, || {
            own_pages::keep();
            warn_of_old_code(cf);
            add_variables(cf)
        })
    }

    unsafe extern "C" fn postconfiguration(cf: *mut ngx_conf_t) -> ngx_int_t {
        // SAFETY: nginx calls it with a valid cf.
        let cf = unsafe { &mut *cf };
        guard(NGX_ERROR as ngx_int_t, || {
            if config::finish(cf) != NGX_CONF_OK {
                return NGX_ERROR as ngx_int_t;
            }
            enter_phases(cf)
        })
    }

    unsafe extern "C" fn init_main_conf(cf: *mut ngx_conf_t, _conf: *mut c_void) -> *mut c_char {
        // SAFETY: nginx calls it with a valid cf.
        guard(NGX_CONF_ERROR, || config::validate(unsafe { &mut *cf }))
    }
}

unsafe extern "C" fn merge_loc_conf(
    cf: *mut ngx_conf_t,
    prev: *mut c_void,
    conf: *mut c_void,
) -> *mut c_char {
    // SAFETY: nginx passes a valid cf, and two LocConfs that our create_loc_conf made.
    let (cf, prev, conf) =
        unsafe { (&mut *cf, &*prev.cast::<LocConf>(), &mut *conf.cast::<LocConf>()) };
    guard(NGX_CONF_ERROR, || config::merge(cf, prev, conf))
}

fn add_variables(cf: &mut ngx_conf_t) -> ngx_int_t {
    if remote_user::take_over(cf).is_none() || upstream_cookies::prepare(cf).is_none() {
        return NGX_ERROR as ngx_int_t;
    }
    variables::add(cf)
}

fn enter_phases(cf: &mut ngx_conf_t) -> ngx_int_t {
    let satisfies_any = SamlModule::main_conf(cf).is_some_and(|main| main.satisfies_any.get());
    let mut handlers: Vec<(ngx_http_phases, PhaseHandler, Place)> = vec![
        (ngx_http_phases_NGX_HTTP_PREACCESS_PHASE, before_access_handler, Place::Top),
        (ngx_http_phases_NGX_HTTP_ACCESS_PHASE, access_handler, Place::Top),
    ];
    if limits::are_declared(cf) {
        handlers.push((ngx_http_phases_NGX_HTTP_PREACCESS_PHASE, after_limits_handler, Place::Top));
    }
    if satisfies_any {
        handlers.push((ngx_http_phases_NGX_HTTP_ACCESS_PHASE, last_access_handler, Place::Bottom));
    }
    enter(cf, &handlers)
}

/// Where a handler stands in its phase, which nginx asks from the top to the bottom.
#[derive(Clone, Copy)]
enum Place {
    /// Above those of the modules before this one.
    Top,
    Bottom,
}

fn enter(cf: &mut ngx_conf_t, handlers: &[(ngx_http_phases, PhaseHandler, Place)]) -> ngx_int_t {
    let entered = handlers
        .iter()
        .try_for_each(|(phase, handler, place)| enter_phase(cf, *phase, *handler, *place));
    entered.map_or(NGX_ERROR as ngx_int_t, |()| NGX_OK as ngx_int_t)
}

/// Adds a handler to a phase. `None` = out of memory.
fn enter_phase(
    cf: &mut ngx_conf_t,
    phase: ngx_http_phases,
    handler: PhaseHandler,
    place: Place,
) -> Option<()> {
    let core = NgxHttpCoreModule::main_conf_mut(cf)?;
    let handlers = &mut core.phases.get_mut(phase as usize)?.handlers;
    // SAFETY: nginx made the phase's array of handlers before postconfiguration.
    let all = unsafe {
        *ngx_array_push(handlers).cast::<ngx_http_handler_pt>().as_mut()? = Some(handler);
        std::slice::from_raw_parts_mut(handlers.elts.cast::<ngx_http_handler_pt>(), handlers.nelts)
    };
    if let Place::Bottom = place {
        all.rotate_right(1);
    }
    Some(())
}

unsafe extern "C" fn enter_behind_all(cf: *mut ngx_conf_t) -> ngx_int_t {
    // SAFETY: nginx calls it with a valid cf.
    let cf = unsafe { &mut *cf };
    guard(NGX_ERROR as ngx_int_t, || {
        let mut handlers: Vec<(ngx_http_phases, PhaseHandler, Place)> = vec![];
        if limits::are_declared(cf) {
            handlers.push((ngx_http_phases_NGX_HTTP_PREACCESS_PHASE, limits_handler, Place::Top));
        }
        // Requests elsewhere need not pass by for nothing.
        if SamlModule::main_conf(cf).is_some_and(|main| main.returns_content.get()) {
            let rewrite = rewrite_phase::take_place(cf, rewrite_handler);
            match SamlModule::main_conf(cf) {
                Some(main) if rewrite.is_some() => main.rewrite.set(rewrite),
                _ => return NGX_ERROR as ngx_int_t,
            }
            let phase = ngx_http_phases_NGX_HTTP_PRECONTENT_PHASE;
            handlers.push((phase, precontent_handler, Place::Top));
        }
        enter(cf, &handlers)
    })
}

unsafe extern "C" fn limits_handler(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls phase handlers with a live request.
    let r = unsafe { Request::from_ngx_http_request(r) };
    enter_module(NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t, || limits::begin(r))
}

unsafe extern "C" fn after_limits_handler(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls phase handlers with a live request.
    let r = unsafe { Request::from_ngx_http_request(r) };
    enter_module(NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t, || limits::end(r))
}

unsafe extern "C" fn before_access_handler(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls phase handlers with a live request.
    unsafe { pass(r, access::has_nothing_to_prepare, access::prepare) }
}

unsafe extern "C" fn access_handler(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls phase handlers with a live request.
    unsafe { pass(r, is_nothing_of_ours, access::handle) }
}

unsafe extern "C" fn last_access_handler(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls phase handlers with a live request.
    let r = unsafe { Request::from_ngx_http_request(r) };
    enter_module(NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t, || access::handle_last(r))
}

unsafe extern "C" fn rewrite_handler(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls phase handlers with a live request.
    let r = unsafe { Request::from_ngx_http_request(r) };
    enter_module(NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t, || rewrite_phase::enter(r))
}

unsafe extern "C" fn precontent_handler(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls phase handlers with a live request.
    let r = unsafe { Request::from_ngx_http_request(r) };
    enter_module(NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t, || rewrite_phase::resume(r))
}

/// A reload reads the configuration with the code that is loaded, whatever has its name by now.
fn warn_of_old_code(cf: &ngx_conf_t) {
    if let own_pages::State::Replaced(path) = own_pages::state_of_file() {
        ngx_log_error!(
            NGX_LOG_WARN,
            cf.log,
            "saml: {} has changed since nginx was started, and nginx goes on with the code of then; \
             restart it to run the new one",
            path.display()
        );
    }
}
