//! The variables of nginx and its modules, by names that the configuration says.

use nginx_sys::{
    NGX_ERROR, ngx_conf_t, ngx_hash_key, ngx_http_get_variable, ngx_http_get_variable_index,
    ngx_int_t, ngx_str_t,
};
use ngx::http::Request;

/// Has nginx look at the end of its configuration whether there is a variable of this name; a name without
/// its `$`.
///
/// # Errors
/// nginx has no memory left, or takes the name for none.
pub fn expect(cf: &mut ngx_conf_t, name: &str) -> Result<(), String> {
    let mut name_of_nginx = ngx_str_t { len: name.len(), data: name.as_ptr().cast_mut() };
    // SAFETY: nginx reads the name and copies it.
    let index = unsafe { ngx_http_get_variable_index(cf, &raw mut name_of_nginx) };
    if index == NGX_ERROR as ngx_int_t {
        return Err(format!("nginx takes \"${name}\" for no variable"));
    }
    Ok(())
}

/// What a variable holds for `r`; `None` = nothing, or what is not UTF-8.
pub fn value(r: &Request, name: &str) -> Option<String> {
    // nginx knows variables by lower case.
    let name = name.to_ascii_lowercase();
    let data = name.as_ptr().cast_mut();
    let mut name_of_nginx = ngx_str_t { len: name.len(), data };
    let request = std::ptr::from_ref(r.as_ref()).cast_mut();
    // SAFETY: r is live, and nginx reads the name while it looks the variable up. The value is in the
    // request's pool.
    unsafe {
        let key = ngx_hash_key(data, name.len());
        let value = ngx_http_get_variable(request, &raw mut name_of_nginx, key).as_ref()?;
        if value.not_found() != 0 || value.valid() == 0 {
            return None;
        }
        let bytes = ngx_str_t { len: value.len() as usize, data: value.data };
        bytes.to_str().ok().map(str::to_owned)
    }
}
