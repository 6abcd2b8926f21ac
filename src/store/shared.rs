//! The store in an nginx shared-memory zone: all workers see it, and a reload keeps it.
//!
//! The table's magic number is a second lock on the door that no other build of the module comes through.

use std::cell::RefCell;
use std::ffi::c_void;
use std::fmt;
use std::ptr::NonNull;
use std::rc::Rc;

use clock::{Monotonic, Msec, Seconds, UnixTime};
use nginx_sys::{
    NGX_LOG_ALERT, NGX_LOG_WARN, ngx_conf_t, ngx_shmtx_lock, ngx_shmtx_unlock, ngx_slab_alloc,
    ngx_slab_pool_t,
};
use ngx::ngx_log_error;
use zone::{DEPARTED_MAX, Departed, Entry, Fill, Kind, Memory, Repair, Step, StoreError, Table};

use crate::clock::monotonic;
use crate::shared_memory::{Content, DeclareError, MIN_PAGES, Zone};

/// Bytes a session usually needs: the copy should not grow while the zone is locked.
const USUAL_VALUE: usize = 1024;

/// When an entry was asked for elsewhere, and what stood here then.
#[derive(Clone, Copy)]
pub struct Asked {
    epoch: u64,
    pub at: Monotonic,
}

/// Hears which sessions are gone, after the lock is given back.
pub type Hearer = dyn Fn(Vec<Departed>);

thread_local! {
    /// Who hears of it in this process, by the pools of the zones.
    static HEARERS: RefCell<Vec<(NonNull<ngx_slab_pool_t>, Rc<Hearer>)>> = const { RefCell::new(Vec::new()) };
}

/// The store's zone in one configuration.
pub type SharedStore = Zone<Opened>;

/// What lies in it: one table.
#[derive(Clone, Copy)]
pub struct Opened {
    slab: NonNull<ngx_slab_pool_t>,
    memory: Memory,
}

impl SharedStore {
    /// Declares the zone while the configuration is read.
    ///
    /// # Errors
    /// It is too small, or cannot be declared.
    pub fn request(
        cf: *mut ngx_conf_t,
        name: &str,
        size: usize,
        tag: *mut c_void,
    ) -> Result<&'static Self, RequestError> {
        check_size(size)?;
        Self::declare(cf, name, size, tag).map_err(RequestError::Declare)
    }

    /// A copy of the entry.
    pub fn get(&self, kind: Kind, key: &[u8; 32], now: UnixTime) -> Option<Entry> {
        let buffer = Vec::with_capacity(USUAL_VALUE);
        self.locked(|table| table.get(kind, key, now, buffer)).flatten()
    }

    /// The value of the entry, for who does not use it.
    pub fn peek(&self, kind: Kind, key: &[u8; 32], now: UnixTime) -> Option<Vec<u8>> {
        self.locked(|table| table.peek(kind, key, now)).flatten()
    }

    /// Some entries of a kind, those at the place `from` first.
    pub fn walk(&self, kind: Kind, from: usize, now: UnixTime) -> Step {
        self.locked(|table| table.walk(kind, from, now)).unwrap_or_default()
    }

    /// Stores the entry, over the one that was there.
    pub fn put(
        &self,
        kind: Kind,
        key: &[u8; 32],
        value: &[u8],
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        self.write(now, |table| table.put(kind, key, value, expires, now))
    }

    /// Claims the key for one caller in all workers: `false` when an unexpired entry has it.
    pub fn add(
        &self,
        kind: Kind,
        key: &[u8; 32],
        value: &[u8],
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool, StoreError> {
        self.write(now, |table| table.add(kind, key, value, expires, now))
    }

    /// Replaces the entry if it is still the one read as `version`; else `false`.
    pub fn replace(
        &self,
        kind: Kind,
        key: &[u8; 32],
        version: u64,
        value: &[u8],
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool, StoreError> {
        self.write(now, |table| table.update(kind, key, version, value, expires, now))
    }

    /// What stands here now, before an entry is asked for elsewhere.
    pub fn before_asking(&self, kind: Kind, key: &[u8; 32]) -> Asked {
        Asked { epoch: self.epoch(kind, key), at: monotonic() }
    }

    /// Stores what was read elsewhere, unless the key's epoch has moved since that was `asked` for, and returns the new
    /// epoch; else `None`.
    pub fn fill(
        &self,
        kind: Kind,
        key: &[u8; 32],
        asked: Asked,
        value: &[u8],
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<Option<u64>, StoreError> {
        self.write(now, |table| {
            table.set_clock(asked.at);
            table.fill(kind, key, asked.epoch, value, expires, now)
        })
    }

    /// Removes the entry, for one caller in all workers; gives the beginning of its value, when there was one.
    pub fn delete(&self, kind: Kind, key: &[u8; 32], now: UnixTime) -> Option<Vec<u8>> {
        self.locked(|table| table.delete(kind, key, DEPARTED_MAX, now)).flatten()
    }

    /// From now on `hearer` hears of the sessions that expire or are evicted while this process has the lock.
    pub fn tell_departed(&self, hearer: Rc<Hearer>) {
        if let Some(opened) = self.content() {
            HEARERS.with_borrow_mut(|hearers| hearers.push((opened.slab, hearer)));
        }
    }

    /// Removes what has expired, some thousand entries from the place `from` on; says where to go on, `None` = that
    /// were all.
    pub fn sweep(&self, from: usize, now: UnixTime) -> Option<usize> {
        self.locked(|table| table.sweep(from, now)).flatten()
    }

    /// Removes the entry, for one caller in all workers.
    pub fn take(&self, kind: Kind, key: &[u8; 32], now: UnixTime) -> Option<Entry> {
        self.locked(|table| {
            let entry = table.get(kind, key, now, Vec::new())?;
            table.forget(kind, key);
            Some(entry)
        })
        .flatten()
    }

    /// Removes the entry where there is one; the epoch stands still where there is none.
    pub fn forget(&self, kind: Kind, key: &[u8; 32]) {
        self.locked(|table| table.forget(kind, key));
    }

    /// Moves the entry's expiry and makes it the last to be evicted; `false` when there is none.
    pub fn touch(&self, kind: Kind, key: &[u8; 32], expires: UnixTime, now: UnixTime) -> bool {
        self.locked(|table| table.touch(kind, key, expires, now)).unwrap_or(false)
    }

    /// As [`SharedStore::touch`], for what was asked for elsewhere at the instant `asked`: it is known as of then,
    /// however long the answer took.
    pub fn confirm(
        &self,
        kind: Kind,
        key: &[u8; 32],
        asked: Monotonic,
        expires: UnixTime,
        now: UnixTime,
    ) {
        self.locked(|table| {
            table.set_clock(asked);
            table.touch(kind, key, expires, now)
        });
    }

    /// Has the entry live until `expires` at least, as it does elsewhere.
    pub fn prolong(&self, kind: Kind, key: &[u8; 32], expires: UnixTime, now: UnixTime) {
        self.locked(|table| table.prolong(kind, key, expires, now));
    }

    /// Makes the entry the last to be evicted; `false` when there is none.
    pub fn renew(&self, kind: Kind, key: &[u8; 32], now: UnixTime) -> bool {
        self.locked(|table| table.renew_entry(kind, key, now)).unwrap_or(false)
    }

    /// Would `len` bytes more leave the zone short of room?
    pub fn is_short_of(&self, len: usize, now: UnixTime) -> bool {
        self.locked(|table| table.is_short_of(len, now)).unwrap_or(false)
    }

    /// Drops entries in the order of their keys until they amount to what `len` bytes take; returns
    /// those that are not there any more.
    pub fn give_up(
        &self,
        kind: Kind,
        keys: &[[u8; 32]],
        len: usize,
        now: UnixTime,
    ) -> Vec<[u8; 32]> {
        self.locked(|table| table.give_up(kind, keys, len, now)).unwrap_or_default()
    }

    /// How full it is; nothing while nginx has not mapped the zone.
    pub fn fill_level(&self) -> Fill {
        self.locked(|table| table.fill_level()).unwrap_or_default()
    }

    /// Blocks of 256 bytes; 0 while nginx has not mapped the zone.
    pub fn blocks(&self) -> usize {
        self.content().map_or(0, |opened| opened.memory.blocks() as usize)
    }

    /// Stands still while the key's entry does, but for expiry and touches. Takes no lock.
    pub fn epoch(&self, kind: Kind, key: &[u8; 32]) -> u64 {
        self.content().map_or(0, |opened| opened.memory.epoch(kind, key))
    }

    /// Random bytes as old as the zone; `None` while the configuration is still being read.
    pub fn secret(&self) -> Option<[u8; 32]> {
        self.content().map(|opened| opened.memory.secret())
    }

    /// What was before this instant it cannot know: nginx had not been started, or this zone was another one. By
    /// its age, for the time of day may have been set since; up to two seconds too early, for that has no parts.
    pub fn remembers_since(&self, now: UnixTime) -> UnixTime {
        let age = self.content().map_or(Msec(0), |opened| monotonic() - opened.memory.born());
        let seconds = age.0.div_ceil(1000);
        now - Seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
    }

    /// A change of a zone that is to be full: what it pushes out nobody need hear of.
    pub fn quietly<T>(
        &self,
        change: impl FnOnce(&mut Table<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.locked(change).ok_or(StoreError::Full)?
    }

    fn write<T>(
        &self,
        now: UnixTime,
        change: impl FnOnce(&mut Table<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let outcome = self.locked(|table| (change(table), table.report_evictions(now)));
        let (outcome, evicted) = outcome.ok_or(StoreError::Full)?;
        if let Some(count) = evicted {
            self.log_evictions(count);
        }
        outcome
    }

    /// `None` while nginx has not mapped the zone.
    fn locked<T>(&self, work: impl FnOnce(&mut Table<'_>) -> T) -> Option<T> {
        let opened = self.content()?;
        let hearer = hearer(opened.slab);
        let lock = Lock::take(opened.slab);
        // SAFETY: every process takes the zone's slab mutex here, and holds it for longer.
        let mut table = unsafe { opened.memory.table() };
        table.set_clock(monotonic());
        if hearer.is_some() {
            table.watch();
        }
        let outcome = work(&mut table);
        let departed = table.take_departed();
        let repair = table.repaired();
        drop(table);
        drop(lock);
        if let Some(repair) = repair {
            self.log_repair(repair);
        }
        if let Some(hearer) = hearer
            && !departed.is_empty()
        {
            hearer(departed);
        }
        Some(outcome)
    }

    fn log_evictions(&self, count: u64) {
        let name = self.name();
        // SAFETY: workers have a cycle, and it has a log.
        let log = unsafe { (*nginx_sys::ngx_cycle).log };
        ngx_log_error!(
            NGX_LOG_WARN,
            log,
            "saml zone \"{name}\" is full, make it larger: {count} of its least recently used \
             entries were dropped since the last such line"
        );
    }

    fn log_repair(&self, Repair { kept, dropped }: Repair) {
        let name = self.name();
        // SAFETY: workers have a cycle, and it has a log.
        let log = unsafe { (*nginx_sys::ngx_cycle).log };
        ngx_log_error!(
            NGX_LOG_ALERT,
            log,
            "saml zone \"{name}\" was repaired: a process died while changing it; {kept} entries \
             kept, {dropped} in doubt dropped"
        );
    }
}

fn hearer(slab: NonNull<ngx_slab_pool_t>) -> Option<Rc<Hearer>> {
    HEARERS.with_borrow(|hearers| {
        let (_, hearer) = hearers.iter().find(|(of, _)| *of == slab)?;
        Some(Rc::clone(hearer))
    })
}

fn check_size(size: usize) -> Result<(), RequestError> {
    // SAFETY: nginx sets the page size before it reads its configuration.
    let minimum = MIN_PAGES * unsafe { nginx_sys::ngx_pagesize };
    if size < minimum { Err(RequestError::TooSmall { minimum }) } else { Ok(()) }
}

impl Content for Opened {
    unsafe fn open(slab: NonNull<ngx_slab_pool_t>) -> Result<Self, &'static str> {
        // SAFETY: the caller's promise.
        unsafe {
            let pages = (*slab.as_ptr()).last.offset_from((*slab.as_ptr()).pages);
            let size = pages.unsigned_abs() * nginx_sys::ngx_pagesize;
            let memory = match NonNull::new((*slab.as_ptr()).data.cast::<u8>()) {
                Some(base) => Memory::adopt(base, size)
                    .ok_or("the zone was made by another version of the module, restart nginx")?,
                None => format_zone(slab, size)?,
            };
            Ok(Self { slab, memory })
        }
    }
}

/// Gives the whole fresh slab pool to the table, which divides it better for one use.
///
/// # Safety
///
/// `slab` is a fresh pool of `size` bytes in whole pages, which no other process knows yet.
unsafe fn format_zone(slab: NonNull<ngx_slab_pool_t>, size: usize) -> Result<Memory, &'static str> {
    let mut secret = [0; 32];
    openssl::rand::rand_bytes(&mut secret).map_err(|_| "no random bytes from OpenSSL")?;
    // SAFETY: the allocation is `size` bytes, unshared until `data` tells the next cycle.
    unsafe {
        let base = ngx_slab_alloc(slab.as_ptr(), size).cast::<u8>();
        let base = NonNull::new(base).ok_or("the zone has no memory")?;
        let memory =
            Memory::format(base, size, secret, monotonic()).ok_or("the zone is too small")?;
        (*slab.as_ptr()).data = base.as_ptr().cast();
        Ok(memory)
    }
}

/// The slab pool's mutex. nginx's master frees it when its holder dies.
struct Lock(NonNull<ngx_slab_pool_t>);

impl Lock {
    fn take(slab: NonNull<ngx_slab_pool_t>) -> Self {
        // SAFETY: the pool is mapped as long as the store's cycle, and its mutex was created.
        unsafe { ngx_shmtx_lock(&raw mut (*slab.as_ptr()).mutex) };
        Self(slab)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // SAFETY: taken by `take` in this process.
        unsafe { ngx_shmtx_unlock(&raw mut (*self.0.as_ptr()).mutex) };
    }
}

/// Why a zone could not be declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// Smaller than `minimum` bytes.
    TooSmall { minimum: usize },
    /// It cannot be declared.
    Declare(DeclareError),
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooSmall { minimum } => {
                write!(f, "the zone is too small, it needs at least {}k", minimum / 1024)
            }
            Self::Declare(DeclareError::Duplicate) => {
                f.write_str("another saml_session_store uses a zone of this name, choose another")
            }
            Self::Declare(DeclareError::Nginx) => f.write_str("nginx could not declare the zone"),
        }
    }
}

impl std::error::Error for RequestError {}
