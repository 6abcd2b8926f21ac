//! nginx's own variables, where the module has a word to say, and how any gets its value.

use nginx_sys::{
    __BindgenBitfieldUnit, NGX_HTTP_VAR_NOCACHEABLE, ngx_conf_t, ngx_hash_key_t,
    ngx_http_variable_t, ngx_str_t, ngx_variable_value_t,
};
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

/// Gives a variable this value, which may be empty. `None` = it is longer than one can be.
pub fn give(v: &mut ngx_variable_value_t, value: ngx_str_t) -> Option<()> {
    const MAX_LEN: u32 = (1 << 28) - 1;
    let len = u32::try_from(value.len).ok().filter(|len| *len <= MAX_LEN)?;
    v.data = value.data;
    if cfg!(target_endian = "little") {
        // As C lays them out: 28 bits of the length, `valid`. What bindgen made sets them one by one.
        v._bitfield_1 = __BindgenBitfieldUnit::new((len | 1 << 28).to_le_bytes());
    } else {
        v.set_len(len);
        v.set_valid(1);
        v.set_no_cacheable(0);
        v.set_not_found(0);
    }
    Some(())
}
