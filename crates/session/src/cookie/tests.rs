use super::*;

fn read(headers: &[&'static str]) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    cookies(headers.iter().map(|header| header.as_bytes()))
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}

#[test]
fn cookies_are_read_from_all_headers_in_order() {
    let expected = [("a", "1"), ("b", "x=y="), ("a", "2")];
    let found = read(&["a=1; b=x=y=", "a=2"]);
    assert!(found.iter().map(|(n, v)| (n.as_str(), v.as_str())).eq(expected), "{found:?}");
}

#[test]
fn blanks_quotes_and_rubbish_are_tolerated() {
    let expected = [("a", "1"), ("b", ""), ("c", "q r"), ("d", "\""), ("e", "")];
    let found = read(&["", ";;  a = 1 ;b=; c=\"q r\";rubbish; =nameless;d=\";e=\"\"\t"]);
    assert!(found.iter().map(|(n, v)| (n.as_str(), v.as_str())).eq(expected), "{found:?}");
}

#[test]
fn names_are_compared_whole_and_with_case() {
    let headers = ["saml=1; SAML=2; xsaml=3; saml_x=4; saml=5"];
    let headers = || headers.iter().map(|header| header.as_bytes());
    assert!(cookies_named(headers(), "saml").eq([b"1", b"5"]));
    assert_eq!(cookies_named(headers(), "sam").count(), 0);
}

#[test]
fn an_end_is_found_wherever_it_is() {
    for len in 0..40 {
        let text = vec![b':'; len];
        assert_eq!(end(&text), None);
        for place in 0..len {
            let mut text = text.clone();
            text[place..].fill(b';');
            assert_eq!(end(&text), Some(place), "{len}");
        }
    }
}

#[test]
fn a_name_is_found_where_all_cookies_are_read() {
    let pieces = ["s", "=", ";", " ", "\t", "\"", "1", "ss", "s=", "; ", "\u{b}", "\u{c}"];
    let mut state = 1_u64;
    for _ in 0..20_000 {
        let mut header = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            header.push_str(pieces[(state >> 33) as usize % pieces.len()]);
        }
        let all = || {
            let all = cookies([header.as_bytes()]).filter(|(name, _)| *name == b"s");
            all.map(|(_, value)| value)
        };
        assert!(cookies_named([header.as_bytes()], "s").eq(all()), "{header:?}");
        // Of what may be a token, which has none of these.
        let is_plain = |value: &&[u8; 2]| !value.iter().any(|byte| b"; \t\"\x0c".contains(byte));
        let of_len = cookies_of_len([header.as_bytes()], "s").map(|it| it.filter(is_plain));
        let all = all().map(|value| value.try_into().ok());
        assert!(of_len.eq(all.map(|it| it.filter(is_plain))), "{header:?}");
    }
}

#[test]
fn some_cookies_go_and_the_rest_stays_as_it_was() {
    let rest = |header: &str| {
        let rest = without(header.as_bytes(), |name| matches!(name, b"s" | b"s_1"));
        rest.map(|rest| String::from_utf8(rest).unwrap())
    };
    for (header, expected) in [
        ("s=1", ""),
        ("s=1;", ""),
        (" s = 1 ; ", ""),
        ("s=1; s_1=2; s=3", ""),
        ("s=1; a=2", "a=2"),
        ("a=2; s=1", "a=2"),
        ("a=2;s=1;b=3", "a=2;b=3"),
        ("a=2; s=1 ;  b=\"3\";;c", "a=2;  b=\"3\";;c"),
        ("  a=2; s=", "  a=2"),
    ] {
        assert_eq!(rest(header).as_deref(), Some(expected), "{header:?}");
    }
    for header in ["", "a=1", "s", "=s", "S=1", "as=1; s_2=1", "a=s=1", "\"s\"=1"] {
        assert_eq!(rest(header), None, "{header:?}");
    }
}

#[test]
fn what_is_read_as_ours_is_what_goes() {
    for header in ["s=1;;s =2; s=\"3\" ;\ts=4", "a=\"x; s=1\"; b", "s=1,s=2", "\0s=1; s=2"] {
        let rest = without(header.as_bytes(), |name| name == b"s").unwrap();
        assert_eq!(cookies_named([rest.as_slice()], "s").count(), 0, "{header:?}");
    }
}

#[test]
fn the_name_has_the_strongest_prefix_allowed() {
    let name = |secure, path, domain| {
        CookieName::new("saml", secure, path, domain).map(|name| name.to_string())
    };
    assert_eq!(name(true, "/", None).as_deref(), Ok("__Host-saml"));
    assert_eq!(name(true, "/app", None).as_deref(), Ok("__Secure-saml"));
    assert_eq!(name(true, "/", Some("example.com")).as_deref(), Ok("__Secure-saml"));
    assert_eq!(name(false, "/", None).as_deref(), Ok("saml"));
}

#[test]
fn a_configured_name_must_be_a_bare_token() {
    let error = |name| CookieName::new(name, true, "/", None).unwrap_err();
    assert_eq!(error(""), CookieNameError::Empty);
    for name in ["a b", "a=b", "a;b", "naïve", "a\"", "a\r\n", "a/b", "a,b"] {
        assert_eq!(error(name), CookieNameError::NotAToken, "{name}");
    }
    assert_eq!(error("__host-a"), CookieNameError::Prefixed);
    assert_eq!(error("__Secure-a"), CookieNameError::Prefixed);
    assert!(error("a b").to_string().ends_with("!#$%&'*+-.^_`|~"));
}

#[test]
fn a_family_of_cookies_is_recognised_by_its_suffix() {
    let name = CookieName::new("saml_login", true, "/", None).unwrap();
    let full = name.with_suffix("5f2b");
    assert_eq!(full, "__Host-saml_login_5f2b");
    assert_eq!(name.suffix_of(full.as_bytes()), Some(b"5f2b".as_slice()));
    assert_eq!(name.suffix_of(b"__Host-saml_login"), None);
    assert_eq!(name.suffix_of(b"saml_login_5f2b"), None);
}

fn session_cookie() -> SetCookie<'static> {
    SetCookie {
        name: "__Host-saml",
        value: "abc",
        path: "/",
        domain: None,
        max_age: None,
        secure: true,
        http_only: true,
        same_site: Some(SameSite::Lax),
        partitioned: false,
    }
}

#[test]
fn set_cookie_carries_its_attributes() {
    assert_eq!(
        session_cookie().to_string(),
        "__Host-saml=abc; Path=/; Secure; HttpOnly; SameSite=Lax"
    );
    let cookie = SetCookie {
        path: "/app",
        domain: Some("example.com"),
        max_age: Some(Seconds(600)),
        same_site: Some(SameSite::None),
        http_only: false,
        partitioned: true,
        ..session_cookie()
    };
    assert_eq!(
        cookie.to_string(),
        "__Host-saml=abc; Path=/app; Domain=example.com; Max-Age=600; Secure; SameSite=None; \
         Partitioned"
    );
}

#[test]
fn same_site_none_is_left_out_on_plain_http() {
    let same_site = Some(SameSite::None);
    let cookie = SetCookie { secure: false, same_site, ..session_cookie() };
    assert_eq!(cookie.to_string(), "__Host-saml=abc; Path=/; HttpOnly");
}

#[test]
fn the_expired_form_keeps_path_and_domain() {
    let cookie = SetCookie { domain: Some("example.com"), ..session_cookie() }.expired();
    assert_eq!(
        cookie.to_string(),
        "__Host-saml=; Path=/; Domain=example.com; Max-Age=0; Secure; HttpOnly; SameSite=Lax"
    );
}

#[test]
fn attribute_values_hold_nothing_that_ends_them() {
    assert!(is_attribute_value("/app/x y"));
    assert!(!is_attribute_value("/app; Domain=evil"));
    assert!(!is_attribute_value("/app\r\nX: y"));
    assert!(!is_attribute_value("/é"));
}
