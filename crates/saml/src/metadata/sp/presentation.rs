//! mdui:UIInfo (MetadataUI 2.1), as this SP has it written; an IdP's is read elsewhere.

use crate::metadata::ui_info::{Localized, localized_tag};
use crate::namespace::METADATA_UI;
use crate::xml_writer::Tag;

/// How IdPs present this SP to people, each in several languages.
#[derive(Clone, Debug)]
pub struct Presentation {
    /// DisplayName: what the service is called.
    pub display_names: Vec<Localized>,
    /// Description: what it is for.
    pub descriptions: Vec<Localized>,
    /// Keywords: by which it is found. Blanks part them, and a plus stands for one inside.
    pub keywords: Vec<Localized>,
    /// InformationURL: where people read more.
    pub information_urls: Vec<Localized>,
    /// PrivacyStatementURL: what becomes of their data.
    pub privacy_statement_urls: Vec<Localized>,
    /// Logo.
    pub logos: Vec<Logo>,
}

/// mdui:Logo (MetadataUI 2.1.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// Where it is, or it itself as a `data:` URI.
    pub url: String,
    /// Pixels.
    pub width: u16,
    /// Pixels.
    pub height: u16,
    /// xml:lang; `None` = for whatever language.
    pub lang: Option<String>,
}

impl Presentation {
    /// Nothing is said.
    pub const EMPTY: Self = Self {
        display_names: Vec::new(),
        descriptions: Vec::new(),
        keywords: Vec::new(),
        information_urls: Vec::new(),
        privacy_statement_urls: Vec::new(),
        logos: Vec::new(),
    };

    /// `None` = nothing is said.
    pub(super) fn to_tag(&self) -> Option<Tag> {
        let localized = [
            ("mdui:DisplayName", &self.display_names),
            ("mdui:Description", &self.descriptions),
            ("mdui:Keywords", &self.keywords),
            ("mdui:InformationURL", &self.information_urls),
            ("mdui:PrivacyStatementURL", &self.privacy_statement_urls),
        ];
        let is_silent =
            self.logos.is_empty() && localized.iter().all(|(_, texts)| texts.is_empty());
        let tag = Tag::new("mdui:UIInfo").attribute("xmlns:mdui", METADATA_UI);
        let tag = localized.iter().fold(tag, |tag, (name, texts)| {
            tag.children(texts.iter().map(|t| localized_tag(name, &t.lang, &t.text)))
        });
        (!is_silent).then(|| tag.children(self.logos.iter().map(logo)))
    }
}

fn logo(logo: &Logo) -> Tag {
    Tag::new("mdui:Logo")
        .attribute("height", &logo.height.to_string())
        .attribute("width", &logo.width.to_string())
        .attribute_if("xml:lang", logo.lang.as_deref())
        .text(&logo.url)
}
