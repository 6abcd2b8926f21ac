//! `ngx_http_auth_saml_module`: nginx as a SAML 2.0 Service Provider. This file is the map: the
//! directives, the variables, the phase.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod access;
mod config;
mod context;
mod endpoint;
mod event;
mod guard;
mod live_session;
mod login;
mod name_id;
mod notice;
mod page;
mod random;
mod refuse;
mod reply;
mod request;
mod response_header;
mod store;
mod suspend;
mod variables;

use std::ffi::{c_char, c_void};
use std::ptr;

use nginx_sys::{
    NGX_CONF_1MORE, NGX_CONF_BLOCK, NGX_CONF_TAKE1, NGX_CONF_TAKE12, NGX_ERROR,
    NGX_HTTP_INTERNAL_SERVER_ERROR, NGX_HTTP_LMT_CONF, NGX_HTTP_LOC_CONF, NGX_HTTP_LOC_CONF_OFFSET,
    NGX_HTTP_MAIN_CONF, NGX_HTTP_MAIN_CONF_OFFSET, NGX_HTTP_MODULE, NGX_HTTP_SRV_CONF, NGX_OK,
    ngx_array_push, ngx_command_t, ngx_conf_t, ngx_http_handler_pt, ngx_http_module_t,
    ngx_http_phases, ngx_http_phases_NGX_HTTP_ACCESS_PHASE,
    ngx_http_phases_NGX_HTTP_PREACCESS_PHASE, ngx_http_request_t, ngx_int_t, ngx_module_t,
    ngx_str_t, ngx_uint_t,
};
use ngx::core::NGX_CONF_ERROR;
use ngx::http::{
    HttpModule, HttpModuleLocationConf, HttpModuleMainConf, NgxHttpCoreModule, Request,
};
use ngx::ngx_string;

use config::{LocConf, MainConf};
use guard::guard;

/// The module, as ngx's traits want it.
struct SamlModule;

/// Where a location directive may stand.
const ANY_LEVEL: u32 =
    NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_HTTP_LMT_CONF;

static mut COMMANDS: [ngx_command_t; 15] = [
    block(ngx_string!("saml_session_store")),
    block(ngx_string!("saml_idp")),
    block(ngx_string!("saml_sp")),
    location(ngx_string!("auth_saml"), ANY_LEVEL | NGX_CONF_TAKE12),
    location(ngx_string!("auth_saml_mode"), ANY_LEVEL | NGX_CONF_TAKE1),
    location(ngx_string!("auth_saml_unauthenticated"), ANY_LEVEL | NGX_CONF_TAKE1),
    location(ngx_string!("auth_saml_force_authn"), ANY_LEVEL | NGX_CONF_TAKE1),
    location(ngx_string!("auth_saml_authn_context"), ANY_LEVEL | NGX_CONF_1MORE),
    location(ngx_string!("auth_saml_cache_control"), ANY_LEVEL | NGX_CONF_TAKE1),
    location(ngx_string!("saml_acs"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1),
    location(ngx_string!("saml_sls"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1),
    location(ngx_string!("saml_login"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1),
    location(ngx_string!("saml_logout"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1),
    location(ngx_string!("saml_metadata"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1),
    ngx_command_t::empty(),
];

const fn block(name: ngx_str_t) -> ngx_command_t {
    ngx_command_t {
        name,
        type_: (NGX_HTTP_MAIN_CONF | NGX_CONF_BLOCK | NGX_CONF_TAKE1) as ngx_uint_t,
        set: Some(config::set_block),
        conf: NGX_HTTP_MAIN_CONF_OFFSET,
        offset: 0,
        post: ptr::null_mut(),
    }
}

const fn location(name: ngx_str_t, levels_and_arity: u32) -> ngx_command_t {
    ngx_command_t {
        name,
        type_: levels_and_arity as ngx_uint_t,
        set: Some(config::set_location),
        conf: NGX_HTTP_LOC_CONF_OFFSET,
        offset: 0,
        post: ptr::null_mut(),
    }
}

static CONTEXT: ngx_http_module_t = ngx_http_module_t {
    preconfiguration: Some(SamlModule::preconfiguration),
    postconfiguration: Some(SamlModule::postconfiguration),
    create_main_conf: Some(SamlModule::create_main_conf),
    init_main_conf: Some(SamlModule::init_main_conf),
    create_srv_conf: None,
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
    ..ngx_module_t::default()
};

/// What `load_module` looks for.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals)]
static mut ngx_modules: [*const ngx_module_t; 2] =
    [(&raw const ngx_http_auth_saml_module), ptr::null()];

#[unsafe(no_mangle)]
#[allow(non_upper_case_globals)]
static mut ngx_module_names: [*const c_char; 2] =
    [c"ngx_http_auth_saml_module".as_ptr(), ptr::null()];

/// Our place among nginx's modules. Access handlers run from the last module to the first, so that
/// ours runs after `allow`/`deny` and `auth_basic` (a login redirect must not pre-empt them under
/// `satisfy any`) and before `auth_request` (whose subrequest may want `$saml_…`).
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals)]
static mut ngx_module_order: [*const c_char; 4] = [
    c"ngx_http_auth_saml_module".as_ptr(),
    c"ngx_http_auth_basic_module".as_ptr(),
    c"ngx_http_access_module".as_ptr(),
    ptr::null(),
];

impl HttpModule for SamlModule {
    fn module() -> &'static ngx_module_t {
        let module = &raw const ngx_http_auth_saml_module;
        // SAFETY: nginx writes the module's indexes before it calls anything of ours.
        unsafe { &*module }
    }

    unsafe extern "C" fn preconfiguration(cf: *mut ngx_conf_t) -> ngx_int_t {
        // SAFETY: nginx calls it with a valid cf.
        guard(NGX_ERROR as ngx_int_t, || variables::add(unsafe { &mut *cf }))
    }

    unsafe extern "C" fn postconfiguration(cf: *mut ngx_conf_t) -> ngx_int_t {
        // SAFETY: nginx calls it with a valid cf.
        guard(NGX_ERROR as ngx_int_t, || enter_phases(unsafe { &mut *cf }))
    }

    unsafe extern "C" fn init_main_conf(cf: *mut ngx_conf_t, _conf: *mut c_void) -> *mut c_char {
        // SAFETY: nginx calls it with a valid cf.
        guard(NGX_CONF_ERROR, || MainConf::validate(unsafe { &mut *cf }))
    }
}

// SAFETY: create_main_conf makes a MainConf.
unsafe impl HttpModuleMainConf for SamlModule {
    type MainConf = MainConf;
}

// SAFETY: create_loc_conf makes a LocConf.
unsafe impl HttpModuleLocationConf for SamlModule {
    type LocationConf = LocConf;
}

unsafe extern "C" fn merge_loc_conf(
    cf: *mut ngx_conf_t,
    prev: *mut c_void,
    conf: *mut c_void,
) -> *mut c_char {
    // SAFETY: nginx passes a valid cf, and two LocConfs that our create_loc_conf made.
    let (cf, prev, conf) =
        unsafe { (&mut *cf, &*prev.cast::<LocConf>(), &mut *conf.cast::<LocConf>()) };
    guard(NGX_CONF_ERROR, || LocConf::merge(cf, prev, conf))
}

fn enter_phases(cf: &mut ngx_conf_t) -> ngx_int_t {
    let Some(core) = NgxHttpCoreModule::main_conf_mut(cf) else { return NGX_ERROR as ngx_int_t };
    let handlers: [(ngx_http_phases, PhaseHandler); 2] = [
        (ngx_http_phases_NGX_HTTP_PREACCESS_PHASE, subrequest_handler),
        (ngx_http_phases_NGX_HTTP_ACCESS_PHASE, access_handler),
    ];
    for (phase, handler) in handlers {
        let Some(phase) = core.phases.get_mut(phase as usize) else {
            return NGX_ERROR as ngx_int_t;
        };
        // SAFETY: nginx made the phase's array of handlers before postconfiguration.
        let slot =
            unsafe { ngx_array_push(&mut phase.handlers).cast::<ngx_http_handler_pt>().as_mut() };
        let Some(slot) = slot else { return NGX_ERROR as ngx_int_t };
        *slot = Some(handler);
    }
    NGX_OK as ngx_int_t
}

type PhaseHandler = unsafe extern "C" fn(*mut ngx_http_request_t) -> ngx_int_t;

unsafe extern "C" fn subrequest_handler(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls phase handlers with a live request.
    let r = unsafe { Request::from_ngx_http_request(r) };
    guard(NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t, || access::handle_subrequest(r))
}

unsafe extern "C" fn access_handler(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls phase handlers with a live request.
    let r = unsafe { Request::from_ngx_http_request(r) };
    guard(NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t, || access::handle(r))
}

/// What marks our shared-memory zones as ours.
fn zone_tag() -> *mut c_void {
    (&raw mut ngx_http_auth_saml_module).cast()
}
