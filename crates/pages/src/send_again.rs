//! The page from which a form goes off that was kept over a login.

use crate::html::{SUBMIT, escape, page};

/// Sends the field to `action` by itself, with a button for browsers without scripts. What had been filled in
/// stays with the server: nothing of it is in the page.
pub fn send_again(action: &str, name: &str, value: &str) -> String {
    page(
        "Signed in",
        &format!(
            "<p>You are signed in. What you had filled in is being sent now.</p>\
             <form method=\"post\" action=\"{}\"><input type=\"hidden\" name=\"{}\" value=\"{}\">\
             <noscript><p>Scripts are off, so please press the button.</p></noscript>\
             <button type=\"submit\">Send it now</button></form><script>{SUBMIT}</script>",
            escape(action),
            escape(name),
            escape(value)
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_has_the_field_and_no_way_out_of_it() {
        let page = send_again("https://a.example/?\"><b>&c", "saml_x", "A-_'\"<script>");
        let (_, after) = page.split_once("<form").unwrap();
        assert_eq!(
            after,
            " method=\"post\" action=\"https://a.example/?&quot;&gt;&lt;b&gt;&amp;c\">\
             <input type=\"hidden\" name=\"saml_x\" value=\"A-_&#39;&quot;&lt;script&gt;\">\
             <noscript><p>Scripts are off, so please press the button.</p></noscript>\
             <button type=\"submit\">Send it now</button></form>\
             <script>document.forms[0].submit()</script></main></body></html>\n"
        );
    }
}
