//! nginx's pool of threads, for work that takes long: the event loop goes on meanwhile.

use std::any::Any;
use std::cell::Cell;
use std::ffi::{CStr, c_void};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

use clock::Msec;
use futures_channel::oneshot;
use libc::pid_t;
use nginx_sys::{
    NGX_LOG_WARN, NGX_OK, ngx_conf_t, ngx_event_actions, ngx_event_t, ngx_int_t, ngx_log_t,
    ngx_str_t, ngx_thread_pool_t, ngx_thread_task_t,
};
use ngx::log::ngx_cycle_log;
use ngx::ngx_log_error;

use super::timer::{Patience, limited};
use crate::guard::{guard, log_panic};

/// Pieces of work that may wait in one worker. More of them would wait longer there than they take here.
const MOST_WAITING: usize = 128;

/// How long somebody waits for one: its threads may be held up by a file system.
const DEADLINE: Msec = Msec(10_000);

thread_local! {
    /// Of nginx's worker, which is one thread.
    static POOL: Cell<Option<ThreadPool>> = const { Cell::new(None) };
    static WAITING: Cell<usize> = const { Cell::new(0) };
    /// Of each thread.
    static IS_KNOWN: Cell<bool> = const { Cell::new(false) };
}

/// The kernel's numbers of those that have worked.
static KNOWN: Mutex<Vec<pid_t>> = Mutex::new(Vec::new());

/// A pool that the configuration names.
#[derive(Clone, Copy)]
pub struct ThreadPool {
    pool: NonNull<ngx_thread_pool_t>,
    post: PostTask,
}

type AddPool =
    unsafe extern "C" fn(cf: *mut ngx_conf_t, name: *mut ngx_str_t) -> *mut ngx_thread_pool_t;
type PostTask =
    unsafe extern "C" fn(pool: *mut ngx_thread_pool_t, task: *mut ngx_thread_task_t) -> ngx_int_t;

impl ThreadPool {
    /// The pool of this name. When all is read nginx looks whether a `thread_pool` has it; `default` always
    /// is there.
    ///
    /// # Errors
    /// nginx has no threads, or no memory.
    pub fn named(cf: &mut ngx_conf_t, name: &str) -> Result<Self, String> {
        // Bound so that the module loads where they are missing.
        let (Some(add), Some(post)) =
            (symbol(c"ngx_thread_pool_add"), symbol(c"ngx_thread_task_post"))
        else {
            return Err("this nginx was built without --with-threads".to_owned());
        };
        // SAFETY: nginx's own functions, of the types that its header gives them. The name lies in the
        // pool of the configuration, as long as the threads.
        unsafe {
            let add = mem::transmute::<NonNull<c_void>, AddPool>(add);
            let post = mem::transmute::<NonNull<c_void>, PostTask>(post);
            let name = ngx_str_t::from_bytes(cf.pool, name.as_bytes());
            let mut name = name.ok_or("nginx has no memory")?;
            let pool = NonNull::new(add(cf, &raw mut name)).ok_or("nginx has no memory")?;
            Ok(Self { pool, post })
        }
    }
}

fn symbol(name: &CStr) -> Option<NonNull<c_void>> {
    // SAFETY: it only asks the loader.
    NonNull::new(unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) })
}

/// A worker begins, whose slow work goes there.
pub fn begin(pool: Option<ThreadPool>) {
    // SAFETY: nginx's event module has set it before.
    let notify = unsafe { ngx_event_actions.notify };
    let can_be_told = notify.is_some();
    if pool.is_some() && !can_be_told {
        ngx_log_error!(
            NGX_LOG_WARN,
            ngx_cycle_log().as_ptr(),
            "saml: \"saml_crypto_threads\" has no effect: threads cannot wake the event loop by the method \
             that \"use\" names; leave \"use\" out"
        );
    }
    POOL.set(pool.filter(|_| can_be_told));
}

/// Is there a pool, and does not too much wait for it?
pub fn has_thread() -> bool {
    POOL.get().is_some() && WAITING.get() < MOST_WAITING
}

/// Does `work` in a thread of the pool, where nothing of nginx may be touched; where there is none, here. It
/// is done to its end even when nobody waits for it any more; after ten seconds nobody does. A worker
/// that shuts down waits so long.
pub async fn in_pool(work: impl FnOnce() + Send + 'static) {
    let (tell, told) = oneshot::channel();
    post(Box::new(work), tell);
    // What it has come to says the work.
    let _ = limited(DEADLINE, Patience::Waited, told).await;
}

/// Work on its way to a thread and back, at an address of its own.
struct Job {
    task: ngx_thread_task_t,
    work: Option<Box<dyn FnOnce() + Send>>,
    panic: Option<Box<dyn Any + Send>>,
    tell: oneshot::Sender<()>,
}

fn post(work: Box<dyn FnOnce() + Send>, tell: oneshot::Sender<()>) {
    // SAFETY: zeroes are a valid task: in no queue, its event not active.
    let task: ngx_thread_task_t = unsafe { mem::zeroed() };
    let job = Box::into_raw(Box::new(Job { task, work: Some(work), panic: None, tell }));
    // SAFETY: the job is this thread's until it is posted, then that of the thread that runs it, and when
    // that has run it, of the event's handler, which frees it. The pool lives as long as the worker.
    let posted = POOL.get().is_some_and(|pool| unsafe {
        (*job).task.ctx = job.cast();
        (*job).task.handler = Some(run);
        (*job).task.event.data = job.cast();
        (*job).task.event.handler = Some(done);
        (*job).task.event.log = ngx_cycle_log().as_ptr();
        (pool.post)(pool.pool.as_ptr(), &raw mut (*job).task) == NGX_OK as ngx_int_t
    });
    if posted {
        return WAITING.set(WAITING.get() + 1);
    }
    // The queue is full.
    // SAFETY: no thread has it.
    let Job { work, tell, .. } = *unsafe { Box::from_raw(job) };
    guard((), || work.into_iter().for_each(|work| work()));
    let _ = tell.send(());
}

/// In a thread of the pool.
unsafe extern "C" fn run(job: *mut c_void, _log: *mut ngx_log_t) {
    // SAFETY: nginx gives a task to one thread, and nobody else looks at it meanwhile.
    let job = unsafe { &mut *job.cast::<Job>() };
    if !IS_KNOWN.replace(true) {
        KNOWN.lock().unwrap_or_else(PoisonError::into_inner).push(own_number());
    }
    if let Some(work) = job.work.take() {
        job.panic = catch_unwind(AssertUnwindSafe(work)).err();
    }
}

/// Has every thread ended that has worked? When a worker ends nginx lets them go before it asks its modules to; but
/// it waits for their word alone, and what they have of libcrypto is freed after that.
pub(super) fn have_ended() -> bool {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).iter().all(|number| !is_there(*number))
}

fn own_number() -> pid_t {
    // SAFETY: it only asks.
    let number = unsafe { libc::syscall(libc::SYS_gettid) };
    pid_t::try_from(number).unwrap_or_default()
}

/// Is there a thread of this process with the number?
fn is_there(number: pid_t) -> bool {
    // SAFETY: a signal of 0 is none.
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), number, 0) == 0 }
}

/// On the event loop again.
unsafe extern "C" fn done(event: *mut ngx_event_t) {
    // SAFETY: nginx calls it once for each task, when no thread has it any more.
    let Job { panic, tell, .. } = *unsafe { Box::from_raw((*event).data.cast::<Job>()) };
    guard((), || {
        WAITING.set(WAITING.get().saturating_sub(1));
        panic.iter().for_each(|panic| log_panic(&**panic));
        // Whoever waits goes on inside.
        let _ = tell.send(());
    });
}
