//! What a session keeps of an assertion's attributes, who its user is, and what the log says of both.

use session::{Alias, Pattern, Selection, UserSource, UserSources, ValueForm};
use sp::EndpointKind::Acs;

use crate::site::{Answer, Ask, Assertion, Browser, NOW, Plan, Site, corp};

type Attributes = Vec<(&'static str, Vec<String>)>;

fn log_in(site: &Site, browser: &mut Browser, attributes: Attributes) -> Answer {
    let asked = site.begin_login(browser, "/");
    let assertion = Assertion { attributes, ..Assertion::of_jane("_s1", NOW) };
    site.ask(browser, Ask::send(Acs, assertion.answering(&asked).form(corp())))
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| word.to_string()).collect()
}

/// `attribute NAME NAME only=ONLY;`
fn only(name: &str, only: &str) -> Alias {
    let only = vec![Pattern::new(only).unwrap()];
    Alias { form: ValueForm { only, ..ValueForm::default() }, ..Alias::plain(name, &[name]) }
}

fn sources(words: &[&str]) -> UserSources {
    UserSources::new(words.iter().map(|word| UserSource::new(word).unwrap()).collect())
}

#[test]
fn many_groups_become_the_few_that_matter_and_the_log_says_how_many_went() {
    let groups: Vec<_> = (0..200).map(|number| format!("secret-{number}")).collect();
    let sent = || {
        vec![
            ("groups", [groups.clone(), words(&["app-one", "app-two"])].concat()),
            ("mail", words(&["jane@secret"])),
            ("phone", words(&["secret"])),
        ]
    };
    let aliases = vec![only("groups", "~^app-"), Alias::plain("mail", &["mail"])];
    let keep = |named_only| Selection { aliases: aliases.clone(), named_only };
    let size = |attributes| {
        let (site, mut browser) =
            (Plan { attributes, ..Plan::default() }.site(), Browser::default());
        assert_eq!(log_in(&site, &mut browser, sent()).status(), 303);
        let live = site.session(&browser).unwrap();
        let notes = site.notes.borrow().clone();
        assert!(!notes.join("").contains("secret"), "{notes:?}");
        (live.session.to_session(), notes)
    };
    let (all, notes) = size(Selection::default());
    assert_eq!((all.attributes.len(), notes.len()), (3, 0));

    let (fewer, notes) = size(keep(false));
    assert_eq!(fewer.attributes[0].values, ["app-one", "app-two"]);
    assert_eq!(fewer.attributes.len(), 3);
    let [note] = &notes[..] else { panic!("{notes:?}") };
    assert!(note.contains("keeps 2 of 202 values of \"groups\", as "), "{note}");

    let (least, notes) = size(keep(true));
    let names: Vec<_> = least.attributes.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["groups", "mail"]);
    assert!(notes[0].contains("and is without 1 attributes (\"phone\"), as "), "{notes:?}");
    assert!(least.encode().len() < 300 && all.encode().len() > 2000);
}

#[test]
fn a_line_of_the_log_names_a_few_and_breaks_nowhere() {
    let selection = Selection { aliases: Vec::new(), named_only: true };
    let site = Plan { attributes: selection, ..Plan::default() }.site();
    let names = [
        "a&#10;b",
        "c",
        "d",
        "e",
        "f",
        "g",
        "h",
        "&#x202e;i",
        "j",
        "https://claims.example.org/the-last-of-ten",
    ];
    let sent = names.iter().map(|&name| (name, words(&["secret"]))).collect();
    assert_eq!(log_in(&site, &mut Browser::default(), sent).status(), 303);
    let notes = site.notes.borrow();
    let [note] = &notes[..] else { panic!("{notes:?}") };
    assert!(
        note.contains("is without 10 attributes (\"a") && note.contains(" and 2 more)"),
        "{note}"
    );
    assert!(!note.contains(|c: char| c.is_control() || c == '\u{202e}'), "{note}");
    assert!(!note.contains("secret") && !note.contains("ten"), "{note}");
}

#[test]
fn groups_that_are_only_pointed_to_are_told_or_refused() {
    let link = "http://schemas.microsoft.com/claims/groups.link";
    let sent = |name| vec![(name, words(&["https://graph.windows.net/secret/getMemberObjects"]))];
    for name in [link, "http://schemas.microsoft.com/identity/claims/hasgroups"] {
        let (site, mut browser) = (Site::new(), Browser::default());
        assert_eq!(log_in(&site, &mut browser, sent(name)).status(), 303);
        assert!(browser.token().is_some());
        let notes = site.notes.borrow();
        let [warning] = &notes[..] else { panic!("{notes:?}") };
        assert!(warning.starts_with("warning: groups_overage: ") && warning.contains(name));
        assert!(!warning.contains("graph.windows.net"), "{warning}");

        let site = Plan { refuse_group_overage: true, ..Plan::default() }.site();
        let mut browser = Browser::default();
        let answer = log_in(&site, &mut browser, sent(name));
        assert_eq!(answer.refused(), (403, "group_overage"));
        assert!(browser.token().is_none() && site.sp.sessions.len() == 0);
    }
    for name in ["groups.link", "https://evil.example/http://schemas.microsoft.com/groups.link"] {
        let site = Plan { refuse_group_overage: true, ..Plan::default() }.site();
        assert_eq!(log_in(&site, &mut Browser::default(), sent(name)).status(), 303);
        assert_eq!(*site.notes.borrow(), [""; 0]);
    }
}

#[test]
fn the_pointer_is_seen_where_the_session_does_not_keep_it() {
    let selection = Selection { aliases: Vec::new(), named_only: true };
    let site = Plan { attributes: selection, ..Plan::default() }.site();
    let sent = vec![("http://schemas.microsoft.com/claims/groups.link", words(&["x"]))];
    assert_eq!(log_in(&site, &mut Browser::default(), sent).status(), 303);
    assert!(site.notes.borrow()[0].starts_with("warning: groups_overage: "));
}

#[test]
fn the_user_is_who_the_first_source_names() {
    for (user, expected) in [
        (UserSources::default(), Some("jane")),
        (sources(&["eppn", "uid", "name_id"]), Some("jdoe")),
        (sources(&["eppn", "name_id"]), Some("jane")),
        (sources(&["$saml_attr_uid@corp"]), Some("jdoe@corp")),
        (sources(&["eppn", "$saml_attr_eppn@corp"]), None),
    ] {
        let (site, mut browser) = (Plan { user, ..Plan::default() }.site(), Browser::default());
        let answer = log_in(&site, &mut browser, vec![("uid", words(&["jdoe"]))]);
        assert_eq!(answer.status(), 303);
        let live = site.session(&browser).unwrap();
        let rules = sp::SessionStore::rules(&*site.sp.sessions);
        assert_eq!(live.user(rules).as_deref(), expected);
        let notes = site.notes.borrow();
        assert_eq!(notes.len(), usize::from(expected.is_none()), "{notes:?}");
        assert!(notes.iter().all(|note| note.starts_with("warning: user_missing: ")), "{notes:?}");
    }
}

#[test]
fn the_user_is_who_the_session_knows_after_the_cut() {
    let attributes = Selection { aliases: vec![only("uid", "~^[a-z]+$")], named_only: true };
    let user = sources(&["uid", "mail"]);
    let plan = Plan { attributes, user, ..Plan::default() };
    let (site, mut browser) = (plan.site(), Browser::default());
    let sent = vec![("uid", words(&["../jdoe"])), ("mail", words(&["jane@corp"]))];
    assert_eq!(log_in(&site, &mut browser, sent).status(), 303);
    let notes = site.notes.borrow();
    assert!(notes[0].starts_with("warning: user_missing: "), "{notes:?}");
    assert!(notes[1].contains("keeps 0 of 1 values of \"uid\""), "{notes:?}");
}
