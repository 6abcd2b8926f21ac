use clock::UnixTime;
use http::Head;

use super::*;
use crate::test_sp::{BASE_URL, ENTITY_ID, attributes};

const ID: &str = "_5f2b8c1d9e3a47f0a6b5c4d3e2f1a0b95f2b8c1d";

fn sp() -> SpId {
    SpId::new(ENTITY_ID, BASE_URL)
}

fn cookies() -> Cookies {
    Cookies::new("saml", attributes(SameSite::Lax), sp()).unwrap()
}

fn with(change: impl FnOnce(&mut CookieAttributes)) -> Cookies {
    let mut attributes = attributes(SameSite::Lax);
    change(&mut attributes);
    Cookies::new("saml", attributes, sp()).unwrap()
}

fn bringing(cookies: &str) -> Head {
    Head::new("GET", "").with("Cookie", cookies)
}

fn token(byte: u8) -> SessionToken {
    SessionToken::from_random([byte; 32])
}

#[test]
fn names_say_what_they_are_and_whose() {
    let tag = sp().tag();
    let cookies = cookies();
    assert_eq!(cookies.session.as_str(), "__Host-saml");
    assert_eq!(cookies.request_name(ID), format!("__Host-saml_request_{tag}_5f2b8c"));
    assert_eq!(cookies.logins.as_str(), format!("__Host-saml_logins_{tag}"));
    assert_eq!(cookies.logout.as_str(), format!("__Host-saml_logout_{tag}"));
    // Those of logins go to every path of the host, wherever the session's goes.
    let narrow = with(|it| (it.path, it.domain) = ("/app".into(), Some("example.com".into())));
    assert_eq!(narrow.session.as_str(), "__Secure-saml");
    assert_eq!(narrow.request_name(ID), cookies.request_name(ID));
    assert_eq!(with(|it| it.secure = false).session.as_str(), "saml");
    assert!(Cookies::new("a b", attributes(SameSite::Lax), sp()).is_err());
}

#[test]
fn the_sessions_cookie_has_the_attributes_of_the_configuration() {
    let value = token(1).to_cookie();
    assert_eq!(
        cookies().set_session(&token(1)),
        format!("__Host-saml={value}; Path=/; Secure; HttpOnly; SameSite=Lax")
    );
    let other = with(|it| {
        it.path = "/app".into();
        it.domain = Some("example.com".into());
        it.same_site = SameSite::None;
        it.partitioned = true;
    });
    let rest = "Secure; HttpOnly; SameSite=None; Partitioned";
    assert_eq!(
        other.set_session(&token(1)),
        format!("__Secure-saml={value}; Path=/app; Domain=example.com; {rest}")
    );
    assert_eq!(
        other.clear_session(),
        format!("__Secure-saml=; Path=/app; Domain=example.com; Max-Age=0; {rest}")
    );
}

#[test]
fn those_of_logins_and_logouts_survive_a_cross_site_post() {
    let tag = sp().tag();
    let strict = with(|it| it.same_site = SameSite::Strict);
    let rest = |age: u32| format!("Path=/; Max-Age={age}; Secure; HttpOnly; SameSite=None");
    let request = format!("__Host-saml_request_{tag}_5f2b8c");
    // Kept for another hour, so that who took too long hears it.
    assert_eq!(
        strict.set_request(ID, "x", Seconds(600)),
        format!("{request}=x; {}", rest(600 + 3600))
    );
    assert_eq!(strict.clear_request(&request), format!("{request}=; {}", rest(0)));
    let logins = Logins { count: 2, since: UnixTime::from_secs(9) };
    let name = format!("__Host-saml_logins_{tag}");
    assert_eq!(strict.set_logins(logins), format!("{name}=2.9; {}", rest(120)));
    assert_eq!(strict.clear_logins(), format!("{name}=; {}", rest(0)));
    let logout = strict.set_logout("x", Seconds(60));
    assert_eq!(logout, format!("__Host-saml_logout_{tag}=x; {}", rest(60)));
}

#[test]
fn a_planted_cookie_does_not_hide_the_real_one_and_many_are_not_looked_at() {
    let read = |header: &str| -> Vec<[u8; 32]> {
        cookies().session_tokens(&bringing(header)).map(|token| *token.as_bytes()).collect()
    };
    let (one, two) = (token(1).to_cookie(), token(2).to_cookie());
    assert_eq!(read(&format!("__Host-saml=planted; __Host-saml={one}")), [[1; 32]]);
    assert_eq!(read(&format!("__Host-saml={one}; a=b; __Host-saml={two}")), [[1; 32], [2; 32]]);
    let planted = "__Host-saml=planted; ";
    assert_eq!(read(&format!("{}__Host-saml={one}", planted.repeat(3))), [[1; 32]]);
    assert_eq!(read(&format!("{}__Host-saml={one}", planted.repeat(4))), [[0; 32]; 0]);
    assert_eq!(read(&format!("saml={one}; __Secure-saml={one}; __host-saml={one}")), [[0; 32]; 0]);
}

#[test]
fn logins_under_way_are_those_of_this_sp() {
    let (cookies, tag) = (cookies(), sp().tag());
    let own = format!("__Host-saml_request_{tag}");
    let head = bringing(&format!(
        "{own}_abc=1; {own}_a-b=2; {own}=3; __Host-saml_request_00000000_abc=4; \
         {own}_abc_d=5; x{own}_abc=6; {own}_DEF1=7"
    ));
    let found: Vec<_> = cookies.requests(&head).collect();
    let expected = [(format!("{own}_abc"), b"1".as_slice()), (format!("{own}_DEF1"), b"7")];
    assert_eq!(found, expected);
    let many: String = (0..40).map(|n| format!("{own}_{n}=x; ")).collect();
    assert_eq!(cookies.requests(&bringing(&many)).count(), MAX_REQUESTS);
}

#[test]
fn those_of_other_sps_take_room_too() {
    let (cookies, tag) = (cookies(), sp().tag());
    let foreign = "__Host-saml_request_0a1b2c3d_abc=1234";
    for (header, bytes) in [
        (foreign, foreign.len() + 2),
        ("wiki_request_0a1b2c3d_abc=1234", 32),
        ("wiki_request_0a1b2c3d_abc=1234; a=b; wiki_request_0a1b2c3d_d=", 32 + 26),
        ("wiki_request_0a1b2c3_abc=1234", 0),
        ("wiki_request_0a1b2c3g_abc=1234", 0),
        ("wiki_logins_0a1b2c3d_abc=1234", 0),
        ("wiki_request_0a1b2c3d_a-c=1234", 0),
        ("wiki_request_0a1b2c3d=1234", 0),
        (&format!("__Host-saml_request_{tag}_abc=1234"), 0),
    ] {
        assert_eq!(cookies.foreign_requests(&bringing(header)), bytes, "{header}");
    }
}

#[test]
fn a_login_is_found_by_its_id_and_may_have_doubles() {
    let cookies = cookies();
    let name = cookies.request_name(ID);
    let head = bringing(&format!("{name}=1; {name}x=2; {name}=3; {name}=4; {name}=5; {name}=6"));
    let values: Vec<_> = cookies.request_values(&head, ID).collect();
    assert_eq!(values, [b"1", b"3", b"4", b"5"]);
    assert_eq!(cookies.request_values(&head, "_ffffff").count(), 0);
    assert_eq!(cookies.request_values(&head, "../../x\r\n").count(), 0);
}

#[test]
fn the_loop_guard_and_the_logout_are_read_back() {
    let (cookies, tag) = (cookies(), sp().tag());
    let head = bringing(&format!("__Host-saml_logins_{tag}=2.9; __Host-saml_logout_{tag}=x"));
    let logins = Logins { count: 2, since: UnixTime::from_secs(9) };
    assert_eq!(cookies.logins(&head), Some(logins));
    assert_eq!(cookies.logout_values(&head).collect::<Vec<_>>(), [b"x"]);
    let other = bringing("__Host-saml_logins_00000000=2.9; __Host-saml_logout_00000000=x");
    assert_eq!((cookies.logins(&other), cookies.logout_values(&other).count()), (None, 0));
}

#[test]
fn a_path_reaches_what_is_below_it() {
    for (own, path, reaches) in [
        ("/", "/", true),
        ("/", "/app", true),
        ("/app", "/app", true),
        ("/app", "/app/x", true),
        ("/app/", "/app/x", true),
        ("/app", "/apple", false),
        ("/app/", "/app", false),
        ("/app", "/", false),
        ("/app", "/APP", false),
    ] {
        assert_eq!(with(|it| it.path = own.into()).reach(path), reaches, "{own} {path}");
    }
}

#[test]
fn only_same_site_none_reaches_frames_and_only_strict_loses_redirects() {
    for (same_site, frames, redirects) in [
        (SameSite::Lax, false, true),
        (SameSite::Strict, false, false),
        (SameSite::None, true, true),
    ] {
        let cookies = with(|it| it.same_site = same_site);
        assert_eq!((cookies.reach_frames(), cookies.survive_redirects()), (frames, redirects));
    }
}

#[test]
fn chosen_idps_are_remembered_for_a_year() {
    let (tag, choices) = (sp().tag(), IdpChoices::default().with("a & b", true));
    let set = cookies().set_idp_choices(&choices);
    let rest = "Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Lax";
    assert_eq!(set, format!("__Host-saml_idps_{tag}=i=a+%26+b&a=1; {rest}"));
    let sent = set.split_once(';').unwrap().0;
    assert_eq!(cookies().idp_choices(&bringing(sent)), choices);
    assert_eq!(cookies().idp_choices(&bringing("x=1")), IdpChoices::default());
}

#[test]
fn what_must_not_go_upstream_is_known_by_its_name() {
    let cookies = cookies();
    for name in [
        "__Host-saml",
        "__Host-saml_request",
        "__Host-saml_request_00000000_abc",
        "__Host-saml_logins_00000000",
        "__Host-saml_logout_00000000",
        "__Host-saml_idps_00000000",
    ] {
        assert!(cookies.owns(name.as_bytes()), "{name}");
    }
    for name in ["saml", "__Secure-saml", "__Host-saml_", "__Host-saml_requests", "__Host-samlx"] {
        assert!(!cookies.owns(name.as_bytes()), "{name}");
    }
}

#[test]
fn two_sps_at_one_browser() {
    use Collision::{Both, Same};
    let cookies = |host: &str, path: &str, domain: Option<&str>| {
        with(|it| {
            it.host = host.into();
            it.path = path.into();
            it.domain = domain.map(str::to_owned);
        })
    };
    let (app, wiki) = ("app.example.com", "wiki.example.com");
    let (above, other) = (Some("example.com"), Some("example.org"));
    for (one, two, collision) in [
        ((app, "/", None), (app, "/", None), Some(Same)),
        ((app, "/a", None), (app, "/a", None), Some(Same)),
        ((app, "/", above), (wiki, "/", above), Some(Same)),
        ((app, "/", None), (wiki, "/", None), None),
        ((app, "/a", None), (app, "/b", None), None),
        ((app, "/a", None), (app, "/a/b", None), Some(Both)),
        ((app, "/a", None), (wiki, "/a/b", None), None),
        ((app, "/a", None), (app, "/ab", None), None),
        ((app, "/a", None), (app, "/a", above), Some(Both)),
        ((app, "/a", None), (wiki, "/a", above), Some(Both)),
        ((app, "/", above), (app, "/", Some(app)), Some(Both)),
        ((app, "/", above), ("app.example.org", "/", other), None),
        (("anexample.com", "/a", None), (app, "/a", above), None),
        // Names of other prefixes are other names.
        ((app, "/", None), (app, "/a", None), None),
    ] {
        let name = format!("{one:?} {two:?}");
        let [one, two] = [one, two].map(|(host, path, domain)| cookies(host, path, domain));
        assert_eq!(one.collide_with(&two), collision, "{name}");
        assert_eq!(two.collide_with(&one), collision, "{name}, the other way");
    }
    let named = Cookies::new("wiki", attributes(SameSite::Lax), sp()).unwrap();
    assert_eq!(cookies(app, "/", None).collide_with(&named), None);
}

#[test]
fn a_collision_says_what_happens() {
    assert!(Collision::Same.to_string().ends_with("a login at one ends that at the other"));
    assert!(Collision::Both.to_string().ends_with("its own among the first 4"));
}
