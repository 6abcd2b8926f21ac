//! How many cookies of a request are looked at.

/// Cookies of the same name that are looked at: a planted one must not hide the real one, nor may
/// many of them cost much.
pub(super) const MAX_CANDIDATES: usize = 4;

/// Cookies of logins under way that are looked at: as many as have room in a header.
pub(super) const MAX_REQUESTS: usize = 32;
