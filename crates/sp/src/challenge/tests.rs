use std::cell::RefCell;
use std::rc::Rc;

use clock::Seconds;
use http::Head;
use identity::{Comparison, RequestedAuthnContext};
use saml::reason;
use session::{Logins, SameSite};

use pages::Reader;

use super::*;
use crate::cookies::Cookies;
use crate::endpoint_kind::EndpointKind;
use crate::endpoints::Endpoints;
use crate::protection::{CacheControl, Mode, Preflight, WantedIdp};
use crate::rule_line::RuleLine;
use crate::rules::{Holds, Rule, Rules, Variable};
use crate::sp::Sp;
use crate::test_sp::{Closed, NOW, attributes, signed, sp};

const PAGE: &str = "https://app.example.com/page?x=1";
const LOGIN: &str = "https://app.example.com/saml/login";

fn protection_of(sp: Sp<Closed>) -> Protection<Closed> {
    Protection {
        sp: Rc::new(sp),
        idp: WantedIdp::Any,
        mode: Mode::Require,
        unauthenticated: Unauthenticated::Auto,
        preserve_post: None,
        ecp: false,
        force_authn: ForceAuthn::Off,
        authn_context: None,
        cache_control: CacheControl::On,
        preflight: Preflight::Off,
        cors_origins: vec!["https://other.example".to_owned()],
        rules: Rc::default(),
    }
}

/// A person goes there.
fn navigation() -> Head {
    Head::new("GET", "").with("Accept", "text/html").with("Sec-Fetch-Mode", "navigate")
}

fn framed() -> Head {
    navigation().with("Sec-Fetch-Dest", "iframe")
}

/// A program asks.
fn program() -> Head {
    Head::new("GET", "").with("Accept", "application/json")
}

struct Challenged {
    outcome: Result<Reply, Refusal>,
    code: Option<&'static str>,
    start_again: Option<String>,
    warnings: Vec<String>,
}

fn text(reply: &Reply) -> String {
    reply.body(&Reader::default()).map_or_else(String::new, |body| body.text.clone())
}

impl Challenged {
    fn reply(&self) -> &Reply {
        self.outcome.as_ref().unwrap()
    }

    fn status(&self) -> u16 {
        self.reply().status()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.reply().headers().iter().filter(|(known, _)| *known == name);
        fields.next().map(|(_, value)| value.as_str())
    }

    fn text(&self) -> String {
        text(self.reply())
    }

    fn content_type(&self) -> &'static str {
        self.reply().body(&Reader::default()).map_or("", |body| body.content_type)
    }
}

fn challenge_for(
    protection: &Protection<Closed>,
    head: &Head,
    method: Method,
    target: &str,
) -> Challenged {
    let circumstances = Circumstances::new(|| "_new".to_owned());
    let warnings = RefCell::new(Vec::new());
    let challenge = Challenge {
        protection,
        idp: protection.wanted_idp(|_| None).unwrap(),
        reason: &reason::AUTHENTICATION_REQUIRED,
        head,
        method,
        target,
        post: None,
        circumstances: &circumstances,
        variables: &[],
        warn: &|what| warnings.borrow_mut().push(what.to_owned()),
    };
    let outcome = challenge.answer(NOW).and_then(|begun| signed(begun, &circumstances));
    challenge.remember();
    Challenged {
        outcome,
        code: circumstances.code.get(),
        start_again: circumstances.start_again.take(),
        warnings: warnings.take(),
    }
}

fn challenge(protection: &Protection<Closed>, head: &Head, method: Method) -> Challenged {
    challenge_for(protection, head, method, "/page?x=1")
}

#[test]
fn people_are_sent_to_log_in_and_programs_get_401() {
    use Unauthenticated::{Auto, Redirect, Status401};
    for (unauthenticated, head, method, status) in [
        (Auto, navigation(), Method::Get, 302),
        (Auto, program(), Method::Get, 401),
        (Auto, navigation(), Method::Post, 401),
        (Auto, navigation(), Method::Other, 401),
        (Auto, navigation().with("Sec-Purpose", "prefetch"), Method::Get, 401),
        (Redirect, program(), Method::Get, 302),
        (Redirect, navigation(), Method::Post, 302),
        (Status401, navigation(), Method::Get, 401),
        (Status401, program(), Method::Get, 401),
    ] {
        let protection = Protection { unauthenticated, ..protection_of(sp()) };
        let challenged = challenge(&protection, &head, method);
        assert_eq!(challenged.status(), status, "{unauthenticated:?} {method:?}");
        let code = (status == 401).then_some("authentication_required");
        assert_eq!(challenged.code, code);
    }
}

#[test]
fn a_program_is_told_where_to_log_in() {
    let challenged = challenge(&protection_of(sp()), &program(), Method::Get);
    assert_eq!(challenged.content_type(), "application/json");
    assert_eq!(
        challenged.text(),
        format!(
            "{{\"error\":\"authentication_required\",\"request_id\":\"_new\",\
             \"login_url\":\"{LOGIN}\"}}\n"
        )
    );
    assert_eq!(
        challenged.header("WWW-Authenticate"),
        Some("SAML realm=\"https://app.example.com\"")
    );
    assert!(challenged.reply().may_be_replaced());
}

#[test]
fn scripts_of_listed_origins_may_read_it() {
    for (origin, allowed) in
        [("https://other.example", Some("https://other.example")), ("https://evil.example", None)]
    {
        let head = program().with("Origin", origin);
        let challenged = challenge(&protection_of(sp()), &head, Method::Get);
        assert_eq!(challenged.header("Access-Control-Allow-Origin"), allowed);
    }
}

#[test]
fn who_sent_a_form_may_log_in_and_send_it_again() {
    let protection = protection_of(sp());
    let challenged = challenge(&protection, &navigation(), Method::Post);
    assert_eq!((challenged.status(), challenged.content_type()), (401, "text/html"));
    assert!(challenged.text().contains(&format!("href=\"{LOGIN}\"")));
    assert!(challenged.text().contains("What you sent was not accepted"));
    assert_eq!(challenged.start_again, None, "the form's address is no page");
    use Unauthenticated::{Auto, Status401};
    for (method, unauthenticated) in
        [(Method::Other, Auto), (Method::Other, Status401), (Method::Post, Status401)]
    {
        let protection = Protection { unauthenticated, ..protection_of(sp()) };
        let challenged = challenge(&protection, &navigation(), method);
        assert_eq!(challenged.content_type(), "application/json", "{method:?} {unauthenticated:?}");
    }
}

#[test]
fn without_saml_login_the_page_at_which_logins_end_begins_one() {
    let mut sp = sp();
    let acs = "https://app.example.com/saml/acs".to_owned();
    sp.endpoints = Endpoints::new(vec![(EndpointKind::Acs, acs)]).unwrap();
    let protection = protection_of(sp);
    let page = challenge(&protection, &navigation(), Method::Post);
    assert!(page.text().contains("href=\"https://app.example.com/start\""));
    let json = challenge(&protection, &program(), Method::Get);
    assert!(!json.text().contains("login_url"), "{}", json.text());
}

#[test]
fn in_a_frame_nobody_logs_in_unless_the_cookie_gets_there() {
    let protection = protection_of(sp());
    let challenged = challenge(&protection, &framed(), Method::Get);
    assert_eq!(challenged.status(), 401);
    assert!(challenged.text().contains(&format!("href=\"{PAGE}\"")), "{}", challenged.text());
    let body = challenged.reply().body(&Reader::default()).unwrap();
    let policy = &body.headers[0].1;
    assert!(!policy.contains("frame-ancestors"), "it is seen in the frame: {policy}");
    let posted = challenge(&protection, &framed(), Method::Post);
    assert!(posted.text().contains(&format!("href=\"{LOGIN}\"")), "the form cannot be opened");

    let mut sp = sp();
    sp.cookies = Cookies::new("saml", attributes(SameSite::None), sp.id).unwrap();
    assert_eq!(challenge(&protection_of(sp), &framed(), Method::Get).status(), 302);
}

#[test]
fn the_login_asks_for_what_the_location_wants() {
    let context =
        RequestedAuthnContext { classes: vec!["urn:a".to_owned()], comparison: Comparison::Exact };
    let sp = sp();
    let idp = WantedIdp::One(Rc::clone(sp.idps.named("two").unwrap()));
    let protection = Protection {
        idp,
        force_authn: ForceAuthn::Age(Seconds(60)),
        authn_context: Some(context.clone()),
        ..protection_of(sp)
    };
    let pending = pending_login(&protection, "/page?x=1");
    assert_eq!((pending.idp.as_str(), pending.return_url.as_str()), ("two", "/page?x=1"));
    assert!(pending.force_authn && !pending.passive);
    assert_eq!(pending.authn_context, Some(context));
    assert_eq!((pending.issue_instant, pending.expires), (NOW, NOW + Seconds(600)));

    let pending = pending_login(&protection_of(self::sp()), "/page?x=1");
    assert_eq!((pending.idp.as_str(), pending.force_authn), ("one", false));
    assert_eq!(pending.authn_context, None);
}

/// What the browser's cookie says of the login that a challenge began.
fn pending_login(protection: &Protection<Closed>, target: &str) -> session::PendingLogin {
    let challenged = challenge_for(protection, &navigation(), Method::Get, target);
    assert_eq!(challenged.status(), 302);
    let cookie = challenged.header("Set-Cookie").unwrap();
    let (_, value) = cookie.split_once(';').unwrap().0.split_once('=').unwrap();
    let sp = &protection.sp;
    let secrets = sp.sessions.secrets().unwrap();
    session::PendingLogin::open_cookie(secrets, &sp.id, value, NOW).unwrap()
}

#[test]
fn a_long_address_loses_its_query_or_all_of_it() {
    let path = format!("/{}", "a".repeat(MAX_RETURN_URI - 1));
    let with_query = "/page?".to_owned() + &"x".repeat(MAX_RETURN_URI);
    let longer = format!("{path}a?x=1");
    for (target, kept, warns) in [
        (path.as_str(), path.as_str(), false),
        (&with_query, "/page", true),
        (&longer, "/", true),
        ("/page?x=1", "/page?x=1", false),
    ] {
        let protection = protection_of(sp());
        assert_eq!(pending_login(&protection, target).return_url, kept);
        let challenged = challenge_for(&protection, &navigation(), Method::Get, target);
        assert_eq!(challenged.warnings.is_empty(), !warns);
        let whole = format!("https://app.example.com{kept}");
        assert_eq!(challenged.start_again, Some(whole), "for who is refused");
    }
    let protection = protection_of(sp());
    let challenged = challenge_for(&protection, &navigation(), Method::Get, &longer);
    let warning = &challenged.warnings[0];
    assert!(
        warning.contains("comes back to \"/\"") && warning.contains("may be 2000"),
        "{warning}"
    );
}

#[test]
fn a_handlers_path_is_no_page_to_come_back_to() {
    for target in ["/saml/acs", "/saml/login?return=/x", "/saml/../saml/sls"] {
        let pending = pending_login(&protection_of(sp()), target);
        assert_eq!(pending.return_url, "/start", "{target}");
    }
}

#[test]
fn who_goes_round_in_a_loop_is_stopped() {
    let protection = protection_of(sp());
    let looping = protection.sp.cookies.set_logins(Logins { count: 4, since: NOW });
    let cookie = looping.split_once(';').unwrap().0;
    let challenged = challenge(&protection, &navigation().with("Cookie", cookie), Method::Get);
    let refusal = challenged.outcome.as_ref().unwrap_err();
    assert_eq!(refusal.code(), "login_loop");
    assert_eq!(challenged.start_again.as_deref(), Some(PAGE));
}

#[test]
fn a_message_that_comes_to_a_page_is_told_of() {
    let protection = protection_of(sp());
    let told = |head: &Head, method, target: &str| {
        challenge_for(&protection, head, method, target).warnings.join("\n")
    };
    let from = |origin: &str| navigation().with("Origin", origin);
    let said = told(&from("https://one.example"), Method::Post, "/saml/typo?x=1");
    for part in ["\"https://one.example\"", "\"/saml/typo\"", "saml/acs\"", "\"app\""] {
        assert!(said.contains(part), "{said}");
    }
    for query in ["SAMLResponse=x", "a=b&SAMLart=x"] {
        let said = told(&navigation(), Method::Get, &format!("/page?{query}"));
        assert!(said.contains("no endpoint"), "{said}");
    }
    for (head, method, target) in [
        (navigation(), Method::Post, "/page"),
        (from("https://one.example.evil"), Method::Post, "/page"),
        (from("null"), Method::Post, "/page"),
        (from("https://one.example"), Method::Other, "/page"),
        (navigation(), Method::Get, "/page?x=SAMLResponse=1&SAMLResponses=2"),
        (navigation(), Method::Get, "/SAMLResponse=1"),
    ] {
        assert_eq!(told(&head, method, target), "", "{target}");
    }
}

fn denied(protection: &Protection<Closed>, head: &Head, method: Method, line: RuleLine) -> Reply {
    let variable = Variable { name: "is_staff".to_owned(), index: 0 };
    let rule = Rule { demand: vec![variable], line: Rc::new(line) };
    let rules = Rules { variables: vec![rule], ..Rules::default() };
    let unmet = rules.unmet_variable(None, |_| Holds::Not).unwrap();
    let circumstances = Circumstances::new(|| "_new".to_owned());
    let challenge = Challenge {
        protection,
        idp: protection.wanted_idp(|_| None).unwrap(),
        reason: &reason::REQUIREMENT_NOT_MET,
        head,
        method,
        target: "/page?x=1",
        post: None,
        circumstances: &circumstances,
        variables: &[],
        warn: &|what| panic!("{what}"),
    };
    challenge.deny(&unmet, NOW)
}

fn rule_line(status: u16) -> RuleLine {
    let label = Some("<staff>".to_owned());
    RuleLine { text: "auth_saml_require $is_staff".to_owned(), label, status }
}

#[test]
fn who_is_signed_in_and_may_not_enter_is_not_sent_to_log_in() {
    for status in [403, 401] {
        let reply = denied(&protection_of(sp()), &navigation(), Method::Get, rule_line(status));
        assert_eq!(reply.status(), status);
        let has = |name| reply.headers().iter().any(|(known, _)| *known == name);
        assert_eq!(has("WWW-Authenticate"), status == 401);
        assert!(!has("Location") && reply.may_be_replaced());
        let text = text(&reply);
        assert!(text.contains("<strong>&lt;staff&gt;</strong>"), "{text}");
        assert!(!text.contains("is_staff"), "the rule is for the log: {text}");
        let link = format!(
            "href=\"{LOGIN}?force_authn=1&amp;return=https%3A%2F%2Fapp.example.com%2Fpage%3Fx%3D1\""
        );
        assert!(text.contains(&link), "{text}");
        assert!(reply.refusal().unwrap().detail().contains("auth_saml_require $is_staff"));
    }
}

#[test]
fn a_form_that_is_not_let_in_is_no_page_to_come_back_to() {
    let reply = denied(&protection_of(sp()), &navigation(), Method::Post, rule_line(403));
    assert!(text(&reply).contains(&format!("href=\"{LOGIN}?force_authn=1\"")));
}

#[test]
fn who_may_choose_signs_in_elsewhere() {
    const CHOICE: &str = "https://app.example.com/saml/discovery";
    let with_choice = || {
        let mut sp = sp();
        let urls = [
            (EndpointKind::Acs, "https://app.example.com/saml/acs"),
            (EndpointKind::Login, LOGIN),
            (EndpointKind::Discovery, CHOICE),
            (EndpointKind::Logout, "https://app.example.com/saml/logout"),
        ];
        let urls = urls.map(|(kind, url)| (kind, url.to_owned()));
        sp.endpoints = Endpoints::new(urls.into()).unwrap();
        sp
    };
    let page = |protection: &Protection<Closed>| {
        text(&denied(protection, &navigation(), Method::Get, rule_line(403)))
    };
    let chosen = page(&protection_of(with_choice()));
    assert!(chosen.contains(&format!("href=\"{CHOICE}?force_authn=1&amp;")), "{chosen}");
    assert!(chosen.contains("href=\"https://app.example.com/saml/logout\""));
    let sp = with_choice();
    let idp = WantedIdp::One(Rc::clone(sp.idps.named("two").unwrap()));
    let page = page(&Protection { idp, ..protection_of(sp) });
    assert!(page.contains(&format!("href=\"{LOGIN}?idp=two&amp;force_authn=1&amp;")), "{page}");
}

#[test]
fn programs_hear_of_the_rule_in_json() {
    let head = program().with("Origin", "https://other.example");
    let reply = denied(&protection_of(sp()), &head, Method::Other, rule_line(403));
    assert_eq!(
        text(&reply),
        "{\"error\":\"requirement_not_met\",\"request_id\":\"_new\",\"missing\":\"<staff>\"}\n"
    );
    assert!(reply.headers().iter().any(|(name, _)| *name == "Access-Control-Allow-Origin"));
}
