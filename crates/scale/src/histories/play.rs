//! Plays a history against the store.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use clock::{Msec, Seconds};
use memcached::Ring;
use saml::logout::LogoutRequest;
use session::{Order, Secret, Secrets, SessionToken, StoreKey};
use sp::SessionStore;

use super::faults::{Faults, after};
use super::record::{Assertion, Event, LoggedIn, Places, Record, Request, Shown, What};
use super::script::{Act, Fault, HOSTS, NODES, Script, Setup, WORKERS};
use crate::clock::{now, set, true_time};
use crate::event::{path, pause};
use crate::farm::{Farm, IDP, Person, SECRET, SP, node_name};
use crate::login::{Arrival, Arrived, Heeded, REPLAY, admitted, arrive, log_out};
use crate::node::{Lie, Node, State};
use crate::path::Way;
use crate::sessions::Sessions;
use crate::world;

/// When all faults are over, workers find that out within this time.
const TO_REST: u64 = 20_000_000;

/// Plays it, with nodes that do a thing wrong if `lie` says so.
pub fn play(script: &Script, lie: Option<Lie>) -> Record {
    let mut farm = Farm::new(script.setup.plan());
    if let Some(lie) = lie {
        farm.nodes.iter().for_each(|node| node.lie(lie));
    }
    let stage = Rc::new(Stage::set(&farm, script));
    for step in &script.steps {
        let (stage, id, act) = (Rc::clone(&stage), step.id, step.act);
        world::after(step.at, move || stage.begin(id, act));
    }
    let last = script.steps.last().map_or(0, |step| step.at);
    farm.world.run_until(last + 1);
    stage.end_faults();
    farm.world.run_until(last + TO_REST);
    stage.rest(&mut farm)
}

/// Who has answered what so far.
pub struct Stage {
    setup: Setup,
    workers: Vec<Rc<Sessions>>,
    /// What each worker has heard of orders.
    heeded: Vec<Heeded>,
    nodes: Vec<Rc<Node>>,
    ring: Ring,
    secrets: Secrets,
    told: RefCell<Told>,
}

#[derive(Default)]
struct Told {
    /// By the step of the login, or by a number of their own.
    sessions: HashMap<usize, Person>,
    assertions: HashMap<usize, (usize, Assertion)>,
    requests: HashMap<usize, (usize, LogoutRequest, Request)>,
    /// Sessions whose browser has the cookie.
    cookies: Vec<usize>,
    events: Vec<Event>,
    faults: Vec<(u64, Fault)>,
    began: usize,
}

impl Stage {
    /// Nothing has happened yet.
    pub fn set(farm: &Farm, script: &Script) -> Self {
        let names = (0..NODES).map(node_name).collect();
        Self {
            setup: script.setup.clone(),
            workers: farm.workers.clone(),
            heeded: farm.workers.iter().map(|_| Heeded::default()).collect(),
            nodes: farm.nodes.clone(),
            ring: Ring::new(names, script.setup.replicas),
            secrets: Secrets::one(Secret::from_bytes(SECRET)),
            told: RefCell::default(),
        }
    }

    /// Somebody does what a step says.
    pub fn begin(self: &Rc<Self>, id: usize, act: Act) {
        match act {
            Act::Fault(fault) => self.fail(fault),
            Act::Login { worker, user, age, is_asked, has_index } => {
                let number = self.told.borrow().assertions.len();
                let assertion = Assertion {
                    user,
                    issued: true_time() - Seconds(age),
                    index: has_index.then(|| format!("_index{number}")),
                    request: is_asked.then(|| self.places("request", &request_id(number))),
                };
                self.told.borrow_mut().assertions.insert(id, (number, assertion));
                self.log_in(id, id, worker);
            }
            Act::Replay { worker, login } => self.log_in(id, login, worker),
            Act::Read { worker, login } => self.read(Some(id), login, worker),
            Act::Logout { worker, user, of, age } => {
                self.request(id, user, of, age);
                self.log_out(Some(id), id, worker);
            }
            Act::Again { worker, logout } => self.log_out(Some(id), logout, worker),
            Act::Leave { worker, login } => self.leave(id, login, worker),
            Act::Order { worker } => self.spawn(Some(id), worker, |_, sessions| async move {
                let given = Sessions::order(&sessions, &Order::EndAll, now()).await;
                What::Order { is_done: given.is_ok() }
            }),
        }
    }

    /// Something fails, or works again.
    pub fn fail(&self, fault: Fault) {
        self.told.borrow_mut().faults.push((world::micros(), fault));
        for (number, node) in self.nodes.iter().enumerate() {
            match (node.state.get(), after(node.state.get(), fault, number)) {
                (_, State::Gone) if fault == Fault::Kill(number) => node.die(),
                (before, State::Up) if before != State::Up => node.come_back(),
                (_, next) => node.state.set(next),
            }
        }
        match fault {
            Fault::Way(host, node, way) => path(host, &node_name(node)).set(way),
            Fault::Clock(host, by) => set(host, Seconds(by)),
            _ => {}
        }
    }

    /// All works again.
    pub fn end_faults(&self) {
        for node in 0..NODES {
            self.fail(Fault::Thaw(node));
            self.fail(Fault::Start(node));
            (0..HOSTS).for_each(|host| self.fail(Fault::Way(host, node, Way::Open)));
        }
        (0..HOSTS).for_each(|host| self.fail(Fault::Clock(host, 0)));
    }

    /// Nobody comes any more, and nothing is wrong: then all is looked at.
    pub fn rest(self: &Rc<Self>, farm: &mut Farm) -> Record {
        farm.world.run(at_rest(Rc::clone(self), self.setup.cache_valid));
        self.record()
    }

    /// An assertion, that of the step `of`, comes to a worker.
    fn log_in(self: &Rc<Self>, session: usize, of: usize, worker: usize) {
        let Some((number, assertion)) = self.told.borrow().assertions.get(&of).cloned() else {
            return;
        };
        self.spawn(Some(session), worker, move |stage, sessions| async move {
            let person = stage.person(session, &assertion);
            let key = person.token.store_key(&person.session.sp);
            let places = stage.ring.replicas(key.as_bytes());
            let expires = person.session.expires;
            stage.told.borrow_mut().sessions.insert(session, person.clone());
            let outcome = stage.arrive(&sessions, &person, number, &assertion).await;
            if outcome == LoggedIn::Yes {
                stage.told.borrow_mut().cookies.push(session);
            }
            What::Login { assertion: number, session, places, key, expires, outcome }
        });
    }

    async fn arrive(
        &self,
        sessions: &Rc<Sessions>,
        person: &Person,
        number: usize,
        assertion: &Assertion,
    ) -> LoggedIn {
        let until = assertion.issued + REPLAY;
        if now() > until {
            return LoggedIn::Refused;
        }
        let (id, request) = (format!("_assertion{number}"), request_id(number));
        let request = assertion.request.is_some().then_some(request.as_str());
        let arrival = Arrival { assertion: &id, request, until };
        match arrive(sessions, person, &arrival).await {
            Ok(Arrived::LoggedIn) => LoggedIn::Yes,
            Ok(Arrived::Replayed | Arrived::LoggedOut) => LoggedIn::Refused,
            Err(_) => LoggedIn::Failed,
        }
    }

    fn read(self: &Rc<Self>, step: Option<usize>, session: usize, worker: usize) {
        let Some(token) = self.cookie(session) else { return };
        self.spawn(step, worker, move |stage, sessions| async move {
            let heeded = &stage.heeded[worker];
            What::Read { session, outcome: shown(&sessions, &token, heeded).await.0 }
        });
    }

    fn leave(self: &Rc<Self>, step: usize, session: usize, worker: usize) {
        let Some(token) = self.cookie(session) else { return };
        self.spawn(Some(step), worker, move |stage, sessions| async move {
            let (outcome, live) = shown(&sessions, &token, &stage.heeded[worker]).await;
            let is_done = match live {
                Some(live) => Sessions::end_live(&sessions, &live, now()).await.is_ok(),
                None => false,
            };
            What::Leave { session, outcome, is_done }
        });
    }

    fn request(&self, id: usize, user: usize, of: Option<usize>, age: i64) {
        let mut told = self.told.borrow_mut();
        let named = of.and_then(|login| told.assertions.get(&login));
        let index = named.and_then(|(_, assertion)| assertion.index.clone());
        let issued = true_time() - Seconds(age);
        let request = LogoutRequest {
            id: format!("_logout{id}"),
            issuer: IDP.into(),
            name_id: identity::NameId { value: self.name_id(user), ..Default::default() },
            session_indexes: index.iter().cloned().collect(),
            issue_instant: issued,
            not_on_or_after: issued + Seconds(300),
            replay_until: issued + Seconds(360),
            tombstone_until: issued + REPLAY,
            signed: true,
        };
        let number = told.requests.len();
        told.requests.insert(id, (number, request, Request { user, index, issued }));
    }

    fn log_out(self: &Rc<Self>, step: Option<usize>, of: usize, worker: usize) {
        let Some((number, request, _)) = self.told.borrow().requests.get(&of).cloned() else {
            return;
        };
        self.spawn(step, worker, move |_, sessions| async move {
            let is_fresh = now() <= request.replay_until;
            let is_done = is_fresh && log_out(&sessions, &request).await.is_ok();
            What::Logout { request: number, is_done }
        });
    }

    fn members(self: &Rc<Self>, user: usize, worker: usize) {
        self.spawn(None, worker, move |stage, sessions| async move {
            let name_id = stage.name_id(user);
            let set = sessions.of_name_id(IDP, &name_id, now()).await;
            What::Members { user, keys: set.ok().map(|set| set.oldest_first(now())) }
        });
    }

    /// Does it at a worker, and writes down what came of it.
    fn spawn<F: Future<Output = What> + 'static>(
        self: &Rc<Self>,
        step: Option<usize>,
        worker: usize,
        work: impl FnOnce(Rc<Self>, Rc<Sessions>) -> F,
    ) {
        let (stage, sessions, host) =
            (Rc::clone(self), Rc::clone(&self.workers[worker]), worker / WORKERS);
        self.told.borrow_mut().began += 1;
        world::as_host(host, || {
            let (began, clock) = (world::micros(), now());
            let work = work(Rc::clone(&stage), sessions);
            world::spawn(async move {
                let what = work.await;
                let (ended, clock) = (world::micros(), (clock, now()));
                let event = Event { step, worker, host, began, ended, clock, what };
                stage.told.borrow_mut().events.push(event);
            })
            .detach();
        });
    }

    /// Who logs in: by a token of their own, and the IdP's word.
    fn person(&self, session: usize, assertion: &Assertion) -> Person {
        let mut token = [0; 32];
        fastrand::Rng::with_seed(self.setup.seed ^ (session as u64 + 1)).fill(&mut token);
        let Assertion { user, issued, index, .. } = assertion;
        Farm::member(token, self.name_id(*user), index.clone(), *issued, self.setup.lifetime)
    }

    fn cookie(&self, session: usize) -> Option<SessionToken> {
        let told = self.told.borrow();
        told.cookies.contains(&session).then(|| told.sessions[&session].token.clone())
    }

    /// Those of each history have others, and others' nodes.
    fn name_id(&self, user: usize) -> String {
        name_id(&self.setup, user)
    }

    fn places(&self, what: &str, of: &str) -> Vec<usize> {
        self.places_of(&[what, SP, IDP, of])
    }

    fn places_of(&self, name: &[&str]) -> Vec<usize> {
        let keys = self.secrets.keys_of_name(name).expect("libcrypto hashes");
        self.ring.replicas(keys.first().map_or(&[0; 32], StoreKey::as_bytes))
    }

    /// Has everybody been answered?
    pub fn is_quiet(&self) -> bool {
        let told = self.told.borrow();
        told.began == told.events.len()
    }

    /// All that was asked and answered, and what failed meanwhile.
    pub fn record(&self) -> Record {
        let mut told = self.told.take();
        told.events.sort_by_key(|event| (event.began, event.ended, event.step));
        let mut assertions: Vec<_> = told.assertions.into_values().collect();
        assertions.sort_by_key(|(number, _)| *number);
        let mut requests: Vec<_> =
            told.requests.into_values().map(|(number, _, request)| (number, request)).collect();
        requests.sort_by_key(|(number, _)| *number);
        let people = (0..super::script::USERS).map(|user| {
            let name = self.name_id(user);
            let at = |what| self.places(what, &name);
            Places { set: at("sessions"), claims: at("claims"), logouts: at("logouts") }
        });
        Record {
            setup: self.setup.clone(),
            unanswered: told.began - told.events.len(),
            events: told.events,
            faults: Faults::of(&told.faults),
            assertions: assertions.into_iter().map(|(_, assertion)| assertion).collect(),
            requests: requests.into_iter().map(|(_, request)| request).collect(),
            people: people.collect(),
            orders: self.places_of(&["orders", SP]),
        }
    }
}

/// The NameID of a person.
pub fn name_id(setup: &Setup, user: usize) -> String {
    format!("user{user}.{}@example.org", setup.seed)
}

fn request_id(number: usize) -> String {
    format!("_request{number}")
}

async fn shown(
    sessions: &Rc<Sessions>,
    token: &SessionToken,
    heeded: &Heeded,
) -> (Shown, Option<Rc<sp::LiveSession>>) {
    match admitted(sessions, token, heeded).await {
        Ok(Some(live)) => {
            let session = live.session.to_session();
            (Shown::Session(session.name_id.value, session.session_index), Some(live))
        }
        Ok(None) => (Shown::Nothing, None),
        Err(_) => (Shown::Failed, None),
    }
}

/// When no fault is left: each assertion comes once more, all sessions are looked at and looked up, all people are
/// logged out, and all is looked at again.
async fn at_rest(stage: Rc<Stage>, cache_valid: Msec) {
    let settle = || async {
        for _ in 0..LONGEST_WAIT {
            if stage.is_quiet() {
                break;
            }
            pause(Msec(10)).await;
        }
        pause(Msec(cache_valid.0 + 50)).await;
    };
    settle().await;
    let mut logins: Vec<usize> = stage.told.borrow().assertions.keys().copied().collect();
    logins.sort_unstable();
    for (place, login) in logins.into_iter().enumerate() {
        stage.log_in(AT_REST + place, login, place % stage.workers.len());
    }
    settle().await;
    let look = || {
        let cookies = stage.told.borrow().cookies.clone();
        for session in cookies {
            (0..stage.workers.len()).for_each(|worker| stage.read(None, session, worker));
        }
    };
    look();
    settle().await;
    for user in 0..super::script::USERS {
        (0..HOSTS).for_each(|host| stage.members(user, host * WORKERS));
    }
    settle().await;
    for user in 0..super::script::USERS {
        stage.request(AT_REST + user, user, None, 0);
        stage.log_out(None, AT_REST + user, user % stage.workers.len());
    }
    settle().await;
    look();
    settle().await;
}

/// Hundredths of a second after which nobody is waited for any more.
const LONGEST_WAIT: u64 = 6_000;

/// Beyond the numbers of all steps.
const AT_REST: usize = 1_000_000;
