//! The origins of an SP: one of something for each of them, and which of them a request is at.

use std::iter;
use std::rc::Rc;

use http::{Hosts, RequestHost};

/// One for each origin of an SP, in the order of `base_url`.
pub struct Sites<T> {
    first: T,
    /// `None` = there is no other.
    others: Option<Others<T>>,
}

struct Others<T> {
    all: Vec<T>,
    hosts: Rc<Hosts>,
}

impl<T> Sites<T> {
    /// Of an SP with one origin.
    pub fn one(only: T) -> Self {
        Self { first: only, others: None }
    }

    /// Of one with several; `hosts` numbers them all, `first` is 0.
    pub fn several(first: T, others: Vec<T>, hosts: Hosts) -> Self {
        Self { first, others: Some(Others { all: others, hosts: Rc::new(hosts) }) }
    }

    /// That of the main origin, which has what is the same at all of them.
    pub fn first(&self) -> &T {
        &self.first
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        let others = self.others.iter().flat_map(|others| &others.all);
        iter::once(&self.first).chain(others)
    }

    /// Something else for each.
    pub fn map<U>(&self, mut make: impl FnMut(&T) -> U) -> Sites<U> {
        let first = make(&self.first);
        let others = self.others.as_ref().map(|others| Others {
            all: others.all.iter().map(make).collect(),
            hosts: Rc::clone(&others.hosts),
        });
        Sites { first, others }
    }

    /// The same, of what there is.
    pub fn into_map<U>(self, mut make: impl FnMut(T) -> U) -> Sites<U> {
        let first = make(self.first);
        let others = self.others.map(|Others { all, hosts }| Others {
            all: all.into_iter().map(make).collect(),
            hosts,
        });
        Sites { first, others }
    }

    /// The same, where it may fail.
    ///
    /// # Errors
    /// The first of `make`.
    pub fn try_map<U, E>(&self, mut make: impl FnMut(&T) -> Result<U, E>) -> Result<Sites<U>, E> {
        let first = make(&self.first)?;
        let others = self.others.as_ref().map(|others| {
            let all = others.all.iter().map(make).collect::<Result<_, E>>()?;
            Ok(Others { all, hosts: Rc::clone(&others.hosts) })
        });
        Ok(Sites { first, others: others.transpose()? })
    }

    /// That of the origin that a request is at; `None` = at none of them. Where there is one, nobody asks
    /// for `host`: what stands in front of the server may have changed it.
    #[inline]
    pub fn at<'h>(&self, host: impl FnOnce() -> RequestHost<'h>) -> Option<&T> {
        match &self.others {
            None => Some(&self.first),
            Some(others) => self.one_of_several(others, host()),
        }
    }

    fn one_of_several<'s>(&'s self, others: &'s Others<T>, host: RequestHost<'_>) -> Option<&'s T> {
        match others.hosts.find(host)? {
            0 => Some(&self.first),
            number => others.all.get(number - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HttpUrl;

    use super::*;

    fn several() -> Sites<&'static str> {
        let origins = ["https://a.example", "https://b.example", "https://c.example:444"];
        let hosts = Hosts::new(&origins.map(|origin| HttpUrl::parse(origin).unwrap())).unwrap();
        Sites::several("a", vec!["b", "c"], hosts)
    }

    fn host(name: &str) -> RequestHost<'_> {
        RequestHost { name: name.as_bytes(), authority: name.as_bytes() }
    }

    #[test]
    fn a_request_is_at_one_of_them_or_at_none() {
        let sites = several();
        for (name, site) in
            [("a.example", Some("a")), ("b.example", Some("b")), ("c.example", Some("c"))]
        {
            assert_eq!(sites.at(|| host(name)).copied(), site, "{name}");
        }
        assert_eq!(sites.at(|| host("d.example")), None);
        assert_eq!(sites.at(|| host("")), None);
    }

    #[test]
    fn of_one_nobody_asks_for_the_host() {
        assert_eq!(Sites::one("a").at(|| panic!("it was asked")), Some(&"a"));
    }

    #[test]
    fn what_is_made_of_them_keeps_their_places() {
        let sites = several().map(|name| name.to_uppercase());
        assert_eq!(sites.iter().collect::<Vec<_>>(), ["A", "B", "C"]);
        assert_eq!(sites.at(|| host("c.example")).unwrap(), "C");
        assert_eq!(sites.first(), "A");
        assert_eq!(Sites::one(1).map(|n| n + 1).iter().collect::<Vec<_>>(), [&2]);
    }
}
