//! nginx's variables, whosever they are, by their names.

use nginx_sys::{
    NGX_ERROR, ngx_conf_t, ngx_hash_key, ngx_http_get_variable, ngx_http_get_variable_index,
    ngx_int_t, ngx_str_t,
};
use ngx::http::Request;

/// Says that the variable `name`, without its `$`, is going to be asked for: nginx does not start when
/// nothing defines it.
///
/// # Errors
/// It cannot be a variable, or nginx has no memory left.
pub fn announce(cf: *mut ngx_conf_t, name: &str) -> Result<(), String> {
    let mut text = borrowed(name);
    // SAFETY: cf is nginx's while it reads its configuration; nginx copies the name.
    match unsafe { ngx_http_get_variable_index(cf, &raw mut text) } {
        failed if failed == NGX_ERROR as ngx_int_t => Err("that is no variable".into()),
        _ => Ok(()),
    }
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
