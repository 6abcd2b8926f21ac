//! Pages that the kernel writes into a dump, and pages that it does not.

use std::io;
use std::ops::Range;

use crate::loader;
use crate::mapping::{self, Kind, Mapping};
use crate::page::size;

/// Leaves out of dumps all private memory that is there now, but the stack, and what debuggers need once
/// [`at_crash`](crate::at_crash) has seen to that.
///
/// # Errors
/// The kernel does not list the memory, or does not know how to leave out (before Linux 3.4): then some
/// of it is still written.
pub fn hide() -> io::Result<()> {
    mapping::each(hide_mapping)
}

/// Takes back what [`hide`] did.
///
/// # Errors
/// As there.
pub fn reveal() -> io::Result<()> {
    mapping::each(|mapping| match mapping.kind {
        Kind::Heap | Kind::Anonymous => advise(&mapping.range, libc::MADV_DODUMP),
        Kind::Stack | Kind::Other => Ok(()),
    })
}

/// Leaves out what lies in `range`, to whole pages: shared memory, say.
///
/// # Errors
/// Nothing is mapped there, or the kernel cannot leave out.
pub fn hide_range(range: &Range<usize>) -> io::Result<()> {
    advise(range, libc::MADV_DONTDUMP)
}

/// Takes back what [`hide_range`] did.
///
/// # Errors
/// As there.
pub fn reveal_range(range: &Range<usize>) -> io::Result<()> {
    advise(range, libc::MADV_DODUMP)
}

pub(crate) fn hide_mapping(mapping: &Mapping) -> io::Result<()> {
    match mapping.kind {
        // What the loader has here has neighbours of all kinds. The copy is elsewhere.
        Kind::Heap => hide_range(&mapping.range),
        Kind::Anonymous => {
            between(&mapping.range, loader::pages()).try_for_each(|r| hide_range(&r))
        }
        Kind::Stack | Kind::Other => Ok(()),
    }
}

/// What is in `range` and in none of `pages`, which are in order.
fn between<'p>(
    range: &Range<usize>,
    pages: &'p [usize],
) -> impl Iterator<Item = Range<usize>> + 'p {
    let (mut start, end, size) = (range.start, range.end, size());
    let inside = pages.iter().copied().filter(move |page| (start..end).contains(page));
    inside.chain([end]).filter_map(move |page| {
        let before = start..page;
        start = page + size;
        (!before.is_empty()).then_some(before)
    })
}

fn advise(range: &Range<usize>, advice: libc::c_int) -> io::Result<()> {
    let start = range.start & !(size() - 1);
    // SAFETY: these two pieces of advice change what a dump holds, and nothing that a program sees.
    match unsafe { libc::madvise(start as *mut libc::c_void, range.end - start, advice) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_the_loader_are_gaps() {
        let size = size();
        let ranges = |pages: &[usize]| -> Vec<_> {
            let pages: Vec<_> = pages.iter().map(|page| page * size).collect();
            let found: Vec<_> = between(&(4 * size..8 * size), &pages).collect();
            found.into_iter().map(|range| (range.start / size, range.end / size)).collect()
        };
        assert_eq!(ranges(&[]), [(4, 8)]);
        assert_eq!(ranges(&[1, 3, 8, 9]), [(4, 8)]);
        assert_eq!(ranges(&[4]), [(5, 8)]);
        assert_eq!(ranges(&[7]), [(4, 7)]);
        assert_eq!(ranges(&[2, 5, 6, 12]), [(4, 5), (7, 8)]);
        assert_eq!(ranges(&[4, 5, 6, 7]), []);
    }

    #[test]
    fn memory_that_is_not_there_is_an_error() {
        assert!(hide_range(&(0..size())).is_err());
    }
}
