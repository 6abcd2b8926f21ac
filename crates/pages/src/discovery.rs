//! The page on which people choose where they sign in.

use minijinja::{Value, context};

use crate::page::{self, Page, optional};
use crate::template::Template;

/// With so few there is nothing to search.
const FEW: usize = 8;

/// Bytes of logos on one page.
const MAX_LOGOS: usize = 512 << 10;

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
pub(crate) fn discovery(page: &Discovery<'_>) -> Page {
    let mut room = MAX_LOGOS;
    let (recent, others) = (choices(page.recent, &mut room), choices(page.others, &mut room));
    let values = context! {
        action => page.action,
        fields => page::fields(page.fields),
        searched => page.searched,
        is_long => page.found > FEW,
        remember => page.remember.map_or_else(|| Value::from(()), Value::from),
        found => page.found,
        recent,
        others,
    };
    Page::new(Template::Discovery, values)
}

/// Logos go first when there is no room.
fn choices(choices: &[Choice<'_>], room: &mut usize) -> Value {
    let one = |choice: &Choice<'_>| {
        let logo = choice.logo.filter(|logo| logo.len() <= *room);
        *room = room.saturating_sub(logo.map_or(0, str::len));
        context! {
            id => choice.id,
            name => choice.name,
            lang => choice.lang,
            description => optional(choice.description),
            logo => optional(logo),
        }
    };
    choices.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::tests::write;

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
        let page =
            write(&discovery(&Discovery { fields: &fields, others: &others, found: 2, ..PAGE }));
        let (_, form) = page.split_once("<form").unwrap();
        let (form, _) = form.split_once("</form>").unwrap();
        assert_eq!(
            form.replace('\n', ""),
            " method=\"get\" action=\"https://app.example.com/saml/discovery\">\
             <input type=\"hidden\" name=\"return\" value=\"/page?x=1&amp;y\">\
             <h2 id=\"all\">Organisations</h2><ul aria-labelledby=\"all\">\
             <li><button class=\"idp\" type=\"submit\" name=\"idp\" value=\"corp\">\
             <span dir=\"auto\"><b>Corporation</b></span></button></li>\
             <li><button class=\"idp\" type=\"submit\" name=\"idp\" value=\"lund\">\
             <img src=\"data:image/png;base64,AAAA\" alt=\"\" width=\"32\" height=\"32\">\
             <span dir=\"auto\"><b lang=\"sv\">Lunds universitet</b><small>For students</small></span>\
             </button></li></ul>"
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
        let page = write(&discovery(&Discovery {
            action: evil,
            fields: &fields,
            searched: evil,
            recent: &others,
            others: &others,
            found: 1,
            ..PAGE
        }));
        assert!(!page.contains("<script") && !page.contains("'&"), "{page}");
        assert_eq!(page.matches("&lt;script&gt;").count(), 13);
    }

    #[test]
    fn the_enter_key_searches() {
        let others = [choice("a", "A")];
        let page = write(&discovery(&Discovery { others: &others, found: 300, ..PAGE }));
        let first = page.split_once("<button").unwrap().1;
        assert!(first.starts_with(" type=\"submit\">Search</button>"), "{first}");
        assert!(page.contains("The first 1 of 300."), "{page}");
        let few = write(&discovery(&Discovery { others: &others, found: FEW, ..PAGE }));
        assert!(!few.contains("type=\"search\""), "nothing to search among a few");
    }

    #[test]
    fn a_search_says_what_it_found() {
        let others = [choice("a", "A"), choice("b", "B")];
        for (found, sentence) in
            [(0, "No organisation has that name."), (1, "One."), (2, "2 of them.")]
        {
            let others = others.get(..found).unwrap();
            let page = write(&discovery(&Discovery { searched: "x", others, found, ..PAGE }));
            assert!(page.contains(sentence) && page.contains(" value=\"x\""), "{page}");
        }
    }

    #[test]
    fn those_chosen_before_come_first() {
        let (recent, others) = ([choice("b", "B")], [choice("a", "A")]);
        let page = Discovery { recent: &recent, others: &others, found: 1, ..PAGE };
        let html = write(&discovery(&page));
        let (before, after) = html.split_once("Other organisations").unwrap();
        assert!(before.contains("Chosen before") && before.contains("value=\"b\""));
        assert!(after.contains("value=\"a\"") && !after.contains("value=\"b\""));
        let alone = write(&discovery(&Discovery { others: &[], found: 0, ..page }));
        assert!(!alone.contains("ther organisations") && !alone.contains("There are none"));
    }

    #[test]
    fn not_to_be_asked_again_is_a_choice_of_its_own() {
        let page = |remember| write(&discovery(&Discovery { remember, ..PAGE }));
        assert!(!page(None).contains("checkbox"));
        assert!(page(Some(false)).contains("name=\"remember\" value=\"1\">"));
        assert!(page(Some(true)).contains("name=\"remember\" value=\"1\" checked>"));
    }

    #[test]
    fn logos_take_no_more_than_their_room() {
        let logo = format!("data:image/png;base64,{}", "A".repeat(16 << 10));
        let others = vec![Choice { logo: Some(&logo), ..choice("a", "A") }; 200];
        let page = write(&discovery(&Discovery { others: &others, found: 200, ..PAGE }));
        assert!(page.len() < MAX_LOGOS + (64 << 10), "{}", page.len());
        assert!(page.contains("<img"));
    }
}
