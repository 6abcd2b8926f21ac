//! The folder in which copies of fetched metadata are kept.

use std::ptr;

use nginx_sys::{
    NGX_HTTP_CLIENT_TEMP_PATH, NGX_OK, ngx_add_path, ngx_conf_full_name, ngx_conf_t, ngx_path_t,
    ngx_pcalloc, ngx_str_t,
};

/// Beside the folders that nginx has for itself.
const NAME: &str = "saml_metadata";

/// The folder's whole path. nginx makes it, when it is not there, and gives it to the workers' user, as it
/// does with the folders of its own.
pub fn folder(cf: *mut ngx_conf_t, given: Option<&str>) -> Result<String, String> {
    let path = given.map_or_else(usual, str::to_owned);
    let failed = || "cannot be declared: nginx has said why".to_owned();
    // SAFETY: nginx gave us cf; what is made lies in its pool. Zeroes are a valid ngx_path_t.
    unsafe {
        let slot = ngx_pcalloc((*cf).pool, size_of::<ngx_path_t>()).cast::<ngx_path_t>();
        let declared = slot.as_mut().ok_or_else(failed)?;
        // With its end, as nginx's functions for files want it.
        let name = ngx_str_t::from_bytes((*cf).pool, format!("{path}\0").as_bytes());
        declared.name = name.ok_or_else(failed)?;
        declared.name.len -= 1;
        if ngx_conf_full_name((*cf).cycle, &mut declared.name, 0) != NGX_OK as isize {
            return Err(failed());
        }
        declared.conf_file = (*(*cf).conf_file).file.name.data;
        declared.line = (*(*cf).conf_file).line;
        let mut slot = ptr::from_mut(declared);
        if ngx_add_path(cf, &mut slot) != NGX_OK as isize {
            return Err(failed());
        }
        Ok(String::from_utf8_lossy((*slot).name.as_bytes()).into_owned())
    }
}

fn usual() -> String {
    let body = NGX_HTTP_CLIENT_TEMP_PATH.to_string_lossy();
    match body.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{NAME}"),
        None => NAME.to_owned(),
    }
}
