//! What the documentation says is lost, held against which failures there were.

use super::super::record::Event;
use super::case::{Case, Login, Logout, ROUNDING, Whose};

impl Case<'_> {
    /// Is it documented that the session may be shown all the same?
    pub(super) fn excuses(&self, logout: &Logout<'_>, login: &Login<'_>, read: &Event) -> bool {
        if self.is_stale(logout, login, read) {
            return true;
        }
        if let Whose::All = logout.whose {
            return self
                .record
                .orders
                .iter()
                .all(|node| self.is_unheard(*node, logout.event, read));
        }
        if self.took_two(logout, login, read) {
            return true;
        }
        let Whose::Request(request) = logout.whose else { return false };
        let places = &self.record.people[self.record.requests[request].user];
        // The logout looks for sessions in the set; a login that it did not find there looks for the logout.
        let is_unfound =
            places.set.iter().all(|node| self.misses(*node, login.event, logout.event));
        let is_unseen =
            places.logouts.iter().all(|node| self.misses(*node, logout.event, login.event));
        // An answer that was given before is given again, and nothing is done.
        let was_answered = self.logouts.iter().any(|earlier| {
            matches!(earlier.whose, Whose::Request(of) if of == request)
                && earlier.is_done
                && earlier.event.began < logout.event.began
                && self.excuses(earlier, login, read)
        });
        if was_answered {
            return true;
        }
        // What failures have brought back is in the set no more.
        let is_undone = || {
            self.logouts.iter().any(|earlier| {
                earlier.event.began < logout.event.began
                    && self.may_mean(earlier, login)
                    && (self.is_stale(earlier, login, read) || self.took_two(earlier, login, read))
            })
        };
        if is_undone() {
            true
        } else if login.event.ended < logout.event.began {
            is_unfound
        } else if login.event.began > logout.event.ended {
            is_unseen
        } else {
            is_unfound || is_unseen
        }
    }

    /// May what `writer` has written on the node not be seen by `reader`?
    pub(super) fn misses(&self, node: usize, writer: &Event, reader: &Event) -> bool {
        let faults = &self.record.faults;
        !faults.is_reached(writer.host, node, writer.began, writer.ended)
            || !faults.is_reached(reader.host, node, reader.began, reader.ended)
            || faults.was_lost(node, writer.began, reader.ended)
    }

    /// May an order not have come to the node, or from there not to the reader?
    pub(super) fn is_unheard(&self, node: usize, order: &Event, read: &Event) -> bool {
        let faults = &self.record.faults;
        !faults.is_reached(order.host, node, order.began, order.ended)
            || !faults.is_heard(read.host, node, read.began, read.ended)
            || faults.was_lost(node, order.began, read.ended)
    }

    /// No node of it answers, and this host has seen it within `stale`: the logout at the other host is not known.
    pub(super) fn is_stale(&self, logout: &Logout<'_>, login: &Login<'_>, read: &Event) -> bool {
        let stale = u64::try_from(self.record.setup.stale.0).unwrap_or(0) * 1_000_000;
        let is_heard =
            |node: &usize| self.record.faults.is_heard(read.host, *node, read.began, read.ended);
        let seen = self.shown.get(&login.session).into_iter().flatten();
        let mut seen = seen.filter(|event| event.host == read.host).chain([&login.event]);
        logout.event.host != read.host
            && !login.places.iter().any(is_heard)
            && seen.any(|event| {
                event.began < read.began && event.ended + stale + ROUNDING >= read.began
            })
    }

    /// One node slept through the end, and the other, which remembers it, was not there for the reader.
    pub(super) fn took_two(&self, logout: &Logout<'_>, login: &Login<'_>, read: &Event) -> bool {
        let faults = &self.record.faults;
        let end = logout.event;
        let slept = |node: usize| !faults.is_reached(end.host, node, end.began, end.ended);
        // What the login has written may come so late that it takes the place of the end.
        let is_late = |node: usize| {
            !faults.is_heard(login.event.host, node, login.event.began, login.event.ended)
        };
        let is_away = |node: usize| {
            faults.was_lost(node, end.began, read.ended)
                || !faults.is_heard(read.host, node, read.began, read.ended)
        };
        let places = login.places;
        places.iter().any(|one| {
            let others = || places.iter().filter(|other| *other != one);
            (slept(*one) || is_late(*one))
                && others().count() > 0
                && others().all(|other| is_away(*other) || is_late(*other))
        })
    }

    /// Had each of its nodes a failure, and did one lose or miss it?
    pub(super) fn may_be_lost(&self, read: &Event, login: &Login<'_>) -> bool {
        let faults = &self.record.faults;
        let lost = |node: usize| {
            !faults.is_heard(login.event.host, node, login.event.began, login.event.ended)
                || self.has_forgotten(node, read, login)
        };
        let unheard = |node: usize| !faults.is_heard(read.host, node, read.began, read.ended);
        login.places.iter().all(|node| lost(*node) || unheard(*node))
            && login.places.iter().any(|node| lost(*node))
    }

    /// Has the node died since, and not been given the session back?
    pub(super) fn has_forgotten(&self, node: usize, read: &Event, login: &Login<'_>) -> bool {
        let faults = &self.record.faults;
        let Some(lost) = faults.last_loss(node, read.ended) else { return false };
        if lost < login.event.began {
            return false;
        }
        // Each look-up gives it back, where each request makes one.
        let given_back = self.shown.get(&login.session).into_iter().flatten().any(|look| {
            let known =
                |node: &usize| faults.is_heard(look.host, *node, look.began, look.ended + 100_000);
            look.began > lost
                && look.ended + 100_000 < read.began
                && self.record.setup.cache_valid.0 == 0
                && login.places.iter().all(known)
        });
        !given_back
    }
}
