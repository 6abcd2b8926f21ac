//! Writing response headers.

use nginx_sys::{ngx_list_push, ngx_str_t, ngx_table_elt_t};
use ngx::http::Request;

/// Sets a header; a `Set-Cookie` with another value is added to those that are there, anything else
/// replaces its old value. `None` = out of memory.
pub fn add(r: &mut Request, name: &'static str, value: &str) -> Option<()> {
    // SAFETY: the pool is the live request's.
    let value = unsafe { ngx_str_t::from_bytes(r.as_ref().pool, value.as_bytes())? };
    set(r, of_static(name), value)
}

/// As [`add`], for a value that is never freed: nothing is copied.
pub fn add_static(r: &mut Request, name: &'static str, value: &'static str) -> Option<()> {
    set(r, of_static(name), of_static(value))
}

fn of_static(text: &'static str) -> ngx_str_t {
    ngx_str_t { len: text.len(), data: text.as_ptr().cast_mut() }
}

/// As [`add`], for a name that the configuration makes.
pub fn add_named(r: &mut Request, name: &str, value: &str) -> Option<()> {
    let pool = r.as_ref().pool;
    // SAFETY: the pool is the live request's.
    let (name, value) = unsafe {
        (
            ngx_str_t::from_bytes(pool, name.as_bytes())?,
            ngx_str_t::from_bytes(pool, value.as_bytes())?,
        )
    };
    set(r, name, value)
}

fn set(r: &mut Request, name: ngx_str_t, value: ngx_str_t) -> Option<()> {
    let key = name.as_bytes();
    let repeatable = key == b"Set-Cookie";
    let old = find(r, |element| {
        element.key.as_bytes().eq_ignore_ascii_case(key) && (!repeatable || element.value == value)
    });
    let element = match old {
        Some(element) => element,
        None => push(r)?,
    };
    element.hash = 1;
    element.key = name;
    element.value = value;
    let element: *mut ngx_table_elt_t = element;
    let headers = &mut r.as_mut().headers_out;
    match key {
        // nginx reads the redirect's target from here, and never rewrites an absolute one.
        b"Location" => headers.location = element,
        // nginx compares it with If-None-Match, and weakens it when it compresses.
        b"ETag" => headers.etag = element,
        // nginx takes it back when another access module lets the client in.
        b"WWW-Authenticate" => headers.www_authenticate = element,
        _ => {}
    }
    Some(())
}

fn push(r: &mut Request) -> Option<&'static mut ngx_table_elt_t> {
    // SAFETY: the list is the live request's; its elements stay where they are until the pool dies.
    let element = unsafe {
        ngx_list_push(&mut r.as_mut().headers_out.headers).cast::<ngx_table_elt_t>().as_mut()?
    };
    element.lowcase_key = std::ptr::null_mut();
    #[cfg(ngx_table_elt_next)]
    {
        element.next = std::ptr::null_mut();
    }
    Some(element)
}

fn find(
    r: &mut Request,
    wanted: impl Fn(&ngx_table_elt_t) -> bool,
) -> Option<&'static mut ngx_table_elt_t> {
    let mut part = &raw mut r.as_mut().headers_out.headers.part;
    // SAFETY: a list is a null-terminated chain of parts with nelts elements each, in the pool.
    while let Some(current) = unsafe { part.as_mut() } {
        for index in 0..current.nelts {
            // SAFETY: index is below nelts.
            let element = unsafe { &mut *current.elts.cast::<ngx_table_elt_t>().add(index) };
            if element.hash != 0 && wanted(element) {
                return Some(element);
            }
        }
        part = current.next;
    }
    None
}
