//! nginx's variables, whosever they are, by their names.

use nginx_sys::{
    NGX_ERROR, ngx_conf_t, ngx_http_get_variable, ngx_http_get_variable_index, ngx_int_t, ngx_str_t,
};
use ngx::http::Request;

/// Says that the variable `name` is going to be asked for: nginx does not start when nothing defines it.
///
/// # Errors
/// It cannot be a variable.
pub fn announce(cf: *mut ngx_conf_t, name: &str) -> Result<(), String> {
    let mut name = borrowed(name);
    // SAFETY: cf is nginx's while it reads its configuration; nginx copies the name.
    match unsafe { ngx_http_get_variable_index(cf, &mut name) } {
        failed if failed == NGX_ERROR as ngx_int_t => Err("that is no variable".into()),
        _ => Ok(()),
    }
}

/// The value of the variable `name`, in lower case, at `r`; `None` = it has none, or none in UTF-8.
fn value(r: &mut Request, name: &str) -> Option<String> {
    let mut text = borrowed(name);
    // SAFETY: r is live; nginx reads the name while it looks, and keeps what it finds in the request's pool.
    let found = unsafe { ngx_http_get_variable(r.as_mut(), &mut text, hash(name)).as_ref()? };
    if found.valid() == 0 || found.not_found() != 0 || found.len() == 0 {
        return None;
    }
    // SAFETY: a valid value has so many bytes.
    let bytes = unsafe { std::slice::from_raw_parts(found.data, found.len() as usize) };
    String::from_utf8(bytes.to_vec()).ok()
}

/// Those of the variables `names` that have a value at `r`.
pub fn values<'a>(r: &mut Request, names: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    names.filter_map(|name| Some((name.to_owned(), value(r, name)?))).collect()
}

/// For as long as `text` lives; nobody writes to it.
fn borrowed(text: &str) -> ngx_str_t {
    ngx_str_t { len: text.len(), data: text.as_ptr().cast_mut() }
}

/// ngx_hash_key.
fn hash(name: &str) -> usize {
    name.bytes().fold(0, |key: usize, byte| key.wrapping_mul(31).wrapping_add(byte.into()))
}
