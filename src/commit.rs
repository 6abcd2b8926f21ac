//! Which commit the module was made from. `scripts/build` writes it into the finished file, so that
//! a commit alone compiles nothing.

use std::str;

/// 40 hexadecimal digits, behind them `-changed` where the files were not those of the commit; NULs
/// where nobody has written. `readelf -p .auth_saml_commit` shows it.
#[used]
#[unsafe(link_section = ".auth_saml_commit")]
static COMMIT: [u8; 48] = [0; 48];

/// The commit, if the file says one.
pub fn commit() -> Option<String> {
    // SAFETY: a static is live and aligned; nobody writes to it while the module is loaded. Volatile,
    // because the compiler knows no other value of it than NULs.
    let written = unsafe { (&raw const COMMIT).read_volatile() };
    let text = str::from_utf8(&written).ok()?.trim_end_matches('\0');
    (!text.is_empty()).then(|| text.to_owned())
}
