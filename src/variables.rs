//! The variables `$saml_…`: only ever from the session, never from a header.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;

use nginx_sys::{
    NGX_ERROR, NGX_HTTP_VAR_NOCACHEABLE, NGX_HTTP_VAR_PREFIX, NGX_LOG_WARN, NGX_OK, ngx_conf_t,
    ngx_http_add_variable, ngx_http_request_t, ngx_int_t, ngx_str_t, ngx_variable_value_t,
};
use ngx::http::{HttpModuleLocationConf, Request};
use ngx::{ngx_log_error, ngx_string};
use saml::instant;
use saml::refusal::quote;
use session::{attributes_json, header_safe, join};
use sp::{LiveSession, Unmet};

use crate::clock::now;
use crate::context::Context;
use crate::entry::enter;
use crate::module::{Protection, SamlModule, Sp};
use crate::server_variable;

/// One variable.
struct Variable {
    name: ngx_str_t,
    value: Value,
}

/// How a variable gets its value.
enum Value {
    /// From the session that the location may know.
    Session(fn(&Sp, &LiveSession) -> Option<String>),
    /// From what else is known of the request.
    Request(fn(&Request) -> Option<Cow<'_, [u8]>>),
    /// Its name begins so, and the rest is the attribute's.
    Attribute,
}

// SAFETY: the names point to static strings, and nothing writes to the table.
unsafe impl Sync for Variable {}

static VARIABLES: &[Variable] = &[
    session(ngx_string!("saml_name_id"), |_, s| safe(&s.session.name_id.value)),
    session(ngx_string!("saml_name_id_format"), |_, s| safe(s.session.name_id.format.as_deref()?)),
    session(ngx_string!("saml_idp"), |_, s| safe(&s.session.idp)),
    session(ngx_string!("saml_session_index"), |_, s| safe(s.session.session_index.as_deref()?)),
    session(ngx_string!("saml_authn_instant"), |_, s| {
        Some(instant::format(s.session.authn_instant))
    }),
    session(ngx_string!("saml_authn_context"), |_, s| safe(s.session.authn_context.as_deref()?)),
    session(ngx_string!("saml_session_expires"), |_, s| Some(instant::format(s.session.expires))),
    session(ngx_string!("saml_attrs_json"), |_, s| Some(attributes_json(&s.session))),
    attribute(ngx_string!("saml_attr_")),
    request(ngx_string!("saml_authenticated"), |r| {
        let is_member = with_session(r, |_, _| Some(())).is_some();
        Some(Cow::Borrowed(if is_member { b"1" } else { b"0" }))
    }),
    request(ngx_string!("saml_error"), |r| {
        Context::of(r)?.error().map(|code| Cow::Borrowed(code.as_bytes()))
    }),
    request(ngx_string!("saml_request_id"), |r| {
        Context::of(r).map(|c| Cow::Owned(c.circumstances().request_id().as_bytes().to_vec()))
    }),
];

const fn session(name: ngx_str_t, value: fn(&Sp, &LiveSession) -> Option<String>) -> Variable {
    Variable { name, value: Value::Session(value) }
}

const fn request(name: ngx_str_t, value: fn(&Request) -> Option<Cow<'_, [u8]>>) -> Variable {
    Variable { name, value: Value::Request(value) }
}

const fn attribute(name: ngx_str_t) -> Variable {
    Variable { name, value: Value::Attribute }
}

const ATTRIBUTE_PREFIX: &[u8] = b"saml_attr_";
const COUNT_SUFFIX: &[u8] = b"_count";

/// Adds every variable: in preconfiguration, before any directive can mention one.
pub fn add(cf: &mut ngx_conf_t) -> ngx_int_t {
    let added = VARIABLES.iter().try_for_each(|variable| add_one(cf, variable));
    added.map_or(NGX_ERROR as ngx_int_t, |()| NGX_OK as ngx_int_t)
}

/// `None` = out of memory.
fn add_one(cf: &mut ngx_conf_t, row: &'static Variable) -> Option<()> {
    // Asked before the access phase a variable is empty; not cacheable, or it would stay so.
    let mut flags = NGX_HTTP_VAR_NOCACHEABLE;
    if let Value::Attribute = row.value {
        flags |= NGX_HTTP_VAR_PREFIX;
    }
    let mut name = row.name;
    // SAFETY: cf is nginx's in preconfiguration; nginx copies the name.
    let variable = unsafe { ngx_http_add_variable(cf, &mut name, flags as usize).as_mut()? };
    variable.get_handler = Some(match row.value {
        Value::Attribute => get_attribute,
        Value::Session(_) | Value::Request(_) => get,
    });
    variable.data = ptr::from_ref(row) as usize;
    Some(())
}

unsafe extern "C" fn get(
    r: *mut ngx_http_request_t,
    v: *mut ngx_variable_value_t,
    data: usize,
) -> ngx_int_t {
    // SAFETY: nginx passes a live request and value, and the data given in `add_one`.
    let (r, v, variable) = unsafe {
        (Request::from_ngx_http_request(r), &mut *v, &*(data as *const c_void).cast::<Variable>())
    };
    answer(r, v, |r| match variable.value {
        Value::Session(value) => with_session(r, value).map(|text| Cow::Owned(text.into_bytes())),
        Value::Request(value) => value(r),
        Value::Attribute => None,
    })
}

unsafe extern "C" fn get_attribute(
    r: *mut ngx_http_request_t,
    v: *mut ngx_variable_value_t,
    data: usize,
) -> ngx_int_t {
    // SAFETY: nginx passes a live request and value; for a prefix variable data is its full name.
    let (r, v, name) = unsafe {
        (Request::from_ngx_http_request(r), &mut *v, &*(data as *const c_void).cast::<ngx_str_t>())
    };
    answer(r, v, |r| {
        let name = name.as_bytes().strip_prefix(ATTRIBUTE_PREFIX)?;
        with_session(r, |sp, live| {
            if let Some(values) = live.attributes.find(name) {
                warn_of_rivals(r, live, name);
                return Some(join(values, &sp.sessions.rules.separator).into_owned());
            }
            let counted = name.strip_suffix(COUNT_SUFFIX)?;
            warn_of_rivals(r, live, counted);
            let values = live.attributes.find(counted);
            Some(values.map_or(0, <[String]>::len).to_string())
        })
        .map(|value| Cow::Owned(value.into_bytes()))
    })
}

/// Pairs of attributes that one worker warns of; beyond, somebody sends ever new ones.
const MOST_WARNINGS: usize = 64;

/// Says once in this worker that a variable could mean either of two attributes.
pub fn warn_of_rivals(r: &Request, live: &LiveSession, name: &[u8]) {
    thread_local! {
        static SAID: RefCell<HashSet<[Box<str>; 2]>> = RefCell::default();
    }
    let Some(rivals) = live.attributes.rivals(name) else { return };
    let is_news = SAID.with_borrow_mut(|said| {
        said.len() < MOST_WARNINGS && said.insert([rivals.chosen.clone(), rivals.other.clone()])
    });
    if is_news {
        ngx_log_error!(
            NGX_LOG_WARN,
            r.log(),
            "saml: $saml_attr_{} is the attribute {}, and could be {}; an \"attribute\" line in the \
             saml_sp says which",
            String::from_utf8_lossy(name),
            quote(&rivals.chosen),
            quote(&rivals.other)
        );
    }
}

/// Copies what `value` gives into the request's pool; nothing is "not found".
fn answer(
    r: &mut Request,
    v: &mut ngx_variable_value_t,
    value: impl FnOnce(&Request) -> Option<Cow<'_, [u8]>>,
) -> ngx_int_t {
    enter(NGX_ERROR as ngx_int_t, || {
        let Some(bytes) = value(r) else {
            v.set_not_found(1);
            return NGX_OK as ngx_int_t;
        };
        // SAFETY: the pool is the live request's.
        let Some(copy) = (unsafe { ngx_str_t::from_bytes(r.as_ref().pool, &bytes) }) else {
            return NGX_ERROR as ngx_int_t;
        };
        let Ok(len) = u32::try_from(copy.len) else { return NGX_ERROR as ngx_int_t };
        v.data = copy.data;
        v.set_len(len);
        v.set_valid(1);
        v.set_no_cacheable(0);
        v.set_not_found(0);
        NGX_OK as ngx_int_t
    })
}

/// Asks the session that the location of `r` may know.
pub fn with_session<T>(r: &Request, get: impl FnOnce(&Sp, &LiveSession) -> Option<T>) -> Option<T> {
    let context = Context::of(r)?;
    let session = context.session.borrow();
    let (sp, live) = session.as_ref()?;
    (context.is_notice.get() || belongs_here(r, context, sp, live)?).then(|| get(sp, live))?
}

/// The rule on variables that does not hold at `r`, whose session its `context` has. They see it meanwhile.
pub fn unmet_variable(r: &Request, context: &Context, protection: &Protection) -> Option<Unmet> {
    struct Judged<'a>(&'a Cell<bool>);
    impl Drop for Judged<'_> {
        fn drop(&mut self) {
            self.0.set(false);
        }
    }
    context.is_judged.set(true);
    let _judged = Judged(&context.is_judged);
    protection.rules.unmet_variable(|variable| server_variable::holds(r, variable.index))
}

/// May the location that asks know this session? After an internal redirect it is another than the
/// one that admitted it, and with `satisfy any` none of our handlers need have run in it.
fn belongs_here(r: &Request, context: &Context, sp: &Rc<Sp>, live: &LiveSession) -> Option<bool> {
    if context.is_judged.get() {
        // By the rules on variables, which come last.
        return Some(true);
    }
    let Some(protection) = &SamlModule::location_conf(r)?.location().protection else {
        // A location without rules of its own shows who is at the page it serves.
        return Some(true);
    };
    if !Rc::ptr_eq(&protection.sp, sp) {
        return Some(false);
    }
    let idp = protection.wanted_idp(|name| server_variable::value(r, name)).ok()?;
    let is_closed = protection.objection(&live.session, idp.as_deref(), now()).is_some()
        || protection.unmet(live).is_some();
    Some(!is_closed && keeps_variables(r, context, protection))
}

fn keeps_variables(r: &Request, context: &Context, protection: &Rc<Protection>) -> bool {
    let here = (Rc::as_ptr(protection), r.as_ref().uri_changes());
    protection.rules.variables.is_empty()
        || context.kept_rules.get() == Some(here)
        || unmet_variable(r, context, protection).is_none()
}

fn safe(text: &str) -> Option<String> {
    Some(header_safe(text).into_owned())
}
