//! Who signs out or in by themselves says whether their IdP may be asked silently.

use clock::Seconds;
use http::Headers;

use super::Sp;
use crate::passive_try::PassiveTry;

/// How long a browser whose user has signed out is not signed in silently: a year, or until they sign in.
const SIGNED_OUT_FOR: Seconds = Seconds(365 * 24 * 3600);

impl<S> Sp<S> {
    /// The cookie for a browser whose user has signed out here; `None` = this SP never asks silently.
    pub(crate) fn without_passive_tries(&self) -> Option<String> {
        let tries = self.tries_passively.get();
        tries.then(|| self.cookies.set_passive_try(PassiveTry::Unwanted, SIGNED_OUT_FOR))
    }

    /// The cookie for a browser whose IdP has answered a passive try: from now on it is not asked for
    /// `passive_retry`. `None` = there was none, or it is not to be asked at all.
    pub(crate) fn after_passive_try(&self, r: &impl Headers) -> Option<String> {
        let was_made = self.cookies.passive_try(r) == Some(PassiveTry::Made);
        was_made.then(|| self.cookies.set_passive_try(PassiveTry::Made, self.passive_retry))
    }

    /// The cookie for a browser whose user has signed in by themselves.
    pub(crate) fn with_passive_tries(&self) -> Option<String> {
        self.tries_passively.get().then(|| self.cookies.clear_passive_try())
    }
}
