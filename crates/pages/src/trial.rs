//! An administrator's templates, tried before anybody gets a page by them.

use crate::look::Look;
use crate::reader::Reader;
use crate::reply::{Body, Reply};
use crate::sample;

/// What is wrong with templates that do not fit the pages they are for: file, line, and what it is.
pub fn complaints(look: &Look) -> Vec<String> {
    let Some(own) = &look.own else { return Vec::new() };
    let mut complaints = Vec::new();
    for page in sample::pages() {
        let values = Reader { look, ..Reader::default() }.values(&page);
        let Err(fault) = own.write(page.template, values) else { continue };
        let complaint = fault.to_string();
        if !complaints.contains(&complaint) {
            complaints.push(complaint);
        }
    }
    complaints
}

/// Every page as the reader gets it with samples, by a name of its own.
pub fn gallery(reader: &Reader<'_>) -> Vec<(String, Body)> {
    let shown = sample::pages().into_iter().enumerate().filter_map(|(index, page)| {
        let name = page.template.name().trim_end_matches(".html");
        let name = format!("{index:02}-{name}");
        Some((name, Reply::html(200, page).body(reader)?.into_owned()))
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Page;
    use crate::reader::tests::NOW;
    use crate::sign_in::go_on;
    use crate::sign_out::confirm;

    fn look(files: &[(&str, &str)]) -> Result<Look, String> {
        let files: Vec<_> =
            files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        Look::default().with_templates(&files)
    }

    /// The page, and what the administrator hears of it.
    fn write(look: &Look, page: &Page) -> (String, Vec<String>) {
        let heard = std::cell::RefCell::default();
        let warn = |what: &str| Vec::push(&mut *heard.borrow_mut(), what.to_owned());
        let reader = Reader { look, languages: Vec::new(), now: NOW, warn: &warn };
        let html = reader.write(page).0;
        drop(reader);
        (html, heard.take())
    }

    #[test]
    fn the_built_in_templates_are_without_fault() {
        assert_eq!(complaints(&look(&[]).unwrap()), Vec::<String>::new());
    }

    #[test]
    fn each_template_and_what_it_knows_is_documented() {
        let documentation = include_str!("../../../docs/pages.md");
        for name in Look::template_names() {
            assert!(documentation.contains(&format!("\n| `{name}` | ")), "{name}");
        }
        for page in sample::pages() {
            let row = format!("\n| `{}` | ", page.template.name());
            let (_, row) = documentation.split_once(&row).unwrap();
            let row = row.split_once('\n').unwrap().0;
            for key in page.values.try_iter().unwrap() {
                assert!(row.contains(&format!("`{key}`")), "{key} of {row}");
            }
        }
    }

    #[test]
    fn a_template_takes_the_place_of_the_built_in_one() {
        let look =
            look(&[("go_on.html", "<p>{{ url }} {{ lang }} {{ t('action.continue') }}</p>")]);
        let look = look.unwrap();
        assert_eq!(complaints(&look), Vec::<String>::new());
        let (html, heard) = write(&look, &go_on("/?a&<b>"));
        assert_eq!((html.as_str(), heard.len()), ("<p>/?a&amp;&lt;b&gt; en Continue</p>", 0));
        assert!(write(&look, &confirm("x", "_1f")).0.contains("<form method=\"post\">"));
    }

    #[test]
    fn the_layout_is_that_of_all_pages() {
        let layout = "<title>{% block title %}{% endblock %}</title>{% block head %}{% endblock %}\
                      <img src=x>{% block content %}{% endblock %}";
        let look = look(&[("layout.html", layout)]).unwrap();
        assert_eq!(complaints(&look), Vec::<String>::new());
        let (html, _) = write(&look, &go_on("/"));
        assert!(html.starts_with("<title>Signed in</title>") && html.contains("<img src=x>"));
    }

    #[test]
    fn what_is_no_template_is_told_with_its_line() {
        for (text, expected) in [
            ("<p>\n{% if x %}", "go_on.html:2: "),
            ("{{ x", "go_on.html:1: "),
            ("\n\n{% nothing %}", "go_on.html:3: "),
            ("<style>{{ x }}</style>", "go_on.html:1: <style> has a tag"),
        ] {
            let fault = look(&[("go_on.html", text)]).unwrap_err();
            assert!(fault.starts_with(expected), "{fault}");
        }
    }

    #[test]
    fn what_does_not_fit_is_told_and_the_built_in_page_is_shown() {
        for (text, expected) in [
            ("a\n{{ name_id }}", "go_on.html:2: undefined value"),
            ("{{ t('no.such.text') }}", "no text \"no.such.text\""),
            ("{% include 'x.html' %}", "go_on.html:1: template not found"),
            ("{% include 'go_on.html' %}", "recursion limit exceeded"),
            (
                "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
                "out of fuel",
            ),
            ("{% set s = 'x' * 1000000 %}{{ s }}{{ s }}{{ s }}", ""),
            ("{{ ['x' * 100000] * 100000 }}", "formatting failed"),
            ("{{ t('unavailable.wait', seconds=['x' * 100000] * 100000) }}", "formatting failed"),
            ("{{ t('a\\n2026 [alert]') }}", "no text \"a\\n2026 [alert]\""),
        ] {
            let look = look(&[("go_on.html", text)]).unwrap();
            let complaints = complaints(&look);
            assert_eq!(complaints.len(), 1, "{text}");
            assert!(complaints[0].contains(expected), "{complaints:?}");
            let (html, heard) = write(&look, &go_on("/"));
            assert!(html.contains("<h1>Signed in</h1>"), "{html}");
            assert_eq!(heard.len(), 1);
            assert!(heard[0].ends_with("; the built-in page is shown instead"), "{heard:?}");
        }
    }

    #[test]
    fn what_a_value_says_is_no_place_in_a_text() {
        let text = "{{ t('discovery.first_of', shown='{found}', found='{shown}', other=url) }}";
        let look = look(&[("go_on.html", text)]).unwrap();
        let (html, heard) = write(&look, &go_on("/"));
        assert!(html.starts_with("The first {found} of {shown}. "), "{html}");
        assert_eq!(heard, Vec::<String>::new());
    }

    #[test]
    fn a_layout_that_does_not_work_spares_nobody_and_hides_nothing() {
        let look = look(&[("layout.html", "{{ nothing }}")]).unwrap();
        let (html, _) = write(&look, &confirm("logout_cross_site", "_1f"));
        assert!(html.contains("<code>logout_cross_site</code>"));
    }

    #[test]
    fn what_no_page_is_called_is_found() {
        let files =
            [("go_on.html", "{% include \"mine.html\" %}"), ("mine.html", ""), ("goon.html", "")];
        let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(Look::unused_templates(&files), ["goon.html"]);
    }

    #[test]
    fn the_service_is_named_in_a_language_of_the_reader() {
        let names = [("en", "Payroll"), ("de", "Lohn"), ("de-at", "Gehalt")];
        let names = names.map(|(tag, name)| (tag.to_owned(), name.to_owned())).to_vec();
        let logo = Some("data:image/png;base64,AAAA".to_owned());
        let look = Look::new(names, logo, None);
        for (wanted, expected) in
            [("de-at", "Gehalt"), ("de-ch", "Lohn"), ("en-gb", "Payroll"), ("sv", "Payroll")]
        {
            let reader =
                Reader { look: &look, languages: vec![wanted.to_owned()], ..Reader::default() };
            let html = reader.write(&go_on("/")).0;
            assert!(html.contains(&format!("<span dir=\"auto\">{expected}</span>")), "{html}");
            assert!(html.contains("<img src=\"data:image/png;base64,AAAA\" alt=\"\">"));
        }
    }
}
