//! A form that was sent without a session: from the challenge to the page from which its ticket goes off.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use clock::Seconds;
use identity::{Comparison, RequestedAuthnContext};
use pages::Circumstances;
use saml::provider::{Policy, PreferredContext, RequestPolicy};
use saml::reason;
use session::{PostTicket, PostToken};
use sp::EndpointKind::{Acs, Discovery as Page, Login};
use sp::{
    Challenge, Discovery, Method, Protection, SessionStore, Unauthenticated, WantedIdp,
    admit_ticket,
};

use crate::site::{
    Answer, Ask, Assertion, BASE_URL, Browser, DENIED, Memory, NOW, Plan, Sent, Site, corp, other,
};

const TARGET: &str = "/form?x=1&y=%2F";
const FORM: &str = "application/x-www-form-urlencoded";

fn protection(site: &Site) -> Protection<Memory> {
    Protection { preserve_post: Some(1000), ..Protection::new(Rc::clone(&site.sp), WantedIdp::Any) }
}

/// A person sends a form from a page of this site.
fn form() -> Ask {
    Ask::open(Login, "").by("POST").with("Content-Type", FORM).with("Origin", BASE_URL)
}

fn challenged<T>(
    protection: &Protection<Memory>,
    ask: &Ask,
    cookies: Option<String>,
    post: Option<PostToken>,
    circumstances: &Circumstances,
    work: impl FnOnce(Challenge<'_, Memory, http::Head>) -> T,
) -> T {
    let warnings = RefCell::new(Vec::new());
    let method = if ask.method == "POST" { Method::Post } else { Method::Get };
    work(Challenge {
        protection,
        idp: protection.wanted_idp(|_| None).unwrap(),
        reason: &reason::AUTHENTICATION_REQUIRED,
        head: &ask.head(cookies),
        method,
        target: TARGET,
        post,
        circumstances,
        variables: &[],
        warn: &|what| warnings.borrow_mut().push(what.to_owned()),
    })
}

fn is_kept(protection: &Protection<Memory>, ask: &Ask, len: Option<usize>) -> bool {
    let circumstances = Circumstances::new(sp::random::id);
    challenged(protection, ask, None, None, &circumstances, |it| it.is_preservable(len))
}

fn token() -> PostToken {
    PostToken::from_random([7; 32])
}

/// The location's answer to the form, which is kept under `token`; or to a person who goes there.
fn begin(site: &Site, browser: &mut Browser, ask: &Ask, post: Option<PostToken>) -> Answer {
    let (protection, now) = (protection(site), site.now.get());
    let circumstances = Rc::new(Circumstances::new(sp::random::id));
    let cookies = browser.cookies_for(ask, now);
    let outcome =
        challenged(&protection, ask, cookies, post, &circumstances, |it| it.answer(now)).unwrap();
    let reply = site.signed(outcome, &circumstances);
    let answer = Answer::new(reply, None, circumstances);
    for cookie in answer.all("Set-Cookie") {
        browser.keep(cookie, now);
    }
    answer
}

fn accept(site: &Site, browser: &mut Browser, asked: &Sent) -> Answer {
    let idp = if asked.to.contains("other") { other() } else { corp() };
    let assertion = Assertion::of_jane("_s1", site.now.get()).answering(asked);
    site.ask(browser, Ask::send(Acs, assertion.form(idp)))
}

/// The ticket that the page sends to the form's address.
fn ticket(answer: &Answer) -> String {
    assert_eq!(answer.page(), (200, "Signed in"), "{}", answer.text());
    let action = "action=\"https://app.example.com/form?x=1&amp;y=%2F\"";
    assert!(answer.text().contains(action), "{}", answer.text());
    let (_, rest) = answer.text().split_once("name=\"saml_preserved_post\" value=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

fn admitted(
    site: &Site,
    browser: &Browser,
    ask: &Ask,
    target: &str,
    ticket: &str,
) -> Result<PostToken, &'static str> {
    let key = site.session(browser).unwrap().key;
    let admitted = admit_ticket(&site.sp, &ask.head(None), key, target, ticket.as_bytes());
    admitted.map_err(|refusal| refusal.code())
}

#[test]
fn a_form_of_this_site_is_kept_up_to_its_size() {
    let site = Site::new();
    let protection = protection(&site);
    for len in [0, 1, 1000] {
        assert!(is_kept(&protection, &form(), Some(len)), "{len}");
    }
    for media_type in [
        "multipart/form-data; boundary=----x",
        "text/plain",
        "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
    ] {
        assert!(is_kept(&protection, &form().with("Content-Type", media_type), Some(1)));
    }
    for len in [Some(1001), Some(usize::MAX), None] {
        assert!(!is_kept(&protection, &form(), len), "{len:?}");
    }
    let circumstances = Circumstances::new(sp::random::id);
    assert_eq!(circumstances.code.get(), None);
}

#[test]
fn what_may_be_another_sites_or_a_programs_is_not_kept() {
    let site = Site::new();
    for (name, value) in [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Site", "none"),
        ("Origin", "https://evil.example"),
        ("Sec-Fetch-Mode", "cors"),
        ("Sec-Fetch-Dest", "iframe"),
        ("Sec-Fetch-Dest", "embed"),
        ("X-Requested-With", "XMLHttpRequest"),
        ("Authorization", "Bearer x"),
        ("Sec-Purpose", "prefetch"),
        ("Content-Type", "application/json"),
        ("Content-Type", "application/x-www-form-urlencoded-not"),
        ("Content-Type", ""),
        ("Content-Encoding", "gzip"),
    ] {
        let ask = form().with(name, value);
        assert!(!is_kept(&protection(&site), &ask, Some(1)), "{name}: {value}");
    }
    let long = format!("multipart/form-data; boundary={}", "x".repeat(300));
    assert!(!is_kept(&protection(&site), &form().with("Content-Type", &long), Some(1)));
    assert!(!is_kept(&protection(&site), &form().by("GET"), Some(1)));
    let off = Protection { preserve_post: None, ..protection(&site) };
    let status = Unauthenticated::Status401;
    let programs = Protection { unauthenticated: status, ..protection(&site) };
    for protection in [off, programs] {
        assert!(!is_kept(&protection, &form(), Some(1)));
    }
}

#[test]
fn after_the_login_a_ticket_goes_to_where_the_form_was_sent() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = Sent::by(&begin(&site, &mut browser, &form(), Some(token())));
    let answer = accept(&site, &mut browser, &asked);
    let ticket = ticket(&answer);
    assert_eq!(ticket.len() + "saml_preserved_post=".len(), PostTicket::FORM_LEN);
    assert_eq!(admitted(&site, &browser, &form(), TARGET, &ticket), Ok(token()));
    // The Back button brings the answer once more.
    let back = accept(&site, &mut browser, &asked);
    assert_eq!(back.redirect(), (303, "https://app.example.com/form?x=1&y=%2F"));
}

#[test]
fn a_ticket_works_for_its_own_page_in_its_own_session() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = Sent::by(&begin(&site, &mut browser, &form(), Some(token())));
    let ticket = ticket(&accept(&site, &mut browser, &asked));
    let refused = Err("preserved_post_refused");
    let admitted = |browser: &Browser, ask: &Ask, target: &str, ticket: &str| {
        admitted(&site, browser, ask, target, ticket)
    };
    for target in ["/form", "/form?x=1&y=/", "/", ""] {
        assert_eq!(admitted(&browser, &form(), target, &ticket), refused, "{target}");
    }
    for (name, value) in [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")] {
        let ask = form().with(name, value);
        assert_eq!(admitted(&browser, &ask, TARGET, &ticket), refused, "{name}");
    }
    for other in ["", "A", &ticket[1..], &"A".repeat(ticket.len())] {
        assert_eq!(admitted(&browser, &form(), TARGET, other), refused, "{other}");
    }
    let mut second = Browser::default();
    site.log_in(&mut second, "_s2");
    assert_eq!(admitted(&second, &form(), TARGET, &ticket), refused);
    // The next session of the same browser is another one.
    site.log_in(&mut browser, "_s3");
    assert_eq!(admitted(&browser, &form(), TARGET, &ticket), refused);
}

#[test]
fn who_only_goes_there_sends_nothing() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let kept = Sent::by(&begin(&site, &mut browser, &form(), Some(token())));
    // Another tab, at the same address.
    let opened = Sent::by(&begin(&site, &mut browser, &Ask::open(Login, ""), None));
    let answer = accept(&site, &mut browser, &opened);
    assert_eq!(answer.redirect(), (303, "https://app.example.com/form?x=1&y=%2F"));
    ticket(&accept(&site, &mut browser, &kept));
}

#[test]
fn a_login_that_fails_or_is_somebody_elses_sends_nothing() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = Sent::by(&begin(&site, &mut browser, &form(), Some(token())));
    let mut thief = Browser::default();
    assert_eq!(accept(&site, &mut thief, &asked).refused(), (400, "request_unknown"));
    let denied = corp().response(Some(asked.attribute("ID")), DENIED, "", NOW).by_post();
    let refused = site.ask(&mut browser, Ask::send(Acs, denied));
    assert_eq!(refused.code(), Some("status_not_success"));
    assert!(!refused.text().contains("saml_preserved_post"));
}

#[test]
fn the_next_context_is_asked_for_with_the_form() {
    let classes = ["urn:x:card", "urn:x:password"].map(str::to_owned).to_vec();
    let asked = RequestedAuthnContext { classes, comparison: Comparison::Exact };
    let authn_context = Some(PreferredContext { asked, in_turn: true });
    let request = RequestPolicy { authn_context, ..RequestPolicy::default() };
    let policy = Policy { request, ..Policy::default() };
    let (site, mut browser) = (Plan { policy, ..Plan::default() }.site(), Browser::default());
    let asked = Sent::by(&begin(&site, &mut browser, &form(), Some(token())));
    let none: &[&str] = &["Responder", "NoAuthnContext"];
    let response = corp().response(Some(asked.attribute("ID")), none, "", NOW);
    let again = Sent::by(&site.ask(&mut browser, Ask::send(Acs, response.by_post())));
    let now = site.now.get();
    let assertion =
        Assertion { context: "urn:x:password", ..Assertion::of_jane("_s1", now) }.answering(&again);
    let answer = site.ask(&mut browser, Ask::send(Acs, assertion.form(corp())));
    let ticket = ticket(&answer);
    assert_eq!(admitted(&site, &browser, &form(), TARGET, &ticket), Ok(token()));
}

fn choosing(discovery: Discovery) -> Site {
    Plan { discovery, ..Plan::default() }.site()
}

/// The query of the page on which the person chooses.
fn query(answer: &Answer) -> String {
    let page = format!("{BASE_URL}/saml/discovery?");
    answer
        .redirect()
        .1
        .strip_prefix(&page)
        .unwrap_or_else(|| panic!("{:?}", answer.redirect()))
        .to_owned()
}

fn choose(site: &Site, browser: &mut Browser, query: &str) -> Sent {
    Sent::by(&site.ask(browser, Ask::open(Page, &format!("{query}&idp=other"))))
}

#[test]
fn who_chooses_their_idp_first_keeps_the_form() {
    let (site, mut browser) = (choosing(Discovery::Builtin), Browser::default());
    let query = query(&begin(&site, &mut browser, &form(), Some(token())));
    assert!(!query.contains("post"), "the address says nothing: {query}");
    assert_eq!(browser.names("__Host-saml_post_").len(), 1);
    let asked = choose(&site, &mut browser, &query);
    assert!(browser.names("__Host-saml_post_").is_empty());
    let answer = accept(&site, &mut browser, &asked);
    let ticket = ticket(&answer);
    assert_eq!(admitted(&site, &browser, &form(), TARGET, &ticket), Ok(token()));
}

#[test]
fn the_address_of_a_choice_brings_nobody_elses_form() {
    let site = choosing(Discovery::Builtin);
    let (mut sender, mut victim) = (Browser::default(), Browser::default());
    let query = query(&begin(&site, &mut sender, &form(), Some(token())));
    let asked = choose(&site, &mut victim, &query);
    let answer = accept(&site, &mut victim, &asked);
    assert_eq!(answer.redirect(), (303, "https://app.example.com/form?x=1&y=%2F"));
}

#[test]
fn a_choice_for_another_page_or_after_its_time_brings_no_form() {
    let (site, mut browser) = (choosing(Discovery::Builtin), Browser::default());
    let query = query(&begin(&site, &mut browser, &form(), Some(token())));
    let asked = choose(&site, &mut browser, "return=/page");
    assert_eq!(accept(&site, &mut browser, &asked).redirect().1, "https://app.example.com/page");
    let late = choosing(Discovery::Builtin);
    let mut other_browser = Browser::default();
    begin(&late, &mut other_browser, &form(), Some(token()));
    late.wait(Seconds(600));
    let asked = choose(&late, &mut other_browser, &query);
    assert_eq!(accept(&late, &mut other_browser, &asked).status(), 303);
    // Who opens the page anew wants the page.
    let (site, mut browser) = (choosing(Discovery::Builtin), Browser::default());
    begin(&site, &mut browser, &form(), Some(token()));
    begin(&site, &mut browser, &Ask::open(Login, ""), None);
    let asked = choose(&site, &mut browser, &query);
    assert_eq!(accept(&site, &mut browser, &asked).status(), 303);
}

#[test]
fn a_discovery_service_learns_nothing_of_the_form() {
    let service = "https://wayf.example.org/ds?x=1";
    let (site, mut browser) =
        (choosing(Discovery::Service(service.to_owned())), Browser::default());
    let answer = begin(&site, &mut browser, &form(), Some(token()));
    let (_, told) = answer.redirect().1.split_once("&").unwrap();
    let told: BTreeMap<_, _> = form_urlencoded::parse(told.as_bytes()).into_owned().collect();
    let home = told["return"].strip_prefix(&format!("{BASE_URL}/saml/discovery?")).unwrap();
    let chosen: String = form_urlencoded::byte_serialize(other().entity_id.as_bytes()).collect();
    let back = format!("{home}&entityID={chosen}");
    let mut thief = Browser::default();
    let stolen = Sent::by(&site.ask(&mut thief, Ask::follow(Page, &back)));
    assert_eq!(accept(&site, &mut thief, &stolen).status(), 303, "the address is all they have");
    let asked = Sent::by(&site.ask(&mut browser, Ask::follow(Page, &back)));
    let now = site.now.get();
    let assertion = Assertion::of_jane("_s9", now).answering(&asked);
    let ticket = ticket(&site.ask(&mut browser, Ask::send(Acs, assertion.form(other()))));
    assert!(
        PostTicket::open(site.sp.sessions.secrets().unwrap(), &site.sp.id, ticket.as_bytes())
            .is_some()
    );
}
