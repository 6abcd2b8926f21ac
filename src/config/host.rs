//! nginx, as SPs need it while they are made.

use std::rc::Rc;
use std::sync::Arc;

use http::HttpUrl;
use nginx_sys::ngx_conf_t;
use saml::xmlsec1::Xmlsec1;
use session::SpId;
use settings::{Host, StoreSettings, TlsFiles, Unusable};
use sp::{BackChannel, SessionRules};

use super::{metadata_cache, resource, store};
use crate::counters::Counters;
use crate::event::Resource;
use crate::server_variable;
use crate::sessions::Sessions;
use crate::store::{Posts, Store};
use crate::xmlsec1::Library;

/// nginx while it reads its configuration.
pub struct Nginx {
    pub cf: *mut ngx_conf_t,
    pub counters: &'static Counters,
    pub posts: Option<Posts>,
}

impl Host for Nginx {
    type Store = Store;
    type Sessions = Sessions;
    type MetadataServer = Resource;

    fn open_store(&mut self, settings: StoreSettings) -> Result<Store, Unusable> {
        store::open(self.cf, settings, self.posts)
    }

    fn sessions(&mut self, store: &Rc<Store>, rules: SessionRules) -> Sessions {
        Sessions::new(Rc::clone(store), rules)
    }

    fn sessions_at(&mut self, main: &Sessions, sp: SpId) -> Sessions {
        main.at(sp)
    }

    fn back_channel(
        &mut self,
        urls: &[HttpUrl<'_>],
        tls: Option<&TlsFiles>,
    ) -> Result<Rc<dyn BackChannel>, Unusable> {
        Ok(Rc::new(resource::servers(self.cf, urls, tls)?))
    }

    fn metadata_server(
        &mut self,
        url: &HttpUrl<'_>,
        trusted_certificate: Option<&str>,
        verify: bool,
    ) -> Result<Resource, Unusable> {
        resource::resource(self.cf, url, trusted_certificate, verify)
    }

    fn metadata_cache(&mut self, folder: Option<&str>) -> Result<String, String> {
        metadata_cache::folder(self.cf, folder)
    }

    fn variable(&mut self, name: &str) -> Result<(), String> {
        server_variable::announce(self.cf, name).map(|_| ())
    }

    fn xmlsec1(&mut self) -> Result<Arc<dyn Xmlsec1>, String> {
        Ok(Arc::new(Library::load(self.counters)?))
    }
}
