//! What an SP is like, where tests want different ones.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use clock::Seconds;
use jwt::KeySet;
use saml::metadata::{Federation, SpDescription};
use saml::provider::{
    self, Binding, Endpoint, IdpSettings, LogoutBinding, LogoutEndpoint, OwnKeys, Policy,
};
use session::{SameSite, Separator, SpId};
use sp::{
    BackChannel, CookieAttributes, Cookies, Current, Discovery, EndpointKind, Endpoints,
    FederatedIdps, Idps, JwtClaim, JwtIssuer, Publication, Published, ReturnTargets, SessionRules,
    Sp,
};
use xmldoc::DecryptionKey;

use super::back_channel::SoapEndpoint;
use super::credential::{KEYS, credential, signing, verifying};
use super::idp::{Idp, corp, other};
use super::memory::Memory;
use super::{BASE_URL, ENTITY_ID, MAX_MESSAGE_SIZE, NOW, REQUEST_LIFETIME, SESSION_LIFETIME, Site};

/// The SP, as its configuration has it.
pub struct Plan {
    /// Of the session's cookie.
    pub same_site: SameSite,
    /// How it deals with `corp`.
    pub policy: Policy,
    /// How AuthnRequests go.
    pub sso: Binding,
    /// How `corp` takes logout messages.
    pub slo: Vec<LogoutBinding>,
    pub logout_redirect: Option<&'static str>,
    pub logout_notify: Option<&'static str>,
    /// An endpoint that the SP does without.
    pub without: Option<EndpointKind>,
    /// `corp` has no metadata yet.
    pub is_awaited: bool,
    /// These are disabled.
    pub disabled: &'static [&'static str],
    /// What it says in its metadata is signed.
    pub signs_metadata: bool,
    /// How people find their IdP.
    pub discovery: Discovery,
    /// What the metadata of the block `federation` says; `None` = there is no such block.
    pub federation: Option<Federation>,
    /// The IdP of this entityID is disabled by a block that says nothing else.
    pub barred: Option<&'static str>,
    /// Programs may log in somewhere.
    pub takes_paos: bool,
    /// Attributes that are claims of tokens; `None` = the SP signs none.
    pub jwt_claims: Option<Vec<JwtClaim>>,
    /// Of tokens, bytes.
    pub jwt_max_size: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            same_site: SameSite::Lax,
            policy: Policy::default(),
            sso: Binding::Redirect,
            slo: vec![LogoutBinding::REDIRECT],
            logout_redirect: None,
            logout_notify: None,
            without: None,
            is_awaited: false,
            disabled: &[],
            signs_metadata: false,
            discovery: Discovery::Off,
            federation: None,
            barred: None,
            takes_paos: false,
            jwt_claims: Some(Vec::new()),
            jwt_max_size: 4096,
        }
    }
}

impl Plan {
    /// The SP at work, at [`NOW`].
    pub fn site(mut self) -> Site {
        let id = SpId::new(ENTITY_ID, BASE_URL);
        let soap_slo = Rc::new(SoapEndpoint::default());
        let credentials = vec![credential(&KEYS.sp)];
        let sp = Sp {
            name: "app".to_owned(),
            id,
            entity_id: ENTITY_ID.to_owned(),
            base_url: BASE_URL.to_owned(),
            endpoints: self.endpoints(),
            decryption_keys: credentials
                .iter()
                .filter_map(|c| {
                    Some(DecryptionKey::of(&c.key)?.with_certificate(c.certificate.clone()))
                })
                .collect(),
            credentials,
            idps: self.idps(&soap_slo),
            discovery: self.discovery.clone(),
            sessions: Rc::new(Memory::new(rules(id))),
            cookies: self.cookies(id),
            return_targets: return_targets(),
            login_redirect: format!("{BASE_URL}/"),
            logout_redirect: self.logout_redirect.map(str::to_owned),
            logout_notify: self.logout_notify.map(str::to_owned),
            request_lifetime: REQUEST_LIFETIME,
            max_message_size: MAX_MESSAGE_SIZE,
            publication: self.publication(),
            published: Published::default(),
            jwt_issuer: self.jwt_issuer(),
            takes_paos: Cell::new(self.takes_paos),
        };
        Site {
            sp: Rc::new(sp),
            now: Cell::new(NOW),
            application: Rc::default(),
            soap_slo,
            notes: Rc::new(RefCell::default()),
        }
    }

    fn jwt_issuer(&self) -> Option<JwtIssuer> {
        let keys = KeySet::new(&[signing(&KEYS.sp)]).unwrap().unwrap();
        Some(JwtIssuer {
            issuer: ENTITY_ID.to_owned(),
            keys,
            lifetime: Seconds(60),
            max_size: self.jwt_max_size,
            claims: self.jwt_claims.clone()?,
            name_id: false,
        })
    }

    fn endpoints(&self) -> Endpoints {
        let kinds = EndpointKind::ALL.iter().filter(|kind| Some(**kind) != self.without);
        let urls = kinds.map(|kind| (*kind, format!("{BASE_URL}{}", path(*kind))));
        Endpoints::new(urls.collect()).unwrap()
    }

    fn idps(&mut self, soap_slo: &Rc<SoapEndpoint>) -> Idps {
        let by = |binding: &LogoutBinding| LogoutEndpoint {
            binding: *binding,
            location: format!("https://idp.corp.example/slo/{}", word(*binding)),
            response_location: None,
        };
        let soap_slo = Rc::clone(soap_slo) as Rc<dyn BackChannel>;
        let of_corp = Current {
            provider: Rc::new(provider::Idp {
                sso: Endpoint {
                    binding: self.sso,
                    location: "https://idp.corp.example/sso".into(),
                },
                slo: self.slo.iter().map(by).collect(),
                policy: self.policy.clone(),
                ..provider_of(corp())
            }),
            soap_slo: self.slo.contains(&LogoutBinding::Soap).then_some(soap_slo),
            ui: Rc::default(),
        };
        let provider = Rc::new(provider_of(other()));
        let of_other = Current { provider, soap_slo: None, ui: Rc::default() };
        let mut idps = Idps::default();
        let of_corp = (!self.is_awaited).then_some(of_corp);
        let settings = |name: &str, policy| IdpSettings {
            disabled: self.disabled.contains(&name),
            ..settings(name, policy)
        };
        let at =
            |domain: &str, settings| IdpSettings { domains: vec![domain.to_owned()], ..settings };
        let corp = at("corp.example", settings("corp", self.policy.clone()));
        idps.add(sp::Idp::new(corp, of_corp)).unwrap();
        let other = at("other.example", settings("other", Policy::default()));
        idps.add(sp::Idp::new(other, Some(of_other))).unwrap();
        if let Some(entity_id) = self.barred {
            let entity_id = Some(entity_id.to_owned());
            let barred = settings("barred", Policy::default());
            let barred = IdpSettings { disabled: true, entity_id, ..barred };
            idps.add(sp::Idp::new(barred, None)).unwrap();
        }
        if let Some(federation) = self.federation.take() {
            let settings = settings("federation", Policy::default());
            let own = OwnKeys { signer: None, decrypts: false };
            idps.add_federation(FederatedIdps::new(
                settings,
                Arc::default(),
                own,
                Some(Arc::new(federation)),
            ));
        }
        idps
    }

    fn cookies(&self, id: SpId) -> Cookies {
        let attributes = CookieAttributes {
            secure: true,
            host: "app.example.com".to_owned(),
            path: "/".to_owned(),
            domain: None,
            same_site: self.same_site,
            partitioned: false,
        };
        Cookies::new("saml", attributes, id).unwrap()
    }

    fn publication(&self) -> Publication {
        Publication {
            description: SpDescription::EMPTY,
            name_id_formats: None,
            valid: Some(Seconds(86_400)),
            sign: self.signs_metadata,
            want_assertions_signed: false,
            authn_requests_signed: true,
            offer_simple_sign: false,
            offer_encryption: true,
        }
    }
}

/// The path of an endpoint.
fn path(kind: EndpointKind) -> String {
    format!("/saml/{}", kind.directive().trim_start_matches("saml_"))
}

fn rules(id: SpId) -> SessionRules {
    SessionRules {
        sp: id,
        sp_entity_id: ENTITY_ID.to_owned(),
        lifetime: SESSION_LIFETIME,
        idle_timeout: None,
        unsigned_logout: false,
        aliases: Vec::new(),
        separator: Separator::default(),
    }
}

fn return_targets() -> ReturnTargets {
    let handlers = EndpointKind::ALL.iter().map(|kind| path(*kind)).collect();
    ReturnTargets::new(BASE_URL, vec!["portal.example.com".to_owned()], handlers)
}

/// The IdP as its metadata tells of it: where it signs people in, and its key.
pub fn provider_of(idp: Idp) -> provider::Idp {
    let location = format!("{}/sso", idp.entity_id);
    provider::Idp {
        entity_id: idp.entity_id.to_owned(),
        sso: Endpoint { binding: Binding::Redirect, location },
        slo: Vec::new(),
        keys: vec![verifying(idp.key)],
        encryption_key: None,
        scopes: Default::default(),
        valid_until: None,
        policy: Policy::default(),
    }
}

fn settings(name: &str, policy: Policy) -> IdpSettings {
    IdpSettings {
        name: name.to_owned(),
        disabled: false,
        metadata: None,
        entity_id: None,
        sso: None,
        sso_binding: None,
        slo: None,
        demands_slo_binding: false,
        keys: Vec::new(),
        metadata_signers: None,
        second_verifier: None,
        domains: Vec::new(),
        policy,
    }
}

fn word(binding: LogoutBinding) -> &'static str {
    match binding {
        LogoutBinding::Browser(Binding::Redirect) => "redirect",
        LogoutBinding::Browser(Binding::Post) => "post",
        LogoutBinding::Soap => "soap",
    }
}
