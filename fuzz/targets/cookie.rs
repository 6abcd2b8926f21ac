//! Cookie headers from anywhere: read without confusion, and nothing opens that we did not seal.
#![no_main]

use std::sync::LazyLock;

use clock::{Seconds, UnixTime};
use libfuzzer_sys::fuzz_target;
use session::{
    IdpChoices, Logins, NONCE_LEN, PendingLogin, Secret, Secrets, SessionToken, SpId, cookie_suffix, cookies,
    cookies_named,
};

const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);

thread_local! {
    static SECRETS: Secrets = Secrets::one(Secret::from_bytes([7; 32]));
}
static APP: LazyLock<SpId> = LazyLock::new(|| SpId::new("app", "https://app.example.com"));
static WIKI: LazyLock<SpId> = LazyLock::new(|| SpId::new("wiki", "https://app.example.com"));
static PENDING: LazyLock<PendingLogin> = LazyLock::new(|| {
    let mut pending = PendingLogin::decode(include_bytes!("../seeds/session/pending"))
        .expect("the seed is of the present format");
    pending.issue_instant = NOW;
    pending.expires = NOW + Seconds(600);
    pending
});

fuzz_target!(|header: &[u8]| {
    for (name, value) in cookies([header]) {
        assert!(!name.is_empty() && !name.contains(&b';') && !name.contains(&b'='));
        assert!(!value.contains(&b';'));
        if let Ok(name) = std::str::from_utf8(name) {
            assert!(cookies_named([header], name).any(|found| found == value));
            assert!(cookie_suffix(name).bytes().all(|b| b.is_ascii_alphanumeric()));
        }
        SECRETS.with(|secrets| read(secrets, value));
    }
    SECRETS.with(|secrets| {
        read(secrets, header);
        seal(secrets, header);
    });
});

fn read(secrets: &Secrets, value: &[u8]) {
    if let Some(token) = SessionToken::from_cookie(value) {
        assert_eq!(token.to_cookie().as_bytes(), value);
    }
    if let Some(logins) = Logins::from_cookie(value) {
        assert_eq!(Logins::from_cookie(logins.to_cookie()), Some(logins));
        assert!(Logins::after_login(Some(logins), NOW).count > 0);
    }
    let choices = IdpChoices::from_cookie(value).to_cookie();
    assert!(choices.bytes().all(|b| b.is_ascii_alphanumeric() || b"*-._+%&=".contains(&b)));
    assert_eq!(IdpChoices::from_cookie(&choices).to_cookie(), choices);
    if let Ok(pending) = PendingLogin::open_cookie(secrets, &APP, value, NOW) {
        assert_eq!(pending, *PENDING);
    }
    assert!(PendingLogin::open_cookie(secrets, &WIKI, value, NOW).is_err());
    assert!(PendingLogin::open_cookie(secrets, &APP, value, NOW + Seconds(600)).is_err());
}

/// What somebody does to a cookie of ours (change, cut, append) closes it.
fn seal(secrets: &Secrets, change: &[u8]) {
    let [at, mask, ..] = change else { return };
    let mut cookie =
        PENDING.seal_cookie(secrets, &APP, [3; NONCE_LEN]).expect("libcrypto seals").into_bytes();
    let at = usize::from(*at) % cookie.len();
    let opens = |cookie: &[u8]| PendingLogin::open_cookie(secrets, &APP, cookie, NOW);
    assert_eq!(opens(&cookie).as_ref(), Ok(&*PENDING));
    assert!(opens(&cookie[..at]).is_err());
    assert!(opens(&[&cookie, change].concat()).is_err());
    if let Some(byte) = cookie.get_mut(at).filter(|_| *mask != 0) {
        *byte ^= mask;
        assert!(opens(&cookie).is_err());
    }
}
