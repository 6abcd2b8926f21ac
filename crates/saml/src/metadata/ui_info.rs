//! What an IdP's metadata says for people who choose one (MetadataUI 2).

use xmldoc::Element;

use crate::folding::folded;
use crate::metadata::error_url::ErrorUrl;
use crate::namespace::{METADATA, METADATA_UI, XML};
use crate::shown_text::shown;
use crate::xml_writer::Tag;

/// Names, descriptions and the like, each; an IdP rarely has more languages.
const MAX_TEXTS: usize = 64;
/// Characters of a name.
const MAX_NAME: usize = 120;
/// Characters of a description, MetadataUI 2.1.3 has 100 of them in mind.
const MAX_DESCRIPTION: usize = 300;
/// Keywords and domains, each.
const MAX_WORDS: usize = 64;
/// Bytes of a logo in a data: URI.
const MAX_LOGO: usize = 16 << 10;

/// How an IdP presents itself to people: mdui:UIInfo and mdui:DiscoHints. All of it is the IdP's word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UiInfo {
    /// DisplayName, in document order.
    pub names: Vec<LocalizedName>,
    /// Description, in document order.
    pub descriptions: Vec<Localized>,
    /// Words of Keywords in all languages, [folded].
    pub keywords: Vec<String>,
    /// Logo, in document order: those that are data: URIs of images. Others would tell their hosts who is
    /// about to log in where.
    pub logos: Vec<Localized>,
    /// DomainHint: the domains of its people, in lower case.
    pub domains: Vec<String>,
    /// Where they read what to do when they cannot get in.
    pub error_url: Option<ErrorUrl>,
}

/// Text in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Localized {
    /// xml:lang in lower case; empty = it says none.
    pub lang: String,
    /// Neither empty nor of several lines.
    pub text: String,
}

/// A name in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalizedName {
    /// As it is shown.
    pub name: Localized,
    /// As it is searched for.
    pub folded: String,
}

impl UiInfo {
    /// Of an IDPSSODescriptor. What cannot be shown is left out.
    pub(super) fn read(role: &Element) -> Self {
        let error_url = role.attribute("errorURL").and_then(ErrorUrl::read);
        let mut found = Self { error_url, ..Self::default() };
        for extensions in role.children_named(METADATA, "Extensions") {
            for element in &extensions.children {
                if element.is(METADATA_UI, "UIInfo") {
                    found.take(element);
                } else if element.is(METADATA_UI, "DiscoHints") {
                    found.take_hints(element);
                }
            }
        }
        found
    }

    fn take(&mut self, info: &Element) {
        for element in info.children.iter().filter(|child| child.namespace == METADATA_UI) {
            match element.name.as_str() {
                "DisplayName" if self.names.len() < MAX_TEXTS => {
                    self.names.extend(localized(element, MAX_NAME).map(LocalizedName::new));
                }
                "Description" if self.descriptions.len() < MAX_TEXTS => {
                    self.descriptions.extend(localized(element, MAX_DESCRIPTION));
                }
                "Keywords" => {
                    // A plus stands for the blank inside of a keyword (MetadataUI 2.1.4).
                    let words = element.text.split_ascii_whitespace();
                    let words = words.map(|word| folded(&word.replace('+', " ")));
                    let room = MAX_WORDS.saturating_sub(self.keywords.len());
                    self.keywords.extend(words.filter(|word| word.len() <= MAX_NAME).take(room));
                }
                "Logo" if self.logos.len() < MAX_TEXTS => self.logos.extend(logo(element)),
                _ => {}
            }
        }
    }

    fn take_hints(&mut self, hints: &Element) {
        for element in hints.children_named(METADATA_UI, "DomainHint") {
            let domain = element.text.trim().to_ascii_lowercase();
            let is_domain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
            let is_usable = (1..=253).contains(&domain.len()) && domain.bytes().all(is_domain);
            if is_usable && self.domains.len() < MAX_WORDS {
                self.domains.push(domain);
            }
        }
    }

    /// Its name for who reads `languages`, best first and in lower case: in one of these, else in English,
    /// else in any.
    pub fn name(&self, languages: &[String]) -> Option<&LocalizedName> {
        best(&self.names, |named| &named.name.lang, languages)
    }

    /// Its description, chosen as [`UiInfo::name`] is.
    pub fn description(&self, languages: &[String]) -> Option<&Localized> {
        best(&self.descriptions, |text| &text.lang, languages)
    }

    /// Its logo, chosen as [`UiInfo::name`] is.
    pub fn logo(&self, languages: &[String]) -> Option<&str> {
        best(&self.logos, |logo| &logo.lang, languages).map(|logo| logo.text.as_str())
    }
}

impl LocalizedName {
    fn new(name: Localized) -> Self {
        Self { folded: folded(&name.text), name }
    }
}

/// The element of this name with text in one language, as this SP writes it.
pub(super) fn localized_tag(name: &'static str, lang: &str, text: &str) -> Tag {
    Tag::new(name).attribute("xml:lang", lang).text(text)
}

/// The first of `all` in one of the languages; more precise ones do for less precise ones and the other
/// way round (RFC 4647 3.4).
fn best<'a, T>(all: &'a [T], lang: impl Fn(&T) -> &str, languages: &[String]) -> Option<&'a T> {
    let wanted = languages.iter().map(String::as_str).chain(["en", ""]);
    let exact = |range: &str| all.iter().find(|one| lang(one) == range);
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_owned();
    let near = |range: &str| {
        let range = primary(range);
        all.iter().find(|one| primary(lang(one)) == range)
    };
    wanted
        .into_iter()
        .find_map(|range| exact(range).or_else(|| near(range)))
        .or_else(|| all.first())
}

/// Text that is there.
fn localized(element: &Element, max: usize) -> Option<Localized> {
    let text = shown(&element.text, max)?;
    Some(Localized { lang: lang(element), text })
}

fn lang(element: &Element) -> String {
    let lang = element.attribute_ns(XML, "lang").unwrap_or_default().trim();
    let is_tag = lang.len() <= 35 && lang.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if is_tag { lang.to_ascii_lowercase() } else { String::new() }
}

fn logo(element: &Element) -> Option<Localized> {
    const TYPES: [&str; 5] = ["png", "jpeg", "gif", "webp", "svg+xml"];
    let text: String = element.text.split_ascii_whitespace().collect();
    let (media_type, data) = text.strip_prefix("data:image/")?.split_once(";base64,")?;
    let is_base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    let is_usable = TYPES.contains(&media_type)
        && text.len() <= MAX_LOGO
        && !data.is_empty()
        && data.bytes().all(is_base64);
    is_usable.then(|| Localized { lang: lang(element), text })
}

#[cfg(test)]
mod tests {
    use xmldoc::{Document, Limits};

    use super::*;

    fn read(extensions: &str) -> UiInfo {
        let xml = format!(
            "<md:IDPSSODescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
             xmlns:mdui=\"urn:oasis:names:tc:SAML:metadata:ui\"><md:Extensions>{extensions}\
             </md:Extensions></md:IDPSSODescriptor>"
        );
        UiInfo::read(&Document::parse(xml.as_bytes(), &Limits::default()).unwrap().trusted_root())
    }

    fn info(content: &str) -> UiInfo {
        read(&format!("<mdui:UIInfo>{content}</mdui:UIInfo>"))
    }

    fn languages(list: &[&str]) -> Vec<String> {
        list.iter().map(|lang| (*lang).to_owned()).collect()
    }

    #[test]
    fn names_are_chosen_by_language() {
        let info = info(
            "<mdui:DisplayName xml:lang=\"sv\">Lunds universitet</mdui:DisplayName>\
             <mdui:DisplayName xml:lang=\"EN\"> Lund\n University </mdui:DisplayName>\
             <mdui:DisplayName xml:lang=\"de-AT\">Universität Lund</mdui:DisplayName>",
        );
        for (wanted, expected) in [
            (languages(&["sv"]), "Lunds universitet"),
            (languages(&["sv-fi"]), "Lunds universitet"),
            (languages(&["de"]), "Universität Lund"),
            (languages(&["fr", "de-ch"]), "Universität Lund"),
            (languages(&["en-gb", "sv"]), "Lund University"),
            (languages(&["fr"]), "Lund University"),
            (languages(&[]), "Lund University"),
        ] {
            assert_eq!(info.name(&wanted).unwrap().name.text, expected, "{wanted:?}");
        }
        assert_eq!(info.name(&languages(&["de"])).unwrap().folded, "universitat lund");
    }

    #[test]
    fn a_name_in_any_language_is_better_than_none() {
        let info = info("<mdui:DisplayName xml:lang=\"fi\">Yliopisto</mdui:DisplayName>");
        assert_eq!(info.name(&[]).unwrap().name.text, "Yliopisto");
        assert!(UiInfo::default().name(&[]).is_none());
    }

    #[test]
    fn only_images_in_the_document_itself_are_logos() {
        let png = "data:image/png;base64,iVBORw0KGgo=";
        let logo = |text: &str| {
            info(&format!("<mdui:Logo height=\"1\" width=\"1\">{text}</mdui:Logo>")).logos
        };
        assert_eq!(
            logo(&format!("\n  {png}\n")),
            [Localized { lang: String::new(), text: png.into() }]
        );
        let long = format!("data:image/png;base64,{}", "A".repeat(MAX_LOGO));
        for text in [
            "https://idp.example/logo.png",
            "http://idp.example/logo.png",
            "data:text/html;base64,PGI+",
            "data:image/svg+xml,%3Csvg%3E",
            "data:image/png;base64,",
            "data:image/png;base64,a&quot;b",
            "data:image/x;base64,AAAA",
            "javascript:alert(1)",
            &long,
            "",
        ] {
            assert_eq!(logo(text), [], "{text}");
        }
    }

    #[test]
    fn keywords_and_domains_are_words() {
        let found = read(
            "<mdui:UIInfo><mdui:Keywords xml:lang=\"en\">Lund  university+of+Scania</mdui:Keywords>\
             <mdui:Keywords xml:lang=\"sv\">Skåne</mdui:Keywords></mdui:UIInfo>\
             <mdui:DiscoHints><mdui:DomainHint>LU.se</mdui:DomainHint>\
             <mdui:DomainHint>a b</mdui:DomainHint><mdui:DomainHint></mdui:DomainHint></mdui:DiscoHints>",
        );
        assert_eq!(found.keywords, ["lund", "university of scania", "skane"]);
        assert_eq!(found.domains, ["lu.se"]);
    }

    #[test]
    fn text_is_bounded_and_turns_nothing_around() {
        let long = "é".repeat(1000);
        let found = info(&format!(
            "<mdui:DisplayName>a\u{202e}b</mdui:DisplayName><mdui:DisplayName>{long}</mdui:DisplayName>\
             <mdui:DisplayName> \u{2066} </mdui:DisplayName><mdui:DisplayName/>\
             <mdui:Description>{long}</mdui:Description>"
        ));
        let names: Vec<_> = found.names.iter().map(|named| named.name.text.as_str()).collect();
        assert_eq!(names, ["ab", &*"é".repeat(MAX_NAME)]);
        assert_eq!(found.descriptions[0].text.chars().count(), MAX_DESCRIPTION);
        let many = info(&"<mdui:DisplayName>n</mdui:DisplayName>".repeat(MAX_TEXTS + 1));
        assert_eq!(many.names.len(), MAX_TEXTS);
        let words = "word ".repeat(MAX_WORDS + 1);
        let many = info(&format!("<mdui:Keywords>{words}</mdui:Keywords>"));
        assert_eq!(many.keywords.len(), MAX_WORDS);
    }

    #[test]
    fn what_stands_elsewhere_is_nobodys_name() {
        assert_eq!(
            read(
                "<UIInfo><DisplayName>x</DisplayName></UIInfo><mdui:DisplayName>y</mdui:DisplayName>"
            ),
            UiInfo::default()
        );
    }
}
