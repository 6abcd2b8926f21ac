//! How an SP's pages look.

use pages::{Reader, Reply, go_on};

use crate::http::Site;

/// The page after a login, for who reads `languages`, and the warnings of the configuration.
fn page(lines: &str, languages: &[&str]) -> (String, Vec<String>) {
    let site = Site::with("sp", lines);
    let http = site.made();
    let languages = languages.iter().map(|&tag| tag.to_owned()).collect();
    let sp = http.sp();
    let reader = Reader { look: &sp.look, languages, ..Reader::default() };
    let html = Reply::html(200, go_on("/x")).body(&reader).unwrap().text.clone();
    (html, http.warnings.clone())
}

#[test]
fn templates_of_a_folder_go_before_the_built_in_ones() {
    let (html, warnings) = page("page_dir pages;", &[]);
    assert_eq!((html.as_str(), warnings), ("<p>/x</p>", Vec::new()));
}

#[test]
fn what_does_not_work_is_a_warning_and_the_built_in_page_is_shown() {
    let (html, warnings) = page("page_dir strange-pages;", &[]);
    assert!(html.contains("<h1>Signed in</h1>"), "{html}");
    let [undefined, unused] = warnings.as_slice() else { panic!("{warnings:#?}") };
    assert!(undefined.starts_with(
        "\"page_dir\" \"strange-pages\": go_on.html:2: undefined value; the built-in page is shown where that \
         comes up"
    ), "{undefined}");
    assert!(unused.starts_with("\"page_dir\" \"strange-pages\": no page is called \"going_on.html\"; there are layout.html, "), "{unused}");
}

#[test]
fn the_service_is_called_as_it_calls_itself_at_idps() {
    let organization = "organization Inc \"Example Inc\" https://a.example;";
    let (html, _) = page(organization, &[]);
    assert!(html.contains(">Example Inc</span>"), "{html}");
    let named =
        format!("{organization} ui_info display_name Payroll; ui_info display_name Lohn lang=DE;");
    assert!(page(&named, &["de-ch"]).0.contains(">Lohn</span>"));
    assert!(page(&named, &["fr"]).0.contains(">Payroll</span>"));
    assert!(!page("", &[]).0.contains("<header>"));
}

#[test]
fn people_are_told_whom_to_ask() {
    let (html, _) =
        page("contact technical it@a.example; contact support help@a.example Desk;", &[]);
    assert!(html.contains("<a href=\"mailto:help@a.example\">Desk</a>"), "{html}");
    let (html, _) = page("contact billing b@a.example; contact technical it@a.example;", &[]);
    assert!(html.contains("<a href=\"mailto:it@a.example\">it@a.example</a>"), "{html}");
    let (html, _) = page("contact security cert@a.example;", &[]);
    assert!(!html.contains("mailto:"), "incidents are not people's questions");
}

#[test]
fn a_logo_is_in_the_page() {
    let (html, _) = page("page_logo logo.png;", &[]);
    assert!(html.contains("<img src=\"data:image/png;base64,iVBORw0KGgo=\" alt=\"\">"), "{html}");
}
