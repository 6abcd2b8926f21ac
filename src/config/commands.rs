//! The module's directives as nginx knows them: its table is made from the tables of `crates/settings` and
//! the endpoints of `crates/sp` while this compiles.

#![expect(clippy::indexing_slicing, reason = "a row too many does not compile")]

use std::ffi::c_void;
use std::ptr;

use nginx_sys::{
    NGX_CONF_1MORE, NGX_CONF_ANY, NGX_CONF_BLOCK, NGX_CONF_NOARGS, NGX_CONF_TAKE1, NGX_CONF_TAKE12,
    NGX_HTTP_LMT_CONF, NGX_HTTP_LOC_CONF, NGX_HTTP_LOC_CONF_OFFSET, NGX_HTTP_MAIN_CONF,
    NGX_HTTP_MAIN_CONF_OFFSET, NGX_HTTP_SRV_CONF, ngx_command_t, ngx_str_t, ngx_uint_t,
};
use settings::{
    Arity, Block, FORWARD_AUTH, OperatorPage, RawHandler, RawHttp, RawIdp, RawLocation, RawSp,
    RawStore,
};
use sp::EndpointKind;

use super::{set_block, set_http, set_location};
use crate::module::PhaseHandler;

/// Where a location directive may stand.
const ANY_LEVEL: u32 =
    NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_HTTP_LMT_CONF;

const BLOCKS: usize = 3;
const LOCATIONS_FROM: usize = BLOCKS + RawHttp::DIRECTIVES.len();
const ENDPOINTS_FROM: usize = LOCATIONS_FROM + RawLocation::DIRECTIVES.len();
const OPERATORS_FROM: usize = ENDPOINTS_FROM + EndpointKind::ALL.len();

const FORWARD_AUTH_AT: usize = OPERATORS_FROM + OperatorPage::ALL.len();

/// How many rows there are, the empty one at the end included.
pub const COMMANDS: usize = FORWARD_AUTH_AT + 2;

/// The content handlers, which nginx hands back to the setter in the command's `post`.
#[derive(Clone, Copy)]
pub struct Handlers {
    /// Of all endpoints.
    pub endpoint: PhaseHandler,
    /// Of `saml_status`.
    pub status: PhaseHandler,
    /// Of `saml_sessions`.
    pub sessions: PhaseHandler,
    /// Of `saml_auth`.
    pub forward_auth: PhaseHandler,
}

/// The module's table.
pub const fn commands(handlers: Handlers) -> [ngx_command_t; COMMANDS] {
    let mut commands = [ngx_command_t::empty(); COMMANDS];
    let mut row = 0;
    while row < COMMANDS - 1 {
        let name = ngx_str_t { len: name(row).len(), data: NAMES[row].as_ptr().cast_mut() };
        commands[row] = ngx_command_t { name, ..command(row, handlers) };
        row += 1;
    }
    commands
}

const fn command(row: usize, handlers: Handlers) -> ngx_command_t {
    match row {
        0 => block::<RawStore>(),
        1 => block::<RawIdp>(),
        2 => block::<RawSp>(),
        BLOCKS..LOCATIONS_FROM => http(RawHttp::DIRECTIVES[row - BLOCKS].arity),
        LOCATIONS_FROM..ENDPOINTS_FROM => {
            let directive = &RawLocation::DIRECTIVES[row - LOCATIONS_FROM];
            location(ANY_LEVEL, directive.arity, ptr::null_mut())
        }
        ENDPOINTS_FROM..OPERATORS_FROM => {
            let kind = EndpointKind::ALL[row - ENDPOINTS_FROM];
            let handler = handlers.endpoint as *mut c_void;
            location(NGX_HTTP_LOC_CONF, RawHandler::arity(kind), handler)
        }
        FORWARD_AUTH_AT => {
            let takes = Arity { min: 0, max: usize::MAX };
            location(NGX_HTTP_LOC_CONF, takes, handlers.forward_auth as *mut c_void)
        }
        _ => {
            let handler = match OperatorPage::ALL[row - OPERATORS_FROM] {
                OperatorPage::Status => handlers.status,
                OperatorPage::Sessions => handlers.sessions,
            };
            location(NGX_HTTP_LOC_CONF, Arity::NONE, handler as *mut c_void)
        }
    }
}

const fn name(row: usize) -> &'static str {
    match row {
        0 => RawStore::KIND,
        1 => RawIdp::KIND,
        2 => RawSp::KIND,
        BLOCKS..LOCATIONS_FROM => RawHttp::DIRECTIVES[row - BLOCKS].name,
        LOCATIONS_FROM..ENDPOINTS_FROM => RawLocation::DIRECTIVES[row - LOCATIONS_FROM].name,
        ENDPOINTS_FROM..OPERATORS_FROM => EndpointKind::ALL[row - ENDPOINTS_FROM].directive(),
        FORWARD_AUTH_AT => FORWARD_AUTH,
        _ => OperatorPage::ALL[row - OPERATORS_FROM].directive(),
    }
}

const fn block<B: Block>() -> ngx_command_t {
    ngx_command_t {
        type_: (NGX_HTTP_MAIN_CONF | NGX_CONF_BLOCK | NGX_CONF_TAKE1) as ngx_uint_t,
        set: Some(set_block::<B>),
        conf: NGX_HTTP_MAIN_CONF_OFFSET,
        ..ngx_command_t::empty()
    }
}

const fn http(takes: Arity) -> ngx_command_t {
    ngx_command_t {
        type_: (NGX_HTTP_MAIN_CONF | arity(takes)) as ngx_uint_t,
        set: Some(set_http),
        conf: NGX_HTTP_MAIN_CONF_OFFSET,
        ..ngx_command_t::empty()
    }
}

const fn location(levels: u32, takes: Arity, post: *mut c_void) -> ngx_command_t {
    ngx_command_t {
        type_: (levels | arity(takes)) as ngx_uint_t,
        set: Some(set_location),
        conf: NGX_HTTP_LOC_CONF_OFFSET,
        post,
        ..ngx_command_t::empty()
    }
}

/// As nginx counts arguments: where it has no name for a number, `crates/settings` counts alone.
const fn arity(arity: Arity) -> u32 {
    match (arity.min, arity.max) {
        (0, 0) => NGX_CONF_NOARGS,
        (1, 1) => NGX_CONF_TAKE1,
        (1, 2) => NGX_CONF_TAKE12,
        (0, _) => NGX_CONF_ANY,
        _ => NGX_CONF_1MORE,
    }
}

/// Bytes of the longest name, and the zero that nginx wants behind each.
const LONGEST: usize = 32;

static NAMES: [[u8; LONGEST]; COMMANDS] = {
    let mut names = [[0; LONGEST]; COMMANDS];
    let mut row = 0;
    while row < COMMANDS - 1 {
        let name = name(row).as_bytes();
        assert!(name.len() < LONGEST, "make LONGEST larger");
        let mut byte = 0;
        while byte < name.len() {
            names[row][byte] = name[byte];
            byte += 1;
        }
        row += 1;
    }
    names
};
