//! Certificates near their end.

use clock::{Seconds, UnixTime};
use xmldoc::Certificate;

/// Seconds.
const DAY: i64 = 24 * 3600;

/// Certificates that end within this time are warned of.
const EXPIRY_WARNING: Seconds = Seconds(30 * DAY);

/// A sentence about a certificate of `owner` that has ended or soon will. Its key stays in use: metadata
/// and configuration say which keys are trusted (Metadata Interoperability Profile 2.6.1).
pub fn expiry_warning(certificate: &Certificate, owner: &str, now: UnixTime) -> Option<String> {
    let left = certificate.not_after() - now;
    if left <= Seconds(0) {
        return Some(format!(
            "a certificate of {owner} has expired ({}); renew it",
            certificate.describe()
        ));
    }
    (left <= EXPIRY_WARNING).then(|| {
        format!(
            "a certificate of {owner} expires in {} days ({}); renew it",
            left.0 / DAY,
            certificate.describe()
        )
    })
}
