//! nginx, as SPs need it while they are made.

use std::rc::Rc;

use http::HttpUrl;
use nginx_sys::ngx_conf_t;
use saml::xmlsec1::Xmlsec1;
use settings::{Host, StoreSettings, Unusable};
use sp::{BackChannel, SessionRules};

use super::{slo_soap, store};
use crate::counters::Counters;
use crate::sessions::Sessions;
use crate::store::Store;
use crate::xmlsec1::Library;

/// nginx while it reads its configuration.
pub struct Nginx {
    pub cf: *mut ngx_conf_t,
    pub counters: &'static Counters,
}

impl Host for Nginx {
    type Store = Store;
    type Sessions = Sessions;

    fn open_store(&mut self, settings: StoreSettings) -> Result<Store, Unusable> {
        store::open(self.cf, settings)
    }

    fn sessions(&mut self, store: &Rc<Store>, rules: SessionRules) -> Sessions {
        Sessions::new(Rc::clone(store), rules)
    }

    fn back_channel(
        &mut self,
        url: &HttpUrl<'_>,
        trusted_certificate: Option<&str>,
    ) -> Result<Rc<dyn BackChannel>, Unusable> {
        Ok(Rc::new(slo_soap::resource(self.cf, url, trusted_certificate)?))
    }

    fn xmlsec1(&mut self) -> Result<Rc<dyn Xmlsec1>, String> {
        Ok(Rc::new(Library::load(self.counters)?))
    }
}
