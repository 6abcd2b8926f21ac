//! The audit log: where records go, and as what.

use clock::Msec;
use sp::{AuditFormat, Escape};

use crate::line::Line;
use crate::quantity;

/// The format that is there without being defined.
const JSON: &str = "json";

/// Bytes of a buffer.
const BUFFER_MIN: usize = 1 << 10;
const BUFFER_MAX: usize = 64 << 20;

/// How long a record may wait in it.
const FLUSH_MIN: Msec = Msec(1);
const FLUSH_MAX: Msec = Msec(86_400_000);

/// Where records of what happens go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawAuditLog {
    /// A file's path, or a syslog server as nginx writes those.
    pub place: String,
    /// How users are named.
    pub name_id: NameIdForm,
    /// The name of the format; `None` = JSON.
    pub format: Option<String>,
    /// What records wait in; `None` = nothing.
    pub buffer: Option<AuditBuffer>,
}

/// Memory of each worker in which records wait to be written together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditBuffer {
    /// Bytes.
    pub size: usize,
    /// How long a record waits at the most; `None` = until there is no room for the next.
    pub flush: Option<Msec>,
}

/// How a record names a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameIdForm {
    /// By the NameID.
    Plain,
    /// By a hash of it with the store's secret.
    Hash,
    /// Not at all.
    Off,
}

/// What a record is written as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawAuditFormat {
    /// By which `saml_audit_log` wants it.
    pub name: String,
    /// The format.
    pub format: AuditFormat,
}

pub(super) fn audit_log(line: &Line<'_>) -> Result<RawAuditLog, String> {
    let place = line.text()?;
    let (mut name_id, mut format, mut size, mut flush) = (None, None, None, None);
    for arg in line.args.iter().skip(1) {
        let (name, value) = arg.split_once('=').unwrap_or((arg, ""));
        let is_duplicate = match name {
            "name_id" => name_id.replace(name_id_form(line, arg)?).is_some(),
            "format" if !value.is_empty() => format.replace(value.to_owned()).is_some(),
            "buffer" => size.replace(line.size_of(value, BUFFER_MIN, BUFFER_MAX)?).is_some(),
            "flush" => flush.replace(flush_after(line, value)?).is_some(),
            _ => {
                return Err(format!(
                    "invalid parameter \"{arg}\" in \"{}\" directive, it takes format=NAME, buffer=SIZE, \
                     flush=TIME and name_id=plain, name_id=hash or name_id=off",
                    line.name
                ));
            }
        };
        if is_duplicate {
            return Err(format!(
                "\"{name}=\" is duplicate in \"{}\" directive; leave one",
                line.name
            ));
        }
    }
    if size.is_none() && flush.is_some() {
        let name = line.name;
        return Err(format!("\"flush=\" in \"{name}\" directive has no buffer; add buffer=SIZE"));
    }
    if size.is_some() && place.starts_with("syslog:") {
        return Err(format!("\"{}\" to syslog cannot be buffered; leave out buffer=", line.name));
    }
    Ok(RawAuditLog {
        place,
        name_id: name_id.unwrap_or(NameIdForm::Plain),
        format: format.filter(|format| format != JSON),
        buffer: size.map(|size| AuditBuffer { size, flush }),
    })
}

fn name_id_form(line: &Line<'_>, arg: &str) -> Result<NameIdForm, String> {
    match arg {
        "name_id=plain" => Ok(NameIdForm::Plain),
        "name_id=hash" => Ok(NameIdForm::Hash),
        "name_id=off" => Ok(NameIdForm::Off),
        other => Err(format!(
            "invalid parameter \"{other}\" in \"{}\" directive, it must be name_id=plain, name_id=hash or \
             name_id=off",
            line.name
        )),
    }
}

fn flush_after(line: &Line<'_>, text: &str) -> Result<Msec, String> {
    let parsed = quantity::milliseconds(text).and_then(|msec| u64::try_from(msec).ok());
    parsed.map(Msec).filter(|msec| (FLUSH_MIN..=FLUSH_MAX).contains(msec)).ok_or_else(|| {
        format!(
            "invalid time \"flush={text}\" in \"{}\" directive, it must be 1ms to 1d, written like 500ms or 5s",
            line.name
        )
    })
}

pub(super) fn audit_format(line: &Line<'_>) -> Result<RawAuditFormat, String> {
    let name = line.text()?;
    if name == JSON {
        let why = "is the format that is there already; choose another name";
        return Err(format!("\"{}\": \"{JSON}\" {why}", line.name));
    }
    let strings = line.args.get(1..).unwrap_or_default();
    let (escape, strings) = match strings {
        [first, rest @ ..] if first.starts_with("escape=") => (escape(line, first)?, rest),
        all => (Escape::Default, all),
    };
    if strings.is_empty() {
        return Err(format!("\"{}\" has no format behind its name", line.name));
    }
    let format = AuditFormat::new(escape, strings);
    let format = format.map_err(|why| format!("\"{}\" \"{name}\" {why}", line.name))?;
    Ok(RawAuditFormat { name, format })
}

fn escape(line: &Line<'_>, arg: &str) -> Result<Escape, String> {
    match arg {
        "escape=default" => Ok(Escape::Default),
        "escape=json" => Ok(Escape::Json),
        "escape=none" => Ok(Escape::None),
        other => Err(format!(
            "invalid parameter \"{other}\" in \"{}\" directive, it must be escape=default, escape=json or \
             escape=none",
            line.name
        )),
    }
}
