//! `$saml_attr_NAME` and its like, made ready when the configuration has been read: a request finds the
//! attribute without looking at the name again.

use std::borrow::Cow;
use std::ptr;

use nginx_sys::{
    ngx_cycle_t, ngx_http_request_t, ngx_http_variable_t, ngx_int_t, ngx_str_t, ngx_uint_t,
    ngx_variable_value_t,
};
use ngx::http::{HttpModuleMainConf, NgxHttpCoreModule};
use session::{AttributeName, Separator, Values};
use sp::LiveSession;

/// What the values of an attribute become.
pub type Text = for<'a> fn(Values<'a>, &Separator) -> Cow<'a, str>;

/// As nginx's `get_handler`.
pub type Getter = unsafe extern "C" fn(
    *mut ngx_http_request_t,
    *mut ngx_variable_value_t,
    ngx_uint_t,
) -> ngx_int_t;

const COUNT_SUFFIX: &str = "_count";

/// One of them.
pub struct AttributeVariable {
    name: AttributeName,
    text: Text,
    /// The attribute whose values are counted, when none has the name itself.
    counted: Option<AttributeName>,
}

impl AttributeVariable {
    /// Of what is left of its name behind the prefix, which may be one that has a number beside it.
    pub fn new(name: &[u8], text: Text, has_count: bool) -> Self {
        let name = String::from_utf8_lossy(name);
        let counted = name.strip_suffix(COUNT_SUFFIX).filter(|_| has_count);
        Self { counted: counted.map(AttributeName::new), name: AttributeName::new(&name), text }
    }

    /// Its value in a session, and the name by which the attribute was found.
    #[inline]
    pub fn value<'a>(
        &'a self,
        live: &'a LiveSession,
        separator: &Separator,
    ) -> Option<(Cow<'a, str>, &'a AttributeName)> {
        match live.session.values(&self.name) {
            Some(values) => Some(((self.text)(values, separator), &self.name)),
            None => {
                let counted = self.counted.as_ref()?;
                let count = live.session.values(counted).map_or(0, |values| values.len());
                Some((count.to_string().into(), counted))
            }
        }
    }
}

/// Variables that a configuration asks for, in their places: nginx has the addresses.
pub type Prepared = Vec<Box<AttributeVariable>>;

/// Makes ready all variables of `cycle` that `by_name` gets: from now on `prepared` does, and is told which.
///
/// # Safety
/// nginx has read the configuration, nobody asks yet, and what is returned lives as long as the cycle.
pub unsafe fn prepare(
    cycle: &ngx_cycle_t,
    by_name: Getter,
    prepared: Getter,
    make: impl Fn(&[u8]) -> Option<AttributeVariable>,
) -> Prepared {
    let mut all = Prepared::new();
    let Some(core) = NgxHttpCoreModule::main_conf(cycle) else { return all };
    // SAFETY: the array's elements are variables, which by the caller's promise nobody else has at hand.
    let variables = unsafe {
        let (first, count) =
            (core.variables.elts.cast::<ngx_http_variable_t>(), core.variables.nelts);
        if count == 0 { return all } else { std::slice::from_raw_parts_mut(first, count) }
    };
    for variable in variables {
        if variable.get_handler.is_some_and(|getter| ptr::fn_addr_eq(getter, by_name)) {
            // SAFETY: for a variable with a prefix nginx has set it to the name.
            let name = unsafe { &*(variable.data as *const ngx_str_t) };
            if let Some(made) = make(name.as_bytes()).map(Box::new) {
                variable.data = ptr::from_ref(&*made) as usize;
                variable.get_handler = Some(prepared);
                all.push(made);
            }
        }
    }
    all
}
