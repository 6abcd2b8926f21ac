//! The module's code and data, kept from whatever happens to its file.
//!
//! A shared object is mapped from its file. Who writes over that file while nginx runs (`cp` does,
//! `install` and package managers do not) takes the pages away: the kernel drops even those that
//! were changed, and reads them anew. Static data is then as in the file (the module has no index
//! any more, and finds no configuration), and code is another build's. So the pages are copied to
//! memory that no file stands behind, once, before nginx forks; the workers share the copy.
//!
//! Where the system allows no such memory to be executed (SELinux without `execmem`, systemd's
//! `MemoryDenyWriteExecute`) the file stays behind the code; then `is_intact` is what fails closed.

use std::fs;
use std::io;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use nginx_sys::ngx_module_t;

/// In the file's data with another value than while the module is at work.
static CANARY: AtomicUsize = AtomicUsize::new(ASLEEP);
const ASLEEP: usize = 0x5a5a;
const AT_WORK: usize = 0xa5a5;

/// `NGX_MODULE_UNSET_INDEX`: before nginx has given the module its place.
const UNSET_INDEX: usize = usize::MAX;

/// The file as it was when the module was loaded.
static LOADED: OnceLock<Option<File>> = OnceLock::new();

/// What the module's file came to.
pub enum State {
    Unchanged,
    /// Another file has its name now, or other bytes are in it.
    Replaced(PathBuf),
}

/// A file's identity and version.
#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    path: PathBuf,
    device_and_inode: (u64, u64),
    size: u64,
    changed: (i64, i64),
}

/// One mapping of the module's file.
struct Mapping {
    range: Range<usize>,
    protection: libc::c_int,
}

/// Takes the pages from the file at the first call, which must come before nginx forks.
pub fn keep() {
    CANARY.store(AT_WORK, Ordering::Relaxed);
    LOADED.get_or_init(|| detach(ptr::from_ref(&CANARY) as usize));
}

/// As [`keep`], for another shared object of ours, which has something at `address`.
pub fn keep_object(address: usize) {
    detach(address);
}

/// Takes the pages of the object around `address` from its file, and says what that file is.
fn detach(address: usize) -> Option<File> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let (path, mappings) = mappings_of(&maps, address)?;
    let file = File::read(path)?;
    // valgrind and AddressSanitizer know functions by the file that is mapped; and the latter lets nobody
    // read what it has put between variables.
    let is_traced = std::env::var("LD_PRELOAD").is_ok_and(|libs| libs.contains("vgpreload_"));
    if !is_traced && !cfg!(address_sanitizer) {
        for mapping in mappings {
            // Without it the file stays behind these pages, as ever.
            let _ = mapping.detach();
        }
    }
    Some(file)
}

/// Is the module's state what it was at the start?
pub fn is_intact(module: &ngx_module_t) -> bool {
    CANARY.load(Ordering::Relaxed) == AT_WORK && module.ctx_index != UNSET_INDEX
}

/// What has become of the file since the module was loaded.
pub fn state_of_file() -> State {
    match LOADED.get() {
        Some(Some(loaded)) if File::read(loaded.path.clone()).as_ref() != Some(loaded) => {
            State::Replaced(loaded.path.clone())
        }
        _ => State::Unchanged,
    }
}

impl File {
    fn read(path: PathBuf) -> Option<Self> {
        let data = fs::metadata(&path).ok()?;
        Some(Self {
            path,
            device_and_inode: (data.dev(), data.ino()),
            size: data.size(),
            changed: (data.mtime(), data.mtime_nsec()),
        })
    }
}

impl Mapping {
    /// Puts a copy in the place of the mapping.
    fn detach(&self) -> io::Result<()> {
        let (address, len) = (self.range.start as *mut libc::c_void, self.range.len());
        // SAFETY: the mapping is this object's and readable; the copy has its length. Nothing else
        // runs in the master while it reads its configuration. What is at the address stays the same
        // at every instant: the kernel moves the copy there in one step.
        unsafe {
            let anonymous = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let writable = libc::PROT_READ | libc::PROT_WRITE;
            let copy = libc::mmap(ptr::null_mut(), len, writable, anonymous, -1, 0);
            if copy == libc::MAP_FAILED {
                return Err(io::Error::last_os_error());
            }
            ptr::copy_nonoverlapping(address.cast::<u8>(), copy.cast::<u8>(), len);
            let to_its_place = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
            if libc::mprotect(copy, len, self.protection) != 0
                || libc::mremap(copy, len, len, to_its_place, address) == libc::MAP_FAILED
            {
                let error = io::Error::last_os_error();
                libc::munmap(copy, len);
                return Err(error);
            }
        }
        Ok(())
    }
}

/// The file that is mapped at `address`, and all readable mappings of it (proc_pid_maps(5)).
fn mappings_of(maps: &str, address: usize) -> Option<(PathBuf, Vec<Mapping>)> {
    let lines: Vec<_> = maps.lines().filter_map(line).collect();
    let (file, path, _) = lines.iter().find(|(_, _, m)| m.range.contains(&address))?;
    let (file, path) = (*file, PathBuf::from(path));
    let of_file = lines.into_iter().filter(|(other, _, _)| *other == file);
    let readable = of_file.map(|(_, _, mapping)| mapping);
    Some((path, readable.filter(|m| m.protection & libc::PROT_READ != 0).collect()))
}

/// `start-end perms offset device inode path`: device and inode, path, mapping.
fn line(line: &str) -> Option<((&str, &str), &str, Mapping)> {
    let mut words = line.splitn(6, ' ');
    let (start, end) = words.next()?.split_once('-')?;
    let permissions = words.next()?;
    let (_offset, device, inode) = (words.next()?, words.next()?, words.next()?);
    let path = words.next()?.trim_start();
    let number = |hex| usize::from_str_radix(hex, 16).ok();
    let bits = [('r', libc::PROT_READ), ('w', libc::PROT_WRITE), ('x', libc::PROT_EXEC)];
    let protection = bits
        .into_iter()
        .filter(|(letter, _)| permissions.contains(*letter))
        .fold(libc::PROT_NONE, |all, (_, bit)| all | bit);
    let range = number(start)?..number(end)?;
    (inode != "0").then_some(((device, inode), path, Mapping { range, protection }))
}
