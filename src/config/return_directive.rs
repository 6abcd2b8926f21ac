//! nginx's `return` in a protected location: it answers in the rewrite phase, before any access
//! module is asked.

use std::ffi::{CStr, c_void};

use nginx_sys::{ngx_array_t, ngx_conf_t, ngx_http_script_return_code, ngx_module_t};
use ngx::http::HttpModuleConfExt;

const REWRITE_MODULE: &CStr = c"ngx_http_rewrite_module";

/// Statuses of an answer that is content; nginx takes those below 200, too. Redirects and errors give
/// nothing away.
const CONTENT: std::ops::RangeTo<usize> = ..300;

/// Would a `return` of the location that nginx merges answer with content?
pub fn gives_content(cf: &ngx_conf_t) -> bool {
    // SAFETY: cf is nginx's while it merges locations; the location's codes stay as they are.
    let codes = unsafe { codes(cf).map(|codes| words(codes)).unwrap_or_default() };
    // A `return` is compiled to its function, and its status after it.
    let function = ngx_http_script_return_code as *const c_void as usize;
    codes
        .iter()
        .zip(codes.iter().skip(1))
        .any(|(code, status)| *code == function && CONTENT.contains(status))
}

/// What the rewrite directives of the location were compiled to, those in its `if`s included.
///
/// # Safety
/// nginx merges a location, whose configurations are in `cf`.
unsafe fn codes(cf: &ngx_conf_t) -> Option<&ngx_array_t> {
    // SAFETY: the caller's promise; every module has its pointer in the location, and that of the
    // rewrite module points to a structure which begins with its codes.
    unsafe {
        let module = rewrite_module(cf)?;
        let conf = cf.http_location_conf_unchecked::<*const ngx_array_t>(module)?;
        conf.as_ref().as_ref()
    }
}

/// nginx may be built without it.
///
/// # Safety
/// `cf` is nginx's.
unsafe fn rewrite_module(cf: &ngx_conf_t) -> Option<&ngx_module_t> {
    // SAFETY: the cycle's modules are a null-terminated array, each with its name.
    unsafe {
        let mut place = (*cf.cycle).modules;
        while let Some(module) = (*place).as_ref() {
            if !module.name.is_null() && CStr::from_ptr(module.name) == REWRITE_MODULE {
                return Some(module);
            }
            place = place.add(1);
        }
        None
    }
}

/// # Safety
/// `codes` is the rewrite module's: an array of bytes that holds structures of whole words.
unsafe fn words(codes: &ngx_array_t) -> &[usize] {
    if codes.elts.is_null() {
        return &[];
    }
    let bytes = codes.nelts * codes.size;
    // SAFETY: the array spans so many bytes, allocated by nginx's pool, which aligns to words.
    unsafe { std::slice::from_raw_parts(codes.elts.cast::<usize>(), bytes / size_of::<usize>()) }
}
