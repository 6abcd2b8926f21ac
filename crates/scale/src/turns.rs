//! Commands take turns: instead of the time that they are under way somebody says which of them the nodes hear next.

use std::cell::RefCell;

use crate::world;

thread_local! {
    static WAITING: RefCell<Option<Vec<Waiting>>> = const { RefCell::new(None) };
}

/// What one host has sent to one node, and the node has not heard yet.
struct Waiting {
    host: usize,
    node: String,
    arrival: Box<dyn FnOnce()>,
}

/// From now on they take turns, or not.
pub fn give(turns: bool) {
    WAITING.set(turns.then(Vec::new));
}

/// Do they?
pub fn are_given() -> bool {
    WAITING.with_borrow(Option::is_some)
}

/// What is sent to a node arrives when its turn has come.
pub fn wait(node: &str, arrival: impl FnOnce() + 'static) {
    let (host, node) = (world::host(), node.to_owned());
    let one = Waiting { host, node, arrival: Box::new(arrival) };
    WAITING.with_borrow_mut(|waiting| waiting.get_or_insert_default().push(one));
}

/// The hosts that wait, each once.
pub fn hosts() -> Vec<usize> {
    let mut hosts: Vec<_> =
        WAITING.with_borrow(|all| all.iter().flatten().map(|waiting| waiting.host).collect());
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

/// To which node the first goes that this host has sent.
pub fn addressee(host: usize) -> Option<String> {
    WAITING.with_borrow(|all| {
        let first = all.iter().flatten().find(|one| one.host == host);
        first.map(|one| one.node.clone())
    })
}

/// It is the turn of the first that this host has sent.
pub fn take(host: usize) {
    let first = WAITING.with_borrow_mut(|waiting| {
        let waiting = waiting.as_mut()?;
        let place = waiting.iter().position(|one| one.host == host)?;
        Some(waiting.remove(place))
    });
    if let Some(Waiting { host, arrival, .. }) = first {
        world::as_host(host, arrival);
    }
}
