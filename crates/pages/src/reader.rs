//! Who gets a page, and the page that they get.

use std::sync::LazyLock;

use clock::UnixTime;
use http::{Headers, languages};
use minijinja::value::merge_maps;
use minijinja::{Value, context};
use saml::instant;
use saml::reason::REASONS;

use crate::engine::Engine;
use crate::language::Language;
use crate::look::Look;
use crate::page::{Page, optional};
use crate::policy::Inline;

/// Who gets a page.
pub struct Reader<'a> {
    /// The look of the SP whose page it is.
    pub look: &'a Look,
    /// Their languages, best first, as [`http::languages`] has them.
    pub languages: Vec<String>,
    /// The time of day.
    pub now: UnixTime,
    /// Tells the administrator that a template of theirs does not work.
    pub warn: &'a dyn Fn(&str),
}

/// Of whom nothing is known: they get the built-in pages, in English.
impl Default for Reader<'_> {
    fn default() -> Self {
        static LOOK: LazyLock<Look> = LazyLock::new(Look::default);
        Self { look: &LOOK, languages: Vec::new(), now: UnixTime::from_secs(0), warn: &|_| {} }
    }
}

impl<'a> Reader<'a> {
    /// Who sent `headers`.
    pub fn of(
        headers: &impl Headers,
        look: &'a Look,
        now: UnixTime,
        warn: &'a dyn Fn(&str),
    ) -> Self {
        Self { look, languages: languages(headers), now, warn }
    }

    /// The page's HTML, and what is inline in it.
    pub(crate) fn write(&self, page: &Page) -> (String, &'a Inline) {
        static NOTHING: LazyLock<Inline> = LazyLock::new(Inline::default);
        let values = self.values(page);
        if let Some(written) = self.look.write(page, values.clone(), self.warn) {
            return written;
        }
        let Some(engine) = built_in() else { return (LAST_RESORT.to_owned(), &NOTHING) };
        match engine.write(page.template, values) {
            Ok(html) => (html, engine.inline(page.template).unwrap_or(&NOTHING)),
            Err(fault) => {
                (self.warn)(&format!("a built-in page does not work: {fault}; report it"));
                (LAST_RESORT.to_owned(), &NOTHING)
            }
        }
    }

    /// What is particular to the page, and what all pages have.
    pub(crate) fn values(&self, page: &Page) -> Value {
        let language = match page.template.is_for_administrators() {
            true => Language::En,
            false => Language::of(&self.languages),
        };
        let code = page.values.get_attr("code").ok().filter(|code| !code.is_undefined());
        let meaning = code.and_then(|code| meaning(language, code.as_str()?));
        context! {
            lang => language.tag(),
            now => instant::format(self.now),
            meaning => optional(meaning),
            ..merge_maps([self.look.values(&self.languages), page.values.clone()])
        }
    }
}

/// Nobody should see it: tests write all built-in pages.
const LAST_RESORT: &str = "<!DOCTYPE html><html lang=\"en\"><title>Error</title><p>This page cannot be shown.</p></html>\n";

/// The sentence of a reason. English is in the table of reasons.
fn meaning(language: Language, code: &str) -> Option<&'static str> {
    let translated = language.text(&format!("reason.{code}"));
    let english = || REASONS.iter().find(|reason| reason.code() == code);
    translated.or_else(|| english().map(|reason| reason.meaning()))
}

fn built_in() -> Option<&'static Engine> {
    static BUILT_IN: LazyLock<Option<Engine>> = LazyLock::new(|| Engine::new(&[]).ok());
    BUILT_IN.as_ref()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);

    /// The page as somebody gets it who reads `languages`; its template must work.
    pub(crate) fn write_in(languages: &[&str], page: &Page) -> String {
        let languages = languages.iter().map(|&tag| tag.to_owned()).collect();
        let warn = |fault: &str| panic!("{fault}");
        Reader { look: &Look::default(), languages, now: NOW, warn: &warn }.write(page).0
    }

    /// The same in English.
    pub(crate) fn write(page: &Page) -> String {
        write_in(&[], page)
    }

    #[test]
    fn pages_are_in_the_language_of_who_reads_them() {
        let page = crate::sign_in::unavailable("store_unavailable", "_1f", "/", None, 10);
        let german = write_in(&["de-at", "en"], &page);
        assert!(german.contains("<html lang=\"de\">"), "{german}");
        assert!(german.contains("Der Sitzungsspeicher antwortet nicht."), "{german}");
        assert!(german.contains("Warten Sie 10 Sekunden"), "{german}");
        assert!(german.contains("21. November 2026, 11:30:00 UTC"), "{german}");
        let english = write_in(&["sv"], &page);
        assert!(english.contains("<html lang=\"en\">") && english.contains("does not answer."));
    }

    #[test]
    fn all_pages_can_be_written_in_all_languages() {
        for language in Language::ALL {
            for page in crate::sample::pages() {
                let html = write_in(&[language.tag()], &page);
                assert!(html.ends_with("</html>\n"), "{html}");
            }
        }
    }

    #[test]
    fn what_administrators_read_is_english() {
        for page in crate::sample::pages() {
            let is_english = write_in(&["ja"], &page).contains("<html lang=\"en\">");
            assert_eq!(is_english, page.template.is_for_administrators());
        }
    }

    /// What stands above a page.
    pub(crate) fn title(page: &str) -> &str {
        let (_, after) = page.split_once("<title>").unwrap();
        after.split_once("</title>").unwrap().0
    }
}
