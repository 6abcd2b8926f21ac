//! Hosts with their workers, and the nodes that they share.

use std::rc::Rc;

use clock::{Msec, Seconds, UnixTime};
use fastrand::Rng;
use identity::{Attribute, NameId};
use memcached::KeyPrefix;
use session::{CacheSize, Secret, Secrets, Session, SessionToken, SpId};
use sp::SessionRules;

use crate::clock::{now, set_right};
use crate::event::{Address, Network};
use crate::nginx::take_back_memory;
use crate::node::Node;
use crate::sessions::Sessions;
use crate::store::memcached::Settings;
use crate::store::{Remote, SharedStore, Store};
use crate::traffic::{Sort, Traffic};
use crate::world::World;

/// The entityID of the one IdP.
pub const IDP: &str = "https://idp.example.org/saml2/metadata";
/// That of the SP.
pub const SP: &str = "https://app.example.org/saml/metadata";
/// How long a session lives.
pub const LIFETIME: Seconds = Seconds(8 * 3600);

/// The secret of all hosts.
pub const SECRET: [u8; 32] = [7; 32];

/// Under which address all hosts have a node.
pub fn node_name(number: usize) -> String {
    format!("mc{}.internal:11211", number + 1)
}

/// What there is, and how it is set up.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Hosts with nginx.
    pub hosts: usize,
    /// Workers of each.
    pub workers: usize,
    /// memcached nodes; 0 = the zone of each host is its store.
    pub nodes: usize,
    /// Nodes of each entry.
    pub replicas: usize,
    /// How long a host believes what a node has said.
    pub cache_valid: Msec,
    /// `memcached_timeout`.
    pub timeout: Msec,
    /// `stale`.
    pub stale: Seconds,
    /// `session_idle_timeout`.
    pub idle_timeout: Option<Seconds>,
    /// One way between a host and a node, microseconds.
    pub way: u64,
    /// So much longer it takes at most.
    pub jitter: u64,
    /// How long a session lives.
    pub lifetime: Seconds,
    /// Bytes of a host's zone.
    pub zone: usize,
    /// Where all that is random comes from.
    pub seed: u64,
}

impl Default for Plan {
    /// As the directives have it, three hosts of four workers, and a network of a data centre.
    fn default() -> Self {
        Self {
            hosts: 3,
            workers: 4,
            nodes: 3,
            replicas: 1,
            cache_valid: Msec(1000),
            timeout: Msec(500),
            stale: Seconds(60),
            idle_timeout: Some(Seconds(3600)),
            way: 100,
            jitter: 0,
            lifetime: LIFETIME,
            // Of what nobody touches the system has no page: it is as large as one needs.
            zone: 32 << 20,
            seed: 1,
        }
    }
}

/// The plan, built.
pub struct Farm {
    /// Its time.
    pub world: World,
    /// Its nodes.
    pub nodes: Vec<Rc<Node>>,
    /// All workers, those of a host beside each other.
    pub workers: Vec<Rc<Sessions>>,
    /// Draws what is random.
    pub rng: Rng,
    /// As it was planned.
    pub plan: Plan,
}

/// Somebody with a browser.
#[derive(Clone)]
pub struct Person {
    /// What their browser has, or will have.
    pub token: SessionToken,
    /// What their IdP says of them.
    pub session: Session,
}

impl Farm {
    /// # Panics
    /// When the computer has no memory for it.
    pub fn new(plan: Plan) -> Self {
        set_right();
        take_back_memory();
        let world = World::seeded(plan.seed);
        let nodes: Vec<Rc<Node>> = (0..plan.nodes).map(node_name).map(Node::new).collect();
        let by_name = nodes.iter().map(|node| (node.name.clone(), Rc::clone(node)));
        let (way, jitter) = (plan.way, plan.jitter);
        Network { nodes: by_name.collect(), way, jitter, ..Network::default() }.lay();
        let settings = Settings {
            nodes: nodes.iter().map(|node| Address(node.name.clone())).collect(),
            replicas: plan.replicas,
            timeout: plan.timeout,
            tls: None,
            key_prefix: KeyPrefix::new("").expect("it may be empty"),
        };
        let workers = (0..plan.hosts).flat_map(|_| host(&plan, &settings)).collect();
        let rng = Rng::with_seed(plan.seed);
        Self { world, nodes, workers, rng, plan }
    }

    /// Somebody new.
    pub fn person(&mut self) -> Person {
        let mut token = [0; 32];
        self.rng.fill(&mut token);
        let number = self.rng.u32(..);
        let now = now();
        let attribute = |name: &str, friendly: &str, value: String| Attribute {
            name: name.into(),
            friendly_name: Some(friendly.into()),
            values: vec![value],
        };
        let session = Session {
            idp: IDP.into(),
            name_id: NameId {
                value: format!("person{number:010}@example.org"),
                ..NameId::default()
            },
            session_index: Some(format!("_{number:032x}")),
            authn_instant: now,
            authn_context: Some(
                "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport".into(),
            ),
            issue_instant: now,
            sp: sp_id(),
            created: now,
            expires: now + self.plan.lifetime,
            attributes: vec![
                attribute(
                    "urn:oid:0.9.2342.19200300.100.1.3",
                    "mail",
                    format!("p{number}@example.org"),
                ),
                attribute("urn:oid:2.5.4.42", "givenName", "Alexandra".into()),
                attribute("urn:oid:2.5.4.4", "sn", format!("Surname{number}")),
                attribute(
                    "urn:oid:1.3.6.1.4.1.5923.1.1.1.1",
                    "eduPersonAffiliation",
                    "staff".into(),
                ),
                attribute(
                    "urn:oid:1.3.6.1.4.1.5923.1.1.1.7",
                    "eduPersonEntitlement",
                    "urn:x:app:user".into(),
                ),
            ],
            ..Session::default()
        };
        Person { token: SessionToken::from_random(token), session }
    }

    /// Somebody of whom an IdP has said little.
    pub fn member(
        token: [u8; 32],
        name_id: String,
        session_index: Option<String>,
        issue_instant: UnixTime,
        lifetime: Seconds,
    ) -> Person {
        let now = now();
        let session = Session {
            idp: IDP.into(),
            name_id: NameId { value: name_id, ..NameId::default() },
            session_index,
            authn_instant: issue_instant,
            issue_instant,
            sp: sp_id(),
            created: now,
            expires: now + lifetime,
            ..Session::default()
        };
        Person { token: SessionToken::from_random(token), session }
    }

    /// A worker, whichever.
    pub fn any_worker(&mut self) -> Rc<Sessions> {
        Rc::clone(&self.workers[self.rng.usize(..self.workers.len())])
    }

    /// What the nodes had to do so far, one by one.
    pub fn traffic(&self, is_meant: impl Fn(Sort) -> bool) -> Vec<Traffic> {
        self.nodes.iter().map(|node| node.ledger.borrow().sum(&is_meant)).collect()
    }

    /// They have had nothing to do.
    pub fn clear_ledgers(&self) {
        for node in &self.nodes {
            node.ledger.take();
        }
    }

    /// Connections that each node has.
    pub fn connections(&self) -> Vec<usize> {
        self.nodes.iter().map(|node| node.connections.get()).collect()
    }
}

/// The workers of one host, which share its zone.
fn host(plan: &Plan, settings: &Settings) -> Vec<Rc<Sessions>> {
    let nowhere = std::ptr::null_mut();
    let zone =
        SharedStore::request(nowhere, "sessions", plan.zone, nowhere.cast()).expect("memory");
    let worker = |_| {
        let has_nodes = plan.nodes > 0;
        let remote = has_nodes.then(|| Remote::new(settings.clone(), plan.cache_valid, plan.stale));
        let secrets = Secrets::one(Secret::from_bytes(SECRET));
        let store = Store::new("sessions".into(), zone, remote, None, CACHE_SIZE, Some(secrets));
        Rc::new(Sessions::new(Rc::new(store), rules(plan)))
    };
    (0..plan.workers).map(worker).collect()
}

/// Decoded sessions of each worker. By default it has room for more; the figures of docs/scale.md are with these.
const CACHE_SIZE: CacheSize = CacheSize::Sessions(4096);

fn rules(plan: &Plan) -> SessionRules {
    SessionRules {
        sp: sp_id(),
        sp_entity_id: SP.into(),
        several_origins: false,
        lifetime: plan.lifetime,
        idle_timeout: plan.idle_timeout,
        keeps_address: false,
        unsigned_logout: false,
        attributes: session::Selection::default(),
        refuse_group_overage: false,
        user: session::UserSources::default(),
        separator: session::Separator::default(),
    }
}

fn sp_id() -> SpId {
    SpId::new(SP, "https://app.example.org")
}

/// The nodes that are real ones beside these.
///
/// # Errors
/// One cannot be reached.
pub fn double(farm: &Farm, addresses: &[String]) -> std::io::Result<()> {
    farm.nodes.iter().zip(addresses).try_for_each(|(node, address)| node.doubled_by(address))
}
