//! The page from which a form goes off that was kept over a login.

use minijinja::context;

use crate::page::{self, Page};
use crate::template::Template;

/// Sends the field to `action` by itself, with a button for browsers without scripts. What had been filled in
/// stays with the server: nothing of it is in the page.
pub fn send_again(action: &str, name: &str, value: &str) -> Page {
    let fields = page::fields(&[(name, value.to_owned())]);
    Page::new(Template::SendAgain, context! { action, fields })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::tests::write;

    #[test]
    fn the_form_has_the_field_and_no_way_out_of_it() {
        let page = write(&send_again("https://a.example/?\"><b>&c", "saml_x", "A-_'\"<script>"));
        let (_, after) = page.split_once("<form").unwrap();
        let (form, _) = after.split_once("</main>").unwrap();
        assert_eq!(
            form.replace('\n', ""),
            " method=\"post\" action=\"https://a.example/?&quot;&gt;&lt;b&gt;&amp;c\">\
             <input type=\"hidden\" name=\"saml_x\" value=\"A-_&#39;&quot;&lt;script&gt;\">\
             <noscript><p>Scripts are off, so please press the button.</p></noscript>\
             <button type=\"submit\">Send it now</button></form>\
             <script>document.forms[0].submit()</script>"
        );
    }
}
