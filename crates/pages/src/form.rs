//! The form that takes a message to the IdP.

use minijinja::context;

use crate::circumstances::About;
use crate::page::{self, Page};
use crate::template::Template;

/// A form that posts itself (Bindings 3.5.4), with a button for browsers without scripts. `keeps_fragment`: it
/// stands at the address of a deep link.
pub fn post_form(
    about: About,
    action: &str,
    fields: &[(&str, String)],
    keeps_fragment: bool,
) -> Page {
    let about = match about {
        About::SignIn => "sign_in",
        About::SignOut | About::Operate => "sign_out",
    };
    let fields = page::fields(fields);
    Page::new(Template::Form, context! { about, action, fields, keeps_fragment })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::tests::{title, write};

    #[test]
    fn the_fields_are_in_the_form() {
        let fields = [("SAMLRequest", "PD94".to_owned()), ("RelayState", "\"><b>".to_owned())];
        let page = post_form(About::SignIn, "https://idp.example/sso?a=1&b='2'", &fields, false);
        let page = write(&page);
        let (_, form) = page.split_once("<form").unwrap();
        let (form, _) = form.split_once("</main>").unwrap();
        assert_eq!(
            form,
            " method=\"post\" action=\"https://idp.example/sso?a=1&amp;b=&#39;2&#39;\">\n\
             <input type=\"hidden\" name=\"SAMLRequest\" value=\"PD94\">\n\
             <input type=\"hidden\" name=\"RelayState\" value=\"&quot;&gt;&lt;b&gt;\">\n\
             <noscript><p>Scripts are off, so please press the button.</p></noscript>\n\
             <button type=\"submit\">Continue</button>\n</form>\n\
             <script>document.forms[0].submit()</script>\n"
        );
        assert_eq!(title(&page), "Signing in");
        let logout = write(&post_form(About::SignOut, "/", &[], false));
        assert_eq!(title(&logout), "Signing out");
    }

    #[test]
    fn at_the_address_of_a_deep_link_its_fragment_is_kept() {
        let page = |keeps| write(&post_form(About::SignIn, "/", &[], keeps));
        assert!(page(true).contains("saml_fragment=location.hash"));
        assert!(!page(false).contains("saml_fragment"));
    }
}
