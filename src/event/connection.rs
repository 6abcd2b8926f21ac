//! One outgoing connection on nginx's event loop: TCP, unix socket or TLS.
//!
//! It never blocks: its owner is called back at each event and tries again. While somebody waits,
//! its timer keeps a worker that shuts down alive; while it rests, it is closed by the rules of
//! nginx's own upstream keepalive.

use std::ffi::{c_int, c_void};
use std::io;
use std::mem;
use std::ptr::NonNull;
use std::rc::Rc;

use clock::Msec;
use nginx_sys::{
    NGX_AGAIN, NGX_DECLINED, NGX_OK, NGX_SSL_CLIENT, SO_ERROR, SOL_SOCKET, getsockopt,
    ngx_add_timer, ngx_close_connection, ngx_connection_log_error_e_NGX_ERROR_ERR,
    ngx_connection_log_error_e_NGX_ERROR_INFO, ngx_connection_t,
    ngx_connection_tcp_nodelay_e_NGX_TCP_NODELAY_UNSET, ngx_create_pool, ngx_destroy_pool,
    ngx_event_connect_peer, ngx_event_get_peer, ngx_event_t, ngx_handle_read_event,
    ngx_handle_write_event, ngx_msec_t, ngx_peer_connection_t, ngx_post_event, ngx_posted_events,
    ngx_ssl_create_connection, ngx_ssl_handshake, ngx_ssl_shutdown, ngx_str_t, ngx_tcp_nodelay,
    ngx_uint_t, socklen_t,
};
use openssl::ssl::SslRef;
use openssl::x509::X509VerifyResult;

use super::Callback;
use super::address::Address;
use super::connection_error::ConnectionError;
use super::connection_log::ConnectionLog;
use super::tls::{Tls, UNVERIFIED};
use crate::guard::guard;

/// For the few bytes that nginx keeps of a TLS connection.
const POOL_SIZE: usize = 512;

/// Closed when dropped.
pub struct Connection {
    raw: NonNull<ngx_connection_t>,
    anchor: NonNull<Anchor>,
    stage: Stage,
    quiet: bool,
}

/// What nginx has pointers to: at an address of its own, freed after the connection was closed.
struct Anchor {
    log: ConnectionLog,
    callback: Callback,
    address: Address,
    tls: Option<Rc<Tls>>,
}

/// How far a connection has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Connecting,
    /// The peer has taken it.
    Handshaking,
    Ready,
}

impl Connection {
    /// Begins to connect. `peer` names the other end in nginx's log lines, as in "memcached
    /// 10.0.0.1:11211"; `quiet` leaves out what went wrong before, too.
    ///
    /// # Errors
    /// It failed at once.
    pub fn open(
        address: &Address,
        tls: Option<&Rc<Tls>>,
        peer: &str,
        quiet: bool,
        callback: Callback,
    ) -> Result<Self, ConnectionError> {
        let mut log = ConnectionLog::new(peer);
        log.mute();
        let anchor = Anchor { log, callback, address: address.clone(), tls: tls.cloned() };
        let anchor = NonNull::from(Box::leak(Box::new(anchor)));
        // SAFETY: just leaked; whoever fails to connect frees it.
        match unsafe { connect(anchor) } {
            Ok(raw) => Ok(Self { raw, anchor, stage: Stage::Connecting, quiet }),
            Err(error) => {
                // SAFETY: nginx has closed what it opened, nothing points there.
                drop(unsafe { Box::from_raw(anchor.as_ptr()) });
                Err(error)
            }
        }
    }

    /// Goes on with connecting and the handshake; true once the connection can be used. Call it at
    /// each event until then.
    pub fn advance(&mut self) -> Result<bool, ConnectionError> {
        if self.stage == Stage::Connecting && self.is_connected()? {
            self.stage = if self.has_tls() { Stage::Handshaking } else { Stage::Ready };
            if self.stage == Stage::Handshaking {
                self.start_tls()?;
            }
        }
        if self.stage == Stage::Handshaking && self.is_secured()? {
            self.stage = Stage::Ready;
        }
        Ok(self.stage == Stage::Ready)
    }

    /// As [`advance`](Self::advance) left it.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Some bytes; `None` = none yet.
    ///
    /// # Errors
    /// [`ConnectionError::Closed`] at the end of the stream.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, ConnectionError> {
        let c = self.raw.as_ptr();
        // SAFETY: the connection is open, nginx set its functions, and the buffer has that size.
        let n = unsafe {
            // With TLS, what is there may already lie in OpenSSL.
            if (*(*c).read).ready() == 0 && !self.has_tls() {
                self.rearm()?;
                return Ok(None);
            }
            let recv = (*c).recv.ok_or(ConnectionError::Nginx)?;
            recv(c, buffer.as_mut_ptr(), buffer.len())
        };
        match usize::try_from(n) {
            Ok(0) => Err(ConnectionError::Closed),
            Ok(n) => Ok(Some(n)),
            Err(_) if n == NGX_AGAIN as isize => {
                self.rearm()?;
                Ok(None)
            }
            Err(_) => Err(ConnectionError::Broken),
        }
    }

    /// How many of the bytes were taken; `None` = none for now.
    pub fn write(&mut self, bytes: &[u8]) -> Result<Option<usize>, ConnectionError> {
        let c = self.raw.as_ptr();
        // SAFETY: the connection is open, nginx set its functions, which only read the bytes.
        let n = unsafe {
            if (*(*c).write).ready() == 0 {
                self.rearm()?;
                return Ok(None);
            }
            let send = (*c).send.ok_or(ConnectionError::Nginx)?;
            send(c, bytes.as_ptr().cast_mut(), bytes.len())
        };
        match usize::try_from(n) {
            Ok(n) if n > 0 => Ok(Some(n)),
            Err(_) if n != NGX_AGAIN as isize => Err(ConnectionError::Broken),
            _ => {
                self.rearm()?;
                Ok(None)
            }
        }
    }

    /// Calls the owner back at the end of this turn of the event loop, so that what several
    /// requests have to say goes out in one write.
    pub fn call_back_soon(&self) {
        if self.stage == Stage::Ready {
            // SAFETY: the connection is open; closing it takes the event out of the queue.
            unsafe { ngx_post_event((*self.raw.as_ptr()).write, &raw mut ngx_posted_events) }
        }
    }

    /// Somebody waits: calls back in about `span`, and a worker that shuts down waits
    /// for that.
    pub fn wait(&mut self, span: Msec) {
        self.set_timer(span, false);
    }

    /// Nobody waits: calls back in about `span`, or when the worker shuts down.
    pub fn rest(&mut self, span: Msec) {
        self.set_timer(span, true);
    }

    /// True once after the timer went off. It may be up to 300 ms early (`NGX_TIMER_LAZY_DELAY`).
    pub fn take_timeout(&mut self) -> bool {
        // SAFETY: the connection is open.
        unsafe {
            let read = (*self.raw.as_ptr()).read;
            let timed_out = (*read).timedout() != 0;
            (*read).set_timedout(0);
            timed_out
        }
    }

    /// Its bytes go out in TLS records, one for each write.
    pub fn has_tls(&self) -> bool {
        // SAFETY: freed by drop only; nginx knows nothing of this field.
        unsafe { (*self.anchor.as_ptr()).tls.is_some() }
    }

    /// Nobody minds when a worker that shuts down closes it. The handshake must be over: nginx calls
    /// nobody back in the midst of one.
    pub fn set_idle(&self, idle: bool) {
        // SAFETY: the connection is open.
        unsafe { (*self.raw.as_ptr()).set_idle(u32::from(idle)) }
    }

    /// nginx wants it closed: it is idle and the worker shuts down, or that took too long
    /// (`worker_shutdown_timeout`).
    pub fn must_close(&self) -> bool {
        // SAFETY: the connection is open.
        unsafe { (*self.raw.as_ptr()).close() != 0 }
    }

    fn set_timer(&mut self, span: Msec, idle: bool) {
        // SAFETY: the connection is open; closing it takes the timer out of the tree.
        unsafe {
            let c = self.raw.as_ptr();
            self.set_idle(idle);
            (*(*c).read).set_cancelable(u32::from(idle));
            if !(idle && (*(*c).read).timer_set() != 0) {
                ngx_add_timer((*c).read, span.0 as ngx_msec_t);
            }
        }
    }

    /// After "not yet", an event method may have to be told again.
    fn rearm(&self) -> Result<(), ConnectionError> {
        // SAFETY: the connection is open.
        unsafe {
            let c = self.raw.as_ptr();
            let ok = NGX_OK as isize;
            if ngx_handle_read_event((*c).read, 0) != ok
                || ngx_handle_write_event((*c).write, 0) != ok
            {
                return Err(ConnectionError::Nginx);
            }
        }
        Ok(())
    }

    fn is_connected(&self) -> Result<bool, ConnectionError> {
        let c = self.raw.as_ptr();
        // SAFETY: the connection is open.
        unsafe {
            if (*(*c).write).ready() == 0 {
                return Ok(false);
            }
            socket_error(c)?;
            let unset = ngx_connection_tcp_nodelay_e_NGX_TCP_NODELAY_UNSET;
            if (*c).tcp_nodelay() == unset && ngx_tcp_nodelay(c) != NGX_OK as isize {
                return Err(ConnectionError::Nginx);
            }
        }
        Ok(true)
    }

    fn start_tls(&mut self) -> Result<(), ConnectionError> {
        let c = self.raw.as_ptr();
        if !self.quiet {
            // SAFETY: freed by drop only; nginx is not logging meanwhile.
            unsafe { (*self.anchor.as_ptr()).log.unmute() }
        }
        // SAFETY: as above; what nginx writes lies in the log.
        let (tls, address) =
            unsafe { (&(*self.anchor.as_ptr()).tls, &(*self.anchor.as_ptr()).address) };
        let Some(tls) = tls else { return Ok(()) };
        // SAFETY: the connection is open and gets what nginx's own upstreams give theirs; the
        // pool and the SSL object are freed by drop.
        unsafe {
            (*c).set_log_error(ngx_connection_log_error_e_NGX_ERROR_ERR);
            (*c).pool = ngx_create_pool(POOL_SIZE, (*c).log);
            if (*c).pool.is_null()
                || ngx_ssl_create_connection(tls.as_ptr(), c, NGX_SSL_CLIENT as ngx_uint_t)
                    != NGX_OK as isize
            {
                return Err(ConnectionError::Nginx);
            }
            tls.expect(ssl_of(c), address)?;
            (*(*c).ssl).handler = Some(on_handshake);
            // How it went, `is_secured` sees.
            ngx_ssl_handshake(c);
        }
        Ok(())
    }

    fn is_secured(&mut self) -> Result<bool, ConnectionError> {
        let c = self.raw.as_ptr();
        // SAFETY: the connection is open, and start_tls gave it an SSL object.
        unsafe {
            let tls = (*self.anchor.as_ptr()).tls.as_ref();
            let verified = tls.map_or(UNVERIFIED, |tls| tls.verified(ssl_of(c)));
            if (*(*c).ssl).handshaked() == 0 {
                let failed = (*(*c).read).eof() != 0 || (*(*c).read).error() != 0;
                return match (failed, verified) {
                    (false, _) => Ok(false),
                    (true, X509VerifyResult::OK) => Err(ConnectionError::Handshake),
                    (true, refused) => Err(refused.into()),
                };
            }
            // The context has verified it already; this is the place that must not be forgotten.
            if verified != X509VerifyResult::OK || ssl_of(c).peer_certificate().is_none() {
                return Err(verified.into());
            }
            (*(*c).read).handler = Some(on_event);
            (*(*c).write).handler = Some(on_event);
            (*c).set_log_error(ngx_connection_log_error_e_NGX_ERROR_INFO);
            (*self.anchor.as_ptr()).log.mute();
        }
        Ok(true)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let c = self.raw.as_ptr();
        // SAFETY: the connection is open and ours; quiet shutdown frees the SSL object at once.
        // Nothing points to the anchor after ngx_close_connection.
        unsafe {
            if let Some(ssl) = (*c).ssl.as_mut() {
                ssl.set_no_wait_shutdown(1);
                ssl.set_no_send_shutdown(1);
                ngx_ssl_shutdown(c);
            }
            let pool = (*c).pool;
            ngx_close_connection(c);
            if !pool.is_null() {
                ngx_destroy_pool(pool);
            }
            drop(Box::from_raw(self.anchor.as_ptr()));
        }
    }
}

/// # Safety
/// `anchor` stays where it is while the connection is open.
unsafe fn connect(anchor: NonNull<Anchor>) -> Result<NonNull<ngx_connection_t>, ConnectionError> {
    let anchor = anchor.as_ptr();
    // SAFETY: nginx reads address and name during the call only; zeroes are what it wants in the
    // fields of a peer that are not used.
    unsafe {
        let mut name = str_of((*anchor).address.name());
        let mut peer: ngx_peer_connection_t = mem::zeroed();
        (peer.sockaddr, peer.socklen) = (*anchor).address.sockaddr();
        peer.name = &mut name;
        peer.get = Some(ngx_event_get_peer);
        peer.log = ConnectionLog::as_ptr(&raw mut (*anchor).log);
        peer.set_log_error(ngx_connection_log_error_e_NGX_ERROR_INFO);
        peer.set_so_keepalive(1);
        let rc = ngx_event_connect_peer(&mut peer);
        let raw = match (rc as i32, NonNull::new(peer.connection)) {
            (NGX_AGAIN, Some(raw)) => raw,
            (rc, Some(raw)) if rc == NGX_OK as i32 => raw,
            // The last thing it did was to close the socket after connect() had failed.
            (NGX_DECLINED, _) => {
                return Err(ConnectionError::Connect(io::Error::last_os_error()));
            }
            // Then it has closed what it opened.
            _ => return Err(ConnectionError::Nginx),
        };
        let c = raw.as_ptr();
        (*c).data = anchor.cast::<c_void>();
        (*anchor).log.log.connection = (*c).number;
        (*(*c).read).handler = Some(on_event);
        (*(*c).write).handler = Some(on_event);
        if (*(*c).write).ready() != 0 {
            // Connected at once: the event that others wait for is made up.
            ngx_post_event((*c).write, &raw mut ngx_posted_events);
        }
        Ok(raw)
    }
}

unsafe extern "C" fn on_event(event: *mut ngx_event_t) {
    // SAFETY: nginx calls the handlers of open connections; `connect` set its data.
    unsafe { on_handshake((*event).data.cast()) }
}

unsafe extern "C" fn on_handshake(c: *mut ngx_connection_t) {
    // SAFETY: nginx calls it with an open connection.
    unsafe { keep_worker_to_close(c) };
    // SAFETY: as above. The callback is cloned, because it may close the connection.
    let callback = unsafe { Rc::clone(&(*(*c).data.cast::<Anchor>()).callback) };
    guard((), || callback());
}

/// nginx wants it closed. Who is called back may be a task that has been woken already, and works in the next turn of
/// the event loop: a worker that shuts down takes that turn while a timer runs. Closing ends the timer.
///
/// # Safety
/// `c` is open.
unsafe fn keep_worker_to_close(c: *mut ngx_connection_t) {
    const NEXT_TURN: ngx_msec_t = 1;
    // SAFETY: the caller's promise.
    unsafe {
        let read = (*c).read;
        // Once: its owner may have its reasons.
        if (*c).close() != 0 && (*read).timedout() == 0 {
            (*read).set_cancelable(0);
            ngx_add_timer(read, NEXT_TURN);
        }
    }
}

/// # Safety
/// `c` is open and has an SSL object, which nothing else uses meanwhile.
unsafe fn ssl_of<'c>(c: *mut ngx_connection_t) -> &'c mut SslRef {
    use foreign_types::ForeignTypeRef;
    // SAFETY: the caller's promise.
    unsafe { SslRef::from_ptr_mut((*(*c).ssl).connection.cast()) }
}

/// # Safety
/// `c` is open.
unsafe fn socket_error(c: *mut ngx_connection_t) -> Result<(), ConnectionError> {
    let mut error: c_int = 0;
    let mut len = size_of::<c_int>() as socklen_t;
    // SAFETY: getsockopt writes an int and its length.
    let rc = unsafe {
        let (level, option) = (SOL_SOCKET as c_int, SO_ERROR as c_int);
        getsockopt((*c).fd, level, option, (&raw mut error).cast(), &mut len)
    };
    match (rc, error) {
        (0, 0) => Ok(()),
        (0, error) => Err(ConnectionError::Connect(io::Error::from_raw_os_error(error))),
        _ => Err(ConnectionError::Connect(io::Error::last_os_error())),
    }
}

fn str_of(text: &str) -> ngx_str_t {
    ngx_str_t { len: text.len(), data: text.as_ptr().cast_mut() }
}
