//! The variables `$saml_…`: only ever from the session, never from a header.

use std::borrow::Cow;
use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;

use nginx_sys::{
    NGX_ERROR, NGX_HTTP_VAR_NOCACHEABLE, NGX_HTTP_VAR_PREFIX, NGX_LOG_ERR, NGX_OK, ngx_conf_t,
    ngx_cycle_t, ngx_http_add_variable, ngx_http_request_t, ngx_int_t, ngx_str_t,
    ngx_variable_value_t,
};
use ngx::http::{HttpModuleLocationConf, Request};
use ngx::{ngx_log_error, ngx_string};
use saml::instant;
use session::{
    AttributeName, attributes_json, base64, header_safe, join, percent_encoded, values_json,
};
use sp::{Holds, LiveSession, Unmet};

use crate::attribute_variable::{self, AttributeVariable, Getter, Prepared, Text};
use crate::clock::now;
use crate::context::Context;
use crate::entry::enter;
use crate::module::{Protection, SamlModule, Sp};
use crate::{core_variable, rivals, server_variable};

/// One variable.
struct Variable {
    name: ngx_str_t,
    value: Value,
}

/// How a variable gets its value.
enum Value {
    /// From the session that the location may know.
    Session(OfSession),
    /// From what else is known of the request.
    Request(fn(&Request) -> Option<Cow<'_, [u8]>>),
    /// Its name begins so, and the rest is an attribute's, whose values become one text.
    Attribute(Text),
    /// Signed for the application of the location that asks.
    Jwt,
}

type OfSession = for<'a> fn(&'a Sp, &'a LiveSession) -> Option<Cow<'a, str>>;

// SAFETY: the names point to static strings, and nothing writes to the table.
unsafe impl Sync for Variable {}

static VARIABLES: &[Variable] = &[
    session(ngx_string!("saml_name_id"), |_, s| safe(s.session.name_id())),
    session(ngx_string!("saml_name_id_format"), |_, s| safe(s.session.name_id_format()?)),
    session(ngx_string!("saml_idp"), |_, s| safe(s.session.idp())),
    session(ngx_string!("saml_session_index"), |_, s| safe(s.session.session_index()?)),
    session(ngx_string!("saml_authn_instant"), |_, s| {
        Some(instant::format(s.session.authn_instant).into())
    }),
    session(ngx_string!("saml_authn_context"), |_, s| safe(s.session.authn_context()?)),
    session(ngx_string!("saml_session_expires"), |_, s| {
        Some(instant::format(s.session.expires).into())
    }),
    session(ngx_string!("saml_attrs_json"), |_, s| Some(attributes_json(&s.session).into())),
    request(ngx_string!("saml_user"), |r| Some(Cow::Owned(user(r)?.into_bytes()))),
    attribute(ngx_string!("saml_attr_"), |values, between| join(values, between)),
    attribute(ngx_string!("saml_attr64_"), |values, between| base64(&join(values, between)).into()),
    attribute(ngx_string!("saml_attru_"), |values, between| {
        percent_encoded(&join(values, between)).into()
    }),
    attribute(ngx_string!("saml_attrj_"), |values, _| values_json(values).into()),
    jwt(ngx_string!("saml_jwt")),
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

const fn session(name: ngx_str_t, value: OfSession) -> Variable {
    Variable { name, value: Value::Session(value) }
}

const fn request(name: ngx_str_t, value: fn(&Request) -> Option<Cow<'_, [u8]>>) -> Variable {
    Variable { name, value: Value::Request(value) }
}

const fn attribute(name: ngx_str_t, text: Text) -> Variable {
    Variable { name, value: Value::Attribute(text) }
}

const fn jwt(name: ngx_str_t) -> Variable {
    Variable { name, value: Value::Jwt }
}

/// The one prefix whose variables have a number beside them.
const COUNTED_PREFIX: &[u8] = b"saml_attr_";

/// Adds every variable: in preconfiguration, before any directive can mention one.
pub fn add(cf: &mut ngx_conf_t) -> ngx_int_t {
    let added = VARIABLES.iter().try_for_each(|variable| add_one(cf, variable));
    added.map_or(NGX_ERROR as ngx_int_t, |()| NGX_OK as ngx_int_t)
}

/// `None` = out of memory.
fn add_one(cf: &mut ngx_conf_t, row: &'static Variable) -> Option<()> {
    // Asked before the access phase a variable is empty; not cacheable, or it would stay so.
    let mut flags = NGX_HTTP_VAR_NOCACHEABLE;
    if let Value::Attribute(_) = row.value {
        flags |= NGX_HTTP_VAR_PREFIX;
    }
    let mut name = row.name;
    // SAFETY: cf is nginx's in preconfiguration; nginx copies the name.
    let variable = unsafe { ngx_http_add_variable(cf, &mut name, flags as usize).as_mut()? };
    variable.get_handler = Some(match row.value {
        Value::Attribute(_) => get_attribute_by_name,
        Value::Jwt => get_jwt,
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
    enter(NGX_ERROR as ngx_int_t, || match variable.value {
        Value::Session(value) => give_of_session(r, v, value),
        Value::Request(value) => give(r, v, value(r).as_deref()),
        Value::Attribute(_) | Value::Jwt => give(r, v, None),
    })
}

/// Makes ready the variables of attributes that a configuration asks for, once nginx has read it.
///
/// # Safety
/// As [`attribute_variable::prepare`].
pub unsafe fn prepare(cycle: &ngx_cycle_t) -> Prepared {
    // SAFETY: the caller's promise.
    unsafe { attribute_variable::prepare(cycle, get_attribute_by_name, get_attribute, named) }
}

unsafe extern "C" fn get_attribute(
    r: *mut ngx_http_request_t,
    v: *mut ngx_variable_value_t,
    data: usize,
) -> ngx_int_t {
    // SAFETY: nginx passes a live request and value, and the data that `prepare` gave, which lives as long as
    // the cycle.
    let (r, v, variable) = unsafe {
        (
            Request::from_ngx_http_request(r),
            &mut *v,
            &*(data as *const c_void).cast::<AttributeVariable>(),
        )
    };
    enter(NGX_ERROR as ngx_int_t, || give_attribute(r, v, variable))
}

/// For who asks by a name that no line of the configuration has, as SSI and njs can.
unsafe extern "C" fn get_attribute_by_name(
    r: *mut ngx_http_request_t,
    v: *mut ngx_variable_value_t,
    data: usize,
) -> ngx_int_t {
    // SAFETY: nginx passes a live request and value; for a prefix variable data is its full name.
    let (r, v, name) = unsafe {
        (Request::from_ngx_http_request(r), &mut *v, &*(data as *const c_void).cast::<ngx_str_t>())
    };
    enter(NGX_ERROR as ngx_int_t, || match named(name.as_bytes()) {
        Some(variable) => give_attribute(r, v, &variable),
        None => give(r, v, None),
    })
}

fn give_attribute(
    r: &Request,
    v: &mut ngx_variable_value_t,
    variable: &AttributeVariable,
) -> ngx_int_t {
    let given = with_session(r, |sp, live| {
        let (value, name) = variable.value(live, &sp.sessions.rules.separator)?;
        rivals::warn(r, live, name);
        Some(give(r, v, Some(value.as_bytes())))
    });
    given.unwrap_or_else(|| give(r, v, None))
}

/// The variable of this full name. No prefix begins another one.
fn named(full_name: &[u8]) -> Option<AttributeVariable> {
    VARIABLES.iter().find_map(|row| match row.value {
        Value::Attribute(text) => {
            let prefix = row.name.as_bytes();
            let name = full_name.strip_prefix(prefix)?;
            Some(AttributeVariable::new(name, text, prefix == COUNTED_PREFIX))
        }
        Value::Session(_) | Value::Request(_) | Value::Jwt => None,
    })
}

/// The values of an attribute of the session that the location of `r` may know, as `$saml_attr_NAME` has them.
pub fn attribute_text(r: &Request, name: &AttributeName) -> Option<String> {
    with_session(r, |sp, live| {
        let values = live.session.values(name)?;
        rivals::warn(r, live, name);
        Some(join(values, &sp.sessions.rules.separator).into_owned())
    })
}

/// By what name the application knows whose session the location of `r` may know: header-safe, and empty
/// when no source has a value. `None` = there is no such session.
pub fn user(r: &Request) -> Option<String> {
    with_session(r, |sp, live| {
        let sources = &sp.sessions.rules.user;
        // An IdP that logs somebody out tells the NameID alone, which the application may know as
        // another one's name.
        let is_notice = Context::of(r).is_some_and(|context| context.is_notice.get());
        if is_notice && !live.session.has_attributes() && sources.attributes().next().is_some() {
            return Some(String::new());
        }
        sources.attributes().for_each(|name| rivals::warn(r, live, name));
        Some(sp.user(live))
    })
}

unsafe extern "C" fn get_jwt(
    r: *mut ngx_http_request_t,
    v: *mut ngx_variable_value_t,
    _: usize,
) -> ngx_int_t {
    // SAFETY: nginx passes a live request and value.
    let (r, v) = unsafe { (Request::from_ngx_http_request(r), &mut *v) };
    enter(NGX_ERROR as ngx_int_t, || {
        let token = signed(r);
        give(r, v, token.as_deref().map(str::as_bytes))
    })
}

/// A token of the session for the application of the location that asks. Of a session that has ended,
/// which a notice tells of, nobody signs anything.
fn signed(r: &Request) -> Option<Rc<str>> {
    let location = SamlModule::location_conf(r)?.location();
    if Context::of(r)?.is_notice.get() {
        return None;
    }
    with_session(r, |sp, live| {
        sp.jwt(live, &location.jwt_audience, now(), |made| match made {
            Ok(issuer) => {
                issuer.claims.iter().for_each(|c| rivals::warn(r, live, &c.attribute));
            }
            Err(why) => {
                ngx_log_error!(NGX_LOG_ERR, r.log(), "saml: $saml_jwt is empty: {}", why);
            }
        })
    })
}

/// Gives what `value` makes of the session that the location of `r` may know.
fn give_of_session(
    r: &Request,
    v: &mut ngx_variable_value_t,
    value: impl for<'a> FnOnce(&'a Sp, &'a LiveSession) -> Option<Cow<'a, str>>,
) -> ngx_int_t {
    let given =
        with_session(r, |sp, live| Some(give(r, v, value(sp, live).as_deref().map(str::as_bytes))));
    given.unwrap_or_else(|| give(r, v, None))
}

/// Copies `value` into the request's pool; nothing is "not found".
fn give(r: &Request, v: &mut ngx_variable_value_t, value: Option<&[u8]>) -> ngx_int_t {
    let Some(bytes) = value else {
        v.set_not_found(1);
        return NGX_OK as ngx_int_t;
    };
    // SAFETY: the pool is the live request's.
    let Some(copy) = (unsafe { ngx_str_t::from_bytes(r.as_ref().pool, bytes) }) else {
        return NGX_ERROR as ngx_int_t;
    };
    core_variable::give(v, copy).map_or(NGX_ERROR as ngx_int_t, |()| NGX_OK as ngx_int_t)
}

/// Asks the session that the location of `r` may know.
fn with_session<T>(r: &Request, get: impl FnOnce(&Sp, &LiveSession) -> Option<T>) -> Option<T> {
    let context = Context::of(r)?;
    if let Some(special) = context.known_special()
        && let Some(foreseen) = &*special.foreseen.borrow()
        && foreseen.is_here(r)
    {
        return get(&foreseen.sp, &foreseen.live);
    }
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
    let session = context.session.borrow();
    let live = session.as_ref().map(|(_, live)| &**live);
    protection.rules.unmet_variable(live, |variable| {
        match server_variable::holds(r, variable.index) {
            false => Holds::Not,
            true if is_of_session(r, variable.index) => Holds::WithSession,
            true => Holds::Now,
        }
    })
}

/// Does the variable of this number show a session's data and nothing else? What bears the name of such a one
/// may be of `map` or `set`.
fn is_of_session(r: &Request, index: usize) -> bool {
    let Some(variable) = server_variable::numbered(r, index) else { return false };
    variable.get_handler.is_some_and(|handler| {
        let is_attribute = ptr::fn_addr_eq(handler, get_attribute as Getter)
            || ptr::fn_addr_eq(handler, get_attribute_by_name as Getter);
        is_attribute || {
            let of_session = |row: &&Variable| matches!(row.value, Value::Session(_));
            let mut rows = VARIABLES.iter().filter(of_session);
            rows.any(|row| ptr::from_ref(row) as usize == variable.data)
        }
    })
}

/// May the location that asks know this session? After an internal redirect it is another than the
/// one that admitted it, and with `satisfy any` none of our handlers need have run in it.
fn belongs_here(r: &Request, context: &Context, sp: &Rc<Sp>, live: &LiveSession) -> Option<bool> {
    if context.is_judged.get() {
        // By the rules on variables, which come last.
        return Some(true);
    }
    let (conf, opened) = (SamlModule::location_conf(r)?, context.open_to.get());
    if opened.is_some_and(|opened| opened.is_here(r, conf)) {
        return Some(true);
    }
    let Some(protection) = conf.protection_at(r).ok()? else {
        // A location without rules of its own shows who is at the page it serves.
        return Some(true);
    };
    if !Rc::ptr_eq(&protection.sp, sp) {
        return Some(false);
    }
    if opened.is_some_and(|opened| opened.is_as(r, protection)) {
        return Some(true);
    }
    let idp = protection.wanted_idp(|name| server_variable::value(r, name)).ok()?;
    let is_closed = protection.objection(&live.session, idp.as_deref(), now()).is_some()
        || protection.unmet(live).is_some();
    let rules = &protection.rules;
    let is_open = || rules.variables.is_empty() || unmet_variable(r, context, protection).is_none();
    Some(!is_closed && is_open())
}

fn safe(text: &str) -> Option<Cow<'_, str>> {
    Some(header_safe(text))
}
