//! A validated session store: its shared-memory zone and the secrets that seal.

use std::cell::OnceCell;
use std::rc::Rc;

use nginx_sys::ngx_conf_t;
use saml::reason;
use saml::refusal::Refusal;
use session::{Secret, Secrets};

use super::directive::ConfigError;
use super::files::Files;
use super::raw::{RawSp, RawStore};
use crate::store::SharedStore;

/// Where sessions live.
pub struct SessionStore {
    /// The name of its `saml_session_store` block.
    pub name: String,
    pub shared: &'static SharedStore,
    configured: Option<Secrets>,
    /// Without a `secret` file: one that the zone made and keeps across reloads.
    of_the_zone: OnceCell<Secrets>,
}

impl SessionStore {
    /// The store of an SP that names none.
    pub const DEFAULT: &str = "saml_sessions";
    const DEFAULT_SIZE: usize = 16 << 20;

    /// Every store that a block defines, and the default one if an SP needs it.
    pub fn all(
        cf: &mut ngx_conf_t,
        raws: &[RawStore],
        sps: &[RawSp],
        files: &Files,
    ) -> Result<Vec<Rc<Self>>, ConfigError> {
        let mut stores = Vec::new();
        for raw in raws {
            stores.push(Rc::new(Self::new(cf, raw, files)?));
        }
        let taken = raws.iter().any(|raw| raw.name == Self::DEFAULT);
        if let (Some(sp), false) = (sps.iter().find(|sp| sp.session_store.is_none()), taken) {
            let raw = RawStore {
                name: Self::DEFAULT.into(),
                place: sp.place.clone(),
                ..RawStore::default()
            };
            stores.push(Rc::new(Self::new(cf, &raw, files)?));
        }
        Ok(stores)
    }

    fn new(cf: &mut ngx_conf_t, raw: &RawStore, files: &Files) -> Result<Self, ConfigError> {
        let (zone, size, place) = match &raw.zone {
            Some(given) => (given.value.0.as_str(), given.value.1, &given.place),
            None => (raw.name.as_str(), Self::DEFAULT_SIZE, &raw.place),
        };
        let shared = SharedStore::request(cf, zone, size, crate::zone_tag())
            .map_err(|e| ConfigError::new(place, format!("\"zone\" \"{zone}\": {e}")))?;
        Ok(Self {
            name: raw.name.clone(),
            shared,
            configured: secrets(raw, files)?,
            of_the_zone: OnceCell::new(),
        })
    }

    /// What seals the cookies of pending logins: the configured secrets, or the zone's own.
    ///
    /// # Errors
    /// nginx has not mapped the zone.
    pub fn secrets(&self) -> Result<&Secrets, Refusal> {
        if let Some(secrets) = self.configured.as_ref().or_else(|| self.of_the_zone.get()) {
            return Ok(secrets);
        }
        let secret = self.shared.secret().ok_or_else(|| {
            Refusal::new(
                &reason::STORE_UNAVAILABLE,
                format!("zone of \"{}\" has no secret", self.name),
            )
        })?;
        Ok(self.of_the_zone.get_or_init(|| Secrets::one(Secret::from_bytes(secret))))
    }
}

fn secrets(raw: &RawStore, files: &Files) -> Result<Option<Secrets>, ConfigError> {
    let mut secrets = Vec::new();
    for given in &raw.secret {
        let bytes = files.read("secret", given)?;
        let secret = Secret::from_file_bytes(&bytes).map_err(|e| {
            ConfigError::new(&given.place, format!("\"secret\" \"{}\": {e}", given.value))
        })?;
        secrets.push(secret);
    }
    Ok(Secrets::new(secrets))
}
