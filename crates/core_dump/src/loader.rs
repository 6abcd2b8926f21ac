//! What debuggers ask the dynamic loader: which object is loaded where. Without it a dump has no names of
//! functions.
//!
//! What the loader knows of the objects that a program begins with lies in pages of its own, which stay
//! in dumps. That of others, nginx's modules among them, is on the heap, and ends the list for whoever
//! reads a dump without. So there is a copy of the whole list, and a crash puts that in its place.

use std::cell::UnsafeCell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ops::Range;
use std::ptr;

use crate::page::size;

/// `struct link_map` of <link.h>: an object, in a list of all.
#[repr(C)]
#[derive(Clone, Copy)]
struct LinkMap {
    address: usize,
    name: *const c_char,
    dynamic: *const c_void,
    next: *const Self,
    previous: *const Self,
}

/// `struct r_debug` of <link.h>: where a debugger begins.
#[repr(C)]
struct Debug {
    version: c_int,
    objects: *const LinkMap,
}

/// More than any nginx has; those behind them have no names in a dump.
const OBJECTS: usize = 128;
/// Bytes of all their paths.
const NAMES: usize = 24 << 10;

/// The copy, with nobody beside it in its pages.
#[repr(C, align(4096))]
struct Copied {
    objects: [LinkMap; OBJECTS],
    names: [u8; NAMES],
    /// Starts of the pages of all this and of what it was copied from, in order.
    pages: [usize; 4 * OBJECTS],
    page_count: usize,
}

struct Place(UnsafeCell<Copied>);

// SAFETY: nobody reads it while `remember` writes, as that asks for.
unsafe impl Sync for Place {}

static COPIED: Place = {
    let (name, dynamic, next, previous) = (ptr::null(), ptr::null(), ptr::null(), ptr::null());
    let objects = [LinkMap { address: 0, name, dynamic, next, previous }; OBJECTS];
    let (names, pages) = ([0; NAMES], [0; 4 * OBJECTS]);
    Place(UnsafeCell::new(Copied { objects, names, pages, page_count: 0 }))
};

/// Copies the list as it is now.
///
/// # Safety
/// Nobody loads or unloads an object meanwhile, and nobody else is in this file.
pub(crate) unsafe fn remember() {
    let (mut list, mut next) = (Vec::new(), first());
    // SAFETY: the loader's list ends with a null and stays as it is meanwhile; its names are C strings.
    while let Some(object) = unsafe { next.as_ref() } {
        // SAFETY: as above.
        list.push((object, unsafe { CStr::from_ptr(object.name) }.to_bytes_with_nul()));
        next = object.next;
    }
    // SAFETY: the caller promises that nobody else has it.
    unsafe { &mut *COPIED.0.get() }.fill(&list);
}

/// The pages that debuggers need, in order. Empty before [`remember`].
pub(crate) fn pages() -> &'static [usize] {
    // SAFETY: it is written by `remember` alone, and that not now.
    let copied = unsafe { &*COPIED.0.get() };
    copied.pages.get(..copied.page_count).unwrap_or_default()
}

/// Shows debuggers the copy from now on.
///
/// # Safety
/// This process ends.
pub(crate) unsafe fn show_copy() {
    if !pages().is_empty() {
        // SAFETY: the loader is not asked any more, and the copy is a list like its own.
        unsafe { set_first((&raw const (*COPIED.0.get()).objects).cast()) };
    }
}

impl Copied {
    fn fill(&mut self, list: &[(&LinkMap, &[u8])]) {
        let mut needed = Vec::new();
        needed.push(of(&*self));
        let first = self.objects.as_ptr();
        let mut room = self.names.as_mut_slice();
        for (index, (copy, (object, name))) in self.objects.iter_mut().zip(list).enumerate() {
            let Some((path, rest)) = room.split_at_mut_checked(name.len()) else { break };
            path.copy_from_slice(name);
            room = rest;
            *copy = LinkMap {
                name: path.as_ptr().cast(),
                // Ended below.
                next: first.wrapping_add(index + 1),
                previous: if index == 0 { ptr::null() } else { first.wrapping_add(index - 1) },
                ..**object
            };
            needed.push(of(*object));
            needed.push(of(*name));
        }
        let count = needed.len() / 2;
        if let Some(last) = count.checked_sub(1).and_then(|last| self.objects.get_mut(last)) {
            last.next = ptr::null();
        }
        let size = size();
        let pages = needed.into_iter();
        let pages = pages.flat_map(|range| (range.start & !(size - 1)..range.end).step_by(size));
        let mut pages: Vec<usize> = pages.collect();
        pages.sort_unstable();
        pages.dedup();
        self.page_count = 0;
        for (place, page) in self.pages.iter_mut().zip(pages) {
            *place = page;
            self.page_count += 1;
        }
    }
}

/// Where something lies.
fn of<T: ?Sized>(there: &T) -> Range<usize> {
    let start = ptr::from_ref(there).addr();
    start..start + size_of_val(there)
}

#[cfg(target_env = "gnu")]
mod gnu {
    use super::{Debug, LinkMap};

    unsafe extern "C" {
        /// Of ld.so, for debuggers.
        static mut _r_debug: Debug;
    }

    pub(super) fn first() -> *const LinkMap {
        // SAFETY: the loader's own, which it has set up before it started the program.
        unsafe { (&raw const _r_debug.objects).read() }
    }

    pub(super) unsafe fn set_first(object: *const LinkMap) {
        // SAFETY: as above; the caller promises the list.
        unsafe { (&raw mut _r_debug.objects).write(object) };
    }
}

/// musl keeps its list in its own data, or on the heap.
#[cfg(not(target_env = "gnu"))]
mod gnu {
    use super::LinkMap;

    pub(super) fn first() -> *const LinkMap {
        std::ptr::null()
    }

    pub(super) unsafe fn set_first(_: *const LinkMap) {}
}

use gnu::{first, set_first};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_is_a_list_of_the_same_objects() {
        let names = [c"", c"linux-vdso.so.1", c"/lib/libc.so.6"];
        let objects: Vec<_> = (1..=3_usize)
            .map(|number| LinkMap {
                address: number << 20,
                name: names[number - 1].as_ptr(),
                dynamic: ptr::null(),
                next: ptr::null(),
                previous: ptr::null(),
            })
            .collect();
        let list: Vec<_> = objects
            .iter()
            .zip(names)
            .map(|(object, name)| (object, name.to_bytes_with_nul()))
            .collect();
        // SAFETY: nobody else is in this file; the list has been made above.
        let copied = unsafe { &mut *COPIED.0.get() };
        copied.fill(&list);
        let (mut next, mut previous) = (copied.objects.as_ptr(), ptr::null());
        for (object, name) in objects.iter().zip(names) {
            // SAFETY: it was filled.
            let copy = unsafe { &*next };
            assert_eq!((copy.address, copy.previous), (object.address, previous));
            // SAFETY: as above.
            assert_eq!(unsafe { CStr::from_ptr(copy.name) }, name);
            assert!(of(copied).contains(&copy.name.addr()) && of(copied).contains(&next.addr()));
            (previous, next) = (next, copy.next);
        }
        assert!(next.is_null());
        let pages = &copied.pages[..copied.page_count];
        assert!(pages.is_sorted() && pages.len() >= size_of::<Copied>() / size());
    }
}
