//! The IdPs that a person can choose from: found, in their language and in order.

use pages::Choice;
use saml::folding::folded;

use crate::idps::{Idps, Offer};

/// So many of those found are shown: who looks for one of more searches.
const MAX_SHOWN: usize = 200;

/// Characters of a search.
const MAX_SEARCHED: usize = 100;

/// What there is to choose from.
pub(super) struct Listing<'a> {
    /// What was searched for, in short.
    pub searched: String,
    recent: Vec<Offer>,
    /// The first of those found, by name.
    others: Vec<Offer>,
    /// How many were found.
    found: usize,
    languages: &'a [String],
}

impl<'a> Listing<'a> {
    /// Of those in `idps` that `searched` finds, for who reads `languages` and has chosen `recent` before.
    pub(super) fn new(
        idps: &Idps,
        languages: &'a [String],
        searched: &str,
        recent: &[String],
    ) -> Self {
        let searched: String = searched.trim().chars().take(MAX_SEARCHED).collect();
        let words = folded(&searched);
        let words: Vec<&str> = words.split_whitespace().collect();
        let recent = if words.is_empty() { recent } else { &[] };
        let others = idps.offers().filter(|offer| recent.iter().all(|name| name != offer.name()));
        let others = others.filter(|offer| words.is_empty() || is_found(offer, &words));
        let sorted_as = |offer: Offer| (sorts_as(&offer, languages), offer);
        let mut others: Vec<(String, Offer)> = others.map(sorted_as).collect();
        let found = others.len();
        let by_name = |(a, one): &(String, Offer), (b, other): &(String, Offer)| {
            a.cmp(b).then_with(|| one.entity_id().cmp(other.entity_id()))
        };
        if found > MAX_SHOWN {
            // Nobody sees in which order the rest would be.
            others.select_nth_unstable_by(MAX_SHOWN, by_name);
            others.truncate(MAX_SHOWN);
        }
        others.sort_by(by_name);
        let others = others.into_iter().map(|(_, offer)| offer).collect();
        let recent = recent.iter().filter_map(|name| idps.offer(name)).collect();
        Self { searched, recent, others, found, languages }
    }

    /// Those chosen before, the last one first.
    pub(super) fn recent(&self) -> Vec<Choice<'_>> {
        self.recent.iter().map(|offer| choice(offer, self.languages)).collect()
    }

    /// The first of the others, by name.
    pub(super) fn others(&self) -> Vec<Choice<'_>> {
        self.others.iter().map(|offer| choice(offer, self.languages)).collect()
    }

    /// How many others there are.
    pub(super) fn found(&self) -> usize {
        self.found
    }
}

fn sorts_as(offer: &Offer, languages: &[String]) -> String {
    match offer.ui().name(languages) {
        Some(named) => named.folded.clone(),
        None => folded(offer.entity_id()),
    }
}

fn choice<'a>(offer: &'a Offer, languages: &[String]) -> Choice<'a> {
    let ui = offer.ui();
    let named = ui.name(languages).map(|named| &named.name);
    Choice {
        id: offer.name(),
        name: named.map_or_else(|| offer.entity_id(), |name| &name.text),
        lang: named.map_or("", |name| &name.lang),
        description: ui.description(languages).map(|description| description.text.as_str()),
        logo: ui.logo(languages),
    }
}

/// Does each of the words, which are folded, stand somewhere in what is known of it?
fn is_found(offer: &Offer, words: &[&str]) -> bool {
    let (ui, entity_id) = (offer.ui(), offer.entity_id().to_lowercase());
    let names = ui.names.iter().map(|named| &named.folded);
    let domains = ui.domains.iter().chain(offer.domains());
    let texts: Vec<&String> =
        names.chain(&ui.keywords).chain(domains).chain([&entity_id]).collect();
    words.iter().all(|word| texts.iter().any(|text| text.contains(word)))
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use saml::metadata::{Localized, LocalizedName, UiInfo};
    use saml::provider::IdpSettings;

    use super::*;
    use crate::idp::{Current, Idp};
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
