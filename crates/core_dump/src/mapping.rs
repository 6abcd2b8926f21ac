//! The memory of this process as the kernel lists it (proc_pid_maps(5)), read without a heap.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub(crate) range: Range<usize>,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What brk(2) moves the end of.
    Heap,
    /// Of the first thread.
    Stack,
    /// Private and writable, and of no file: what allocators take, stacks of other threads.
    Anonymous,
    /// Files, memory that is shared or only read, the kernel's own.
    Other,
}

/// Shows every mapping to `visit`, which may change its flags.
///
/// # Errors
/// The kernel does not show them, or not as expected.
pub(crate) fn each(mut visit: impl FnMut(&Mapping) -> io::Result<()>) -> io::Result<()> {
    // A File is a bare descriptor. It takes no memory and no lock, so that a signal handler may use it.
    let mut file = File::open("/proc/self/maps")?;
    let (mut buffer, mut line) = ([0; 2048], Line::default());
    loop {
        let len = file.read(&mut buffer)?;
        if len == 0 {
            return Ok(());
        }
        for byte in buffer.iter().take(len) {
            if *byte != b'\n' {
                line.push(*byte);
                continue;
            }
            let mapping = line.mapping().ok_or(io::ErrorKind::InvalidData)?;
            line = Line::default();
            visit(&mapping)?;
        }
    }
}

/// The beginning of a line. Longer ones end in the path of a file, and that does not matter.
struct Line {
    head: [u8; 128],
    len: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self { head: [0; 128], len: 0 }
    }
}

impl Line {
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.head.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
    }

    /// `start-end perms offset device inode name`.
    fn mapping(&self) -> Option<Mapping> {
        let text = std::str::from_utf8(self.head.get(..self.len)?);
        // A path may be anything, and be cut within a letter.
        let text = text.or_else(|error| {
            std::str::from_utf8(self.head.get(..error.valid_up_to()).unwrap_or_default())
        });
        let mut words = text.ok()?.splitn(6, ' ');
        let (start, end) = words.next()?.split_once('-')?;
        let number = |hex| usize::from_str_radix(hex, 16).ok();
        let range = number(start)?..number(end)?;
        let is_private = match words.next()?.as_bytes() {
            [_, write, _, shared] => *write == b'w' && *shared == b'p',
            _ => return None,
        };
        let (_offset, _device, inode) = (words.next()?, words.next()?, words.next()?);
        let name = words.next().unwrap_or_default().trim_start();
        let kind = match name {
            _ if !is_private || inode != "0" => Kind::Other,
            "[heap]" => Kind::Heap,
            "[stack]" => Kind::Stack,
            // prctl(2) PR_SET_VMA_ANON_NAME: allocators may name what is theirs.
            name if name.is_empty() || name.starts_with("[anon:") => Kind::Anonymous,
            _ => Kind::Other,
        };
        Some(Mapping { range, kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Mapping> {
        let mut line = Line::default();
        text.bytes().for_each(|byte| line.push(byte));
        line.mapping()
    }

    fn kind(rest: &str) -> Kind {
        let mapping = read(&format!("7f91e82fd000-7f91e835a000 {rest}")).unwrap();
        assert_eq!(mapping.range, 0x7f91_e82f_d000..0x7f91_e835_a000);
        mapping.kind
    }

    #[test]
    fn what_is_private_and_written_to_is_known() {
        let name = |name: &str| kind(&format!("rw-p 00000000 00:00 0 {:20}{name}", ""));
        assert_eq!(name("[heap]"), Kind::Heap);
        assert_eq!(name("[stack]"), Kind::Stack);
        assert_eq!(name("[anon: glibc: malloc arena]"), Kind::Anonymous);
        assert_eq!(name(""), Kind::Anonymous);
        assert_eq!(kind("rw-p 00000000 00:00 0"), Kind::Anonymous);
        assert_eq!(kind("rwxp 00000000 00:00 0 "), Kind::Anonymous);
    }

    #[test]
    fn all_else_is_not_touched() {
        for other in [
            "rw-p 001d3000 fe:00 326269                     /usr/lib/x86_64-linux-gnu/libc.so.6",
            "rw-s 00000000 00:01 176965                     /dev/zero (deleted)",
            "r--p 00000000 00:00 0 ",
            "r-xp 00000000 00:00 0                          [vdso]",
            "rw-p 00000000 00:00 0                          [uprobes]",
            "---p 00000000 00:00 0 ",
        ] {
            assert_eq!(kind(other), Kind::Other, "{other}");
        }
    }

    #[test]
    fn a_long_path_is_a_file_even_where_it_is_cut() {
        for letter in ["a", "ä", "€", "🦀"] {
            for before in 0..4 {
                let path = format!("/{}{}", "x".repeat(before), letter.repeat(2000));
                assert_eq!(kind(&format!("rw-p 00000000 fe:00 1 {path}")), Kind::Other);
            }
        }
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for line in ["", "x", "1-2", "1-z rw-p 0 0 0", "1-2 rw 0 0 0", "1-2 rw-p 0 0"] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn the_kernels_own_list_is_read() {
        let on_the_stack = 1_u8;
        let address = (&raw const on_the_stack).addr();
        let on_the_heap = Box::new(1_u8);
        let mut found = Vec::new();
        each(|mapping| {
            if mapping.range.contains(&(&raw const *on_the_heap).addr()) {
                found.push(mapping.kind);
            }
            assert!(!mapping.range.contains(&address) || mapping.kind != Kind::Other);
            Ok(())
        })
        .unwrap();
        assert!(matches!(found[..], [Kind::Heap | Kind::Anonymous]), "{found:?}");
    }
}
