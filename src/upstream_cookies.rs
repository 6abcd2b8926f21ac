//! The module's cookies end here: before the access phase a request loses them, whatever protocol goes
//! upstream. The module itself goes on reading what the client sent.

use std::borrow::Cow;
use std::ptr;

use nginx_sys::{
    NGX_DECLINED, NGX_HTTP_INTERNAL_SERVER_ERROR, ngx_conf_t, ngx_int_t, ngx_list_part_t,
    ngx_list_t, ngx_palloc, ngx_pool_t, ngx_str_t, ngx_table_elt_t,
};
use ngx::http::{HttpModuleLocationConf, HttpModuleServerConf, Request};
use session::without;

use crate::context::{Context, cookies_sent};
use crate::core_variable;
use crate::module::{SamlModule, ServerConf};
use crate::request::cookie_headers;

/// Lets `$http_cookie` follow, in preconfiguration: somebody may ask for it before the cookies go.
pub fn prepare(cf: &mut ngx_conf_t) -> Option<()> {
    core_variable::find(cf, "http_cookie").map(drop)
}

/// Where the content of a location is not a file: takes our cookies away, or gives back what another location took
/// before an internal redirect.
#[inline]
pub fn take_away(r: &mut Request) -> ngx_int_t {
    // Files of this host go nowhere: what includes them are requests too.
    if r.as_ref().content_handler.is_none() {
        return NGX_DECLINED as ngx_int_t;
    }
    take_or_give_back(r)
}

fn take_or_give_back(r: &mut Request) -> ngx_int_t {
    let Some(conf) = SamlModule::location_conf(r) else { return NGX_DECLINED as ngx_int_t };
    let location = conf.location();
    // Endpoints are ours.
    if location.endpoint.is_some() {
        return NGX_DECLINED as ngx_int_t;
    }
    let done = if location.strip_cookies { strip(r) } else { give_back(r) };
    match done {
        Some(()) => NGX_DECLINED as ngx_int_t,
        // Without memory nothing goes upstream.
        None => NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t,
    }
}

/// `None` = out of memory.
fn strip(r: &mut Request) -> Option<()> {
    let Some(server) = SamlModule::server_conf(r).filter(|server| server.has_cookies()) else {
        return Some(());
    };
    let sent: Vec<ngx_table_elt_t> = cookie_headers(r).copied().collect();
    let Some(rest) = rest(r, server, &sent)? else { return Some(()) };
    Context::of_main_or_new(r)?.special().cookies_sent.get_or_init(|| sent);
    replace(r, &rest)
}

/// What is left of the headers without our cookies: `None` = out of memory, `Some(None)` = they
/// have none of ours.
fn rest(
    r: &Request,
    server: &ServerConf,
    sent: &[ngx_table_elt_t],
) -> Option<Option<Vec<ngx_table_elt_t>>> {
    let left: Vec<Cow<'_, [u8]>> = sent
        .iter()
        .map(|element| {
            let value = element.value.as_bytes();
            without(value, |name| server.owns_cookie(name)).map_or(Cow::Borrowed(value), Cow::Owned)
        })
        .collect();
    if !left.iter().any(|value| matches!(value, Cow::Owned(_))) {
        return Some(None);
    }
    let mut rest = Vec::with_capacity(sent.len());
    for (element, value) in sent.iter().zip(&left) {
        match value {
            Cow::Borrowed(_) => rest.push(*element),
            // A header with nothing in it is none.
            Cow::Owned(value) if value.trim_ascii().is_empty() => {}
            Cow::Owned(value) => {
                // SAFETY: the pool is the live request's.
                let value = unsafe { ngx_str_t::from_bytes(r.as_ref().pool, value)? };
                rest.push(ngx_table_elt_t { value, ..*element });
            }
        }
    }
    Some(Some(rest))
}

/// `None` = out of memory.
fn give_back(r: &mut Request) -> Option<()> {
    match cookies_sent(r) {
        Some(sent) => replace(r, &sent.clone()),
        None => Some(()),
    }
}

/// Gives the request these `Cookie` headers instead of those it has; `None` = out of memory.
///
/// A subrequest shares the elements and parts of its main request's list, so none of them is written
/// to: this makes new parts, of slices of the old ones without their `Cookie` elements.
fn replace(r: &mut Request, cookies: &[ngx_table_elt_t]) -> Option<()> {
    let pool = r.as_ref().pool;
    let cookies = Slice::copied(pool, cookies)?;
    let mut slices = Vec::new();
    // SAFETY: the list is the live request's, of header elements.
    unsafe { slices_without_cookies(&r.as_ref().headers_in.headers, &mut slices) };
    slices.extend((cookies.len > 0).then_some(cookies));
    set_list(pool, &mut r.as_mut().headers_in.headers, &slices)?;
    set_pointers(r, &cookies)
}

/// Elements one after the other in the request's pool.
#[derive(Clone, Copy)]
struct Slice {
    start: *mut ngx_table_elt_t,
    len: usize,
}

impl Slice {
    /// A copy in `pool`, linked as headers of one name are; `None` = out of memory.
    fn copied(pool: *mut ngx_pool_t, elements: &[ngx_table_elt_t]) -> Option<Self> {
        let len = elements.len();
        let start: *mut ngx_table_elt_t = allocate(pool, len.max(1))?;
        for (index, element) in elements.iter().enumerate() {
            // SAFETY: there is room for len elements.
            unsafe { start.add(index).write(*element) };
            #[cfg(ngx_table_elt_next)]
            // SAFETY: as above; the next one is written in the next turn.
            unsafe {
                (*start.add(index)).next =
                    if index + 1 < len { start.add(index + 1) } else { ptr::null_mut() };
            }
        }
        Some(Self { start, len })
    }
}

fn allocate<T>(pool: *mut ngx_pool_t, count: usize) -> Option<*mut T> {
    // SAFETY: the pool is a live request's; nginx gives null or aligned memory.
    let memory: *mut T = unsafe { ngx_palloc(pool, count * size_of::<T>()) }.cast();
    (!memory.is_null()).then_some(memory)
}

/// # Safety
/// `list` is a request's list of headers.
unsafe fn slices_without_cookies(list: &ngx_list_t, slices: &mut Vec<Slice>) {
    let mut part: *const ngx_list_part_t = &raw const list.part;
    // SAFETY: a list is a null-terminated chain of parts with nelts elements each, in the pool.
    while let Some(current) = unsafe { part.as_ref() } {
        let elements: *mut ngx_table_elt_t = current.elts.cast();
        let mut start = 0;
        for index in 0..=current.nelts {
            // SAFETY: index is below nelts where it is looked at.
            let ends = index == current.nelts || unsafe { is_cookie(&*elements.add(index)) };
            if ends {
                if index > start {
                    // SAFETY: start is below nelts.
                    let first = unsafe { elements.add(start) };
                    slices.push(Slice { start: first, len: index - start });
                }
                start = index + 1;
            }
        }
        part = current.next;
    }
}

fn is_cookie(element: &ngx_table_elt_t) -> bool {
    element.key.as_bytes().eq_ignore_ascii_case(b"cookie")
}

/// `None` = out of memory.
fn set_list(pool: *mut ngx_pool_t, list: &mut ngx_list_t, slices: &[Slice]) -> Option<()> {
    let Some((first, others)) = slices.split_first() else {
        // Those who walk a list expect no empty part but a first one, with room of its own.
        let elts: *mut ngx_table_elt_t = allocate(pool, list.nalloc.max(1))?;
        list.nalloc = list.nalloc.max(1);
        list.part = ngx_list_part_t { elts: elts.cast(), nelts: 0, next: ptr::null_mut() };
        list.last = &raw mut list.part;
        return Some(());
    };
    let part = |of: &Slice| ngx_list_part_t {
        elts: of.start.cast(),
        nelts: of.len,
        next: ptr::null_mut(),
    };
    list.part = part(first);
    list.last = &raw mut list.part;
    let mut last = first.len;
    for slice in others {
        let next: *mut ngx_list_part_t = allocate(pool, 1)?;
        // SAFETY: next has room for a part; last is the list's own part, or one of this loop's.
        unsafe {
            next.write(part(slice));
            (*list.last).next = next;
        }
        list.last = next;
        last = slice.len;
    }
    // The last part is full: what follows it in memory is another's, and nginx must not push there.
    list.nalloc = last;
    Some(())
}

/// What `$http_cookie` and `$cookie_…` read; `None` = out of memory.
#[cfg(not(ngx_table_elt_next))]
fn set_pointers(r: &mut Request, cookies: &Slice) -> Option<()> {
    use nginx_sys::ngx_array_t;
    let pool = r.as_ref().pool;
    let array = &mut r.as_mut().headers_in.cookies;
    // nginx makes the array anew where it has no elements.
    *array = ngx_array_t { elts: ptr::null_mut(), nelts: 0, nalloc: 0, ..*array };
    if cookies.len == 0 {
        return Some(());
    }
    let pointers: *mut *mut ngx_table_elt_t = allocate(pool, cookies.len)?;
    for index in 0..cookies.len {
        // SAFETY: both have room for len.
        unsafe { pointers.add(index).write(cookies.start.add(index)) };
    }
    *array = ngx_array_t {
        elts: pointers.cast(),
        nelts: cookies.len,
        size: size_of::<*mut ngx_table_elt_t>(),
        nalloc: cookies.len,
        pool,
    };
    Some(())
}

/// What `$http_cookie` and `$cookie_…` read.
#[cfg(ngx_table_elt_next)]
fn set_pointers(r: &mut Request, cookies: &Slice) -> Option<()> {
    r.as_mut().headers_in.cookie = if cookies.len == 0 { ptr::null_mut() } else { cookies.start };
    Some(())
}
