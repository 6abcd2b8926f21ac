//! A page: what the kernel counts memory in.

/// Bytes of a page, a power of two.
pub(crate) fn size() -> usize {
    // SAFETY: it only asks.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(4096)
}
