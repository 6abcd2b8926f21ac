//! A session as a worker keeps it to answer many requests: whole, in little memory.

use std::net::IpAddr;
use std::rc::Rc;

use clock::UnixTime;
use identity::{Attribute, NameId};

use crate::memory::allocation;
use crate::names::{AttributeName, Rivals, merge};
use crate::record::Session;
use crate::shape::{Names, Shape, Shapes};
use crate::sp_id::SpId;

/// Who is logged in, as [`Session`] has it, made of one that was read whole. Nothing is read of its bytes later.
///
/// What it has in common with others lies in a shape that they share; what is its own is one text and the places
/// where its parts end.
#[derive(Debug)]
pub struct DecodedSession {
    shape: Rc<Shape>,
    /// NameID, SessionIndex, SPProvidedID, then the values of each attribute, end to end.
    text: Box<str>,
    /// First, for each attribute and once more, where in here its values begin: at their start in the text, which
    /// is where what stands before them ends. Then 0, and where each part of the text ends.
    marks: Box<[u32]>,
    has_session_index: bool,
    has_sp_provided_id: bool,
    /// Its login was asked for with ForceAuthn (Core 3.4.1).
    pub force_authn: bool,
    /// When the session was made.
    pub created: UnixTime,
    /// Absolute end: not valid at this instant any more.
    pub expires: UnixTime,
    /// `AuthnInstant` of the AuthnStatement.
    pub authn_instant: UnixTime,
    /// `IssueInstant` of the assertion.
    pub issue_instant: UnixTime,
    /// Where the browser was when it was made.
    pub address: Option<IpAddr>,
}

/// Parts of the text before the values of attributes.
const PARTS: usize = 3;

/// The values of one attribute, in document order.
#[derive(Clone, Debug, Default)]
pub struct Values<'a> {
    text: &'a str,
    /// Where the first begins, and where each ends.
    marks: &'a [u32],
}

impl DecodedSession {
    /// What requests want of `session`.
    pub fn of(session: &Session, shapes: &Shapes) -> Self {
        let merged = merge(&session.attributes);
        let name = &session.name_id;
        let parts = [
            name.value.as_str(),
            session.session_index.as_deref().unwrap_or_default(),
            name.sp_provided_id.as_deref().unwrap_or_default(),
        ];
        let values = || merged.iter().flat_map(|attribute| attribute.values());
        let len = parts.iter().map(|part| part.len()).sum::<usize>()
            + values().map(String::len).sum::<usize>();
        let mut text = String::with_capacity(len);
        let mut marks = Vec::with_capacity(merged.len() + 1 + 1 + PARTS + values().count());
        let mut place = merged.len() + 1 + PARTS;
        marks.push(mark(place));
        for attribute in &merged {
            place += attribute.values().count();
            marks.push(mark(place));
        }
        marks.push(0);
        for part in parts.into_iter().chain(values().map(String::as_str)) {
            text.push_str(part);
            marks.push(mark(text.len()));
        }
        Self {
            shape: shapes.of(session, &merged),
            text: text.into(),
            marks: marks.into(),
            has_session_index: session.session_index.is_some(),
            has_sp_provided_id: name.sp_provided_id.is_some(),
            force_authn: session.force_authn,
            created: session.created,
            expires: session.expires,
            authn_instant: session.authn_instant,
            issue_instant: session.issue_instant,
            address: session.address,
        }
    }

    /// The same as a record has it, but that attributes which repeat one Name are one.
    pub fn to_session(&self) -> Session {
        let owned = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        let attribute = |(place, names): (usize, &Names)| {
            let values = self.values_at(place).into_iter().flatten();
            Attribute {
                name: names.name.to_string(),
                friendly_name: owned(&names.friendly_name),
                values: values.map(str::to_owned).collect(),
            }
        };
        Session {
            idp: self.shape.idp.to_string(),
            name_id: NameId {
                value: self.name_id().to_owned(),
                format: owned(&self.shape.name_id_format),
                name_qualifier: owned(&self.shape.name_qualifier),
                sp_name_qualifier: owned(&self.shape.sp_name_qualifier),
                sp_provided_id: self.has_sp_provided_id.then(|| self.part(2).to_owned()),
            },
            session_index: self.session_index().map(str::to_owned),
            authn_instant: self.authn_instant,
            authn_context: owned(&self.shape.authn_context),
            issue_instant: self.issue_instant,
            sp: self.shape.sp,
            force_authn: self.force_authn,
            created: self.created,
            expires: self.expires,
            address: self.address,
            attributes: self.shape.attributes.iter().enumerate().map(attribute).collect(),
        }
    }

    /// The SP it belongs to.
    #[inline]
    pub fn sp(&self) -> &SpId {
        &self.shape.sp
    }

    /// entityID of the IdP.
    #[inline]
    pub fn idp(&self) -> &str {
        &self.shape.idp
    }

    /// The NameID's identifier.
    pub fn name_id(&self) -> &str {
        self.part(0)
    }

    /// The NameID's Format.
    pub fn name_id_format(&self) -> Option<&str> {
        self.shape.name_id_format.as_deref()
    }

    /// `SessionIndex` of the AuthnStatement.
    pub fn session_index(&self) -> Option<&str> {
        self.has_session_index.then(|| self.part(1))
    }

    /// `AuthnContextClassRef`.
    pub fn authn_context(&self) -> Option<&str> {
        self.shape.authn_context.as_deref()
    }

    /// Whether the session belongs to `sp` and has not ended at `now`.
    #[inline]
    pub fn is_valid_for(&self, sp: &SpId, now: UnixTime) -> bool {
        self.shape.sp == *sp && now < self.expires
    }

    /// The values of the attribute that `name` means, which may be there and have none.
    #[inline]
    pub fn values(&self, name: &AttributeName) -> Option<Values<'_>> {
        self.values_at(self.shape.index.find(name)?)
    }

    /// Another attribute that `name` could mean as well: whoever made the configuration should say which.
    #[inline]
    pub fn rivals(&self, name: &AttributeName) -> Option<&Rivals> {
        self.shape.index.rivals(name)
    }

    /// Name and values of each attribute.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, Values<'_>)> {
        let names = self.shape.attributes.iter().map(|names| &*names.name);
        names.enumerate().filter_map(|(place, name)| Some((name, self.values_at(place)?)))
    }

    /// Has it any attribute?
    pub fn has_attributes(&self) -> bool {
        !self.shape.attributes.is_empty()
    }

    /// Bytes that it takes besides its own; the shape counts its own.
    pub fn size(&self) -> usize {
        allocation(self.text.len()) + allocation(size_of_val(&*self.marks))
    }

    #[inline]
    fn values_at(&self, place: usize) -> Option<Values<'_>> {
        let begin = index(*self.marks.get(place)?);
        let end = index(*self.marks.get(place + 1)?);
        Some(Values { text: &self.text, marks: self.marks.get(begin..=end)? })
    }

    fn part(&self, number: usize) -> &str {
        let first = self.shape.attributes.len() + 1 + number;
        match self.marks.get(first..=first + 1) {
            Some([begin, end]) => self.text.get(index(*begin)..index(*end)).unwrap_or_default(),
            _ => "",
        }
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a str;

    #[inline]
    fn next(&mut self) -> Option<&'a str> {
        let [begin, end, ..] = self.marks else { return None };
        self.marks = self.marks.get(1..)?;
        Some(self.text.get(index(*begin)..index(*end)).unwrap_or_default())
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.marks.len().saturating_sub(1);
        (len, Some(len))
    }
}

impl ExactSizeIterator for Values<'_> {}

/// A record has some hundred kilobytes at most: what comes with it fits into a message of SAML.
fn mark(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[inline]
fn index(mark: u32) -> usize {
    const _: () = assert!(usize::BITS >= u32::BITS);
    usize::try_from(mark).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;
    use crate::record::tests::{app, at, attribute, typical, wiki};

    fn decoded(session: &Session) -> DecodedSession {
        DecodedSession::of(session, &Shapes::new(&[], &Memory::default()))
    }

    #[test]
    fn nothing_is_lost() {
        let bare = Session { name_id: NameId::default(), attributes: vec![], ..Session::default() };
        let mut empty = typical();
        empty.name_id.value = "Ж".into();
        empty.name_id.sp_provided_id = Some(String::new());
        empty.session_index = Some(String::new());
        empty.attributes = vec![attribute("", Some(""), &["", "ж", ""]), attribute("b", None, &[])];
        for session in [typical(), bare, empty, Session { force_authn: true, ..typical() }] {
            assert_eq!(decoded(&session).to_session(), session);
        }
    }

    #[test]
    fn it_says_what_the_session_does() {
        let (session, known) = (typical(), decoded(&typical()));
        assert_eq!(known.idp(), session.idp);
        assert_eq!(known.name_id(), session.name_id.value);
        assert_eq!(known.name_id_format(), session.name_id.format.as_deref());
        assert_eq!(known.session_index(), session.session_index.as_deref());
        assert_eq!(known.authn_context(), session.authn_context.as_deref());
        assert!(known.has_attributes() && known.sp() == &app());
        let end = session.expires;
        assert!(known.is_valid_for(&app(), at(end.as_secs() - 1)));
        assert!(!known.is_valid_for(&app(), end) && !known.is_valid_for(&wiki(), at(0)));
    }

    #[test]
    fn values_come_in_their_order_and_know_how_many_they_are() {
        let mut session = typical();
        session.attributes = vec![
            attribute("Role", None, &["a", ""]),
            attribute("mail", None, &["m"]),
            attribute("none", None, &[]),
            attribute("Role", Some("role"), &["b"]),
        ];
        let known = decoded(&session);
        let all: Vec<_> = known.attributes().map(|(n, v)| (n, v.collect::<Vec<_>>())).collect();
        assert_eq!(all, [("Role", vec!["a", "", "b"]), ("mail", vec!["m"]), ("none", vec![])]);
        let mut values = known.values(&AttributeName::new("role")).unwrap();
        assert_eq!((values.len(), values.next(), values.len()), (3, Some("a"), 2));
        assert_eq!(known.values(&AttributeName::new("other")).map(|values| values.len()), None);
        assert_eq!(
            known.to_session().attributes[0],
            attribute("Role", Some("role"), &["a", "", "b"])
        );
    }

    /// 100,000 sessions with 5 attributes are to fit 64 MiB with all that a worker knows of each besides.
    #[test]
    fn it_is_small() {
        let mut session = typical();
        session.attributes.truncate(5);
        let known = decoded(&session);
        let all = size_of::<DecodedSession>() + known.size();
        assert!(all <= 400, "{all} bytes");
    }
}
