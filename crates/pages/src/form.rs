//! The form that takes a message to the IdP.

use std::fmt::Write;

use crate::html::{SUBMIT, escape, page};

/// A form that posts itself (Bindings 3.5.4), with a button for browsers without scripts.
pub fn post_form(title: &str, action: &str, fields: &[(&str, String)]) -> String {
    let mut form = format!("<form method=\"post\" action=\"{}\">", escape(action));
    for (name, value) in fields {
        // Writing to a String cannot fail.
        let _ = write!(
            form,
            "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
            escape(name),
            escape(value)
        );
    }
    page(
        title,
        &format!(
            "<p>One moment: your browser is being sent to the sign-in service.</p>\
             {form}<noscript><p>Scripts are off, so please press the button.</p></noscript>\
             <button type=\"submit\">Continue</button></form><script>{SUBMIT}</script>"
        ),
    )
}
