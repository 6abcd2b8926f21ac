//! A server that has all there is, or not.

use std::rc::Rc;

use http::HttpUrl;
use settings::{Host, StoreSettings, Unusable};
use sp::{BackChannel, Post, Posting, SessionRules};

/// A store is its settings, the sessions of an SP are their rules.
#[derive(Default)]
pub(crate) struct TestHost {
    /// What it says to every store and connection.
    pub(crate) refusal: Option<Unusable>,
    /// The URLs that were asked for, and whom they trust.
    pub(crate) channels: Vec<(String, Option<String>)>,
}

pub(crate) struct Sessions {
    pub(crate) store: Rc<StoreSettings>,
    pub(crate) rules: SessionRules,
}

impl Host for TestHost {
    type Store = StoreSettings;
    type Sessions = Sessions;

    fn open_store(&mut self, settings: StoreSettings) -> Result<StoreSettings, Unusable> {
        self.refusal.clone().map_or(Ok(settings), Err)
    }

    fn sessions(&mut self, store: &Rc<StoreSettings>, rules: SessionRules) -> Sessions {
        Sessions { store: Rc::clone(store), rules }
    }

    fn back_channel(
        &mut self,
        url: &HttpUrl<'_>,
        trusted_certificate: Option<&str>,
    ) -> Result<Rc<dyn BackChannel>, Unusable> {
        self.channels.push((url.origin(), trusted_certificate.map(str::to_owned)));
        self.refusal.clone().map_or(Ok(Rc::new(Silent)), Err)
    }
}

struct Silent;

impl BackChannel for Silent {
    fn post(&self, _: Post) -> Posting<'_> {
        Box::pin(async { Err("nobody is there".into()) })
    }
}
