//! Opens what `saml_audit_log` names, as nginx does with its own logs, and has it know the variables that formats want.

use std::ptr::NonNull;
use std::rc::Rc;

use nginx_sys::{
    ngx_conf_open_file, ngx_conf_t, ngx_open_file_t, ngx_pcalloc, ngx_str_t, ngx_syslog_peer_t,
    ngx_syslog_process_conf,
};
use ngx::core::NGX_CONF_OK;
use settings::{ConfigError, RawAuditLog, RawHttp};

use crate::audit::{AuditLog, LogFile, LogFormat, LogPlace};
use crate::server_variable;

/// While the directive is read, for nginx takes the words of a syslog server from there. `others` are open already. The
/// format may be defined further down.
///
/// # Errors
/// nginx cannot open it, and has mostly said why; or others write to it in another way.
pub fn open(
    cf: *mut ngx_conf_t,
    raw: &RawAuditLog,
    others: &[AuditLog],
) -> Result<AuditLog, String> {
    let failed = || format!("\"{}\" cannot be opened", raw.place);
    let place = if raw.place.starts_with("syslog:") {
        LogPlace::Syslog(syslog(cf).ok_or_else(failed)?)
    } else {
        let others = others.iter().filter_map(|log| match log.place {
            LogPlace::File(file) => Some(file),
            LogPlace::Syslog(_) => None,
        });
        let file = LogFile::new(file(cf, &raw.place).ok_or_else(failed)?, raw.buffer, others);
        LogPlace::File(file.map_err(|why| format!("\"{}\" {why}", raw.place))?)
    };
    Ok(AuditLog { place, name_id: raw.name_id, format: None })
}

/// Gives each log its format, once all of `http` has been read.
///
/// # Errors
/// A format is not there, or wants what is no variable.
pub fn formats(
    cf: *mut ngx_conf_t,
    raw: &RawHttp,
    logs: &mut [AuditLog],
) -> Result<(), ConfigError> {
    for (log, given) in logs.iter_mut().zip(&raw.audit_logs) {
        let Some(wanted) = raw.audit_format_of(given)? else { continue };
        let known = wanted.format.variables().iter();
        let variables = known.map(|name| {
            server_variable::announce(cf, name).map_err(|why| {
                let format = &wanted.name;
                let message = format!("\"saml_audit_format\" \"{format}\": \"${name}\": {why}");
                ConfigError::new(&given.place, message)
            })
        });
        let variables = variables.collect::<Result<_, _>>()?;
        log.format = Some(Rc::new(LogFormat { format: wanted.format.clone(), variables }));
    }
    Ok(())
}

/// Is it as it was when the directives were read?
///
/// # Errors
/// Another directive has taken a file over since.
pub fn check(raw: &RawHttp, logs: &[AuditLog]) -> Result<(), ConfigError> {
    for (log, given) in logs.iter().zip(&raw.audit_logs) {
        if let LogPlace::File(file) = &log.place {
            file.check().map_err(|why| {
                ConfigError::new(&given.place, format!("\"{}\" {why}", file.name()))
            })?;
        }
    }
    Ok(())
}

fn file(cf: *mut ngx_conf_t, path: &str) -> Option<NonNull<ngx_open_file_t>> {
    // SAFETY: cf is nginx's while it reads its configuration; the name is copied into its pool.
    let file = unsafe {
        let mut name = ngx_str_t::from_bytes((*cf).pool, path.as_bytes())?;
        ngx_conf_open_file((*cf).cycle, &mut name)
    };
    NonNull::new(file)
}

fn syslog(cf: *mut ngx_conf_t) -> Option<NonNull<ngx_syslog_peer_t>> {
    // SAFETY: cf is nginx's while it reads the directive, whose first argument is the server; the pool is the
    // cycle's, and zeroes are what nginx wants to fill in.
    unsafe {
        let peer = ngx_pcalloc((*cf).pool, size_of::<ngx_syslog_peer_t>());
        let peer = NonNull::new(peer.cast::<ngx_syslog_peer_t>())?;
        let outcome = ngx_syslog_process_conf(cf, peer.as_ptr());
        (outcome == NGX_CONF_OK).then_some(peer)
    }
}
