//! What happened is counted, and a record of it goes into the files of `saml_audit_log`.
//!
//! nginx opens the files, and opens them again when it is told to (USR1). Each record is one write at the end of
//! the file, so that those of several workers do not mix.

use std::cell::RefCell;
use std::net::IpAddr;
use std::ptr::NonNull;
use std::rc::Rc;

use nginx_sys::{
    NGX_LOG_ALERT, ngx_open_file_t, ngx_syslog_add_header, ngx_syslog_peer_t, ngx_syslog_send,
};
use ngx::log::ngx_cycle_log;
use ngx::ngx_log_error;
use settings::NameIdForm;
use sp::Event;

use crate::clock::now;
use crate::counters::count_event;

/// More than nginx puts before a message: numbers, a time, a host's name of 255 bytes, a tag of 32.
const SYSLOG_HEADING: usize = 512;

/// Where records go.
#[derive(Clone, Copy)]
pub struct AuditLog {
    pub place: LogPlace,
    pub name_id: NameIdForm,
}

/// As nginx has it open; it lives as long as the configuration.
#[derive(Clone, Copy)]
pub enum LogPlace {
    File(NonNull<ngx_open_file_t>),
    Syslog(NonNull<ngx_syslog_peer_t>),
}

/// The hash by which a record names somebody: of an SP by its name, and a NameID.
pub type Hide = dyn Fn(&str, &str) -> Option<String>;

thread_local! {
    /// What this process writes to, and how it hides names.
    static CURRENT: RefCell<Option<Rc<Audit>>> = const { RefCell::new(None) };
}

struct Audit {
    logs: Vec<AuditLog>,
    hide: Box<Hide>,
}

/// A process begins its work with these.
pub fn begin(logs: Vec<AuditLog>, hide: Box<Hide>) {
    CURRENT.set(Some(Rc::new(Audit { logs, hide })));
}

/// Does anybody keep records?
pub fn is_kept() -> bool {
    CURRENT.with_borrow(|audit| audit.as_ref().is_some_and(|audit| !audit.logs.is_empty()))
}

/// Counts the event, and writes a record of it; `address` is the client's.
pub fn tell(event: &Event<'_>, address: Option<IpAddr>) {
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
        log.place.write(record);
    }
}

impl LogPlace {
    fn write(self, record: String) {
        match self {
            Self::File(file) => write(file, &record),
            Self::Syslog(peer) => send(peer, record.trim_end()),
        }
    }
}

fn write(file: NonNull<ngx_open_file_t>, record: &str) {
    // SAFETY: nginx keeps the file open as long as the configuration, which this process runs on; its descriptor
    // changes between turns of the event loop alone.
    let written = unsafe {
        let fd = file.as_ref().fd;
        libc::write(fd, record.as_ptr().cast(), record.len())
    };
    if usize::try_from(written) != Ok(record.len()) {
        let error = std::io::Error::last_os_error();
        // SAFETY: as above.
        let name = unsafe { file.as_ref().name };
        let log = ngx_cycle_log().as_ptr();
        ngx_log_error!(
            NGX_LOG_ALERT,
            log,
            "saml: a record of {} bytes cannot be written to {}: {}",
            record.len(),
            name,
            error
        );
    }
}

fn send(mut peer: NonNull<ngx_syslog_peer_t>, record: &str) {
    let record = record.as_bytes();
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
