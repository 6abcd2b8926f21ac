//! The languages of the pages, and what is written in them.

use std::collections::HashMap;
use std::sync::LazyLock;

use saml::instant;

/// A language that the pages are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    /// English.
    #[default]
    En,
    /// German.
    De,
    /// French.
    Fr,
    /// Spanish.
    Es,
    /// Russian.
    Ru,
    /// Japanese.
    Ja,
}

type Texts = HashMap<String, String>;

impl Language {
    /// All of them.
    pub(crate) const ALL: [Self; 6] = [Self::En, Self::De, Self::Fr, Self::Es, Self::Ru, Self::Ja];

    /// The first of `wanted` that there is, in lower case as `Accept-Language` has them; or English. A region does
    /// not matter (RFC 4647 3.4).
    pub(crate) fn of(wanted: &[String]) -> Self {
        let known = |tag: &String| Self::of_tag(tag.split('-').next().unwrap_or_default());
        wanted.iter().find_map(known).unwrap_or_default()
    }

    /// By its tag.
    pub(crate) fn of_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// The tag of the `lang` attribute (BCP 47).
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fr => "fr",
            Self::Es => "es",
            Self::Ru => "ru",
            Self::Ja => "ja",
        }
    }

    /// The text under `key`.
    pub(crate) fn text(self, key: &str) -> Option<&'static str> {
        self.texts().get(key).map(String::as_str)
    }

    /// A number, its digits in groups as the language has them.
    pub(crate) fn number(self, number: u64) -> String {
        let digits = number.to_string();
        let from = self.text("number.group_from").and_then(|from| from.parse().ok());
        if number < from.unwrap_or(u64::MAX) {
            return digits;
        }
        let separator = self.text("number.group").unwrap_or_default();
        let mut grouped = String::with_capacity(digits.len() * 2);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push_str(separator);
            }
            grouped.push(digit);
        }
        grouped
    }

    /// An instant for people, in UTC; what is no xs:dateTime stays as it is.
    pub(crate) fn datetime(self, text: &str) -> String {
        let Some(parsed) = instant::parse(text) else { return text.to_owned() };
        let canonical = instant::format(parsed);
        let (date, time) = canonical.split_once('T').unwrap_or_default();
        let mut parts = date.rsplitn(3, '-');
        let (day, month, year) = (parts.next(), parts.next(), parts.next());
        let plain =
            |part: Option<&str>| part.unwrap_or_default().trim_start_matches('0').to_owned();
        let month = self.text(&format!("month.{}", plain(month))).unwrap_or_default();
        let pattern = self.text("date").unwrap_or_default();
        pattern
            .replace("{day}", &plain(day))
            .replace("{month}", month)
            .replace("{year}", year.unwrap_or_default())
            .replace("{time}", time.trim_end_matches('Z'))
    }

    /// The catalogue: a test reads all of them.
    fn texts(self) -> &'static Texts {
        static EN: LazyLock<Texts> = LazyLock::new(|| read(include_str!("../languages/en.json")));
        static DE: LazyLock<Texts> = LazyLock::new(|| read(include_str!("../languages/de.json")));
        static FR: LazyLock<Texts> = LazyLock::new(|| read(include_str!("../languages/fr.json")));
        static ES: LazyLock<Texts> = LazyLock::new(|| read(include_str!("../languages/es.json")));
        static RU: LazyLock<Texts> = LazyLock::new(|| read(include_str!("../languages/ru.json")));
        static JA: LazyLock<Texts> = LazyLock::new(|| read(include_str!("../languages/ja.json")));
        match self {
            Self::En => &EN,
            Self::De => &DE,
            Self::Fr => &FR,
            Self::Es => &ES,
            Self::Ru => &RU,
            Self::Ja => &JA,
        }
    }
}

fn read(json: &str) -> Texts {
    serde_json::from_str(json).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use saml::reason::REASONS;

    use super::*;
    use crate::template::BUILT_IN;

    /// What the code asks for by itself.
    fn asked_in_code() -> BTreeSet<String> {
        let months = (1..=12).map(|month| format!("month.{month}"));
        let others = ["date", "number.group", "number.group_from"].map(str::to_owned);
        months.chain(others).collect()
    }

    /// What templates ask for.
    fn asked_in_templates() -> BTreeSet<String> {
        let calls = BUILT_IN.iter().flat_map(|(_, source)| source.split("t(\"").skip(1));
        calls.map(|call| call.split_once('"').unwrap().0.to_owned()).collect()
    }

    fn keys(language: Language) -> BTreeSet<String> {
        language.texts().keys().cloned().collect()
    }

    /// The places of a text that are filled in.
    fn places(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).map(|place| place.split_once('}').unwrap().0).collect()
    }

    #[test]
    fn every_text_is_there_and_is_used() {
        let mut wanted = asked_in_code();
        wanted.extend(asked_in_templates());
        assert_eq!(keys(Language::En), wanted, "English has its reasons in the table of reasons");
        wanted.extend(REASONS.iter().map(|reason| format!("reason.{}", reason.code())));
        for language in Language::ALL.into_iter().skip(1) {
            let keys = keys(language);
            let missing: Vec<_> = wanted.difference(&keys).collect();
            let unused: Vec<_> = keys.difference(&wanted).collect();
            assert!(
                missing.is_empty() && unused.is_empty(),
                "{language:?}: {missing:?} {unused:?}"
            );
        }
    }

    #[test]
    fn no_key_stands_twice() {
        for (language, json) in [
            (Language::En, include_str!("../languages/en.json")),
            (Language::De, include_str!("../languages/de.json")),
            (Language::Fr, include_str!("../languages/fr.json")),
            (Language::Es, include_str!("../languages/es.json")),
            (Language::Ru, include_str!("../languages/ru.json")),
            (Language::Ja, include_str!("../languages/ja.json")),
        ] {
            assert_eq!(json.matches("\": \"").count(), language.texts().len(), "{language:?}");
        }
    }

    #[test]
    fn a_text_has_the_places_of_the_english_one_and_is_not_empty() {
        for (key, english) in Language::En.texts() {
            for language in Language::ALL {
                let text = language.text(key).unwrap();
                assert_eq!(places(text), places(english), "{language:?} {key}");
                assert!(!text.is_empty(), "{language:?} {key}");
            }
        }
    }

    #[test]
    fn what_they_read_first_is_what_they_get() {
        let of = |wanted: &[&str]| {
            Language::of(&wanted.iter().map(|&tag| tag.to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(of(&["de-ch", "fr"]), Language::De);
        assert_eq!(of(&["sv", "ja", "en"]), Language::Ja);
        assert_eq!((of(&["sv"]), of(&[])), (Language::En, Language::En));
        assert_eq!(of(&["deu", "d", "-", ""]), Language::En);
    }

    #[test]
    fn numbers_and_times_are_as_the_language_writes_them() {
        let instant = "2026-03-09T07:05:00Z";
        for (language, thousand, many, date) in [
            (Language::En, "1,234", "1,234,567", "9 March 2026, 07:05:00 UTC"),
            (Language::De, "1.234", "1.234.567", "9. März 2026, 07:05:00 UTC"),
            (Language::Fr, "1\u{202f}234", "1\u{202f}234\u{202f}567", "9 mars 2026, 07:05:00 UTC"),
            (Language::Es, "1234", "1.234.567", "9 de marzo de 2026, 07:05:00 UTC"),
            (Language::Ru, "1234", "1\u{a0}234\u{a0}567", "9 марта 2026 г., 07:05:00 UTC"),
            (Language::Ja, "1,234", "1,234,567", "2026年3月9日 07:05:00 UTC"),
        ] {
            assert_eq!(language.number(1234), thousand);
            assert_eq!(language.number(1_234_567), many);
            assert_eq!(language.datetime(instant), date);
            assert_eq!(
                (language.number(0), language.number(999)),
                ("0".to_owned(), "999".to_owned())
            );
        }
        assert_eq!(Language::De.datetime("soon"), "soon");
    }
}
