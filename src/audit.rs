//! What happened is counted, and a record of it goes where `saml_audit_log` says.

mod file;

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::ptr::NonNull;
use std::rc::Rc;

use nginx_sys::{ngx_syslog_add_header, ngx_syslog_peer_t, ngx_syslog_send};
use ngx::http::Request;
use settings::NameIdForm;
use sp::{AuditFormat, Event, Record};

pub use self::file::LogFile;
use self::file::OpenFile;
use crate::clock::now;
use crate::counters::count_event;
use crate::server_variable;

/// More than nginx puts before a message: numbers, a time, a host's name of 255 bytes, a tag of 32.
const SYSLOG_HEADING: usize = 512;

/// Where records go.
#[derive(Clone)]
pub struct AuditLog {
    pub place: LogPlace,
    pub name_id: NameIdForm,
    /// `None` = JSON.
    pub format: Option<Rc<LogFormat>>,
}

/// As nginx has it open; it lives as long as the configuration.
#[derive(Clone, Copy)]
pub enum LogPlace {
    File(LogFile),
    Syslog(NonNull<ngx_syslog_peer_t>),
}

/// A format, and by what numbers nginx knows the variables that it wants.
pub struct LogFormat {
    pub format: AuditFormat,
    pub variables: Vec<usize>,
}

/// What formats want to know of a request, by the numbers of the variables. They are kept, since an event may be told of
/// when the request is gone.
#[derive(Clone, Default)]
pub struct Values(Rc<HashMap<usize, Vec<u8>>>);

/// The hash by which a record names somebody: of an SP by its name, and a NameID.
pub type Hide = dyn Fn(&str, &str) -> Option<String>;

thread_local! {
    /// What this process writes to, and how it hides names.
    static CURRENT: RefCell<Option<Rc<Audit>>> = const { RefCell::new(None) };
}

struct Audit {
    logs: Vec<Log>,
    hide: Box<Hide>,
}

/// A log as a process has it.
struct Log {
    place: Place,
    name_id: NameIdForm,
    format: Option<Rc<LogFormat>>,
}

enum Place {
    File(Rc<OpenFile>),
    Syslog(NonNull<ngx_syslog_peer_t>),
}

/// A process begins its work with these.
pub fn begin(logs: Vec<AuditLog>, hide: Box<Hide>) {
    file::forget();
    let logs = logs.into_iter().map(|AuditLog { place, name_id, format }| {
        let place = match place {
            LogPlace::File(file) => Place::File(OpenFile::of(file)),
            LogPlace::Syslog(peer) => Place::Syslog(peer),
        };
        Log { place, name_id, format }
    });
    CURRENT.set(Some(Rc::new(Audit { logs: logs.collect(), hide })));
}

/// Does anybody keep records?
pub fn is_kept() -> bool {
    CURRENT.with_borrow(|audit| audit.as_ref().is_some_and(|audit| !audit.logs.is_empty()))
}

/// What formats want to know of `r`, as it is now.
pub fn values(r: &Request) -> Values {
    let Some(audit) = CURRENT.with_borrow(Clone::clone) else { return Values::default() };
    let mut values = HashMap::new();
    let formats = audit.logs.iter().filter_map(|log| log.format.as_ref());
    for index in formats.flat_map(|format| &format.variables) {
        if let Some(value) = server_variable::peek(r, *index) {
            values.insert(*index, value);
        }
    }
    Values(Rc::new(values))
}

/// Counts the event, and writes a record of it; `address` is the client's, `values` are of its request.
pub fn tell(event: &Event<'_>, address: Option<IpAddr>, values: &Values) {
    if let Some(happening) = event.what.counted() {
        count_event(&[happening.name(), event.sp, event.idp, event.what.reason()]);
    }
    let Some(audit) = CURRENT.with_borrow(Clone::clone) else { return };
    for log in &audit.logs {
        let record = event.record(now(), address, |name_id| match log.name_id {
            NameIdForm::Plain => Some(name_id.to_owned()),
            NameIdForm::Hash => (audit.hide)(event.sp, name_id),
            NameIdForm::Off => None,
        });
        log.write(record, values);
    }
}

impl Log {
    fn write(&self, record: Record, values: &Values) {
        let line = match &self.format {
            None => record.json().into_bytes(),
            Some(format) => format.line(&record, values),
        };
        match &self.place {
            Place::File(file) => file.write(&line),
            Place::Syslog(peer) => send(*peer, line.trim_ascii_end()),
        }
    }
}

impl LogFormat {
    fn line(&self, record: &Record, values: &Values) -> Vec<u8> {
        let value = |place: usize| values.0.get(self.variables.get(place)?).map(Vec::as_slice);
        self.format.line(record, value)
    }
}

fn send(mut peer: NonNull<ngx_syslog_peer_t>, record: &[u8]) {
    let mut message = vec![0_u8; SYSLOG_HEADING + record.len()];
    let start = message.as_mut_ptr();
    // SAFETY: the peer lives as long as the configuration. nginx puts a heading before the record, which is
    // shorter than the room for it: host name and tag are bounded when it reads the configuration.
    unsafe {
        let peer = peer.as_mut();
        let end = ngx_syslog_add_header(peer, start);
        end.copy_from_nonoverlapping(record.as_ptr(), record.len());
        let len = end.offset_from(start).unsigned_abs() + record.len();
        // What cannot be sent is in the error log, as for nginx's own logs.
        let _ = ngx_syslog_send(peer, start, len);
    }
}
