//! Pages that keep the part behind the `#` of a deep link over a login (RFC 3986 3.5): it never comes to the
//! server, and a redirect would take it to the IdP. The tab remembers it, for this page alone.

use crate::html::{escape, page};

/// Remembers the fragment, if there is one.
macro_rules! keep {
    () => {
        "try{if(location.hash){var s=sessionStorage;s.saml_page=location.pathname+location.search;\
         s.saml_fragment=location.hash}}catch(e){}"
    };
}

/// Remembers it, and goes where the page's link leads.
pub(crate) const KEEP: &str = concat!(keep!(), "location.replace(document.links[0].href)");

/// Remembers it, and sends the page's form.
pub(crate) const KEEP_AND_SUBMIT: &str = concat!(keep!(), "document.forms[0].submit()");

/// Goes where the page's link leads, with the fragment that was remembered for there.
pub(crate) const RESTORE: &str = "\
var l=document.links[0],f='';try{var s=sessionStorage;\
if(l.origin===location.origin&&s.saml_page===l.pathname+l.search&&/^#/.test(s.saml_fragment))f=s.saml_fragment;\
s.removeItem('saml_page');s.removeItem('saml_fragment')}catch(e){}location.replace(l.href+f)";

/// Leads to `url`, where somebody signs in or says where.
pub(crate) fn keep(url: &str) -> String {
    leading(
        "Signing in",
        url,
        "One moment: your browser is being sent to the sign-in service.",
        KEEP,
    )
}

/// Leads to the page `url`, after a login.
pub fn restore(url: &str) -> String {
    leading("Signed in", url, "You are signed in.", RESTORE)
}

/// Without scripts the fragment is lost, and nothing else.
fn leading(title: &str, url: &str, text: &str, script: &str) -> String {
    let url = escape(url);
    page(
        title,
        &format!(
            "<noscript><meta http-equiv=\"refresh\" content=\"0;url={url}\"></noscript><p>{text} \
             <a href=\"{url}\">Continue</a></p><script>{script}</script>"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_in_the_page_and_in_no_script() {
        let hostile = "https://a.example/?\"><script>alert(1)</script>&'";
        for page in [keep(hostile), restore(hostile)] {
            let safe =
                "https://a.example/?&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;&#39;";
            assert_eq!(page.matches(safe).count(), 2, "{page}");
            assert_eq!(page.matches("<script>").count(), 1, "{page}");
        }
    }
}
