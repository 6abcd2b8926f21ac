//! A site with its SP, an application, browsers and IdPs: everything a flow goes through but a network.

mod answer;
mod ask;
mod assertion;
mod back_channel;
mod browser;
mod credential;
mod executor;
mod idp;
mod memory;
mod plan;
mod seal;
mod sent;
mod server;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use clock::{Seconds, UnixTime};
use pages::{Circumstances, Purpose, Reply, refused};
use saml::refusal::Refusal;
use session::Client;
use sp::{Begun, EndpointKind, LiveSession, Server, Sp, Visit, random};

pub use self::answer::Answer;
pub use self::ask::{Ask, Body};
pub use self::assertion::Assertion;
pub use self::back_channel::{Answering, SoapEndpoint};
pub use self::browser::{Browser, SESSION};
pub use self::credential::{KEYS, credential, signing, verifying};
pub use self::executor::{run, turn};
pub use self::idp::{DENIED, Idp, Message, PARTIAL, SUCCESS, corp, envelope, other};
pub use self::memory::Memory;
pub use self::plan::{Plan, provider_of};
pub use self::seal::encrypted_assertion;
pub use self::sent::Sent;
pub use self::server::{Application, Host, Manner};

pub const BASE_URL: &str = "https://app.example.com";
pub const ENTITY_ID: &str = "https://app.example.com/saml/metadata";
pub const ACS: &str = "https://app.example.com/saml/acs";
pub const SLS: &str = "https://app.example.com/saml/sls";
/// The number of corp's ArtifactResolutionService.
pub const ARTIFACT_INDEX: u16 = 3;
/// 2026-11-21T11:30:00Z
pub const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);
pub const REQUEST_LIFETIME: Seconds = Seconds(600);
pub const SESSION_LIFETIME: Seconds = Seconds(8 * 3600);
/// Bytes of XML.
pub const MAX_MESSAGE_SIZE: usize = 32 * 1024;

/// The SP, and what it works with.
pub struct Site {
    pub sp: Rc<Sp<Memory>>,
    pub now: Rc<Cell<UnixTime>>,
    pub application: Rc<Application>,
    /// Where `corp` takes LogoutRequests by SOAP.
    pub soap_slo: Rc<SoapEndpoint>,
    /// Where it resolves its artifacts.
    pub artifacts: Rc<SoapEndpoint>,
    /// What the administrator was told.
    pub notes: Rc<RefCell<Vec<String>>>,
    /// What was counted: what happened, at which SP, of which IdP.
    pub counted: Rc<RefCell<Vec<String>>>,
}

impl Site {
    pub fn new() -> Self {
        Plan::default().site()
    }

    /// Time goes by.
    pub fn wait(&self, span: Seconds) {
        self.now.set(self.now.get() + span);
    }

    /// One request of a browser, which keeps the answer's cookies.
    pub fn ask(&self, browser: &mut Browser, ask: Ask) -> Answer {
        let cookies = browser.cookies_for(&ask, self.now.get());
        let (visit, host) = self.visit(&ask, cookies);
        let circumstances = Rc::clone(&visit.circumstances);
        let head = visit.head.clone();
        let outcome = run(sp::answer(ask.endpoint, visit, Rc::clone(&self.sp)));
        assert!(host.awaited.borrow().is_empty());
        let (reply, refusal) = self.reply(ask.endpoint, outcome, &circumstances, &head);
        let answer = Answer::new(reply, refusal, circumstances);
        for cookie in answer.all("Set-Cookie") {
            browser.keep(cookie, self.now.get());
        }
        answer
    }

    /// A server's request, which has no cookies and keeps none.
    pub fn call(&self, ask: Ask) -> Answer {
        self.ask(&mut Browser::default(), ask)
    }

    /// The visit of a request, and the server that it comes to.
    pub fn visit(&self, ask: &Ask, cookies: Option<String>) -> (Visit, Rc<Host>) {
        let host = Rc::new(Host {
            now: Rc::clone(&self.now),
            body: RefCell::new(ask.body.clone()),
            application: Rc::clone(&self.application),
            notes: Rc::clone(&self.notes),
            counted: Rc::clone(&self.counted),
            awaited: RefCell::default(),
        });
        let visit = Visit {
            head: ask.head(cookies),
            address: Some([192, 0, 2, 7].into()),
            client: Client::of(None),
            now: self.now.get(),
            variables: vec![("realm".to_owned(), "north".to_owned())],
            circumstances: Rc::new(Circumstances::new(random::id)),
            server: Rc::clone(&host) as Rc<dyn Server>,
        };
        (visit, host)
    }

    /// The answer of a login that has begun.
    pub fn signed(&self, begun: Begun, circumstances: &Circumstances) -> Reply {
        let (visit, _) = self.visit(&Ask::open(EndpointKind::Login, ""), None);
        run(begun.reply(&*visit.server, circumstances)).unwrap()
    }

    /// As the server makes pages of refusals.
    fn reply(
        &self,
        endpoint: EndpointKind,
        outcome: Result<Reply, Refusal>,
        circumstances: &Circumstances,
        head: &http::Head,
    ) -> (Reply, Option<Refusal>) {
        let purpose = Purpose {
            about: endpoint.about(),
            takes_soap: true,
            start_again: self.sp.login_redirect.clone(),
        };
        match outcome {
            Ok(reply) => {
                let refusal = reply.refusal().cloned();
                (reply, refusal)
            }
            Err(refusal) => (refused(&refusal, circumstances, &purpose, head), Some(refusal)),
        }
    }

    /// The browser goes to `saml_login` for this page; what the IdP gets.
    pub fn begin_login(&self, browser: &mut Browser, page: &str) -> Sent {
        let ask = Ask::open(EndpointKind::Login, &format!("return={page}"));
        Sent::by(&self.ask(browser, ask))
    }

    /// A login of Jane's from the beginning to the end, under a session of the IdP's.
    pub fn log_in(&self, browser: &mut Browser, session_index: &str) {
        let asked = self.begin_login(browser, "/");
        let assertion = Assertion::of_jane(session_index, self.now.get()).answering(&asked);
        let answer = self.ask(browser, Ask::send(EndpointKind::Acs, assertion.form(corp())));
        assert_eq!(answer.redirect(), (303, "https://app.example.com/"));
    }

    /// The browser's session, if its cookie opens one.
    pub fn session(&self, browser: &Browser) -> Option<Rc<LiveSession>> {
        let token = browser.token()?;
        run(self.sp.find_session(&[token], self.now.get())).unwrap()
    }
}
