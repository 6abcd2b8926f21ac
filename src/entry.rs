//! Where nginx enters while it serves.

use ngx::http::HttpModule;

use crate::guard::guard;
use crate::module::SamlModule;
use crate::own_pages;

/// As [`guard`], for what nginx calls while it serves: nothing is done, and nobody let in, by a module
/// that is not in the state in which it was started.
pub fn enter<T>(otherwise: T, work: impl FnOnce() -> T) -> T {
    if !own_pages::is_intact(SamlModule::module()) {
        return otherwise;
    }
    guard(otherwise, work)
}
