//! Opens what `saml_audit_log` names, as nginx does with its own logs.

use std::ptr::NonNull;

use nginx_sys::{
    ngx_conf_open_file, ngx_conf_t, ngx_pcalloc, ngx_str_t, ngx_syslog_peer_t,
    ngx_syslog_process_conf,
};
use ngx::core::NGX_CONF_OK;
use settings::RawAuditLog;

use crate::audit::{AuditLog, LogPlace};

/// While the directive is read, for nginx takes the words of a syslog server from there.
///
/// # Errors
/// nginx cannot open it, and has mostly said why.
pub fn open(cf: *mut ngx_conf_t, raw: &RawAuditLog) -> Result<AuditLog, String> {
    let place = if raw.place.starts_with("syslog:") { syslog(cf) } else { file(cf, &raw.place) };
    let place = place.ok_or_else(|| format!("\"{}\" cannot be opened", raw.place))?;
    Ok(AuditLog { place, name_id: raw.name_id })
}

fn file(cf: *mut ngx_conf_t, path: &str) -> Option<LogPlace> {
    // SAFETY: cf is nginx's while it reads its configuration; the name is copied into its pool.
    let file = unsafe {
        let mut name = ngx_str_t::from_bytes((*cf).pool, path.as_bytes())?;
        ngx_conf_open_file((*cf).cycle, &mut name)
    };
    NonNull::new(file).map(LogPlace::File)
}

fn syslog(cf: *mut ngx_conf_t) -> Option<LogPlace> {
    // SAFETY: cf is nginx's while it reads the directive, whose first argument is the server; the pool is the
    // cycle's, and zeroes are what nginx wants to fill in.
    unsafe {
        let peer = ngx_pcalloc((*cf).pool, size_of::<ngx_syslog_peer_t>());
        let peer = NonNull::new(peer.cast::<ngx_syslog_peer_t>())?;
        let outcome = ngx_syslog_process_conf(cf, peer.as_ptr());
        (outcome == NGX_CONF_OK).then_some(LogPlace::Syslog(peer))
    }
}
