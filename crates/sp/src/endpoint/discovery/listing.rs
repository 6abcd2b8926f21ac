//! The IdPs that a person can choose from: found, in their language and in order.

use std::rc::Rc;

use pages::Choice;
use saml::folding::folded;
use saml::metadata::UiInfo;
use saml::provider;

use crate::idp::Idp;
use crate::idps::Idps;

/// So many of those found are shown: who looks for one of more searches.
const MAX_SHOWN: usize = 200;

/// Characters of a search.
const MAX_SEARCHED: usize = 100;

/// What there is to choose from.
pub(super) struct Listing<'a> {
    /// What was searched for, in short.
    pub searched: String,
    recent: Vec<Entry<'a>>,
    others: Vec<Entry<'a>>,
    languages: &'a [String],
}

/// An IdP that is enabled, and whose metadata is there.
struct Entry<'a> {
    name: &'a str,
    provider: Rc<provider::Idp>,
    ui: Rc<UiInfo>,
    /// By which it is sorted.
    folded: String,
}

impl<'a> Listing<'a> {
    /// Of those in `idps` that `searched` finds, for who reads `languages` and has chosen `recent` before,
    /// the names of blocks.
    pub(super) fn new(
        idps: &'a Idps,
        languages: &'a [String],
        searched: &str,
        recent: &[String],
    ) -> Self {
        let searched: String = searched.trim().chars().take(MAX_SEARCHED).collect();
        let words = folded(&searched);
        let words: Vec<&str> = words.split_whitespace().collect();
        let recent = if words.is_empty() { recent } else { &[] };
        let entry = |idp: &'a Rc<Idp>| Entry::new(idp, languages);
        let others = idps.offered().filter(|idp| recent.iter().all(|name| name != idp.name()));
        let others = others.filter(|idp| words.is_empty() || is_found(idp, &words));
        let mut others: Vec<_> = others.filter_map(entry).collect();
        others.sort_by(|a, b| a.folded.cmp(&b.folded));
        let recent = recent.iter().filter_map(|name| idps.named(name));
        let recent = recent.filter(|idp| idp.is_offered()).filter_map(entry).collect();
        Self { searched, recent, others, languages }
    }

    /// Those chosen before, the last one first.
    pub(super) fn recent(&self) -> Vec<Choice<'_>> {
        self.recent.iter().map(|entry| entry.choice(self.languages)).collect()
    }

    /// The first of the others, by name.
    pub(super) fn others(&self) -> Vec<Choice<'_>> {
        self.others.iter().take(MAX_SHOWN).map(|entry| entry.choice(self.languages)).collect()
    }

    /// How many others there are.
    pub(super) fn found(&self) -> usize {
        self.others.len()
    }
}

impl<'a> Entry<'a> {
    fn new(idp: &'a Idp, languages: &[String]) -> Option<Self> {
        let (provider, ui) = (idp.current()?, idp.ui());
        let folded = match ui.name(languages) {
            Some(named) => named.folded.clone(),
            None => folded(&provider.entity_id),
        };
        Some(Self { name: idp.name(), provider, ui, folded })
    }

    fn choice(&self, languages: &[String]) -> Choice<'_> {
        let named = self.ui.name(languages).map(|named| &named.name);
        Choice {
            id: self.name,
            name: named.map_or(&self.provider.entity_id, |name| &name.text),
            lang: named.map_or("", |name| &name.lang),
            description: self
                .ui
                .description(languages)
                .map(|description| description.text.as_str()),
            logo: self.ui.logo(languages),
        }
    }
}

/// Does each of the words, which are folded, stand somewhere in what is known of it?
fn is_found(idp: &Idp, words: &[&str]) -> bool {
    let Some(provider) = idp.current() else { return false };
    let (ui, entity_id) = (idp.ui(), provider.entity_id.to_lowercase());
    let names = ui.names.iter().map(|named| &named.folded);
    let domains = ui.domains.iter().chain(&idp.settings().domains);
    let texts: Vec<&String> =
        names.chain(&ui.keywords).chain(domains).chain([&entity_id]).collect();
    words.iter().all(|word| texts.iter().any(|text| text.contains(word)))
}

#[cfg(test)]
mod tests {
    use saml::metadata::{Localized, LocalizedName};
    use saml::provider::IdpSettings;

    use super::*;
    use crate::idp::Current;
    use crate::test_idps::{current, settings};

    fn named(names: &[(&str, &str)]) -> Rc<UiInfo> {
        let name = |(lang, text): &(&str, &str)| LocalizedName {
            name: Localized { lang: (*lang).to_owned(), text: (*text).to_owned() },
            folded: folded(text),
        };
        let keywords = vec!["campus".to_owned()];
        Rc::new(UiInfo { names: names.iter().map(name).collect(), keywords, ..UiInfo::default() })
    }

    fn idps() -> Idps {
        let mut idps = Idps::default();
        let mut add = |name: &str, entity_id, ui| {
            let current = Current { ui, ..current(entity_id) };
            idps.add(Idp::new(settings(name), Some(current))).unwrap();
        };
        add(
            "zurich",
            "https://zh.example",
            named(&[("de", "Universität Zürich"), ("en", "University of Zurich")]),
        );
        add("plain", "https://Plain.example/idp", Rc::default());
        add("aarhus", "https://au.example", named(&[("da", "Aarhus Universitet")]));
        idps.add(Idp::new(settings("awaited"), None)).unwrap();
        let off = IdpSettings { disabled: true, ..settings("off") };
        idps.add(Idp::new(off, Some(current("https://off.example")))).unwrap();
        idps
    }

    fn found(searched: &str, languages: &[&str], recent: &[&str]) -> (Vec<String>, Vec<String>) {
        let own = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let (idps, languages) = (idps(), own(languages));
        let listing = Listing::new(&idps, &languages, searched, &own(recent));
        let names = |choices: Vec<Choice<'_>>| choices.iter().map(|c| c.name.to_owned()).collect();
        (names(listing.recent()), names(listing.others()))
    }

    #[test]
    fn all_that_are_enabled_and_whose_metadata_is_there_are_listed_by_name() {
        let (recent, others) = found("", &[], &[]);
        assert!(recent.is_empty());
        let names = ["Aarhus Universitet", "https://Plain.example/idp", "University of Zurich"];
        assert_eq!(others, names);
        assert_eq!(found("", &["de"], &[]).1.last().unwrap(), "Universität Zürich");
    }

    #[test]
    fn a_search_takes_any_word_in_any_language() {
        for (searched, expected) in [
            ("ZURICH", vec!["University of Zurich"]),
            ("zürich universität", vec!["University of Zurich"]),
            ("universit", vec!["Aarhus Universitet", "University of Zurich"]),
            ("campus aarhus", vec!["Aarhus Universitet"]),
            ("plain.EXAMPLE", vec!["https://Plain.example/idp"]),
            ("nowhere", vec![]),
            ("off.example", vec![]),
            ("  ", vec!["Aarhus Universitet", "https://Plain.example/idp", "University of Zurich"]),
        ] {
            assert_eq!(found(searched, &[], &[]).1, expected, "{searched}");
        }
    }

    #[test]
    fn those_chosen_before_stand_above_and_only_there() {
        let (recent, others) = found("", &[], &["zurich", "gone", "awaited", "off", "aarhus"]);
        assert_eq!(recent, ["University of Zurich", "Aarhus Universitet"]);
        assert_eq!(others, ["https://Plain.example/idp"]);
        let (recent, others) = found("zurich", &[], &["zurich"]);
        assert!(recent.is_empty() && others == ["University of Zurich"], "a search looks at all");
    }

    #[test]
    fn a_long_search_is_cut() {
        let idps = idps();
        let listing = Listing::new(&idps, &[], &"é".repeat(10_000), &[]);
        assert_eq!(listing.searched.chars().count(), MAX_SEARCHED);
    }
}
