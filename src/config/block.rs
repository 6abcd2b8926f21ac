//! The named blocks `saml_sp NAME { … }`: one nginx configuration block each, read by a table.

use std::ffi::{c_char, c_void};
use std::ptr;

use nginx_sys::{
    NGX_LOG_EMERG, ngx_command_t, ngx_conf_include, ngx_conf_parse, ngx_conf_t, ngx_str_t,
};
use ngx::core::{NGX_CONF_ERROR, NGX_CONF_OK};
use ngx::ngx_conf_log_error;

use settings::{Block, Line, Place};

/// Where the directive being read stands.
pub fn place(cf: &ngx_conf_t) -> Place {
    // SAFETY: nginx keeps conf_file valid, or null, while it reads a configuration.
    match unsafe { cf.conf_file.as_ref() } {
        Some(file) => Place { file: file.file.name.to_string().into(), line: file.line },
        None => Place::default(),
    }
}

/// The words of the directive being read: its name and its arguments.
///
/// # Errors
/// A word that is not UTF-8.
pub fn words(cf: &ngx_conf_t) -> Result<Vec<&str>, String> {
    // SAFETY: while nginx calls a setter, cf.args is an array of ngx_str_t in the cycle's pool.
    let args: &[ngx_str_t] = unsafe { (*cf.args).as_slice() };
    args.iter()
        .map(|word| {
            word.to_str().map_err(|_| "the directive is not UTF-8; save the file as UTF-8".into())
        })
        .collect()
}

/// The directive being read, as a [`Line`].
pub fn line(cf: &ngx_conf_t) -> Result<Line<'_>, String> {
    let mut words = words(cf)?.into_iter();
    let name = words.next().unwrap_or_default();
    Ok(Line { name, args: words.collect(), place: place(cf) })
}

/// Logs `message` with the place nginx is at, and gives the setter's error value.
pub fn refuse(cf: &mut ngx_conf_t, message: &str) -> *mut c_char {
    ngx_conf_log_error!(NGX_LOG_EMERG, ptr::from_mut(cf), "{}", message);
    NGX_CONF_ERROR.cast()
}

/// Reads the lines between the braces into `target`.
///
/// # Errors
/// What a setter returns: nginx has logged the mistake already.
pub fn parse<T: Block>(cf: &mut ngx_conf_t, target: &mut T) -> *mut c_char {
    let saved = *cf;
    cf.handler = Some(on_line::<T>);
    cf.handler_conf = ptr::from_mut(target).cast::<c_void>().cast();
    // SAFETY: a null file name makes nginx go on in the file it is reading, to the closing brace;
    // `target` outlives the call.
    let outcome = unsafe { ngx_conf_parse(cf, ptr::null_mut()) };
    *cf = saved;
    outcome
}

extern "C" fn on_line<T: Block>(
    cf: *mut ngx_conf_t,
    cmd: *mut ngx_command_t,
    conf: *mut c_void,
) -> *mut c_char {
    // SAFETY: nginx calls the block's handler with the cf and the handler_conf set by `parse`.
    let (cf, target) = unsafe { (&mut *cf, &mut *conf.cast::<T>()) };
    let outcome = match line(cf) {
        Ok(line) if line.name == "include" && line.args.len() == 1 => {
            // SAFETY: cf is the one nginx passed; ngx_conf_include reads the file through the
            // same handler.
            return unsafe { ngx_conf_include(cf, cmd, conf) };
        }
        Ok(line) if line.name == "include" => Err("\"include\" takes one file or mask".into()),
        Ok(line) => target.apply(&line),
        Err(message) => Err(message),
    };
    match outcome {
        Ok(()) => NGX_CONF_OK.cast(),
        Err(message) => refuse(cf, &message),
    }
}
