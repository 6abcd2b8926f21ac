//! A page that is yet to be written: which one, and what is particular to it.

use minijinja::Value;

use crate::template::Template;

/// A page. How it looks and in which language is for [`Reader`](crate::Reader) to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub(crate) template: Template,
    /// A map.
    pub(crate) values: Value,
}

impl Page {
    /// `values` come from `context!`.
    pub(crate) fn new(template: Template, values: Value) -> Self {
        Self { template, values }
    }
}

/// `None` is `none` in templates, where what is not defined is a mistake.
pub(crate) fn optional(text: Option<&str>) -> Value {
    text.map_or_else(|| Value::from(()), Value::from)
}

/// Names and values of a form's fields.
pub(crate) fn fields<N: AsRef<str>>(fields: &[(N, String)]) -> Value {
    let fields = fields.iter().map(|(name, value)| {
        let name = name.as_ref();
        minijinja::context! { name, value => value.as_str() }
    });
    fields.collect()
}
