//! A file of records. nginx opens it, and opens it again when it is told to (USR1). What goes into it is always
//! whole lines in one write at its end, so that those of several workers do not mix; with a buffer several at once.

use std::cell::{Cell, OnceCell, RefCell};
use std::ptr::{self, NonNull};
use std::rc::Rc;

use nginx_sys::{NGX_LOG_ALERT, ngx_log_t, ngx_open_file_t};
use ngx::log::ngx_cycle_log;
use ngx::ngx_log_error;
use settings::AuditBuffer;

use crate::event::{Patience, Timer};
use crate::guard::guard;

/// A file as the configuration has it.
#[derive(Clone, Copy)]
pub struct LogFile {
    file: NonNull<ngx_open_file_t>,
    buffer: Option<AuditBuffer>,
}

impl LogFile {
    /// One of nginx's open files. With a buffer nginx calls us before it closes the file or opens it anew, and when a
    /// process ends.
    ///
    /// # Errors
    /// Another directive has the file, in a way that does not go together with this one: the rest of a sentence.
    pub fn new(
        mut file: NonNull<ngx_open_file_t>,
        buffer: Option<AuditBuffer>,
        others: impl Iterator<Item = Self>,
    ) -> Result<Self, &'static str> {
        if let Some(other) = others.into_iter().find(|other| other.file == file) {
            let is_same = other.buffer == buffer;
            let why = "is written by another saml_audit_log with another buffer= or flush=";
            return if is_same { Ok(other) } else { Err(why) };
        }
        // SAFETY: nginx has just given it, and reads its configuration in one thread.
        let open = unsafe { file.as_mut() };
        if buffer.is_some() {
            if open.flush.is_some() || !open.data.is_null() {
                return Err(SHARED);
            }
            open.flush = Some(flush);
        }
        Ok(Self { file, buffer })
    }

    /// Does nginx still call us, now that all of the configuration has been read?
    ///
    /// # Errors
    /// As [`LogFile::new`].
    pub fn check(&self) -> Result<(), &'static str> {
        // SAFETY: nginx has its list of files as long as the configuration.
        let open = unsafe { self.file.as_ref() };
        let is_ours = open.flush.is_some_and(|known| ptr::fn_addr_eq(known, flush as Flush));
        if is_ours || self.buffer.is_none() { Ok(()) } else { Err(SHARED) }
    }

    /// For sentences.
    pub fn name(&self) -> String {
        // SAFETY: as above.
        unsafe { self.file.as_ref() }.name.to_string()
    }
}

const SHARED: &str =
    "is a buffered log of another directive, too; give the audit log a file of its own";

type Flush = unsafe extern "C" fn(*mut ngx_open_file_t, *mut ngx_log_t);

thread_local! {
    /// Those of this process that have a buffer.
    static BUFFERED: RefCell<Vec<Rc<OpenFile>>> = const { RefCell::new(Vec::new()) };
}

/// A process begins with none: what another configuration had open in it is not there any more.
pub fn forget() {
    BUFFERED.take();
}

/// A file as a process has it.
pub struct OpenFile {
    file: NonNull<ngx_open_file_t>,
    buffer: Option<Buffer>,
}

struct Buffer {
    settings: AuditBuffer,
    /// Whole lines that wait.
    lines: RefCell<Vec<u8>>,
    timer: OnceCell<Timer>,
    is_timed: Cell<bool>,
}

impl OpenFile {
    /// The file in this process: several logs may share it, and its buffer.
    pub fn of(LogFile { file, buffer }: LogFile) -> Rc<Self> {
        if let Some(open) = buffered(file) {
            return open;
        }
        let buffer = buffer.map(|settings| Buffer {
            settings,
            lines: RefCell::new(Vec::with_capacity(settings.size)),
            timer: OnceCell::new(),
            is_timed: Cell::new(false),
        });
        let open = Rc::new(Self { file, buffer });
        if open.buffer.is_some() {
            BUFFERED.with_borrow_mut(|all| all.push(Rc::clone(&open)));
        }
        open
    }

    /// Writes a line, or keeps it for later.
    pub fn write(self: &Rc<Self>, line: &[u8]) {
        let Some(buffer) = &self.buffer else { return self.append(line) };
        let size = buffer.settings.size;
        if buffer.lines.borrow().len() + line.len() > size {
            self.flush();
        }
        if line.len() > size {
            return self.append(line);
        }
        buffer.lines.borrow_mut().extend_from_slice(line);
        if let Some(span) = buffer.settings.flush
            && !buffer.is_timed.replace(true)
        {
            let weak = Rc::downgrade(self);
            let flush = move || weak.upgrade().into_iter().for_each(|open| open.flush());
            // A worker that shuts down need not wait for it: nginx has it flushed then.
            let timer = || Timer::new(Patience::Cancelable, Rc::new(flush));
            buffer.timer.get_or_init(timer).start(span);
        }
    }

    /// Writes what waits.
    fn flush(&self) {
        let Some(buffer) = &self.buffer else { return };
        buffer.is_timed.set(false);
        let lines = &mut *buffer.lines.borrow_mut();
        if !lines.is_empty() {
            self.append(lines);
            lines.clear();
        }
    }

    fn append(&self, lines: &[u8]) {
        // SAFETY: nginx keeps the file open as long as the configuration, which this process runs on; its
        // descriptor changes between turns of the event loop alone.
        let file = unsafe { self.file.as_ref() };
        // SAFETY: the descriptor is open, and the bytes are there.
        let written = unsafe { libc::write(file.fd, lines.as_ptr().cast(), lines.len()) };
        if usize::try_from(written) != Ok(lines.len()) {
            let error = std::io::Error::last_os_error();
            ngx_log_error!(
                NGX_LOG_ALERT,
                ngx_cycle_log().as_ptr(),
                "saml: records of {} bytes cannot be written to {}: {}",
                lines.len(),
                file.name,
                error
            );
        }
    }
}

fn buffered(file: NonNull<ngx_open_file_t>) -> Option<Rc<OpenFile>> {
    BUFFERED.with_borrow(|all| all.iter().find(|open| open.file == file).cloned())
}

/// nginx is about to open the file anew, or the process ends. The master has nothing that waits.
unsafe extern "C" fn flush(file: *mut ngx_open_file_t, _log: *mut ngx_log_t) {
    guard((), || {
        let open = NonNull::new(file).and_then(buffered);
        open.into_iter().for_each(|open| open.flush());
    });
}
