//! The Content-Security-Policy of the pages (CSP 3): what stands in a template may be used, and nothing that
//! stands in a value.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::fault::Fault;
use crate::template::{Ancestors, Template};

/// The hashes of the style sheets and scripts of a page, as they stand in its templates.
#[derive(Debug, Default)]
pub(crate) struct Inline {
    styles: Vec<String>,
    scripts: Vec<String>,
    /// A form may be sent. Of where, nothing is said: browsers would stop the redirect that follows.
    has_form: bool,
}

impl Inline {
    /// Those of the template `name` and of all that it names, out of `sources`.
    ///
    /// # Errors
    /// One of them is not the same on every page, and has no hash.
    pub(crate) fn of(name: &str, sources: &BTreeMap<&str, &str>) -> Result<Self, Fault> {
        let mut inline = Self::default();
        let mut files = vec![name];
        let mut next = 0;
        while let Some(file) = files.get(next) {
            next += 1;
            let Some((name, source)) = sources.get_key_value(file) else { continue };
            inline.styles.extend(hashes(name, source, "style")?);
            inline.scripts.extend(hashes(name, source, "script")?);
            inline.has_form |= source.to_ascii_lowercase().contains("<form");
            let is_named = |other: &&&str| {
                source.contains(&format!("\"{other}\"")) || source.contains(&format!("'{other}'"))
            };
            let named: Vec<&str> = sources.keys().filter(is_named).copied().collect();
            files
                .extend(named.into_iter().filter(|name| !files.contains(name)).collect::<Vec<_>>());
        }
        for hashes in [&mut inline.styles, &mut inline.scripts] {
            hashes.sort();
            hashes.dedup();
        }
        Ok(inline)
    }

    /// The policy of the page of `template`, which other sites may frame when it `is_frameable`.
    pub(crate) fn policy(&self, template: Template, is_frameable: bool) -> String {
        let mut policy = "default-src 'none'; base-uri 'none'; img-src data:".to_owned();
        for (directive, hashes) in [("style-src", &self.styles), ("script-src", &self.scripts)] {
            if !hashes.is_empty() {
                policy.push_str(&format!("; {directive} {}", hashes.join(" ")));
            }
        }
        match template {
            // Whose forms change something, and are answered without a redirect.
            Template::Sessions | Template::Diagnosis => policy.push_str("; form-action 'self'"),
            _ if !self.has_form => policy.push_str("; form-action 'none'"),
            _ => {}
        }
        match template.ancestors() {
            _ if is_frameable => {}
            Ancestors::None => policy.push_str("; frame-ancestors 'none'"),
            Ancestors::Own => policy.push_str("; frame-ancestors 'self'"),
        }
        policy
    }
}

/// The hashes of all elements `tag` in a template.
fn hashes(file: &str, source: &str, tag: &str) -> Result<Vec<String>, Fault> {
    let (begin, end) = (format!("<{tag}"), format!("</{tag}"));
    // Tags are ASCII, and so places are the same in both.
    let lower = source.to_ascii_lowercase();
    let mut hashes = Vec::new();
    let mut from = 0;
    while let Some(start) = find(&lower, &begin, from) {
        let Some(content) = find(&lower, ">", start).map(|at| at + 1) else { break };
        let is_tag = lower.as_bytes().get(start + begin.len());
        if !is_tag.is_some_and(|next| *next == b'>' || next.is_ascii_whitespace()) {
            from = content;
            continue;
        }
        let line = source.get(..start).unwrap_or_default().matches('\n').count() + 1;
        let fault =
            |what: &str| Fault { file: file.to_owned(), line: Some(line), what: what.to_owned() };
        let stop =
            find(&lower, &end, content).ok_or_else(|| fault(&format!("<{tag}> has no end")))?;
        let text = source.get(content..stop).unwrap_or_default();
        if ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark)) {
            return Err(fault(&format!(
                "<{tag}> has a tag of the template in it, and must be the same on every page"
            )));
        }
        hashes.push(format!("'sha256-{}'", STANDARD.encode(openssl::sha::sha256(text.as_bytes()))));
        from = stop;
    }
    Ok(hashes)
}

fn find(text: &str, what: &str, from: usize) -> Option<usize> {
    text.get(from..).and_then(|rest| rest.find(what)).map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::tests::write;
    use crate::{About, Page, form, session_page, sign_in};

    fn sources<'a>(files: &[(&'a str, &'a str)]) -> BTreeMap<&'a str, &'a str> {
        files.iter().copied().collect()
    }

    fn policy(files: &[(&str, &str)]) -> Result<String, Fault> {
        Ok(Inline::of("go_on.html", &sources(files))?.policy(Template::GoOn, false))
    }

    /// The hashes of what stands between two tags of a page, as a browser takes them.
    fn hashes_of(page: &str, tag: &str) -> Vec<String> {
        let begin = format!("<{tag}>");
        let parts = page.split(&begin).skip(1);
        let texts = parts.map(|part| part.split_once(&format!("</{tag}>")).unwrap().0);
        texts
            .map(|text| {
                format!("'sha256-{}'", STANDARD.encode(openssl::sha::sha256(text.as_bytes())))
            })
            .collect()
    }

    fn policy_of(page: &Page, is_frameable: bool) -> String {
        let engine = crate::engine::Engine::new(&[]).unwrap();
        engine.inline(page.template).unwrap().policy(page.template, is_frameable)
    }

    #[test]
    fn what_stands_in_a_page_has_its_hash() {
        for page in crate::sample::pages() {
            let (html, policy) = (write(&page), policy_of(&page, false));
            let hashes = [hashes_of(&html, "style"), hashes_of(&html, "script")].concat();
            assert!(!hashes.is_empty());
            for hash in hashes {
                assert!(policy.contains(&hash), "{page:?}: {hash}");
            }
            assert!(!html.contains("style=") && !html.contains(" onc"), "{html}");
        }
    }

    #[test]
    fn what_stands_in_no_template_of_a_page_has_none() {
        assert!(!policy_of(&sign_in::go_on("/"), false).contains("script-src"));
        let told = policy_of(&session_page::told(true), false);
        assert_eq!(told.matches("sha256").count(), 2, "{told}");
        assert!(told.contains("form-action 'none'") && told.ends_with("frame-ancestors 'self'"));
        let form = policy_of(&form::post_form(About::SignIn, "/", &[], false), true);
        assert!(!form.contains("form-action") && !form.contains("frame-ancestors"), "{form}");
    }

    #[test]
    fn parts_of_a_page_count_for_it() {
        let files = [
            ("go_on.html", "{% include \"a.html\" %}<STYLE>p{}</STYLE>"),
            ("a.html", "{% include 'b.html' %}<script src=x></script>"),
            ("b.html", "<script>1</script>{% include \"a.html\" %}"),
            ("c.html", "<script>2</script>"),
        ];
        let policy = policy(&files).unwrap();
        assert_eq!(policy.matches("sha256").count(), 3, "{policy}");
        let of = |text: &str| STANDARD.encode(openssl::sha::sha256(text.as_bytes()));
        assert!(policy.contains(&of("p{}")) && policy.contains(&of("1")));
        assert!(!policy.contains(&of("2")));
    }

    #[test]
    fn what_changes_from_page_to_page_has_no_hash() {
        for (source, line) in [
            ("<p>\n<style>a{color:{{ x }}}</style>", 2),
            ("<script>{% if x %}1{% endif %}</script>", 1),
            ("\n\n<script>1", 3),
        ] {
            let fault = policy(&[("go_on.html", source)]).unwrap_err();
            assert_eq!((fault.file.as_str(), fault.line), ("go_on.html", Some(line)), "{fault}");
        }
    }
}
