//! Stories of logins for who runs the server, and the page that asks a person whether theirs may be one.

use std::fmt::Write;

use diagnosis::{Document, Entry, Origin, Story};
use saml::instant;

use crate::html::escape;
use crate::page::Page;
use crate::template::Template;

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
    Page::new(Template::Debug, minijinja::context! {})
}

/// The page of all.
pub(crate) fn diagnosis_page(page: &DiagnosisPage<'_>) -> Page {
    let mut body = String::new();
    if !page.is_on {
        body.push_str(
            "<p>No location has <code>saml_debug</code>, so that no login is recorded. Say \
             <code>saml_debug link;</code> in the location that people cannot get into, and reload nginx; take it \
             away again when you know what is wrong.</p>",
        );
    }
    if let Some((link, end)) = &page.link {
        put(
            &mut body,
            format_args!(
                "<h2>The link</h2><p>Open it in the browser that cannot sign in, or send it to whose browser that is. \
                 It is good for one use, until {}. The story of what happens then is here, for you alone, for ten minutes \
                 after it was opened.</p><pre tabindex=\"0\">{}</pre>",
                escape(end),
                escape(link)
            ),
        );
    }
    body.push_str("<h2>Stories</h2>");
    if page.stories.is_empty() {
        body.push_str(
            "<p>There is none that you may see. Each ends ten minutes after its begin.</p>",
        );
    } else {
        stories(&mut body, page.stories);
    }
    if !page.sites.is_empty() {
        body.push_str("<h2>A link to record one login</h2>");
    }
    for site in page.sites {
        put(
            &mut body,
            format_args!(
                "<form method=\"post\" action=\"?debug\"><p>saml_sp {} at {}</p>\
                 <input type=\"hidden\" name=\"sp\" value=\"{}\"><input type=\"hidden\" name=\"base_url\" value=\"{}\">\
                 <input type=\"hidden\" name=\"token\" value=\"{}\"><button type=\"submit\">Make a link</button></form>",
                escape(&site.sp),
                escape(&site.base_url),
                escape(&site.sp),
                escape(&site.base_url),
                escape(&site.token)
            ),
        );
    }
    body.push_str("<p><a href=\"?\">Status</a></p>");
    Page::operation("SAML diagnosis", body)
}

fn stories(body: &mut String, stories: &[Story]) {
    body.push_str(
        "<div tabindex=\"0\"><table><thead><tr><th scope=\"col\">Begun</th><th scope=\"col\">Ends</th>\
         <th scope=\"col\">saml_sp</th><th scope=\"col\">Why</th><th scope=\"col\">Entries</th></tr></thead><tbody>",
    );
    for story in stories {
        put(
            body,
            format_args!(
                "<tr><td><a href=\"?debug={}\">{}</a></td><td>{}</td><td>{}</td><td>{}</td><td class=\"n\">{}</td></tr>",
                story.id,
                instant::format(story.begun),
                instant::format(story.ends()),
                escape(&story.sp),
                escape(&why(story)),
                story.entries
            ),
        );
    }
    body.push_str("</tbody></table></div>");
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
    let mut body = String::new();
    put(
        &mut body,
        format_args!(
            "<p>saml_sp {}, recorded for {}, from {} to {}. Times are UTC. Also as \
             <a href=\"?debug={}&amp;format=json\">JSON</a>; <a href=\"?debug\">all stories</a>.</p>\
             <p>In messages, a ✓ is before each line that a good signature covers; nothing else of a message \
             counts. What would let somebody act for the person is masked.</p>",
            escape(&story.sp),
            escape(&why(story)),
            instant::format(story.begun),
            instant::format(story.ends()),
            story.id
        ),
    );
    for entry in entries {
        put(
            &mut body,
            format_args!(
                "<h2>{}</h2><p>{}</p>",
                escape(&entry.what.replace('_', " ")),
                instant::format(entry.at)
            ),
        );
        facts(&mut body, entry);
        checks(&mut body, entry);
        entry.documents.iter().for_each(|found| document(&mut body, found));
    }
    let written = usize::from(story.entries);
    if entries.len() < written {
        put(&mut body, format_args!("<p>{} entries had no room.</p>", written - entries.len()));
    }
    Page::operation("A login", body)
}

fn facts(body: &mut String, entry: &Entry) {
    if entry.facts.is_empty() {
        return;
    }
    body.push_str("<dl>");
    for (name, value) in &entry.facts {
        put(body, format_args!("<dt>{}</dt><dd>{}</dd>", escape(name), visible(value)));
    }
    body.push_str("</dl>");
}

fn checks(body: &mut String, entry: &Entry) {
    if entry.checks.is_empty() {
        return;
    }
    body.push_str("<ul>");
    for (what, refused) in &entry.checks {
        match refused {
            None => put(body, format_args!("<li>✓ {}</li>", escape(what))),
            Some((code, detail)) => put(
                body,
                format_args!(
                    "<li class=\"bad\">✗ {}: <code>{}</code> {}</li>",
                    escape(what),
                    escape(code),
                    visible(detail)
                ),
            ),
        }
    }
    body.push_str("</ul>");
}

fn document(body: &mut String, document: &Document) {
    put(
        body,
        format_args!(
            "<details open><summary>{}</summary><pre tabindex=\"0\">",
            visible(&document.title)
        ),
    );
    for line in &document.lines {
        let mark = if line.is_verified { "✓" } else { " " };
        let indent = "  ".repeat(line.depth.min(32));
        put(body, format_args!("{mark} {indent}{}\n", visible(&line.text)));
    }
    body.push_str("</pre></details>");
}

/// Foreign text: escaped, and what cannot be seen is written out.
fn visible(text: &str) -> String {
    let is_plain = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let written: String = text
        .chars()
        .map(|c| if is_plain(c) { c.to_string() } else { format!("\\u{{{:x}}}", u32::from(c)) })
        .collect();
    escape(&written)
}

fn put(body: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = body.write_fmt(text);
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
