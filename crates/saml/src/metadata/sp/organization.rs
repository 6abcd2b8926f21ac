//! md:Organization (Metadata 2.3.2.1).

use crate::metadata::ui_info::localized_tag;
use crate::xml_writer::Tag;

/// Who runs this SP, in one language.
#[derive(Clone, Debug)]
pub struct Organization {
    /// OrganizationName, which need not be for people to read.
    pub name: String,
    /// OrganizationDisplayName, for people.
    pub display_name: String,
    /// OrganizationURL: where people read more.
    pub url: String,
    /// xml:lang, e.g. `en`.
    pub lang: String,
}

/// One element for all languages, which the schema wants sorted by what they say; `None` = there are none.
pub(super) fn organization(all: &[Organization]) -> Option<Tag> {
    let names = all.iter().map(|o| localized_tag("md:OrganizationName", &o.lang, &o.name));
    let display_names =
        all.iter().map(|o| localized_tag("md:OrganizationDisplayName", &o.lang, &o.display_name));
    let urls = all.iter().map(|o| localized_tag("md:OrganizationURL", &o.lang, &o.url));
    let tag = Tag::new("md:Organization").children(names).children(display_names).children(urls);
    (!all.is_empty()).then_some(tag)
}
