//! A session store as the configuration wants it, for whoever opens it.

use clock::{Msec, Seconds};
use memcached::KeyPrefix;
use session::{CacheSize, Secrets};

/// A `saml_session_store`, checked.
pub struct StoreSettings {
    /// The name of its block.
    pub name: String,
    /// The name of its zone of shared memory.
    pub zone: String,
    /// The zone's size, bytes.
    pub zone_size: usize,
    /// How much of decoded sessions a worker keeps for each SP.
    pub cache_size: CacheSize,
    /// `None` = the zone makes one.
    pub secrets: Option<Secrets>,
    /// The nodes behind the zone.
    pub memcached: Option<MemcachedSettings>,
}

/// The nodes of a store.
pub struct MemcachedSettings {
    /// Their addresses, each once, as written: `10.0.0.1:11211`, `unix:/path`.
    pub nodes: Vec<String>,
    /// Nodes that hold each entry.
    pub replicas: usize,
    /// For a reply, connecting included.
    pub timeout: Msec,
    /// `None` = in the clear.
    pub tls: Option<TlsFiles>,
    /// What all keys begin with.
    pub key_prefix: KeyPrefix,
    /// How long a session that was read counts without asking again.
    pub cache_valid: Msec,
    /// How much longer it does while no node answers.
    pub stale: Seconds,
}

/// What to trust and what to show.
pub struct TlsFiles {
    /// The path of a file with CA certificates; `None` = the system's.
    pub trusted_certificate: Option<String>,
    /// The paths of the client's certificate and of its key.
    pub certificate: Option<(String, String)>,
    /// The name to verify; `None` = the host of each address.
    pub name: Option<String>,
}
