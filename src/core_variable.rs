//! nginx's own variables, where the module has a word to say.

use nginx_sys::{NGX_HTTP_VAR_NOCACHEABLE, ngx_conf_t, ngx_hash_key_t, ngx_http_variable_t};
use ngx::http::{HttpModuleMainConf, NgxHttpCoreModule};

/// A variable that nginx's core has defined, in preconfiguration. Its value is asked for anew each
/// time, since the module changes it on the way.
pub fn find(cf: &mut ngx_conf_t, name: &str) -> Option<&'static mut ngx_http_variable_t> {
    let core = NgxHttpCoreModule::main_conf_mut(cf)?;
    // SAFETY: nginx's core made the keys in its preconfiguration, each with its variable, in the
    // pool of this configuration.
    let keys: &[ngx_hash_key_t] = unsafe { core.variables_keys.as_ref()?.keys.as_slice() };
    let key = keys.iter().find(|key| key.key.as_bytes() == name.as_bytes())?;
    // SAFETY: as above; nobody else holds the variable now.
    let variable = unsafe { key.value.cast::<ngx_http_variable_t>().as_mut()? };
    variable.flags |= NGX_HTTP_VAR_NOCACHEABLE as usize;
    Some(variable)
}
