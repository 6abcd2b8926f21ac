//! Where links lead: the arguments of `saml_login`, `saml_discovery`, `saml_logout` and `saml_session`, and the cookies
//! beside them, move a browser to nobody but the SP, its IdPs, its discovery service and the hosts it trusts.
//!
//! The first line of the input says which SP, which endpoint and whether there is a session; the second is the query,
//! the third a Cookie header, the others are header fields.
#![no_main]

use std::borrow::Cow;

use fuzz::dom::Dom;
use fuzz::flow::site::{Ask, BASE_URL, NOW, Plan, Site, corp, run};
use fuzz::sentence::is_sentence;
use http::{Head, arguments};
use libfuzzer_sys::fuzz_target;
use pages::{Purpose, Reader, Reply, refused};
use saml::provider::Binding;
use session::{AwaitedChoice, NONCE_LEN, Session, SessionToken, SpId};
use sp::{Discovery, EndpointKind, SessionStore};
use url::Url;

const SERVICE: &str = "https://wayf.example.org/ds?federation=1";
const KINDS: [EndpointKind; 4] =
    [EndpointKind::Login, EndpointKind::Discovery, EndpointKind::Logout, EndpointKind::Session];

thread_local! {
    static SITES: [Site; 4] = [
        Plan::default(),
        Plan { discovery: Discovery::Builtin, keep_fragment: true, ..Plan::default() },
        Plan { discovery: Discovery::Service(SERVICE.to_owned()), ..Plan::default() },
        Plan { sso: Binding::Post, logout_redirect: Some(HOME), disabled: &["other"], ..Plan::default() },
    ]
    .map(Plan::site);
}

const HOME: &str = "https://app.example.com/bye";

fuzz_target!(|input: &[u8]| {
    let mut lines = input.split(|byte| *byte == b'\n');
    let [which, ..] = lines.next().unwrap_or_default() else { return };
    let (query, cookie) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let kind = KINDS[usize::from(*which) % 4];
    let has_session = which >> 4 & 1 == 1;
    let mut head = Head::new(if which >> 5 & 1 == 1 { "POST" } else { "GET" }, query);
    let mut cookies = cookie.to_vec();
    if has_session {
        cookies.extend_from_slice(format!("; __Host-saml={}", token().to_cookie()).as_bytes());
    }
    head = head.with("Cookie", cookies);
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        if let Ok(name) = std::str::from_utf8(&line[..colon]) {
            head = head.with(name, line[colon + 1..].trim_ascii());
        }
    }
    check_arguments(query);
    SITES.with(|sites| {
        let site = &sites[usize::from(which >> 2) % 4];
        check_choice(site, query, usize::from(*which));
        visit(site, kind, head, has_session);
    });
});

fn token() -> SessionToken {
    SessionToken::from_random([9; 32])
}

fn visit(site: &Site, kind: EndpointKind, head: Head, has_session: bool) {
    let sp = &site.sp;
    if has_session {
        let session = Session {
            sp: sp.id,
            idp: corp().entity_id.to_owned(),
            created: NOW,
            expires: NOW + clock::Seconds(3600),
            ..Session::default()
        };
        run(sp.sessions.create(&token(), &session, NOW)).expect("there is room");
    }
    let (mut visit, _) = site.visit(&Ask::open(kind, ""), None);
    visit.head = head.clone();
    let circumstances = std::rc::Rc::clone(&visit.circumstances);
    let outcome = run(sp::answer(kind, visit, std::rc::Rc::clone(sp)));
    let reply = outcome.unwrap_or_else(|refusal| {
        assert!(!refusal.code().is_empty() && is_sentence(&refusal.to_string()), "{refusal}");
        let purpose = Purpose {
            about: kind.about(),
            takes_soap: true,
            start_again: sp.login_redirect.clone(),
        };
        refused(&refusal, &circumstances, &purpose, &head)
    });
    judge(&reply, kind);
    let left =
        run(sp.sessions.end_all(&[(token().store_key(&sp.id), NOW)], NOW)).expect("it is up");
    assert!(has_session || left.is_empty());
    assert!(kind == EndpointKind::Logout || left.len() == usize::from(has_session));
    assert_eq!(sp.sessions.len(), 0, "a link begins no session");
    site.notes.take();
    site.counted.take();
    site.application.told.take();
}

fn judge(reply: &Reply, kind: EndpointKind) {
    for (name, value) in reply.headers() {
        assert!(value.bytes().all(|b| (0x20..0x7f).contains(&b)), "{name}: {value}");
        if *name == "Location" {
            assert!(matches!(reply.status(), 302 | 303));
            lead(value, kind);
        }
        if *name == "Set-Cookie" {
            assert!(value.starts_with("__Host-saml") && value.contains("; Secure"), "{value}");
        }
    }
    let reader = Reader { warn: &|fault| panic!("{fault}"), ..Reader::default() };
    let Some(body) = reply.body(&reader) else { return };
    if body.content_type != "text/html" {
        return assert!(serde_json::from_str::<serde_json::Value>(&body.text).is_ok());
    }
    let page = Dom::of(&body.text);
    assert_eq!(page.comments, 0);
    for link in page.links.iter().filter(|link| !link.starts_with("data:") && !link.is_empty()) {
        let link = Url::parse(BASE_URL).and_then(|base| base.join(link)).expect("a URL");
        lead_from_page(&link);
    }
}

/// Where a redirect may go: to no handler but from the login to the choice.
fn lead(url: &str, kind: EndpointKind) {
    let parsed = Url::parse(url).expect("an absolute URL");
    lead_from_page(&parsed);
    if parsed.origin().ascii_serialization() == BASE_URL && parsed.path().starts_with("/saml/") {
        let may = matches!(parsed.path(), "/saml/session") // A page as others.
            || kind == EndpointKind::Login && parsed.path() == "/saml/discovery"
            || is_no_handler(parsed.path());
        assert!(may, "{url}");
    }
}

fn is_no_handler(path: &str) -> bool {
    let handlers =
        EndpointKind::ALL.iter().map(|kind| kind.directive().trim_start_matches("saml_"));
    !handlers.into_iter().any(|handler| path == format!("/saml/{handler}"))
}

fn lead_from_page(url: &Url) {
    let origin = url.origin().ascii_serialization();
    let known = [
        BASE_URL,
        "https://portal.example.com",
        "https://idp.corp.example",
        "https://idp.other.example",
        "https://wayf.example.org",
    ];
    assert!(known.contains(&origin.as_str()), "{url}");
    assert!(url.username().is_empty() && url.password().is_none(), "{url}");
}

/// The arguments are those of the URL Standard (5.1), as it is written there.
fn check_arguments(query: &[u8]) {
    let by_hand: Vec<(String, String)> = query
        .split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let mut half = || decoded(halves.next().unwrap_or_default());
            (half(), half())
        })
        .collect();
    for (name, _) in &by_hand {
        let ours: Vec<Cow<'_, str>> = arguments(query, name).collect();
        let theirs: Vec<&str> = by_hand
            .iter()
            .filter(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
            .collect();
        assert_eq!(ours, theirs);
    }
    let returns = by_hand.iter().filter(|(name, _)| name == "return").count();
    assert_eq!(arguments(query, "return").count(), returns);
}

fn decoded(half: &[u8]) -> String {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let (mut octets, mut at) = (Vec::new(), 0);
    while let Some(&byte) = half.get(at) {
        let digits = digit(half.get(at + 1)).zip(digit(half.get(at + 2)));
        match (byte, digits) {
            (b'+', _) => octets.push(b' '),
            (b'%', Some((high, low))) => {
                octets.extend(u8::try_from(high * 16 + low));
                at += 2;
            }
            _ => octets.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// What a login is to be like comes back from the discovery service whole, or not at all.
fn check_choice(site: &Site, query: &[u8], at: usize) {
    let secrets = site.sp.sessions.secrets().expect("there is one");
    let text = String::from_utf8_lossy(query).into_owned();
    let open = |id: &SpId, text: &str| AwaitedChoice::open(secrets, id, text);
    assert_eq!(open(&site.sp.id, &text), None, "nobody has sealed {text}");
    let choice = AwaitedChoice {
        return_url: text.clone(),
        force_authn: at % 2 == 0,
        passive: at % 3 == 0,
        authn_context: None,
        hints: arguments(query, "login_hint").map(|hint| ("x".to_owned(), hint.into())).collect(),
    };
    let sealed = choice.seal(secrets, &site.sp.id, [3; NONCE_LEN]).expect("libcrypto seals");
    assert_eq!(open(&site.sp.id, &sealed), (sealed.len() <= 8192).then_some(choice));
    assert_eq!(open(&SpId::new("other", BASE_URL), &sealed), None);
    let at = at % sealed.len();
    let mut changed = sealed.into_bytes();
    changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
    assert_eq!(open(&site.sp.id, &String::from_utf8_lossy(&changed)), None);
}
