//! The zone of a host: memory of this process, which all workers of that host have.

use std::ffi::c_void;
use std::ptr::NonNull;

use crate::nginx::{ngx_conf_t, ngx_slab_pool_t, slab_pool};

/// Pages below which nginx's own modules refuse a zone.
pub const MIN_PAGES: usize = 8;

/// What lies in a zone.
pub trait Content: Sized {
    /// Makes it in a new zone.
    ///
    /// # Errors
    /// It cannot be: the rest of a sentence.
    ///
    /// # Safety
    /// `slab` is a pool that holds nothing else, and outlives what is made.
    unsafe fn open(slab: NonNull<ngx_slab_pool_t>) -> Result<Self, &'static str>;
}

/// A zone of one host.
pub struct Zone<T>(T);

/// Why a zone could not be declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeclareError {
    /// Another block has declared a zone of this name.
    Duplicate,
    /// There is no memory for it.
    Nginx,
}

impl<T: Content + 'static> Zone<T> {
    /// A new zone, mapped at once.
    ///
    /// # Errors
    /// It has no memory.
    pub fn declare(
        _: *mut ngx_conf_t,
        _: &str,
        size: usize,
        _: *mut c_void,
    ) -> Result<&'static Self, DeclareError> {
        // SAFETY: the pool is fresh, and never freed.
        let content = unsafe { T::open(slab_pool(size)) };
        Ok(Box::leak(Box::new(Self(content.map_err(|_| DeclareError::Nginx)?))))
    }
}

impl<T> Zone<T> {
    /// What lies in it.
    pub fn content(&self) -> Option<&T> {
        Some(&self.0)
    }

    /// For sentences.
    pub fn name(&self) -> String {
        "sessions".into()
    }
}
