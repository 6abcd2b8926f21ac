//! nginx's variables, whosever they are, by their names.

use std::{mem, ptr};

use nginx_sys::{
    NGX_HTTP_VAR_WEAK, NGX_OK, ngx_conf_t, ngx_hash_key, ngx_http_get_flushed_variable,
    ngx_http_get_variable, ngx_http_get_variable_index, ngx_http_variable_t,
    ngx_http_variable_value_t, ngx_int_t, ngx_str_t,
};
use ngx::http::{HttpModuleMainConf, NgxHttpCoreModule, Request};

/// Says that the variable `name`, without its `$`, is going to be asked for: nginx does not start when
/// nothing defines it. Gives the number by which nginx knows it.
///
/// # Errors
/// It cannot be a variable, or nginx has no memory left.
pub fn announce(cf: *mut ngx_conf_t, name: &str) -> Result<usize, String> {
    let mut text = borrowed(name);
    // SAFETY: cf is nginx's while it reads its configuration; nginx copies the name.
    let index = unsafe { ngx_http_get_variable_index(cf, &raw mut text) };
    // The error is below zero.
    usize::try_from(index).map_err(|_| "that is no variable".into())
}

/// Has the variable of this number, as [`announce`] gives it, a value at `r` that is not empty and not `0`? What
/// nginx remembers of it, from before a session was known or from another location, is not enough: it is
/// worked out again, but for what only `set` makes.
pub fn holds(r: &Request, index: usize) -> bool {
    let request = ptr::from_ref(r.as_ref()).cast_mut();
    // SAFETY: r is live, and nginx keeps a value for each variable that has a number.
    let is_remembered = unsafe { (*request).variables.add(index).as_ref() }
        .is_some_and(|known| known.valid() != 0 && known.no_cacheable() == 0);
    // SAFETY: as above; what nginx finds lies in the request's pool.
    let found = unsafe { ngx_http_get_flushed_variable(request, index).as_ref() };
    found.is_some_and(is_true) && (!is_remembered || holds_anew(r, index))
}

/// A variable without a value of its own, as those of `auth_request_set`, is what was remembered.
fn holds_anew(r: &Request, index: usize) -> bool {
    let Some(variable) = numbered(r, index) else { return false };
    let Some(get) = variable.get_handler else { return true };
    if variable.flags & NGX_HTTP_VAR_WEAK as usize != 0 {
        return true;
    }
    // SAFETY: zeroes are a valid value.
    let mut value: ngx_http_variable_value_t = unsafe { mem::zeroed() };
    let request = ptr::from_ref(r.as_ref()).cast_mut();
    // SAFETY: r is live, and the handler gets the data that it was registered with.
    let outcome = unsafe { get(request, &raw mut value, variable.data) };
    outcome == NGX_OK as ngx_int_t && (value.not_found() != 0 || is_true(&value))
}

/// What defines the variable of this number.
pub fn numbered(r: &Request, index: usize) -> Option<&ngx_http_variable_t> {
    let main = NgxHttpCoreModule::main_conf(r)?;
    // SAFETY: nginx keeps an array of the variables that have a number.
    let variables: &[ngx_http_variable_t] = unsafe { main.variables.as_slice() };
    variables.get(index)
}

fn is_true(value: &ngx_http_variable_value_t) -> bool {
    let len = value.len() as usize;
    if value.valid() == 0 || value.not_found() != 0 || len == 0 {
        return false;
    }
    // SAFETY: a valid value has so many bytes.
    let bytes = unsafe { std::slice::from_raw_parts(value.data, len) };
    bytes != b"0"
}

/// The value of the variable of this number at `r`, for who must not have any influence: nginx does not remember it for
/// those who ask later, when there may be a session. `None` = it has none.
pub fn peek(r: &Request, index: usize) -> Option<Vec<u8>> {
    let request = ptr::from_ref(r.as_ref()).cast_mut();
    // SAFETY: r is live, and nginx keeps a value for each variable that has a number.
    let known = unsafe { (*request).variables.add(index).as_ref() }?;
    let variable = numbered(r, index)?;
    let get = variable.get_handler.filter(|_| {
        let is_remembered = known.valid() != 0 && known.no_cacheable() == 0;
        !is_remembered && variable.flags & NGX_HTTP_VAR_WEAK as usize == 0
    });
    let Some(get) = get else { return octets(known) };
    // SAFETY: zeroes are a valid value.
    let mut value: ngx_http_variable_value_t = unsafe { mem::zeroed() };
    // SAFETY: r is live, and the handler gets the data that it was registered with.
    let outcome = unsafe { get(request, &raw mut value, variable.data) };
    if outcome == NGX_OK as ngx_int_t { octets(&value) } else { None }
}

fn octets(value: &ngx_http_variable_value_t) -> Option<Vec<u8>> {
    if value.valid() == 0 || value.not_found() != 0 {
        return None;
    }
    let len = value.len() as usize;
    if len == 0 {
        return Some(Vec::new());
    }
    // SAFETY: a valid value has so many bytes.
    Some(unsafe { std::slice::from_raw_parts(value.data, len) }.to_vec())
}

/// The value of the variable `name`, in lower case as nginx knows them, at `r`; `None` = it has none, or none in UTF-8.
pub fn value(r: &Request, name: &str) -> Option<String> {
    let mut text = borrowed(name);
    let request = std::ptr::from_ref(r.as_ref()).cast_mut();
    // SAFETY: r is live; nginx reads the name while it looks, and keeps what it finds in the request's pool.
    let found = unsafe {
        let key = ngx_hash_key(text.data, text.len);
        ngx_http_get_variable(request, &raw mut text, key).as_ref()?
    };
    if found.valid() == 0 || found.not_found() != 0 || found.len() == 0 {
        return None;
    }
    // SAFETY: a valid value has so many bytes.
    let bytes = unsafe { std::slice::from_raw_parts(found.data, found.len() as usize) };
    String::from_utf8(bytes.to_vec()).ok()
}

/// Those of the variables `names` that have a value at `r`.
pub fn values<'a>(r: &Request, names: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    names.filter_map(|name| Some((name.to_owned(), value(r, name)?))).collect()
}

/// For as long as `text` lives; nobody writes to it.
fn borrowed(text: &str) -> ngx_str_t {
    ngx_str_t { len: text.len(), data: text.as_ptr().cast_mut() }
}
