//! What nginx's own log lines of an outgoing connection say, and which of them are written.

use std::ffi::c_void;
use std::slice;

use nginx_sys::{NGX_LOG_ALERT, NGX_LOG_DEBUG, ngx_log_t, ngx_uint_t};
use ngx::log::ngx_cycle_log;

/// A copy of the cycle's log with a context of its own: setting `connection` or `handler` on the
/// cycle's would mark everybody's lines. Its address must not change while nginx has it.
pub struct ConnectionLog {
    pub log: ngx_log_t,
    level: ngx_uint_t,
    context: Vec<u8>,
}

impl ConnectionLog {
    /// `peer` as in "while talking to memcached 10.0.0.1:11211".
    pub fn new(peer: &str) -> Self {
        // SAFETY: a process has a cycle, and it has a log, which only this thread changes.
        let log = unsafe { *ngx_cycle_log().as_ptr() };
        let context = format!(" while talking to {peer}").into_bytes();
        Self { log, level: log.log_level, context }
    }

    /// Gives nginx the log.
    ///
    /// # Safety
    /// `this` stays where it is as long as nginx has the pointer.
    pub unsafe fn as_ptr(this: *mut Self) -> *mut ngx_log_t {
        // SAFETY: the caller's promise.
        unsafe {
            (*this).log.handler = Some(write_context);
            (*this).log.data = this.cast::<c_void>();
            &raw mut (*this).log
        }
    }

    /// Leaves what peers and networks do to whoever owns the connection, who logs it once and not
    /// at each attempt; what goes wrong in nginx itself is still written.
    pub fn mute(&mut self) {
        if self.level < NGX_LOG_DEBUG as ngx_uint_t {
            self.log.log_level = self.level.min(NGX_LOG_ALERT as ngx_uint_t);
        }
    }

    /// Writes everything again: only nginx knows why a TLS handshake failed.
    pub fn unmute(&mut self) {
        self.log.log_level = self.level;
    }
}

unsafe extern "C" fn write_context(log: *mut ngx_log_t, buf: *mut u8, len: usize) -> *mut u8 {
    // SAFETY: nginx calls it with a log that has this handler, thus our data, and room for len.
    let (this, room) =
        unsafe { (&*(*log).data.cast::<ConnectionLog>(), slice::from_raw_parts_mut(buf, len)) };
    let written = this.context.iter().zip(room).map(|(from, to)| *to = *from).count();
    // SAFETY: within the room.
    unsafe { buf.add(written) }
}
