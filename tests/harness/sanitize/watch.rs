//! Tells how many bytes a worker has of malloc, which resident memory does not say under AddressSanitizer: that
//! keeps what was given back, and the stacks of all who have ever asked.
//! Loaded before all other objects it is what nginx calls as `epoll_wait`.

use std::ffi::{c_char, c_int, c_void};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

unsafe extern "C" {
    fn epoll_pwait(
        epoll: c_int,
        events: *mut c_void,
        room: c_int,
        timeout: c_int,
        signals: *const c_void,
    ) -> c_int;
    fn __sanitizer_get_current_allocated_bytes() -> usize;
}

const EACH: Duration = Duration::from_millis(200);

/// The folder for files named by their process. nginx's workers do not have the environment any more.
static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();

#[used]
#[unsafe(link_section = ".init_array")]
static AT_LOAD: extern "C" fn(c_int, *const *const c_char, *const *const c_char) = at_load;

extern "C" fn at_load(_: c_int, _: *const *const c_char, _: *const *const c_char) {
    FOLDER.get_or_init(|| std::env::var_os("ALLOCATED_IN").map(PathBuf::from));
}

static TELLING: Mutex<Option<(File, Instant)>> = Mutex::new(None);

#[unsafe(no_mangle)]
pub unsafe extern "C" fn epoll_wait(
    epoll: c_int,
    events: *mut c_void,
    room: c_int,
    timeout: c_int,
) -> c_int {
    tell();
    // SAFETY: the arguments are nginx's own, and without signals it is what epoll_wait does.
    unsafe { epoll_pwait(epoll, events, room, timeout, std::ptr::null()) }
}

/// At most so often.
fn tell() {
    let Ok(mut telling) = TELLING.try_lock() else { return };
    if telling.is_none() {
        let Some(Some(folder)) = FOLDER.get() else { return };
        let Ok(file) = File::create(folder.join(std::process::id().to_string())) else { return };
        *telling = Some((file, Instant::now() - EACH));
    }
    if let Some((file, last)) = &mut *telling
        && last.elapsed() >= EACH
    {
        // SAFETY: the runtime of AddressSanitizer is in nginx.
        let bytes = unsafe { __sanitizer_get_current_allocated_bytes() };
        let _ = file.write_all_at(format!("{bytes:20}").as_bytes(), 0);
        *last = Instant::now();
    }
}
