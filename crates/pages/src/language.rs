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
            if index > 0 && (digits.len() - index) % 3 == 0 {
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
