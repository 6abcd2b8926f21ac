//! What strangers may cost: private key operations for messages that nobody vouches for, or connections
//! to IdPs for artifacts, by client and for one worker in all. Who turns out to be no stranger gets back what they spent.

use std::collections::HashMap;
use std::net::IpAddr;

use clock::{Monotonic, Msec};

/// So much at once, and one more each `interval`.
#[derive(Clone, Copy)]
struct Allowance {
    burst: u64,
    interval: Msec,
}

/// An office behind one address, whose IdP encrypts for a key that is gone, still reads why.
const OF_CLIENT: Allowance = Allowance { burst: 20, interval: Msec(1000) };

/// With two operations each, a worker spends a twentieth of its time at RSA-2048.
const OF_WORKER: Allowance = Allowance { burst: 100, interval: Msec(50) };

/// Clients that are remembered. Those that have spent something are fewer: the worker's allowance
/// pays for 500 in the time in which a client's fills up again.
const MOST_CLIENTS: usize = 1024;

/// Who pays: an IPv4 address, or the network that one IPv6 customer has (64 bits). Clients without
/// an address, by a Unix socket, are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Client(Option<IpAddr>);

impl Client {
    /// Whose a connection from `address` is; an IPv4 address written as an IPv6 one is the same.
    pub fn of(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::from([a, b, c, d, 0, 0, 0, 0])
            }
            address => address,
        }))
    }

    /// In eight octets: an IPv4 address, or the network of an IPv6 one.
    pub(crate) fn octets(self) -> [u8; 8] {
        match self.0 {
            None => [0; 8],
            Some(IpAddr::V4(address)) => {
                let [a, b, c, d] = address.octets();
                // No network begins so (RFC 4291 2.4).
                [0, 0, 0, 1, a, b, c, d]
            }
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                [a, b, c, d, e, f, g, h]
            }
        }
    }
}

/// When a bucket is full again; it is full when that is past (the generic cell rate algorithm).
#[derive(Clone, Copy, Default)]
struct Bucket {
    full_at: Monotonic,
}

impl Bucket {
    fn has_one(self, allowance: Allowance, now: Monotonic) -> bool {
        let full_at = self.full_at.max(now) + allowance.interval;
        full_at - now <= allowance.interval * allowance.burst
    }

    fn take(&mut self, allowance: Allowance, now: Monotonic) {
        self.full_at = self.full_at.max(now) + allowance.interval;
    }

    fn give_back(&mut self, allowance: Allowance) {
        self.full_at = self.full_at - allowance.interval;
    }
}

/// What is left, in one worker.
#[derive(Default)]
pub struct Budget {
    worker: Bucket,
    clients: HashMap<Client, Bucket>,
}

/// Whose allowance is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// The client's own: others get through.
    Client,
    /// That of all clients of this worker together.
    Worker,
}

impl Budget {
    /// Takes one, to be given back when the client turns out to be no stranger.
    ///
    /// # Errors
    /// Nothing is left; nothing was taken.
    pub fn take(&mut self, client: Client, now: Monotonic) -> Result<(), Spent> {
        let mut bucket = self.clients.get(&client).copied().unwrap_or_default();
        if !bucket.has_one(OF_CLIENT, now) {
            return Err(Spent::Client);
        }
        if !self.worker.has_one(OF_WORKER, now) {
            return Err(Spent::Worker);
        }
        if self.clients.len() >= MOST_CLIENTS {
            self.clients.retain(|_, bucket| bucket.full_at > now);
        }
        self.worker.take(OF_WORKER, now);
        bucket.take(OF_CLIENT, now);
        self.clients.insert(client, bucket);
        Ok(())
    }

    /// Undoes a [`take`](Self::take).
    pub fn give_back(&mut self, client: Client) {
        self.worker.give_back(OF_WORKER);
        if let Some(bucket) = self.clients.get_mut(&client) {
            bucket.give_back(OF_CLIENT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(msec: u64) -> Monotonic {
        Monotonic::from_msec(msec)
    }

    fn client(address: &str) -> Client {
        Client::of(Some(address.parse().unwrap()))
    }

    fn takes(budget: &mut Budget, client: Client, times: usize, now: Monotonic) -> usize {
        (0..times).filter(|_| budget.take(client, now).is_ok()).count()
    }

    #[test]
    fn a_client_has_a_burst_and_then_one_a_second() {
        let (mut budget, eve) = (Budget::default(), client("192.0.2.1"));
        assert_eq!(takes(&mut budget, eve, 200, at(5)), 20);
        assert_eq!(budget.take(eve, at(1004)), Err(Spent::Client));
        assert_eq!(budget.take(eve, at(1005)), Ok(()));
        assert_eq!(budget.take(eve, at(1005)), Err(Spent::Client));
        assert_eq!(takes(&mut budget, eve, 200, at(11_005)), 10);
        assert_eq!(
            takes(&mut budget, eve, 200, at(1_000_000)),
            20,
            "no more than a burst is saved up"
        );
    }

    #[test]
    fn others_do_not_pay_for_it_until_the_worker_does() {
        let mut budget = Budget::default();
        for n in 0..5 {
            assert_eq!(takes(&mut budget, client(&format!("192.0.2.{n}")), 99, at(0)), 20);
        }
        let alice = client("198.51.100.1");
        assert_eq!(budget.take(alice, at(49)), Err(Spent::Worker));
        assert_eq!(budget.take(alice, at(50)), Ok(()));
        assert_eq!(takes(&mut budget, alice, 99, at(1050)), 20);
    }

    #[test]
    fn who_gets_it_back_is_never_refused() {
        let (mut budget, office) = (Budget::default(), client("192.0.2.1"));
        for _ in 0..if cfg!(miri) { 1000 } else { 100_000 } {
            assert_eq!(budget.take(office, at(7)), Ok(()));
            budget.give_back(office);
        }
        assert_eq!(takes(&mut budget, office, 99, at(7)), 20, "nor has more than before");
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let (one, two) = (client("2001:db8:1:2::1"), client("2001:db8:1:2:ffff::9"));
        assert_eq!(one, two);
        assert_ne!(one, client("2001:db8:1:3::1"));
        assert_eq!(client("::ffff:192.0.2.1"), client("192.0.2.1"));
        assert_ne!(client("192.0.2.1"), client("192.0.2.2"));
        assert_ne!(Client::of(None), client("192.0.2.1"));
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes Miri too long")]
    fn what_it_remembers_is_bounded_and_forgets_nobody_who_owes() {
        let (mut budget, eve) = (Budget::default(), client("192.0.2.1"));
        let mut others = 0_u32;
        for now in (0..600_000).step_by(10).map(at) {
            others += 1;
            let _ = budget.take(Client::of(Some(IpAddr::V4((others | 0xC000_0000).into()))), now);
            assert!(budget.clients.len() <= MOST_CLIENTS);
            if (now - at(0)).0.is_multiple_of(1000) {
                assert!(takes(&mut budget, eve, 99, now) <= if now == at(0) { 20 } else { 1 });
            }
        }
        let busy = budget.clients.values().filter(|bucket| bucket.full_at > at(600_000)).count();
        assert!(busy <= 520, "{busy}");
    }
}
