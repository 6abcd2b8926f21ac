//! `saml_session_store NAME { … }`.

use clock::{Msec, Seconds};
use session::CacheSize;

use super::HOUR;
use crate::directives::directives;
use crate::line::Line;
use crate::place::Place;

directives! {
    /// The lines of a `saml_session_store`.
    pub struct RawStore {
        /// What the block is called.
        pub name: String,
        /// Where it begins.
        pub place: Place,
    }

    /// The zone's name, and its size in bytes.
    once zone: (String, usize) = "zone" [2], zone;
    words secret: String = "secret" [1..], |file| Ok(file.to_owned());
    /// Addresses as written, and a last word `tls`.
    once memcached: Vec<String> = "memcached" [1..=65], Line::words;
    once memcached_timeout: Msec = "memcached_timeout",
        |line| line.milliseconds(Msec(10), Msec(10_000));
    once memcached_ssl_trusted_certificate: String = "memcached_ssl_trusted_certificate", Line::text;
    once memcached_ssl_name: String = "memcached_ssl_name", Line::text;
    once memcached_ssl_certificate: String = "memcached_ssl_certificate", Line::text;
    once memcached_ssl_certificate_key: String = "memcached_ssl_certificate_key", Line::text;
    once replicas: i64 = "replicas", |line| line.number(1, 8);
    once key_prefix: String = "key_prefix", Line::text;
    once cache_valid: Msec = "cache_valid", |line| line.milliseconds(Msec(0), Msec(60_000));
    once stale: Seconds = "stale", |line| line.seconds(Seconds(0), HOUR);
    once cache_size: CacheSize = "cache_size", cache_size;
}

fn zone(line: &Line<'_>) -> Result<(String, usize), String> {
    match line.args.as_slice() {
        [name, size] => {
            // Room for the session hash, the epochs and a few sessions; nginx's own floor is 8 pages.
            let bytes = line.size_of(size, 256 << 10, 1 << 40)?;
            Ok(((*name).to_owned(), bytes))
        }
        _ => Err("\"zone\" takes a name and a size".into()),
    }
}

/// Bytes have a unit; a bare number is one of sessions.
fn cache_size(line: &Line<'_>) -> Result<CacheSize, String> {
    let (bytes, sessions) = (line.size(256 << 10, 1 << 40).ok(), line.number(64, 1 << 20).ok());
    let has_unit = line.arg().ends_with(['k', 'K', 'm', 'M']);
    let size = match sessions.and_then(|number| usize::try_from(number).ok()) {
        Some(sessions) => Some(CacheSize::Sessions(sessions)),
        None => bytes.filter(|_| has_unit).map(CacheSize::Bytes),
    };
    size.ok_or_else(|| {
        format!(
            "invalid size \"{}\" in \"{}\" directive, it must be 256k to 1048576m, written like 32m, or \
             a number of sessions from 64 to 1048576",
            line.arg(),
            line.name
        )
    })
}
