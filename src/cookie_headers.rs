//! A request's `Cookie` headers as nginx keeps them: beside all others, by pointers of their own.

use nginx_sys::ngx_table_elt_t;
use ngx::http::Request;

/// The `Cookie` headers as nginx has them now. What they point to lives as long as the request.
#[cfg(not(ngx_table_elt_next))]
pub fn of(r: &Request) -> impl Iterator<Item = &ngx_table_elt_t> {
    let cookies = &r.as_ref().headers_in.cookies;
    // nginx makes the array for the first of them.
    let pointers: &[*mut ngx_table_elt_t] = match cookies.nelts {
        0 => &[],
        // SAFETY: nginx keeps an array of pointers to the headers' elements.
        _ => unsafe { cookies.as_slice() },
    };
    // SAFETY: elements live until the request's pool.
    pointers.iter().filter_map(|element| unsafe { element.as_ref() })
}

/// The `Cookie` headers as nginx has them now. What they point to lives as long as the request.
#[cfg(ngx_table_elt_next)]
pub fn of(r: &Request) -> impl Iterator<Item = &ngx_table_elt_t> {
    // SAFETY: elements live until the request's pool, in a null-terminated list.
    let first = unsafe { r.as_ref().headers_in.cookie.as_ref() };
    // SAFETY: as above.
    std::iter::successors(first, |element| unsafe { element.next.as_ref() })
}
