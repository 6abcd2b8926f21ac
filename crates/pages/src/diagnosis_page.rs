//! Stories of logins for who runs the server, and the page that asks a person whether theirs may be one.

use diagnosis::{Document, Entry, Origin, Story};
use minijinja::{Value, context};
use saml::instant;

use crate::html::escape;
use crate::page::{Page, optional};
use crate::template::Template;

/// Bytes of all messages on the page of a story: one of 64 large messages has no place there.
const MOST_TEXT: usize = 1 << 20;
const TOO_LONG: &str = "It is too long for this page, which has others before it: the JSON has it.";

/// What an administrator sees of diagnosis.
pub struct DiagnosisPage<'a> {
    /// Does any location have `saml_debug`?
    pub is_on: bool,
    /// Where links can be made.
    pub sites: &'a [DiagnosedSite],
    /// A link that was just made, and when it ends.
    pub link: Option<(&'a str, String)>,
    /// Those that the administrator may see, the newest first.
    pub stories: &'a [Story],
}

/// An SP at one of its origins.
pub struct DiagnosedSite {
    /// The `saml_sp` block.
    pub sp: String,
    /// The origin.
    pub base_url: String,
    /// What a form must have.
    pub token: String,
}

/// Asks the person who has come by a link. The form goes to the address of the page.
pub fn ask_to_record() -> Page {
    Page::new(Template::Debug, context! {})
}

/// The page of all.
pub(crate) fn diagnosis_page(page: &DiagnosisPage<'_>) -> Page {
    let (link, until) = page.link.as_ref().map(|(link, until)| (*link, until.as_str())).unzip();
    let sites = page.sites.iter().map(|site| {
        let DiagnosedSite { sp, base_url, token } = site;
        context! { sp => sp.as_str(), base_url => base_url.as_str(), token => token.as_str() }
    });
    let values = context! {
        is_on => page.is_on,
        link => optional(link),
        link_until => optional(until),
        stories => page.stories.iter().map(head).collect::<Value>(),
        sites => sites.collect::<Value>(),
    };
    Page::new(Template::Diagnosis, values)
}

/// What is known of a story without its entries.
fn head(story: &Story) -> Value {
    context! {
        id => story.id.to_string(),
        begun => instant::format(story.begun),
        ends => instant::format(story.ends()),
        sp => story.sp.as_str(),
        why => why(story),
        entries => story.entries,
    }
}

/// As people are told why a story was begun.
pub(crate) fn why(story: &Story) -> String {
    match &story.origin {
        Origin::Link(_) => "your link".to_owned(),
        Origin::Address(address) => format!("the client's address {address}"),
    }
}

/// The page of one story.
pub(crate) fn story_page(story: &Story, entries: &[Entry]) -> Page {
    let left_out = usize::from(story.entries).saturating_sub(entries.len());
    let mut room = MOST_TEXT;
    let entries: Value = entries.iter().map(|one| entry(one, &mut room)).collect();
    Page::new(Template::Story, context! { story => head(story), entries, left_out })
}

/// `room` is what is left of the page for messages.
fn entry(entry: &Entry, room: &mut usize) -> Value {
    let facts = entry.facts.iter().map(|(name, value)| {
        Value::from(vec![Value::from(name.as_str()), Value::from(visible(value))])
    });
    let checks = entry.checks.iter().map(|(what, refused)| {
        let (code, detail) =
            refused.as_ref().map(|(code, detail)| (code.as_str(), visible(detail))).unzip();
        context! {
            what => what.as_str(),
            code => optional(code),
            detail => optional(detail.as_deref()),
        }
    });
    let documents = entry.documents.iter().map(|document| {
        let text = text(document);
        let fits = room.checked_sub(escape(&text).len());
        *room = fits.unwrap_or(*room);
        let text = fits.map_or_else(|| TOO_LONG.to_owned(), |_| text);
        context! { title => visible(&document.title), text }
    });
    context! {
        what => entry.what.as_str(),
        at => instant::format(entry.at),
        facts => facts.collect::<Value>(),
        checks => checks.collect::<Value>(),
        documents => documents.collect::<Value>(),
    }
}

/// Its lines, each with its mark.
fn text(document: &Document) -> String {
    let mut text = String::new();
    for line in &document.lines {
        let mark = if line.is_verified { "✓" } else { " " };
        text.push_str(mark);
        text.push(' ');
        text.push_str(&"  ".repeat(line.depth.min(32)));
        text.push_str(&visible(&line.text));
        text.push('\n');
    }
    text
}

/// What cannot be seen of foreign text is written out.
fn visible(text: &str) -> String {
    let is_plain = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars()
        .map(|c| if is_plain(c) { c.to_string() } else { format!("\\u{{{:x}}}", u32::from(c)) })
        .collect()
}

#[cfg(test)]
mod tests {
    use clock::UnixTime;
    use diagnosis::{Line, Owner, StoryId};

    use super::*;
    use crate::reader::tests::write;

    const HOSTILE: &str = "\"><script>alert(1)</script>&'\u{202e}\n";

    fn hostile() -> String {
        HOSTILE.to_owned()
    }

    fn story(origin: Origin) -> Story {
        let begun = UnixTime::from_secs(1_795_260_600);
        Story { id: StoryId([1; 16]), origin, sp: hostile(), begun, entries: 3 }
    }

    fn check(page: &str) {
        assert!(!page.contains("<script") && !page.contains("\">alert"), "{page}");
    }

    #[test]
    fn nothing_on_a_story_is_markup_but_ours() {
        let lines = vec![
            Line { depth: 0, is_verified: true, text: hostile() },
            Line { depth: 1, is_verified: false, text: "<a/>".to_owned() },
        ];
        let entry = Entry {
            what: hostile(),
            facts: vec![(hostile(), hostile())],
            documents: vec![Document { title: hostile(), lines }],
            checks: vec![(hostile(), None), (hostile(), Some((hostile(), hostile())))],
            ..Entry::default()
        };
        let page = write(&story_page(&story(Origin::Address(hostile())), &[entry]));
        check(&page);
        assert!(!page.contains('\u{202e}') || !page.contains("<pre>\u{202e}"), "{page}");
        assert!(
            page.contains("✓ &quot;&gt;&lt;script") && page.contains("    &lt;a/&gt;"),
            "{page}"
        );
        assert!(page.contains("2 entries had no room"), "{page}");
    }

    #[test]
    fn a_long_story_has_its_page_too() {
        let text = "<saml:AttributeValue>x</saml:AttributeValue>".to_owned();
        let lines = vec![Line { depth: 1, is_verified: true, text }; 1400];
        let document = Document { title: "Assertion".to_owned(), lines };
        let facts = vec![("Location".to_owned(), "x".repeat(2000)); 4];
        let entry = Entry { facts, documents: vec![document], ..Entry::default() };
        let page = write(&story_page(&story(Origin::Address(hostile())), &vec![entry; 64]));
        assert!(page.matches("<summary>Assertion</summary>").count() == 64);
        assert!(page.contains("x&lt;/saml:AttributeValue&gt;") && page.contains(TOO_LONG));
    }

    #[test]
    fn the_list_tells_what_there_is_and_makes_links() {
        let site = DiagnosedSite { sp: hostile(), base_url: hostile(), token: hostile() };
        let stories = [story(Origin::Link(Owner([2; 32]))), story(Origin::Address(hostile()))];
        let page = write(&diagnosis_page(&DiagnosisPage {
            is_on: true,
            sites: &[site],
            link: Some((HOSTILE, hostile())),
            stories: &stories,
        }));
        check(&page);
        assert!(page.contains("<a href=\"?debug=01010101010101010101010101010101\">"), "{page}");
        assert!(page.contains("your link") && page.contains("Make a link"), "{page}");
        let off = DiagnosisPage { is_on: false, sites: &[], link: None, stories: &[] };
        assert!(write(&diagnosis_page(&off)).contains("saml_debug link;"));
    }

    #[test]
    fn a_person_is_asked_by_a_form_without_a_script() {
        let page = write(&ask_to_record());
        assert!(page.contains("<form method=\"post\">") && !page.contains("<script"), "{page}");
        assert!(!page.contains("http-equiv"), "nothing goes off by itself");
    }
}
