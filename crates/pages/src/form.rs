//! The form that takes a message to the IdP.

use std::fmt::Write;

use crate::fragment::KEEP_AND_SUBMIT;
use crate::html::{SUBMIT, escape, page};

/// A form that posts itself (Bindings 3.5.4), with a button for browsers without scripts. `keeps_fragment`: it
/// stands at the address of a deep link.
pub fn post_form(
    title: &str,
    action: &str,
    fields: &[(&str, String)],
    keeps_fragment: bool,
) -> String {
    let script = if keeps_fragment { KEEP_AND_SUBMIT } else { SUBMIT };
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
             <button type=\"submit\">Continue</button></form><script>{script}</script>"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_in_the_form() {
        let fields = [("SAMLRequest", "PD94".to_owned()), ("RelayState", "\"><b>".to_owned())];
        let page = post_form("Signing in", "https://idp.example/sso?a=1&b='2'", &fields, false);
        let (_, form) = page.split_once("<form").unwrap();
        assert_eq!(
            form,
            " method=\"post\" action=\"https://idp.example/sso?a=1&amp;b=&#39;2&#39;\">\
             <input type=\"hidden\" name=\"SAMLRequest\" value=\"PD94\">\
             <input type=\"hidden\" name=\"RelayState\" value=\"&quot;&gt;&lt;b&gt;\">\
             <noscript><p>Scripts are off, so please press the button.</p></noscript>\
             <button type=\"submit\">Continue</button></form>\
             <script>document.forms[0].submit()</script></main></body></html>\n"
        );
        assert!(page.contains("<title>Signing in</title>"));
    }
}
