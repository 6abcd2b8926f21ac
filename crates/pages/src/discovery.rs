//! The page on which people choose where they sign in.

use std::fmt::Write;

use crate::html::{escape, page_with};

/// With so few there is nothing to search.
const FEW: usize = 8;

/// Bytes of logos on one page.
const MAX_LOGOS: usize = 512 << 10;

/// The style sheet of this page alone.
pub(crate) const STYLE: &str = "\
:root{color-scheme:light dark}ul{list-style:none;padding:0}li{margin:0 0 .5rem}h2{font-size:1.1rem}\
button,input[type=search]{min-height:44px;box-sizing:border-box;border:1px solid #767676;\
border-radius:.3em;background:none;color:inherit;font:inherit}button{cursor:pointer}\
.idp{display:flex;align-items:center;gap:.8em;width:100%;text-align:start}\
.idp:hover{background:#8882}:focus-visible{outline:3px solid #06c;outline-offset:2px}\
.idp img{width:32px;height:32px;object-fit:contain;flex:none;background:#fff;border-radius:.2em}\
.idp b,.idp small{display:block;overflow-wrap:anywhere}.idp b{font-weight:600}\
.search{display:flex;gap:.5em;align-items:end;flex-wrap:wrap}.search label{flex:1 1 12em}\
.search input{display:block;width:100%;padding:0 .6em}.remember{display:flex;align-items:center;\
gap:.6em;min-height:44px}.remember input{width:24px;height:24px;margin:0;flex:none}\
@media(prefers-color-scheme:dark){:focus-visible{outline-color:#9cf}}";

/// What the page is made of.
pub struct Discovery<'a> {
    /// Where the form goes, an absolute URL without a query.
    pub action: &'a str,
    /// What the login is to be like: arguments that go with every choice.
    pub fields: &'a [(&'a str, String)],
    /// What was searched for; empty = nothing.
    pub searched: &'a str,
    /// Those chosen before, the last one first.
    pub recent: &'a [Choice<'a>],
    /// The others that are shown, in order.
    pub others: &'a [Choice<'a>],
    /// How many were found, also those that are not shown; without the recent ones.
    pub found: usize,
    /// The person may have the choice made by itself from now on; ticked when it is already.
    pub remember: Option<bool>,
}

/// Somebody who signs people in. All of it is foreign text.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// By which the choice is known.
    pub id: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// The name's language; empty = not known.
    pub lang: &'a str,
    /// A sentence about it.
    pub description: Option<&'a str>,
    /// A data: URI of an image.
    pub logo: Option<&'a str>,
}

/// The page: a form whose buttons are the choices.
pub(crate) fn discovery(page: &Discovery<'_>) -> String {
    let mut body = String::from("<p>Choose the organisation where you have an account.</p>");
    put(&mut body, format_args!("<form method=\"get\" action=\"{}\">", escape(page.action)));
    for (name, value) in page.fields {
        let (name, value) = (escape(name), escape(value));
        put(&mut body, format_args!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">"));
    }
    if page.found > FEW || !page.searched.is_empty() {
        search(&mut body, page.searched);
    }
    if let Some(is_ticked) = page.remember {
        remember(&mut body, is_ticked);
    }
    let mut room = MAX_LOGOS;
    if !page.recent.is_empty() {
        body.push_str("<h2 id=\"recent\">Chosen before</h2>");
        list(&mut body, "recent", page.recent, &mut room);
    }
    others(&mut body, page, &mut room);
    body.push_str("</form>");
    page_with("Where do you sign in?", STYLE, &body)
}

/// The first button of the form, so that it is the one that the Enter key presses.
fn search(body: &mut String, searched: &str) {
    put(
        body,
        format_args!(
            "<div class=\"search\" role=\"search\"><label>Name of your organisation\
             <input type=\"search\" name=\"q\" value=\"{}\" autocomplete=\"organization\" maxlength=\"100\">\
             </label><button type=\"submit\">Search</button></div>",
            escape(searched)
        ),
    );
}

fn remember(body: &mut String, is_ticked: bool) {
    let checked = if is_ticked { " checked" } else { "" };
    put(
        body,
        format_args!(
            "<label class=\"remember\"><input type=\"checkbox\" name=\"remember\" value=\"1\"{checked}>\
             Do not ask again in this browser</label>"
        ),
    );
}

fn others(body: &mut String, page: &Discovery<'_>, room: &mut usize) {
    let title = match (page.searched.is_empty(), page.recent.is_empty()) {
        (false, _) => "Found",
        (true, true) => "Organisations",
        (true, false) => "Other organisations",
    };
    let shown = page.others.len();
    if shown == 0 && page.searched.is_empty() && !page.recent.is_empty() {
        return;
    }
    put(body, format_args!("<h2 id=\"all\">{title}</h2>"));
    match page.found {
        0 if page.searched.is_empty() => body.push_str("<p role=\"status\">There are none.</p>"),
        0 => body.push_str(
            "<p role=\"status\">No organisation has that name. Try a part of it, or its name in \
             another language.</p>",
        ),
        found if found > shown => put(
            body,
            format_args!(
                "<p role=\"status\">The first {shown} of {found}. Search by name to see the others.</p>"
            ),
        ),
        1 if !page.searched.is_empty() => body.push_str("<p role=\"status\">One.</p>"),
        found if !page.searched.is_empty() => {
            put(body, format_args!("<p role=\"status\">{found} of them.</p>"));
        }
        _ => {}
    }
    list(body, "all", page.others, room);
}

fn list(body: &mut String, label: &str, choices: &[Choice<'_>], room: &mut usize) {
    if choices.is_empty() {
        return;
    }
    put(body, format_args!("<ul aria-labelledby=\"{label}\">"));
    for choice in choices {
        one(body, choice, room);
    }
    body.push_str("</ul>");
}

fn one(body: &mut String, choice: &Choice<'_>, room: &mut usize) {
    let id = escape(choice.id);
    put(
        body,
        format_args!("<li><button class=\"idp\" type=\"submit\" name=\"idp\" value=\"{id}\">"),
    );
    if let Some(logo) = choice.logo.filter(|logo| logo.len() <= *room) {
        *room = room.saturating_sub(logo.len());
        put(
            body,
            format_args!("<img src=\"{}\" alt=\"\" width=\"32\" height=\"32\">", escape(logo)),
        );
    }
    let lang = match choice.lang {
        "" => String::new(),
        lang => format!(" lang=\"{}\"", escape(lang)),
    };
    put(body, format_args!("<span dir=\"auto\"><b{lang}>{}</b>", escape(choice.name)));
    if let Some(description) = choice.description {
        put(body, format_args!("<small>{}</small>", escape(description)));
    }
    body.push_str("</span></button></li>");
}

fn put(body: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = body.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Discovery<'_> = Discovery {
        action: "https://app.example.com/saml/discovery",
        fields: &[],
        searched: "",
        recent: &[],
        others: &[],
        found: 0,
        remember: None,
    };

    fn choice<'a>(id: &'a str, name: &'a str) -> Choice<'a> {
        Choice { id, name, lang: "", description: None, logo: None }
    }

    #[test]
    fn every_choice_is_a_button() {
        let others = [
            choice("corp", "Corporation"),
            Choice {
                lang: "sv",
                description: Some("For students"),
                logo: Some("data:image/png;base64,AAAA"),
                ..choice("lund", "Lunds universitet")
            },
        ];
        let fields = [("return", "/page?x=1&y".to_owned())];
        let page = discovery(&Discovery { fields: &fields, others: &others, found: 2, ..PAGE });
        let (_, form) = page.split_once("<form").unwrap();
        assert_eq!(
            form,
            " method=\"get\" action=\"https://app.example.com/saml/discovery\">\
             <input type=\"hidden\" name=\"return\" value=\"/page?x=1&amp;y\">\
             <h2 id=\"all\">Organisations</h2><ul aria-labelledby=\"all\">\
             <li><button class=\"idp\" type=\"submit\" name=\"idp\" value=\"corp\">\
             <span dir=\"auto\"><b>Corporation</b></span></button></li>\
             <li><button class=\"idp\" type=\"submit\" name=\"idp\" value=\"lund\">\
             <img src=\"data:image/png;base64,AAAA\" alt=\"\" width=\"32\" height=\"32\">\
             <span dir=\"auto\"><b lang=\"sv\">Lunds universitet</b><small>For students</small></span>\
             </button></li></ul></form></main></body></html>\n"
        );
    }

    #[test]
    fn what_an_idp_says_is_never_markup() {
        let evil = "\"><script>alert(1)</script>'&";
        let others = [Choice {
            id: evil,
            name: evil,
            lang: evil,
            description: Some(evil),
            logo: Some(evil),
        }];
        let fields = [("return", evil.to_owned())];
        let page = discovery(&Discovery {
            action: evil,
            fields: &fields,
            searched: evil,
            recent: &others,
            others: &others,
            found: 1,
            ..PAGE
        });
        assert!(!page.contains("<script") && !page.contains("'&"), "{page}");
        assert_eq!(page.matches("&lt;script&gt;").count(), 13);
    }

    #[test]
    fn the_enter_key_searches() {
        let others = [choice("a", "A")];
        let page = discovery(&Discovery { others: &others, found: 300, ..PAGE });
        let first = page.split_once("<button").unwrap().1;
        assert!(first.starts_with(" type=\"submit\">Search</button>"), "{first}");
        assert!(page.contains("The first 1 of 300."), "{page}");
        let few = discovery(&Discovery { others: &others, found: FEW, ..PAGE });
        assert!(!few.contains("type=\"search\""), "nothing to search among a few");
    }

    #[test]
    fn a_search_says_what_it_found() {
        let others = [choice("a", "A"), choice("b", "B")];
        for (found, sentence) in
            [(0, "No organisation has that name."), (1, "One."), (2, "2 of them.")]
        {
            let others = others.get(..found).unwrap();
            let page = discovery(&Discovery { searched: "x", others, found, ..PAGE });
            assert!(page.contains(sentence) && page.contains(" value=\"x\""), "{page}");
        }
    }

    #[test]
    fn those_chosen_before_come_first() {
        let (recent, others) = ([choice("b", "B")], [choice("a", "A")]);
        let page = Discovery { recent: &recent, others: &others, found: 1, ..PAGE };
        let html = discovery(&page);
        let (before, after) = html.split_once("Other organisations").unwrap();
        assert!(before.contains("Chosen before") && before.contains("value=\"b\""));
        assert!(after.contains("value=\"a\"") && !after.contains("value=\"b\""));
        let alone = discovery(&Discovery { others: &[], found: 0, ..page });
        assert!(!alone.contains("ther organisations") && !alone.contains("There are none"));
    }

    #[test]
    fn not_to_be_asked_again_is_a_choice_of_its_own() {
        let page = |remember| discovery(&Discovery { remember, ..PAGE });
        assert!(!page(None).contains("checkbox"));
        assert!(page(Some(false)).contains("name=\"remember\" value=\"1\">"));
        assert!(page(Some(true)).contains("name=\"remember\" value=\"1\" checked>"));
    }

    #[test]
    fn logos_take_no_more_than_their_room() {
        let logo = format!("data:image/png;base64,{}", "A".repeat(16 << 10));
        let others = vec![Choice { logo: Some(&logo), ..choice("a", "A") }; 200];
        let page = discovery(&Discovery { others: &others, found: 200, ..PAGE });
        assert!(page.len() < MAX_LOGOS + (64 << 10), "{}", page.len());
        assert!(page.contains("<img"));
    }
}
