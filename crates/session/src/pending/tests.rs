use super::*;
use crate::record::tests::{app, at, wiki};
use crate::secret::tests::secret;

const NONCE: [u8; NONCE_LEN] = [3; NONCE_LEN];

fn secrets() -> Secrets {
    Secrets::one(secret(1))
}

fn pending() -> PendingLogin {
    PendingLogin {
        request_id: "_5f2b8c1d9e3a47f0a6b5c4d3e2f1a0b9".into(),
        idp: "corp".into(),
        return_url: "https://app.example.com/a?b=c".into(),
        issue_instant: at(1000),
        expires: at(1600),
        force_authn: true,
        passive: false,
        authn_context: Some(RequestedAuthnContext {
            comparison: Comparison::Exact,
            classes: vec!["urn:oasis:names:tc:SAML:2.0:ac:classes:Password".into()],
        }),
        preference: None,
        replaces: Some(StoreKey([5; 32])),
        post: None,
        answered: false,
    }
}

#[test]
fn a_pending_login_survives_the_cookie_until_it_expires() {
    let cookie = pending().seal_cookie(&secrets(), &app(), NONCE).unwrap();
    let open = |now| PendingLogin::open_cookie(&secrets(), &app(), &cookie, now);
    assert_eq!(open(at(1599)), Ok(pending()));
    assert_eq!(open(at(1600)), Err(PendingError::Expired(Box::new(pending()))));
}

#[test]
fn a_cookie_of_another_sp_or_secret_is_invalid() {
    let cookie = pending().seal_cookie(&secrets(), &app(), NONCE).unwrap();
    let other = Secrets::one(secret(2));
    let invalid = Err(PendingError::Invalid);
    assert_eq!(PendingLogin::open_cookie(&secrets(), &wiki(), &cookie, at(1000)), invalid);
    assert_eq!(PendingLogin::open_cookie(&other, &app(), &cookie, at(1000)), invalid);
    assert_eq!(PendingLogin::open_cookie(&secrets(), &app(), &cookie[1..], at(1000)), invalid);
    assert_eq!(PendingLogin::open_cookie(&secrets(), &app(), "", at(1000)), invalid);
    let long = "A".repeat(100_000);
    assert_eq!(PendingLogin::open_cookie(&secrets(), &app(), long, at(1000)), invalid);
}

#[test]
fn the_record_is_read_strictly() {
    let mut bytes = pending().encode();
    assert_eq!(PendingLogin::decode(&bytes), Some(pending()));
    for len in 0..bytes.len() {
        assert_eq!(PendingLogin::decode(&bytes[..len]), None);
    }
    bytes.push(0);
    assert_eq!(PendingLogin::decode(&bytes), None);
}

/// Browsers hold such records: changed bytes need another version.
#[test]
fn the_bytes_are_those_of_this_version() {
    const HEAD: &[u8] = b"!_5f2b8c1d9e3a47f0a6b5c4d3e2f1a0b9\
        \x04corp\x1dhttps://app.example.com/a?b=c\x00\x00\x03\xe8\xd8\x04";
    let whole = [b"\x03\x19", HEAD, &[5; 32], b"\x05exact\x01\x14\x08Password"].concat();
    assert_bytes(pending(), &whole);
    let hex = PendingLogin { request_id: format!("_{}", "a1".repeat(20)), ..pending() };
    let rest = whole.get(2 + 34..).unwrap();
    assert_bytes(hex, &[b"\x03\x39", &[0xa1; 20][..], rest].concat());

    let (force_authn, replaces, authn_context) = (false, None, None);
    let bare = PendingLogin { passive: true, force_authn, replaces, authn_context, ..pending() };
    assert_bytes(bare.clone(), &[b"\x03\x02", HEAD].concat());
    let comparisons: [(Comparison, &[u8]); 4] = [
        (Comparison::Exact, b"\x05exact"),
        (Comparison::Minimum, b"\x07minimum"),
        (Comparison::Maximum, b"\x07maximum"),
        (Comparison::Better, b"\x06better"),
    ];
    for (comparison, bytes) in comparisons {
        let classes = vec!["urn:x".into(), "https://refeds.org/profile/mfa".into()];
        let authn_context = Some(RequestedAuthnContext { classes, comparison });
        let asking = PendingLogin { authn_context, ..bare.clone() };
        let classes = b"\x02\x00\x05urn:x\x17\x16refeds.org/profile/mfa";
        assert_bytes(asking, &[b"\x03\x12", HEAD, bytes, classes].concat());
    }
}

#[test]
fn a_preference_is_remembered_behind_its_context() {
    let preferring = PendingLogin { preference: Some(2), ..pending() };
    let mut bytes = pending().encode();
    bytes[1] |= 0x40;
    bytes.push(2);
    assert_bytes(preferring.clone(), &bytes);
    assert_eq!(preferring.answered().preference, None);
    *bytes.last_mut().unwrap() = 0x80;
    bytes.push(2);
    assert_eq!(PendingLogin::decode(&bytes), None, "256 is too many");
}

#[test]
fn a_kept_form_is_remembered_last() {
    let token = || PostToken::from_random([9; 32]);
    let keeping = PendingLogin { post: Some(token()), ..pending() };
    let mut bytes = pending().encode();
    bytes.splice(1..2, [bytes[1] | 0x80, 1]);
    bytes.extend([9; 32]);
    assert_bytes(keeping.clone(), &bytes);
    assert_eq!(keeping.answered().post, None);
    assert_eq!(PendingLogin::decode(&bytes[..bytes.len() - 1]), None);
    let preferring = PendingLogin { preference: Some(2), post: Some(token()), ..pending() };
    assert_eq!(PendingLogin::decode(&preferring.encode()), Some(preferring));
}

#[test]
fn a_comparison_that_nobody_knows_makes_the_record_none() {
    let bytes = pending().encode();
    let place = bytes.windows(5).position(|window| window == b"exact").unwrap();
    for other in [b"Exact", b"exacT", b"\0\0\0\0\0"] {
        let mut bytes = bytes.clone();
        bytes[place..place + 5].copy_from_slice(other);
        assert_eq!(PendingLogin::decode(&bytes), None);
    }
}

#[track_caller]
fn assert_bytes(pending: PendingLogin, bytes: &[u8]) {
    let encoded = pending.encode();
    assert_eq!(encoded.escape_ascii().to_string(), bytes.escape_ascii().to_string());
    assert_eq!(PendingLogin::decode(bytes), Some(pending));
}

#[test]
fn the_longest_return_url_fits_a_browsers_cookie() {
    let return_url = format!("https://app.example.com/{}", "x".repeat(1976));
    assert_eq!(return_url.len(), 2000);
    let cookie = PendingLogin { return_url, ..pending() }.seal_cookie(&secrets(), &app(), NONCE);
    assert!(cookie.unwrap().len() < 3800);
}

#[test]
fn any_id_survives_and_ours_take_half_the_room() {
    for id in ["", "_", "_0", "_0a", "_0A", "0a", "_zz", "é", "_00ff"] {
        let pending = PendingLogin { request_id: id.into(), ..pending() };
        assert_eq!(PendingLogin::decode(&pending.encode()), Some(pending), "{id}");
    }
    let ours = PendingLogin { request_id: format!("_{}", "a1".repeat(20)), ..pending() };
    let other = PendingLogin { request_id: format!("x{}", "a1".repeat(20)), ..pending() };
    assert_eq!(other.encode().len() - ours.encode().len(), 22);
}

#[test]
fn a_login_for_a_short_address_takes_little_of_a_header() {
    let pending = PendingLogin {
        request_id: format!("_{}", "a1".repeat(20)),
        return_url: "/page.html?tab=19".into(),
        issue_instant: at(1_800_000_000),
        expires: at(1_800_000_600),
        force_authn: false,
        authn_context: None,
        replaces: None,
        ..pending()
    };
    let value = pending.seal_cookie(&secrets(), &app(), NONCE).unwrap();
    assert!(value.len() <= 107, "{}", value.len());
}

#[test]
fn an_answered_login_is_a_stub() {
    let stub = |return_url: &str| {
        let stub = PendingLogin { return_url: return_url.into(), ..pending() }.answered();
        assert!(stub.answered && stub.replaces.is_none() && stub.authn_context.is_none());
        stub.return_url
    };
    assert_eq!(stub("/a?b=c"), "/a?b=c");
    assert_eq!(stub(&format!("/a?{}", "b".repeat(200))), "/a");
    assert_eq!(stub(&format!("/{}?b", "a".repeat(200))), "/");
}

#[test]
fn the_suffix_is_safe_in_a_cookie_name() {
    assert_eq!(cookie_suffix("_5f2b8c1d9e3a47f0a6b5c4d3e2f1a0b9"), "5f2b8c");
    assert_eq!(cookie_suffix("_short"), "short");
    assert_eq!(cookie_suffix("ab; Path=/x"), "ab");
    assert_eq!(cookie_suffix("éa"), "");
    assert_eq!(cookie_suffix("aé"), "a");
    assert_eq!(cookie_suffix(""), "");
}
