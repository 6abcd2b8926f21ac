//! What an SP is like, where tests want different ones.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use clock::Seconds;
use jwt::KeySet;
use saml::metadata::{Federation, SpDescription};
use saml::provider::{
    self, ArtifactEndpoint, Binding, Endpoint, IdpSettings, LogoutBinding, LogoutEndpoint, OwnKeys,
    Policy,
};
use session::{SameSite, Selection, Separator, SpId, UserSources};
use sp::{
    BackChannel, BackChannels, CookieAttributes, Cookies, Current, Discovery, EndpointKind,
    Endpoints, FederatedIdps, Idps, JwtClaim, JwtIssuer, Publication, ReturnTargets,
    SessionAttributes, SessionRules, Sp, Transmitter,
};
use xmldoc::DecryptionKey;

use super::back_channel::SoapEndpoint;
use super::credential::{KEYS, credential, signing, verifying};
use super::idp::{Idp, corp, other};
use super::memory::Memory;
use super::{
    ARTIFACT_INDEX, BASE_URL, ENTITY_ID, MAX_MESSAGE_SIZE, NOW, REQUEST_LIFETIME, SESSION_LIFETIME,
    Site,
};

/// The SP, as its configuration has it.
pub struct Plan {
    /// The origin that all is about.
    pub base_url: &'static str,
    /// All of them.
    pub origins: &'static [&'static str],
    /// Of the session's cookie.
    pub same_site: SameSite,
    /// How it deals with `corp`.
    pub policy: Policy,
    /// How AuthnRequests go.
    pub sso: Binding,
    /// How `corp` takes logout messages.
    pub slo: Vec<LogoutBinding>,
    /// `corp` answers logins by HTTP-Artifact.
    pub by_artifact: bool,
    pub logout_redirect: Option<&'static str>,
    pub logout_notify: &'static [&'static str],
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
    /// The part of a deep link behind its `#` is kept.
    pub keep_fragment: bool,
    /// The IdP of this entityID has a block of its own, `late`, whose metadata is awaited.
    pub late: Option<&'static str>,
    /// Programs may log in somewhere.
    pub takes_paos: bool,
    /// Without a request until the end of a session.
    pub idle_timeout: Option<Seconds>,
    /// Some location has `auth_saml_mode passive`.
    pub tries_passively: bool,
    /// What sessions keep of attributes.
    pub attributes: Selection,
    pub refuse_group_overage: bool,
    /// What `saml_session` shows of them.
    pub session_attributes: SessionAttributes,
    /// How the application calls people.
    pub user: UserSources,
    /// Attributes that are claims of tokens; `None` = the SP signs none.
    pub jwt_claims: Option<Vec<JwtClaim>>,
    /// Of tokens, bytes.
    pub jwt_max_size: usize,
    /// Who tells of security events at `corp`.
    pub transmitter: Option<Transmitter>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            base_url: BASE_URL,
            origins: &[BASE_URL],
            same_site: SameSite::Lax,
            policy: Policy::default(),
            sso: Binding::Redirect,
            slo: vec![LogoutBinding::REDIRECT],
            by_artifact: false,
            logout_redirect: None,
            logout_notify: &[],
            without: None,
            is_awaited: false,
            disabled: &[],
            signs_metadata: false,
            discovery: Discovery::Off,
            federation: None,
            barred: None,
            keep_fragment: false,
            late: None,
            takes_paos: false,
            idle_timeout: None,
            tries_passively: false,
            attributes: Selection::default(),
            refuse_group_overage: false,
            session_attributes: SessionAttributes::All,
            user: UserSources::default(),
            jwt_claims: Some(Vec::new()),
            jwt_max_size: 4096,
            transmitter: None,
        }
    }
}

impl Plan {
    /// The SP at work, at [`NOW`].
    pub fn site(mut self) -> Site {
        let id = SpId::new(ENTITY_ID, self.base_url);
        let (soap_slo, artifacts) = (Rc::default(), Rc::default());
        let credentials = vec![credential(&KEYS.sp)];
        let sp = Sp {
            name: "app".to_owned(),
            id,
            entity_id: ENTITY_ID.to_owned(),
            base_url: self.base_url.to_owned(),
            origins: self.origins.iter().map(|origin| (*origin).to_owned()).collect(),
            endpoints: self.endpoints(),
            decryption_keys: credentials
                .iter()
                .filter_map(|c| {
                    Some(DecryptionKey::of(&c.key)?.with_certificate(c.certificate.clone()))
                })
                .collect(),
            credentials: credentials.into(),
            idps: Rc::new(self.idps(&soap_slo, &artifacts)),
            discovery: self.discovery.clone(),
            sessions: Rc::new(Memory::new(self.rules(id))),
            cookies: self.cookies(id),
            return_targets: return_targets(self.base_url),
            login_redirect: format!("{}/", self.base_url),
            logout_redirect: self.logout_redirect.map(str::to_owned),
            logout_notify: self.logout_notify.iter().map(|path| (*path).to_owned()).collect(),
            keep_fragment: self.keep_fragment,
            request_lifetime: REQUEST_LIFETIME,
            max_message_size: MAX_MESSAGE_SIZE,
            publication: Rc::new(self.publication()),
            published: Rc::default(),
            session_attributes: self.session_attributes.clone(),
            look: Rc::default(),
            jwt_issuer: self.jwt_issuer().map(Rc::new),
            own_audience: [self.base_url.to_owned()].into(),
            takes_paos: Rc::new(Cell::new(self.takes_paos)),
            gives_debug_links: Rc::new(Cell::new(true)),
            tries_passively: Rc::new(Cell::new(self.tries_passively)),
            passive_retry: Seconds(600),
        };
        Site {
            sp: Rc::new(sp),
            now: Rc::new(Cell::new(NOW)),
            application: Rc::default(),
            soap_slo,
            artifacts,
            notes: Rc::new(RefCell::default()),
            counted: Rc::new(RefCell::default()),
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
        let urls = kinds.map(|kind| (*kind, format!("{}{}", self.base_url, path(*kind))));
        Endpoints::new(urls.collect()).unwrap()
    }

    fn idps(&mut self, soap_slo: &Rc<SoapEndpoint>, artifacts: &Rc<SoapEndpoint>) -> Idps {
        let by = |binding: &LogoutBinding| LogoutEndpoint {
            binding: *binding,
            location: format!("https://idp.corp.example/slo/{}", word(*binding)),
            response_location: None,
        };
        let channel = |endpoint: &Rc<SoapEndpoint>| Rc::clone(endpoint) as Rc<dyn BackChannel>;
        let by_soap = self.slo.contains(&LogoutBinding::Soap);
        let back_channels = BackChannels {
            logout: by_soap.then(|| channel(soap_slo)),
            artifacts: self.by_artifact.then(|| channel(artifacts)),
        };
        let artifact_resolution = ArtifactEndpoint {
            index: Some(ARTIFACT_INDEX),
            location: "https://idp.corp.example/artifact".into(),
        };
        let of_corp = Current {
            provider: Arc::new(provider::Idp {
                sso: Endpoint {
                    binding: self.sso,
                    location: "https://idp.corp.example/sso".into(),
                },
                slo: self.slo.iter().map(by).collect(),
                artifact_resolution: Vec::from_iter(
                    self.by_artifact.then_some(artifact_resolution),
                ),
                policy: self.policy.clone(),
                ..provider_of(corp())
            }),
            ui: Rc::default(),
        };
        let provider = Arc::new(provider_of(other()));
        let of_other = Current { provider, ui: Rc::default() };
        let mut idps = Idps::default();
        let of_corp = (!self.is_awaited).then_some(of_corp);
        let settings = |name: &str, policy| IdpSettings {
            disabled: self.disabled.contains(&name),
            ..settings(name, policy)
        };
        let at =
            |domain: &str, settings| IdpSettings { domains: vec![domain.to_owned()], ..settings };
        let corp = at("corp.example", settings("corp", self.policy.clone()));
        let transmitter = self.transmitter.take().map(Rc::new);
        let of_corp = sp::Idp::new(corp, of_corp).with_back_channels(back_channels);
        idps.add(of_corp.with_transmitter(transmitter)).unwrap();
        let other = at("other.example", settings("other", Policy::default()));
        idps.add(sp::Idp::new(other, Some(of_other))).unwrap();
        for (name, entity_id, disabled) in
            [("barred", self.barred, true), ("late", self.late, false)]
        {
            let Some(entity_id) = entity_id.map(str::to_owned) else { continue };
            let block = settings(name, Policy::default());
            let block = IdpSettings { disabled, entity_id: Some(entity_id), ..block };
            idps.add(sp::Idp::new(block, None)).unwrap();
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

    fn rules(&self, id: SpId) -> SessionRules {
        SessionRules {
            sp: id,
            sp_entity_id: ENTITY_ID.to_owned(),
            several_origins: self.origins.len() > 1,
            lifetime: SESSION_LIFETIME,
            idle_timeout: self.idle_timeout,
            keeps_address: true,
            unsigned_logout: false,
            attributes: self.attributes.clone(),
            refuse_group_overage: self.refuse_group_overage,
            user: self.user.clone(),
            separator: Separator::default(),
        }
    }

    fn publication(&self) -> Publication {
        Publication {
            description: SpDescription::EMPTY,
            name_id_formats: None,
            valid: Some(Seconds(86_400)),
            sign: self.signs_metadata,
            want_assertions_signed: false,
            authn_requests_signed: true,
            takes_artifacts: false,
            offer_simple_sign: false,
            offer_encryption: true,
        }
    }
}

/// The path of an endpoint.
fn path(kind: EndpointKind) -> String {
    format!("/saml/{}", kind.directive().trim_start_matches("saml_"))
}

fn return_targets(base_url: &str) -> ReturnTargets {
    let handlers = EndpointKind::ALL.iter().filter(|kind| **kind != EndpointKind::Session);
    let handlers = handlers.map(|kind| path(*kind)).collect();
    ReturnTargets::new(base_url, vec!["portal.example.com".to_owned()], handlers)
}

/// The IdP as its metadata tells of it: where it signs people in, and its key.
pub fn provider_of(idp: Idp) -> provider::Idp {
    let location = format!("{}/sso", idp.entity_id);
    provider::Idp {
        entity_id: idp.entity_id.to_owned(),
        sso: Endpoint { binding: Binding::Redirect, location },
        slo: Vec::new(),
        keys: vec![verifying(idp.key)],
        artifact_resolution: Vec::new(),
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
        artifact_url: None,
        demands_response_binding: false,
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
